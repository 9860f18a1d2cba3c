"""Functions of every number by itself, and arithmetic of two arrays."""

import math

import numpy

from kudari import _core
from kudari.function_node import FunctionNode
from kudari.functions._checks import (
    as_array,
    as_variable,
    constant,
    need,
    need_floats,
    need_same,
    refuse,
)
from kudari.functions._numpy_functions import number_by_number


def identity(*inputs):
    """The inputs themselves as results: one, or a tuple of several."""
    results = tuple(_core.identity(x) for x in inputs)
    return results[0] if len(results) == 1 else results


def add(*xs):
    """The sum of all arguments, with broadcasting; the last of two may be a number."""
    if len(xs) == 2:
        return _arithmetic("add", _core.add, *xs)
    need("add", len(xs) > 0, "no arguments", "at least one")
    need_floats("add", *xs)
    total = _core.identity(xs[0])
    for x in xs[1:]:
        total = _core.add(total, x)
    return total


def absolute(x):
    """|x|."""
    return _core.abs(x)


def square(x):
    """x²."""
    return _core.square(x)


def sqrt(x):
    """The square root."""
    return _core.sqrt(x)


def rsqrt(x):
    """1 / √x."""
    return _core.rsqrt(x)


def exp(x):
    """eˣ."""
    return _core.exp(x)


def log(x):
    """The natural logarithm."""
    return _core.log(x)


def log2(x):
    """The logarithm to base 2."""
    return number_by_number("log2", x, numpy.log2, lambda x, y: 1 / (x * math.log(2)))


def log10(x):
    """The logarithm to base 10."""
    return number_by_number("log10", x, numpy.log10, lambda x, y: 1 / (x * math.log(10)))


def log1p(x):
    """log(1 + x), with all digits near 0."""
    return number_by_number("log1p", x, numpy.log1p, lambda x, y: 1 / (x + 1))


def expm1(x):
    """eˣ − 1, with all digits near 0."""
    return number_by_number("expm1", x, numpy.expm1, lambda x, y: exp(x))


def sin(x):
    """The sine."""
    return _core.sin(x)


def cos(x):
    """The cosine."""
    return _core.cos(x)


def tan(x):
    """The tangent."""
    return _core.tan(x)


def arcsin(x):
    """The inverse of the sine."""
    return _core.asin(x)


def arccos(x):
    """The inverse of the cosine."""
    return _core.acos(x)


def arctan(x):
    """The inverse of the tangent."""
    return _core.atan(x)


def sinh(x):
    """The hyperbolic sine."""
    return _core.sinh(x)


def cosh(x):
    """The hyperbolic cosine."""
    return _core.cosh(x)


def arctanh(x):
    """The inverse of the hyperbolic tangent."""
    return _core.atanh(x)


def _stepwise(where, x, function):
    """A function that is flat almost everywhere: no gradient goes through it."""
    array = as_array(x)
    return constant(numpy.asarray(function(array)).astype(array.dtype, copy=False))


def sign(x):
    """−1, 0 or 1. No gradient goes through it."""
    return _stepwise("sign", x, numpy.sign)


def floor(x):
    """The largest whole number that is not above x. No gradient goes through it."""
    return _stepwise("floor", x, numpy.floor)


def ceil(x):
    """The smallest whole number that is not below x. No gradient goes through it."""
    return _stepwise("ceil", x, numpy.ceil)


def fix(x):
    """The whole number next to x towards 0. No gradient goes through it."""
    return _stepwise("fix", x, numpy.trunc)


def clip(x, x_min, x_max):
    """x, but not below ``x_min`` and not above ``x_max``; one of them may be None."""
    if x_min is None and x_max is None:
        raise ValueError("clip: neither x_min nor x_max is given\n  expected: at least one of them")
    low = -math.inf if x_min is None else x_min
    high = math.inf if x_max is None else x_max
    if low >= high:
        raise ValueError(f"clip: x_min is {x_min}, x_max is {x_max}\n  expected: x_min less than x_max")
    return _core.clip(x, low, high)


def _need_pair(where, x, y):
    need_floats(where, x, y)
    try:
        numpy.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        refuse(where, f"shapes {x.shape} and {y.shape}", "sizes that are 1 or the same")


def _arithmetic(where, function, x, y):
    """A function of the engine that leaves to others what it does not know; here nobody else is."""
    result = function(x, y)
    if result is NotImplemented:
        raise TypeError(f"{where}: {type(x).__name__} and {type(y).__name__}\n  expected: arrays")
    return result


def maximum(x1, x2):
    """The larger number of each two."""
    return _arithmetic("maximum", _core.maximum, x1, x2)


def minimum(x1, x2):
    """The smaller number of each two."""
    return _arithmetic("minimum", _core.minimum, x1, x2)


def linear_interpolate(p, x, y):
    """p·x + (1 − p)·y; all of one shape."""
    need_same("linear_interpolate", p, x)
    need_same("linear_interpolate", p, y)
    return _core.add(_core.mul(p, x), _core.mul(_core.sub(1, p), y))


class _Fmod(FunctionNode):
    def forward(self, inputs):
        self.retain_inputs((0, 1))
        return (numpy.asarray(numpy.fmod(*inputs)),)

    def backward(self, target_input_indexes, grad_outputs):
        x, divisor = self.get_retained_inputs()
        gy = grad_outputs[0]
        both = (gy, -(fix(x / divisor) * gy))
        return tuple(sum_to(both[i], self.inputs[i].shape) for i in target_input_indexes)


def fmod(x, divisor):
    """What remains of x after dividing: it has the sign of x."""
    _need_pair("fmod", x, divisor)
    return _Fmod().apply((x, divisor))[0]


class _Arctan2(FunctionNode):
    def forward(self, inputs):
        self.retain_inputs((0, 1))
        return (numpy.asarray(numpy.arctan2(*inputs)),)

    def backward(self, target_input_indexes, grad_outputs):
        y, x = self.get_retained_inputs()
        scaled = grad_outputs[0] / (x * x + y * y)
        both = (x * scaled, -(y * scaled))
        return tuple(sum_to(both[i], self.inputs[i].shape) for i in target_input_indexes)


def arctan2(x1, x2):
    """The angle of the point (x2, x1), from −π to π."""
    _need_pair("arctan2", x1, x2)
    return _Arctan2().apply((x1, x2))[0]


def sum_to(x, shape):
    """Summed over what broadcasting ``shape`` to x's shape would repeat."""
    shape = tuple(shape)
    return as_variable(x) if x.shape == shape else _core.sum_to(x, shape)


def _along(where, x, y, axis):
    """y, whose axes are those of x from ``axis`` on, in a shape that broadcasts against x."""
    from kudari.functions.array_shapes import reshape

    if x.shape[axis : axis + y.ndim] != y.shape:
        raise AssertionError(
            f"{where}: shape {y.shape} along the axes of {x.shape} from {axis} on\n  expected: their sizes"
        )
    return reshape(y, (*(1,) * axis, *y.shape, *(1,) * (x.ndim - axis - y.ndim)))


def bias(x, y, axis=1):
    """x + y, where the axes of y are those of x from ``axis`` on."""
    return _core.add(x, _along("bias", x, y, axis))


def scale(x, y, axis=1):
    """x·y, where the axes of y are those of x from ``axis`` on."""
    return _core.mul(x, _along("scale", x, y, axis))
