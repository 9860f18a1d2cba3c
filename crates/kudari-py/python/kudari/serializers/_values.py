"""Conversions shared by the formats."""

import numpy as np


def number_like(old, stored, key):
    """The stored 0-d array as a value of the type of `old`; TypeError where digits could be lost."""
    kind = type(old)
    stored = np.asarray(stored)
    if issubclass(stored.dtype.type, np.number):
        integers = kind is int and issubclass(stored.dtype.type, np.integer)
        if not integers and not np.can_cast(stored.dtype, kind, casting="safe"):
            raise TypeError(
                f"'{key}' is stored as {stored.dtype} and cannot be read into {kind.__name__} without loss.\n"
                f"Give the attribute a value that {stored.dtype} fits into before loading."
            )
    return kind(stored)
