"""Data sets one after another."""

from kudari.dataset import dataset_mixin


class ConcatenatedDataset(dataset_mixin.DatasetMixin):
    """The examples of all `datasets`, in order."""

    def __init__(self, *datasets):
        self._datasets = datasets

    def __len__(self):
        return sum(len(dataset) for dataset in self._datasets)

    def get_example(self, i):
        """Example `i`, 0 ≤ i < length; IndexError elsewhere."""
        if i >= 0:
            for dataset in self._datasets:
                if i < len(dataset):
                    return dataset[i]
                i -= len(dataset)
        raise IndexError("dataset index out of range")
