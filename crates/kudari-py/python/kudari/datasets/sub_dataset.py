"""Parts of data sets: splits and cross validation."""

import warnings

import numpy as np

from kudari.dataset import dataset_mixin


class SubDataset(dataset_mixin.DatasetMixin):
    """Examples `start` to `finish` − 1 of `dataset`, or of `dataset` in the given `order` (a permutation of
    indices).
    """

    def __init__(self, dataset, start, finish, order=None):
        if start < 0 or finish > len(dataset):
            raise ValueError(
                f"The part {start}..{finish} leaves the data set, which has {len(dataset)} examples.\n"
                "Choose it inside."
            )
        if order is not None and len(order) != len(dataset):
            raise ValueError(
                f"order has {len(order)} indices for {len(dataset)} examples.\n"
                "Give one index for each example."
            )
        self._dataset = dataset
        self._start = start
        self._finish = finish
        self._order = order

    def __len__(self):
        return self._finish - self._start

    def get_example(self, i):
        """Example `i` of the part; negative `i` counts from its end."""
        size = len(self)
        if not -size <= i < size:
            raise IndexError(f"dataset index out of range: {i} of {size}")
        index = (self._start if i >= 0 else self._finish) + i
        if self._order is not None:
            index = self._order[index]
        return self._dataset[index]


def _shuffled(dataset, seed):
    return np.random.RandomState(seed).permutation(len(dataset))


def split_dataset(dataset, split_at, order=None):
    """The pair (first `split_at` examples, the rest)."""
    if not isinstance(split_at, (int, np.integer)):
        raise TypeError(
            f"split_at is a {type(split_at).__name__}.\nGive the number of examples of the first part."
        )
    if not 0 <= split_at <= len(dataset):
        raise ValueError(
            f"split_at is {split_at} for {len(dataset)} examples.\nGive a number from 0 to {len(dataset)}."
        )
    return SubDataset(dataset, 0, split_at, order), SubDataset(dataset, split_at, len(dataset), order)


def split_dataset_random(dataset, first_size, seed=None):
    """The pair (`first_size` examples drawn at random, the rest); the same `seed` draws the same ones."""
    return split_dataset(dataset, first_size, _shuffled(dataset, seed))


def split_dataset_n(dataset, n, order=None):
    """`n` parts of equal size; what does not divide evenly is left out."""
    size = len(dataset) // n
    return [SubDataset(dataset, size * i, size * (i + 1), order) for i in range(n)]


def split_dataset_n_random(dataset, n, seed=None):
    """`n` parts of equal size, drawn at random; what does not divide evenly is left out."""
    return split_dataset_n(dataset, n, _shuffled(dataset, seed))


def get_cross_validation_datasets(dataset, n_folds=None, order=None, *, n_fold=None):
    """`n_folds` pairs (training part, test part); every example is in one test part. The last fold comes
    first.
    """
    if n_fold is not None:
        warnings.warn("n_fold is called n_folds now.", DeprecationWarning)
        n_folds = n_fold
    size = len(dataset)
    order = np.arange(size) if order is None else np.array(order)
    borders = [size * fold // n_folds for fold in range(n_folds + 1)]
    pairs = []
    for start, finish in zip(borders[-2::-1], borders[:0:-1]):
        # the examples after the test part go in front of those before it, as if the list were a ring
        ring = np.concatenate((order[finish:], order[:start], order[start:finish]))
        pairs.append(split_dataset(dataset, size - (finish - start), ring))
    return pairs


def get_cross_validation_datasets_random(dataset, n_folds=None, seed=None, *, n_fold=None):
    """The same with examples drawn at random; the same `seed` draws the same folds."""
    return get_cross_validation_datasets(dataset, n_folds, _shuffled(dataset, seed), n_fold=n_fold)
