"""Normalizations of samples, groups of channels and neighbours."""

import numpy

from kudari import _core
from kudari.functions._checks import as_array, need, need_axes, need_floats
from kudari.functions.pooling import along_axis


def widened(x, *parameters):
    """Everything with the widest of their types, in which a normalization computes."""
    dtype = numpy.result_type(x.dtype, *(p.dtype for p in parameters)).name
    return tuple(a if a.dtype == dtype else _core.to_dtype(a, dtype) for a in (x, *parameters))


def like(y, x):
    """y with the type of x."""
    return y if y.dtype == x.dtype else _core.to_dtype(y, x.dtype.name)


def layer_normalization(x, gamma, beta, eps=1e-5):
    """γ·(x − mean)/√(variance + eps) + β along the second axis of x (samples, units)."""
    need_floats("layer_normalization", x, gamma, beta)
    need_axes("layer_normalization", x, 2)
    fits = gamma.shape == beta.shape == x.shape[1:]
    need("layer_normalization", fits, f"gamma of {gamma.shape}, beta of {beta.shape}", f"{x.shape[1:]}")
    return _core.layer_norm(x, 1, gamma, beta, eps)


def group_normalization(x, groups, gamma, beta, eps=1e-5):
    """γ·(x − mean)/√(variance + eps) + β over groups of channels of each sample."""
    if not isinstance(groups, int):
        raise TypeError(f"group_normalization: groups is {type(groups).__name__}\n  expected: an int")
    need_floats("group_normalization", x)
    need_floats("group_normalization", gamma, beta)
    fits = x.ndim > 1 and gamma.shape == beta.shape == x.shape[1:2]
    need(
        "group_normalization",
        fits,
        f"x of {x.shape}, gamma of {gamma.shape}, beta of {beta.shape}",
        "a number for each channel",
    )
    if x.shape[1] % groups:
        raise ValueError(
            f"group_normalization: {x.shape[1]} channels in {groups} groups\n  expected: a divisor"
        )
    wide, gamma, beta = widened(x, gamma, beta)
    return like(_core.group_norm(wide, groups, gamma, beta, eps), x)


def normalize(x, eps=1e-5, axis=1):
    """x / (‖x‖ + eps), with the length along an axis or several."""
    need_floats("normalize", x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    squared = _core.sum(_core.square(x), axes, True)
    # The root has no derivative at 0; there the length is 0 and so is its derivative.
    is_zero = numpy.asarray(as_array(squared) == 0)
    if is_zero.any():
        length = _core.sqrt(_core.choose(is_zero, numpy.ones(is_zero.shape, x.dtype), squared))
        length = _core.mul(length, (~is_zero).astype(x.dtype))
    else:
        length = _core.sqrt(squared)
    return _core.div(x, _core.add(length, eps))


def local_response_normalization(x, n=5, k=2, alpha=1e-4, beta=0.75):
    """x / (k + α·Σ x² over the n channels around each)^β."""
    need_floats("local_response_normalization", x)
    need("local_response_normalization", x.ndim > 1, f"shape {x.shape}", "channels along the second axis")
    places = numpy.arange(x.shape[1])
    neighbours = (abs(places[:, None] - places) <= n // 2).astype(float)
    total = along_axis(_core.square(x), neighbours, 1)
    return _core.mul(x, _core.pow(_core.add(_core.mul(total, alpha), k), -beta))
