"""Initializers that need no random numbers."""

import numpy

from kudari.initializer import Initializer


class Identity(Initializer):
    """`scale` times the identity matrix. ValueError where the array is not a square matrix."""

    def __init__(self, scale=1.0, dtype=None):
        self.scale = scale
        super().__init__(dtype)

    def __call__(self, array):
        self._check_dtype(array)
        if array.ndim != 2 or array.shape[0] != array.shape[1]:
            raise ValueError(
                f"Identity fills square matrices, the array's shape is {array.shape}.\n"
                "Use another initializer for it."
            )
        array[...] = numpy.identity(len(array)) * self.scale


class _Filled(Initializer):
    """Every element is `fill_value`, or the elements of an array of the same shape."""

    fill_value = None

    def __init__(self, dtype=None):
        if not (isinstance(self.fill_value, numpy.ndarray) or numpy.isscalar(self.fill_value)):
            raise ValueError(
                f"fill_value is a {type(self.fill_value).__name__}.\nGive a number or a NumPy array."
            )
        super().__init__(dtype)

    def __call__(self, array):
        self._check_dtype(array)
        if isinstance(self.fill_value, numpy.ndarray):
            numpy.copyto(array, self.fill_value.astype(array.dtype, copy=False))
        else:
            array[...] = self.fill_value


class Constant(_Filled):
    """A number for every element, or an array to copy."""

    def __init__(self, fill_value, dtype=None):
        self.fill_value = fill_value
        super().__init__(dtype)


class Zero(_Filled):
    """Zeros."""

    fill_value = 0.0


class One(_Filled):
    """Ones."""

    fill_value = 1.0


class NaN(_Filled):
    """Not a number: marks what has yet to be set."""

    fill_value = numpy.nan
