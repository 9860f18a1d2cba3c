"""Sums, means, extremes and running sums along axes."""

import numpy

from kudari import _core
from kudari.functions._checks import as_array, as_variable, constant, need, need_axis, need_floats, size_of
from kudari.functions.array_shapes import flatten, reshape, transpose
from kudari.functions.math_elementwise import sum_to  # noqa: F401


def _axes(where, axis, x):
    """The axes as a list, or None for all.

    Raises TypeError or ValueError for anything else than None and different ints.
    """
    if axis is None:
        return None
    if isinstance(axis, (int, numpy.integer)):
        return [axis]
    if not (isinstance(axis, tuple) and all(isinstance(a, (int, numpy.integer)) for a in axis)):
        raise TypeError(f"{where}: axis is {axis!r}\n  expected: None, an int or a tuple of ints")
    if len({a % (x.ndim or 1) for a in axis}) < len(axis):
        raise ValueError(f"{where}: an axis occurs twice in {axis}")
    return list(axis)


def sum(x, axis=None, keepdims=False):
    """The sum along axes, or of everything."""
    return _core.sum(x, _axes("sum", axis, x), keepdims)


def max(x, axis=None, keepdims=False):
    """The largest number along axes."""
    axes = _axes("max", axis, x)
    need_floats("max", x)
    return _core.max(x, axes, keepdims)


def min(x, axis=None, keepdims=False):
    """The smallest number along axes."""
    axes = _axes("min", axis, x)
    need_floats("min", x)
    return _core.min(x, axes, keepdims)


def _place(where, x, axis, function):
    if axis is not None and not isinstance(axis, int):
        raise TypeError(f"{where}: axis is {axis!r}\n  expected: None or an int")
    need_floats(where, x)
    if axis is not None:
        need_axis(where, x, axis)
    return constant(numpy.asarray(function(as_array(x), axis), numpy.int32))


def argmax(x, axis=None):
    """Where the largest number along an axis is, as int32."""
    return _place("argmax", x, axis, numpy.argmax)


def argmin(x, axis=None):
    """Where the smallest number along an axis is, as int32."""
    return _place("argmin", x, axis, numpy.argmin)


def average(x, axis=None, weights=None, keepdims=False):
    """The mean along axes; with ``weights`` along one axis, or of the shape of x."""
    if weights is None:
        axes = _axes("average", axis, x)
        need_floats("average", x)
        return _core.mean(x, axes, keepdims)
    axes = _axes("average", axis, x)
    if axes is not None:
        axes = [need_axis("average", x, a) for a in axes]
        if len(axes) > 1:
            raise ValueError(
                "average: weights along several axes\n  expected: one axis, or weights of the shape of x"
            )
    divider = _core.sum(weights, None, False)
    if axes is not None:
        weights = reshape(weights, [size if i in axes else 1 for i, size in enumerate(x.shape)])
    total = _core.sum(_core.mul(x, weights), axes, keepdims)
    return _core.div(total, divider)


mean = average


def logsumexp(x, axis=None):
    """log Σ exp(x) along axes, without overflow."""
    axes = _axes("logsumexp", axis, x)
    need_floats("logsumexp", x)
    return _core.logsumexp(x, axes, False)


def batch_l2_norm_squared(x):
    """The sum of the squares of each sample."""
    need_floats("batch_l2_norm_squared", x)
    need("batch_l2_norm_squared", x.ndim > 1, f"shape {x.shape}", "at least 2 axes")
    rows = reshape(x, (len(x), size_of(x.shape[1:])))
    return _core.sum(_core.square(rows), [1], False)


def cumsum(x, axis=None):
    """Sums of all numbers up to each, along an axis or of the flat array."""
    x, axis = _running("cumsum", x, axis)
    return _core.cumsum(x, axis)


def _running(where, x, axis):
    if axis is not None and not isinstance(axis, int):
        raise TypeError(f"{where}: axis is {axis!r}\n  expected: None or an int")
    need_floats(where, x)
    if axis is None:
        return flatten(x), 0
    return x, need_axis(where, x, axis)


def cumprod(x, axis=None):
    """Products of all numbers up to each, along an axis or of the flat array."""
    x, axis = _running("cumprod", x, axis)
    y, count, step = _core.identity(x), x.shape[axis], 1
    # After each round a number is the product of twice as many before it; no division, so zeros do no harm.
    while step < count:
        widths = [[0, 0]] * x.ndim
        widths[axis] = [step, 0]
        parts = [(0, None, 1)] * x.ndim
        parts[axis] = (0, count - step, 1)
        y = _core.mul(y, _core.pad(_core.slice(y, parts), widths, "constant", 1.0))
        step *= 2
    return y


def prod(x, axis=None, keepdims=False):
    """The product along axes, or of everything."""
    axes = _axes("prod", axis, x)
    need_floats("prod", x)
    axes = list(range(x.ndim)) if axes is None else [need_axis("prod", x, a) for a in axes]
    kept = [i for i in range(x.ndim) if i not in axes]
    rest = tuple(x.shape[i] for i in kept)
    count = size_of(x.shape[a] for a in axes)
    y = reshape(transpose(x, axes + kept), (count, *rest))
    others = [(0, None, 1)] * len(rest)
    # Halves are multiplied with each other until one row is left: no division, so zeros do no harm.
    while count > 1:
        half = count // 2
        first, second = (
            _core.slice(y, [(0, half, 1), *others]),
            _core.slice(y, [(half, 2 * half, 1), *others]),
        )
        product = _core.mul(first, second)
        if count % 2:
            product = _core.concatenate([product, _core.slice(y, [(count - 1, count, 1), *others])], 0)
        y, count = product, half + count % 2
    shape = tuple(1 if i in axes else size for i, size in enumerate(x.shape)) if keepdims else rest
    if count == 0:
        return constant(numpy.ones(shape, x.dtype))
    return _core.reshape(as_variable(y), shape)
