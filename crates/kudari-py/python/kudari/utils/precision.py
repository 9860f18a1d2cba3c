"""Half precision computed in single precision."""

import functools

import numpy


def _fp16_mixed_precision_helper(forward):
    """Decorator of `forward(self, arrays)`: float16 arrays go in as float32.

    The float32 results come back as float16 where no floating input was wider.
    """

    @functools.wraps(forward)
    def computed_in_float32(self, arrays):
        narrow = all(x.dtype.kind != "f" or x.dtype == numpy.float16 for x in arrays)
        widened = tuple(x.astype(numpy.float32) if x.dtype == numpy.float16 else x for x in arrays)
        results = forward(self, widened)
        if not narrow:
            return results
        return tuple(
            y.astype(numpy.float16) if y is not None and y.dtype == numpy.float32 else y for y in results
        )

    return computed_in_float32
