"""Checks that functions share: types, shapes, words such as ``reduce``."""

import math

import numpy

from kudari._core import InvalidType
from kudari.variable import Variable, as_array, as_variable

__all__ = ["InvalidType", "Variable", "as_array", "as_variable"]


def refuse(where, what, expected):
    """Raises InvalidType: what came, and what is needed."""
    raise InvalidType(f"{where}: {what}\n  expected: {expected}")


def need_floats(where, *operands):
    """Raises InvalidType unless all hold floating-point numbers of one type."""
    first = operands[0].dtype
    if first.kind != "f":
        refuse(where, f"an array of {first}", "float16, float32 or float64; convert it with F.cast")
    for other in operands[1:]:
        if other.dtype != first:
            refuse(where, f"{first} and {other.dtype}", "arrays of one type; convert one with F.cast")


def need_same(where, x, y):
    """Raises InvalidType unless both have the same shape and hold floating-point numbers of one type."""
    need_floats(where, x, y)
    if x.shape != y.shape:
        refuse(where, f"shapes {x.shape} and {y.shape}", "the same shape")


def need_integers(where, t):
    """Raises InvalidType unless it holds whole numbers."""
    if t.dtype.kind not in "iu":
        refuse(where, f"labels of {t.dtype}", "an integer type")


def need_axes(where, x, count):
    """Raises InvalidType unless there are so many axes."""
    if x.ndim != count:
        refuse(where, f"shape {x.shape}", f"{count} axes")


def need(where, condition, what, expected):
    """Raises InvalidType unless the condition holds."""
    if not condition:
        refuse(where, what, expected)


def need_axis(where, x, axis):
    """The axis counted from the front; raises InvalidType if there is no such axis."""
    if not -x.ndim <= axis < x.ndim:
        refuse(where, f"axis {axis} of shape {x.shape}", f"an axis from {-x.ndim} to {x.ndim - 1}")
    return axis % x.ndim


def check_word(where, name, given, allowed):
    """Raises ValueError unless a keyword has one of the allowed values."""
    if given not in allowed:
        words = " or ".join(repr(word) for word in allowed)
        raise ValueError(f"{where}: {name}={given!r}\n  expected: {words}")


def pair(x):
    """Two of them: a number stands for both."""
    return tuple(x) if hasattr(x, "__getitem__") else (x, x)


def constant(array):
    """A variable that wants no gradient."""
    return Variable(numpy.asarray(array), requires_grad=False)


def size_of(shape):
    """The number of elements."""
    return math.prod(shape)


def spatial(value, axes):
    """One value for each of so many axes: a number stands for all."""
    value = tuple(value) if hasattr(value, "__getitem__") else (value,) * axes
    if len(value) != axes:
        raise AssertionError(f"{value} for {axes} axes\n  expected: one number, or one for each axis")
    return value


def need_spatial(where, x, axes):
    """Raises ValueError unless so many axes follow samples and channels."""
    if x.ndim - 2 != axes:
        raise ValueError(
            f"{where}: x of shape {x.shape}\n  expected: {axes} axes behind samples and channels"
        )
