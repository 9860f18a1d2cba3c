"""Shapes and sums of plain arrays."""

import math


def size_of_shape(shape):
    """The number of elements of an array with this shape; 1 for `()`."""
    return math.prod(int(length) for length in shape)


def sum_to(x, shape):
    """Sums the array `x` over the axes along which `shape` was broadcast, so that the result has the shape
    `shape`.

    Raises TypeError for a Variable: `functions.sum_to` is the differentiable one.
    """
    from kudari import Variable

    if isinstance(x, Variable):
        raise TypeError(
            "utils.sum_to takes an array and got a Variable.\nCall functions.sum_to for variables."
        )
    shape = tuple(shape)
    if x.shape == shape:
        return x
    lead = x.ndim - len(shape)
    stretched = tuple(lead + axis for axis, length in enumerate(shape) if length == 1)
    return x.sum(axis=tuple(range(lead)) + stretched, keepdims=True).reshape(shape)
