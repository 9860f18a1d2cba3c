"""Comparison of arrays."""

import numpy

from kudari.backends._cpu import CpuDevice
from kudari.utils import force_array


def assert_allclose(x, y, atol=1e-5, rtol=1e-4, verbose=True):
    """Raises AssertionError where `|x - y| > atol + rtol * |y|` for some element, with the worst one and the
    arrays."""
    x, y = CpuDevice().send(force_array(x)), CpuDevice().send(force_array(y))
    try:
        numpy.testing.assert_allclose(x, y, atol=atol, rtol=rtol, verbose=verbose)
    except AssertionError as error:
        text = f"{error}\n\nassert_allclose failed:\n"
        text += f"  shape: {x.shape} {y.shape}\n  dtype: {x.dtype} {y.dtype}\n"
        if x.shape == y.shape and x.size:
            text += _worst_element(x, y, atol, rtol)
        with numpy.printoptions(threshold=10000):
            raise AssertionError(f"{text}x: {x}\ny: {y}\n") from None


def _worst_element(x, y, atol, rtol):
    x, y = numpy.atleast_1d(x), numpy.atleast_1d(y)
    error = abs(x.astype(numpy.float64) - y)
    tolerance = atol + rtol * abs(y.astype(numpy.float64))
    i = numpy.unravel_index(numpy.argmax(error - tolerance), error.shape)
    relative = "inf" if y[i] == 0 else error[i] / abs(y[i])
    return (
        f"  i: {i}\n  x[i]: {x[i]}\n  y[i]: {y[i]}\n  relative error[i]: {relative}\n"
        f"  absolute error[i]: {error[i]}\n  total tolerance: {tolerance[i]}\n"
    )


def _as_noncontiguous_array(array):
    """A copy of an array, or of each in a list or tuple, with negative strides and gaps; None and single
    elements stay."""
    if isinstance(array, (list, tuple)):
        return type(array)([_as_noncontiguous_array(a) for a in array])
    if array is None or array.size <= 1:
        return array
    backwards_with_gaps = (slice(None, None, -2),) * array.ndim
    room = numpy.empty([2 * length for length in array.shape], array.dtype)
    view = room[backwards_with_gaps]
    view[...] = array
    return view
