"""Indexing for data sets that know how to get one example."""

import numpy as np


class DatasetMixin:
    """Define `__len__` and `get_example(i)`; an index, a slice, a list or an array of indices then works."""

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self.get_example(i) for i in range(*index.indices(len(self)))]
        if isinstance(index, (list, np.ndarray)):
            return [self.get_example(i) for i in index]
        return self.get_example(index)

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def get_example(self, i):
        """Example number `i`."""
        raise NotImplementedError(f"{type(self).__name__} must define get_example")
