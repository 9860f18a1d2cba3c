"""Objects in NumPy's NPZ files: one flat dictionary from paths such as `predictor/l1/W` to arrays."""

import os

import numpy as np

from kudari import serializer
from kudari.serializers._values import number_like


class DictionarySerializer(serializer.Serializer):
    """Writes into the dictionary `target`; keys are `path` plus the name of the value.

    Arrays are stored as they are, not copied. `None` becomes a 0-d object array.
    """

    def __init__(self, target=None, path=""):
        self.target = {} if target is None else target
        self.path = path

    def __getitem__(self, key):
        return DictionarySerializer(self.target, f"{self.path}{key.strip('/')}/")

    def __call__(self, key, value):
        self.target[self.path + key.lstrip("/")] = np.asarray(value)
        return value


def serialize(obj):
    """The dictionary of arrays that `obj` writes."""
    writer = DictionarySerializer()
    writer.save(obj)
    return writer.target


def save_npz(file, obj, compression=True):
    """Write `obj` (anything with `serialize`, or a dictionary of arrays) to a path or an open binary file."""
    if isinstance(file, (str, os.PathLike)):
        with open(file, "wb") as f:
            save_npz(f, obj, compression)
        return
    arrays = obj if isinstance(obj, dict) else serialize(obj)
    write = np.savez_compressed if compression else np.savez
    write(file, **arrays)


class NpzDeserializer(serializer.Deserializer):
    """Reads from `npz`, a mapping from paths to arrays.

    Args:
        path: prefix of all keys.
        strict: a missing key is a KeyError; otherwise the value stays what it was.
        ignore_names: full key, predicate of a key, or a list of those; such values stay what they were.
    """

    def __init__(self, npz, path="", strict=True, ignore_names=None):
        self.npz = npz
        self.path = path
        self.strict = strict
        self.ignore_names = [] if ignore_names is None else ignore_names

    def __getitem__(self, key):
        path = f"{self.path}{key.strip('/')}/"
        return NpzDeserializer(self.npz, path, strict=self.strict, ignore_names=self.ignore_names)

    def __call__(self, key, value):
        key = self.path + key.lstrip("/")
        if (not self.strict and key not in self.npz) or self._ignores(key):
            return value
        stored = self.npz[key]
        if stored[()] is None:
            return None
        if value is None:
            return stored
        if isinstance(value, np.ndarray):
            _fill(value, stored, key)
            return value
        return number_like(value, stored, key)

    def _ignores(self, key):
        names = self.ignore_names
        for name in names if isinstance(names, (tuple, list)) else (names,):
            if isinstance(name, str):
                if name == key:
                    return True
            elif callable(name):
                if name(key):
                    return True
            else:
                raise ValueError(
                    f"ignore_names holds a {type(name).__name__}.\n"
                    "Give a key, a function of a key, or a list of those."
                )
        return False


def _fill(array, stored, key):
    try:
        np.copyto(array, stored)
    except ValueError as error:
        raise ValueError(
            f"'{key}' is stored with shape {stored.shape} and cannot be read into shape {array.shape}.\n"
            "Build the object with the sizes it was saved with, or skip the key with ignore_names."
        ) from error


def load_npz(file, obj, path="", strict=True, ignore_names=None):
    """Read into `obj` what `save_npz` wrote to `file` (a path or an open binary file).

    Object arrays are unpickled, as the format needs for `None`: load only files that you trust.
    """
    with np.load(file, allow_pickle=True) as npz:
        NpzDeserializer(npz, path=path, strict=strict, ignore_names=ignore_names).load(obj)
