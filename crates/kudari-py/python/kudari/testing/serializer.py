"""Saving and loading in one step."""

import os


def save_and_load(src, dst, filename, saver, loader):
    """Saves `src` with `saver(path, src)` in a temporary directory and loads it with `loader(path, dst)`."""
    from kudari import utils

    with utils.tempdir() as folder:
        path = os.path.join(folder, filename)
        saver(path, src)
        loader(path, dst)


def save_and_load_npz(src, dst):
    """Saves `src` to an NPZ file and loads `dst` from it."""
    from kudari import serializers

    save_and_load(src, dst, "tmp.npz", serializers.save_npz, serializers.load_npz)


def save_and_load_hdf5(src, dst):
    """Saves `src` to an HDF5 file and loads `dst` from it."""
    from kudari import serializers

    save_and_load(src, dst, "tmp.h5", serializers.save_hdf5, serializers.load_hdf5)
