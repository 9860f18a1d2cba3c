"""Objects in HDF5 files, one group a child; needs h5py."""

from importlib.util import find_spec

import numpy as np

from kudari import serializer
from kudari.serializers._values import number_like

_available = find_spec("h5py") is not None


def _h5py():
    if not _available:
        raise RuntimeError("HDF5 files need h5py, which is not installed.\nInstall it with: pip install h5py")
    import h5py

    return h5py


def _compression(array, level):
    """HDF5 refuses filters on scalars."""
    return None if array.size <= 1 else level


class HDF5Serializer(serializer.Serializer):
    """Writes into the h5py group `group`; `compression` is the gzip level (0 to 9) or None."""

    def __init__(self, group, compression=4):
        self._h5py = _h5py()
        self.group = group
        self.compression = compression

    def __getitem__(self, key):
        return HDF5Serializer(self.group.require_group(f"{self.group.name}/{key}"), self.compression)

    def __call__(self, key, value):
        if value is None:
            self.group.create_dataset(key, data=self._h5py.Empty("f"))
            return None
        array = np.asarray(value)
        if array.dtype.kind == "U":
            array = np.asarray(value, dtype=self._h5py.string_dtype())
        self.group.create_dataset(key, data=array, compression=_compression(array, self.compression))
        return value


def save_hdf5(filename, obj, compression=4):
    """Write `obj` (anything with `serialize`, or a dictionary of arrays) to the file `filename`."""
    with _h5py().File(filename, "w") as f:
        if isinstance(obj, dict):
            for key, value in obj.items():
                array = np.asarray(value)
                f.create_dataset(
                    "/" + key.lstrip("/"), data=array, compression=_compression(array, compression)
                )
        else:
            HDF5Serializer(f, compression=compression).save(obj)


class HDF5Deserializer(serializer.Deserializer):
    """Reads from the h5py group `group`; where `strict` is false, missing values stay what they were."""

    def __init__(self, group, strict=True):
        _h5py()
        self.group = group
        self.strict = strict

    def __getitem__(self, key):
        group = None
        if self.group is not None:
            try:
                group = self.group.require_group(f"{self.group.name}/{key}")
            except ValueError:  # a file opened for reading cannot make the missing group
                group = None
        return HDF5Deserializer(group, strict=self.strict)

    def __call__(self, key, value):
        if self.group is None:
            if self.strict:
                raise ValueError(
                    f"The group that should hold '{key}' is not in the file.\n"
                    "Read with strict=False to skip it."
                )
            return value
        if not self.strict and key not in self.group:
            return value
        stored = self.group[key]
        if stored.shape is None:
            return None
        if value is None:
            return np.asarray(stored)
        if isinstance(value, np.ndarray):
            if value.size:
                stored.read_direct(value)
            return value
        if isinstance(value, str):
            text = stored[()]
            return text.decode() if isinstance(text, bytes) else str(text)
        return number_like(value, stored, key)


def load_hdf5(filename, obj):
    """Read into `obj` what `save_hdf5` wrote to the file `filename`."""
    with _h5py().File(filename, "r") as f:
        HDF5Deserializer(f).load(obj)
