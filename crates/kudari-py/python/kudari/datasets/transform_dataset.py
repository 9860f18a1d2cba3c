"""A data set seen through a function."""

from kudari.dataset import dataset_mixin


class TransformDataset(dataset_mixin.DatasetMixin):
    """Example i is `transform(dataset[i])`, computed each time it is asked for."""

    def __init__(self, dataset, transform):
        self._dataset = dataset
        self._transform = transform

    def __len__(self):
        return len(self._dataset)

    def get_example(self, i):
        """The transformed example `i`."""
        return self._transform(self._dataset[i])
