"""What every initializer is, and the fan sizes that scale it."""

import math


class Initializer:
    """Fills an array in place: `initializer(array)`.

    A subclass overrides `__call__`. Where `dtype` is given, the array made for it has that dtype, and an
    array of another dtype is refused.
    """

    def __init__(self, dtype=None):
        self.dtype = dtype

    def __call__(self, array):
        raise NotImplementedError(
            f"{type(self).__name__} does not fill arrays.\nDefine __call__(self, array) in it."
        )

    def _check_dtype(self, array):
        """Refuse an array whose dtype differs from the one given on construction."""
        if self.dtype is not None:
            assert array.dtype == self.dtype, f"{array.dtype} != {self.dtype}"

    def __repr__(self):
        settings = ", ".join(
            f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_") and v is not None
        )
        return f"{type(self).__name__}({settings})"


def get_fans(shape):
    """(fan_in, fan_out) of a weight of shape (out, in, *kernel): inputs and outputs times the kernel's
    elements.

    Raises ValueError where `shape` is not a tuple of at least two sizes.
    """
    if not isinstance(shape, tuple):
        raise ValueError(f"shape is a {type(shape).__name__}.\nGive a tuple of at least two sizes.")
    if len(shape) < 2:
        raise ValueError(
            f"fans need at least two axes, the shape is {shape}.\nUse an initializer without fans here."
        )
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel
