"""The handwritten digits of MNIST, which come with the package: nothing is downloaded."""

import numpy as np

from kudari.datasets._dtype import float_dtype
from kudari.datasets.tuple_dataset import TupleDataset


def get_mnist(withlabel=True, ndim=1, scale=1.0, dtype=None, label_dtype=np.int32, rgb_format=False):
    """The pair (60,000 training examples, 10,000 test examples).

    Args:
        withlabel: data sets of pairs (image, label); otherwise arrays of images.
        ndim: images have shape (784,) for 1, (28, 28) for 2, (1, 28, 28) for 3.
        scale: pixels run from 0 to `scale`.
        dtype: of the pixels; None is `config.dtype`.
        rgb_format: with `ndim=3`, the same image in three channels: (3, 28, 28).
    """
    from kudari import _core

    dtype = float_dtype(dtype)
    train_images, train_labels, test_images, test_labels = _core.mnist()
    return tuple(
        _examples(images, labels if withlabel else None, ndim, scale, dtype, label_dtype, rgb_format)
        for images, labels in ((train_images, train_labels), (test_images, test_labels))
    )


def _examples(images, labels, ndim, scale, dtype, label_dtype, rgb_format):
    shapes = {1: (784,), 2: (28, 28), 3: (1, 28, 28)}
    if ndim not in shapes:
        raise ValueError(f"invalid ndim for MNIST dataset: {ndim}.\nUse 1, 2 or 3.")
    count = len(images)
    images = images.reshape(count, *shapes[ndim])
    if ndim == 3 and rgb_format:
        images = np.broadcast_to(images, (count, 3, 28, 28))
    images = images.astype(dtype)
    images *= scale / 255.0
    return images if labels is None else TupleDataset(images, labels.astype(label_dtype))
