"""Normalizations over a batch. Statistics that are given as arrays are updated in place."""

import warnings

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import as_array, as_variable, constant, need, need_floats
from kudari.functions.array_shapes import reshape, transpose
from kudari.functions.normalization import like, widened
from kudari.utils import argument


def _reduced_axes(where, x, gamma, axis):
    """The axes that statistics are taken over, and those that are kept.

    Raises InvalidType unless gamma has the latter's sizes.
    """
    if axis is None:
        axes = (0, *range(gamma.ndim + 1, x.ndim))
    elif isinstance(axis, int):
        axes = (axis,)
    elif isinstance(axis, (tuple, list)):
        axes = tuple(axis)
        if any(a >= b for a, b in zip(axes, axes[1:])):
            raise RuntimeError(f"{where}: axis {axis} is not sorted\n  expected: ascending numbers")
    else:
        raise RuntimeError(f"{where}: axis is {axis!r}\n  expected: an int, a tuple of ints or None")
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    fits = x.ndim >= len(axes) and gamma.shape == tuple(x.shape[i] for i in kept)
    need(
        where,
        fits,
        f"x of shape {x.shape}, gamma of {gamma.shape}",
        "gamma with the sizes of the axes that are kept",
    )
    return axes, kept


def _check(where, x, gamma, *others):
    need_floats(where, x)
    need_floats(where, gamma, *others)
    for other in others:
        need(where, other.shape == gamma.shape, f"shapes {gamma.shape} and {other.shape}", "the same shape")


def _as_channels(x, axes, kept):
    """x as (samples, channels, …), and what brings a result of that shape back."""
    if axes[0] == 0 and kept == (1,):
        return x, lambda y: y
    order = axes + kept
    turned = transpose(x, order)
    count = int(numpy.prod([x.shape[i] for i in kept], dtype=int))
    flat = reshape(turned, (x.size // max(count, 1), count))
    return flat, lambda y: transpose(reshape(y, turned.shape), [order.index(i) for i in range(x.ndim)])


def _update(running, decay, value):
    """running ← decay·running + (1 − decay)·value."""
    running *= decay
    running += (1 - decay) * value.astype(running.dtype).reshape(running.shape)


def _warn_of_single(where, x, axes):
    if all(x.shape[i] == 1 for i in axes):
        cause = (
            "a batch with no more than one sample"
            if 0 in axes
            else "single numbers along all axes of statistics"
        )
        warnings.warn(
            f"{where} got {cause}: the result is 0 before gamma and beta\n"
            "  is config.train True in an evaluation?",
            UserWarning,
            stacklevel=3,
        )


def batch_normalization(x, gamma, beta, **kwargs):
    """γ·(x − mean)/√(variance + eps) + β, statistics over the batch and all axes behind those of gamma.

    batch_normalization(x, gamma, beta, eps=2e-5, running_mean=None, running_var=None, decay=0.9, axis=None):
    ``axis`` names the axes to take statistics over; the running ones move towards those of this batch by 1 −
    ``decay``.
    """
    eps, running_mean, running_var, decay, axis = argument.parse_kwargs(
        kwargs,
        ("eps", 2e-5),
        ("running_mean", None),
        ("running_var", None),
        ("decay", 0.9),
        ("axis", None),
        train="batch_normalization has no argument train\n  use kudari.using_config('train', ...)",
    )
    _check("batch_normalization", x, gamma, beta)
    axes, kept = _reduced_axes("batch_normalization", x, gamma, axis)
    _warn_of_single("batch_normalization", x, axes)
    wide, scale, shift = widened(x, gamma, beta)
    channels, back = _as_channels(wide, axes, kept)
    y, mean, variance = _core.batch_norm(
        channels, reshape(scale, (gamma.size,)), reshape(shift, (gamma.size,)), eps
    )
    if running_mean is not None:
        count = x.size // max(gamma.size, 1)
        _update(as_array(running_mean), decay, mean)
        _update(as_array(running_var), decay, variance * (count / max(count - 1.0, 1.0)))
    return like(back(y), x)


def _expanded(parameter, x, kept):
    """A parameter in a shape that broadcasts against x."""
    return reshape(parameter, tuple(size if i in kept else 1 for i, size in enumerate(x.shape)))


def fixed_batch_normalization(x, gamma, beta, mean, var, eps=2e-5, axis=None):
    """``batch_normalization`` with a given mean and variance."""
    _check("fixed_batch_normalization", x, gamma, beta, mean, var)
    _, kept = _reduced_axes("fixed_batch_normalization", x, gamma, axis)
    wide, gamma, beta, mean, var = widened(x, gamma, beta, mean, var)
    scale = _core.mul(gamma, _core.rsqrt(_core.add(as_variable(var), eps)))
    centered = _core.sub(wide, _expanded(mean, x, kept))
    y = _core.add(_core.mul(centered, _expanded(scale, x, kept)), _expanded(beta, x, kept))
    return like(y, x)


def batch_renormalization(
    x,
    gamma,
    beta,
    rmax,
    dmax,
    eps=2e-5,
    running_mean=None,
    running_var=None,
    decay=0.9,
    update_statistics=False,
):
    """``batch_normalization`` corrected towards the running statistics.

    By a factor up to ``rmax``, an offset up to ``dmax``.
    """
    for name, given in [("running_mean", running_mean), ("running_var", running_var)]:
        if given is None:
            raise TypeError(
                f"batch_renormalization: {name} is missing\n  expected: an array of the shape of gamma"
            )
    _check("batch_renormalization", x, gamma, beta)
    axes, kept = _reduced_axes("batch_renormalization", x, gamma, None)
    if not config.train:
        raise AssertionError("batch_renormalization outside of training\n  use fixed_batch_normalization")
    running_mean, running_var = as_array(running_mean), as_array(running_var)
    wide, gamma_, beta_ = widened(x, gamma, beta)
    channels, back = _as_channels(wide, axes, kept)
    y, mean, variance = _core.batch_norm(channels, None, None, eps)
    mean, variance = mean.reshape(gamma.shape), variance.reshape(gamma.shape)
    running_sigma = numpy.sqrt(running_var + eps)
    r = numpy.clip(numpy.sqrt(variance + eps) / running_sigma, 1 / rmax, rmax)
    d = numpy.clip((mean - running_mean) / running_sigma, -dmax, dmax)
    if update_statistics:
        count = x.size // max(gamma.size, 1)
        _update(running_mean, decay, mean)
        _update(running_var, decay, variance * (count / max(count - 1.0, 1.0)))
    r, d = (constant(_expanded_array(a.astype(wide.dtype), x, kept)) for a in (r, d))
    y = _core.add(_core.mul(back(y), r), d)
    return like(_core.add(_core.mul(y, _expanded(gamma_, x, kept)), _expanded(beta_, x, kept)), x)


def _expanded_array(array, x, kept):
    return array.reshape([size if i in kept else 1 for i, size in enumerate(x.shape)])


def fixed_batch_renormalization(x, gamma, beta, mean, var, eps=2e-5):
    """Deprecated: the same as ``fixed_batch_normalization``."""
    warnings.warn(
        "fixed_batch_renormalization is deprecated. Use fixed_batch_normalization instead.",
        DeprecationWarning,
        stacklevel=2,
    )
    return fixed_batch_normalization(x, gamma, beta, mean, var, eps)
