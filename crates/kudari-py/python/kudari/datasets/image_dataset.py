"""Image files; needs Pillow."""

import os
from importlib.util import find_spec

import numpy as np

from kudari.dataset import dataset_mixin
from kudari.datasets._dtype import float_dtype


available = find_spec("PIL") is not None


def _check_pillow():
    if not available:
        raise ImportError(
            "Reading images needs Pillow, which is not installed.\nInstall it with: pip install Pillow"
        )


def _read_image(path, dtype):
    """The image as an array of shape (channels, height, width), values from 0 to 255."""
    import PIL.Image

    with PIL.Image.open(path) as file:
        image = np.asarray(file, dtype=dtype)
    return image[None] if image.ndim == 2 else image.transpose(2, 0, 1)


class ImageDataset(dataset_mixin.DatasetMixin):
    """Example i is the image at `paths[i]` as an array of shape (channels, height, width), values 0 to 255.

    Args:
        paths: list of paths, or the path of a text file with one path a line.
        root: directory that paths are relative to.
        dtype: of the arrays; None is `config.dtype`.
    """

    def __init__(self, paths, root=".", dtype=None):
        _check_pillow()
        if isinstance(paths, str):
            with open(paths) as lines:
                paths = [line.strip() for line in lines]
        self._paths = paths
        self._root = root
        self._dtype = float_dtype(dtype)

    def __len__(self):
        return len(self._paths)

    def get_example(self, i):
        """Image `i`."""
        return _read_image(os.path.join(self._root, self._paths[i]), self._dtype)


class LabeledImageDataset(dataset_mixin.DatasetMixin):
    """Example i is the pair (image of shape (channels, height, width), label as a 0-d array).

    Args:
        pairs: list of pairs (path, label), or the path of a text file with a path and a number on each line.
        root: directory that paths are relative to.
        dtype, label_dtype: of the images (None is `config.dtype`) and of the labels.
    """

    def __init__(self, pairs, root=".", dtype=None, label_dtype=np.int32):
        _check_pillow()
        self._pairs = _read_pairs(pairs) if isinstance(pairs, str) else pairs
        self._root = root
        self._dtype = float_dtype(dtype)
        self._label_dtype = label_dtype

    def __len__(self):
        return len(self._pairs)

    def get_example(self, i):
        """The pair `i`."""
        path, label = self._pairs[i]
        return _read_image(os.path.join(self._root, path), self._dtype), np.array(
            label, dtype=self._label_dtype
        )


def _read_pairs(path):
    pairs = []
    with open(path) as lines:
        for number, line in enumerate(lines, start=1):
            words = line.split()
            if len(words) != 2:
                raise ValueError(
                    f"Line {number} of {path} has {len(words)} words.\nWrite a path and a label on each line."
                )
            pairs.append((words[0], int(words[1])))
    return pairs
