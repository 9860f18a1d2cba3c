"""Poolings over windows: shapes (samples, channels, axes …).

``stride`` is the size of the window unless given.
"""

import math

import numpy

from kudari import _core
from kudari.functions._checks import (
    as_array,
    need,
    need_axes,
    need_floats,
    need_spatial,
    pair,
    size_of,
    spatial,
)
from kudari.functions.array_indexing import put
from kudari.functions.array_joining import concat
from kudari.functions.array_shapes import reshape, swapaxes
from kudari.utils.conv import get_conv_outsize, get_deconv_outsize


def _windows(where, x, ksize, stride, pad):
    """Size, step and padding of the windows along each axis."""
    axes = x.ndim - 2
    if axes < 1:
        raise ValueError(
            f"{where}: x of shape {x.shape}\n  expected: an axis at least behind samples and channels"
        )
    need_floats(where, x)
    return spatial(ksize, axes), spatial(ksize if stride is None else stride, axes), spatial(pad, axes)


def max_pooling_nd(x, ksize, stride=None, pad=0, cover_all=True, return_indices=False):
    """The largest number of each window.

    ``cover_all`` adds a window where the last one leaves a rest. With ``return_indices`` the place of the
    largest in its window is returned as well.
    """
    ksize, stride, pad = _windows("max_pooling_nd", x, ksize, stride, pad)
    need("max_pooling_nd", x.size > 0, f"shape {x.shape}", "at least one number")
    ends = []
    for n, k, s, p in zip(x.shape[2:], ksize, stride, pad):
        count = get_conv_outsize(n, k, s, p, cover_all)
        ends.append(max((count - 1) * s + k - n - p, 0))
    if (
        all(e <= p for p, e in zip(pad, ends))
        and all(p < k for k, p in zip(ksize, pad))
        and len(pad) == 2
        and not return_indices
    ):
        return _core.max_pool2d(x, ksize, stride, pad)
    padded = x
    if any(pad) or any(ends):
        padded = _core.pad(x, [[0, 0], [0, 0], *([p, e] for p, e in zip(pad, ends))], "constant", -math.inf)
    if len(ksize) == 2:
        y = _core.max_pool2d(padded, ksize, stride, (0, 0))
    else:
        y = padded
        for axis, (k, s) in enumerate(zip(ksize, stride), 2):
            before, behind = size_of(y.shape[:axis]), size_of(y.shape[axis + 1 :])
            pooled = _core.max_pool2d(reshape(y, (before, 1, y.shape[axis], behind)), (k, 1), (s, 1), (0, 0))
            y = reshape(pooled, (*y.shape[:axis], pooled.shape[2], *y.shape[axis + 1 :]))
    return (y, _places_in_windows(as_array(padded), ksize, stride)) if return_indices else y


def _places_in_windows(array, ksize, stride):
    """Where in its window the largest number is, counted through the window."""
    axes = tuple(range(2, array.ndim))
    views = numpy.lib.stride_tricks.sliding_window_view(array, ksize, axes)
    views = views[(slice(None), slice(None), *(slice(None, None, s) for s in stride))]
    return views.reshape(*views.shape[: array.ndim], -1).argmax(-1)


def max_pooling_1d(x, ksize, stride=None, pad=0, cover_all=True, return_indices=False):
    """``max_pooling_nd`` for one spatial axis."""
    need_spatial("max_pooling_1d", x, 1)
    return max_pooling_nd(x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_2d(x, ksize, stride=None, pad=0, cover_all=True, return_indices=False):
    """``max_pooling_nd`` for pictures."""
    need_spatial("max_pooling_2d", x, 2)
    return max_pooling_nd(x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_3d(x, ksize, stride=None, pad=0, cover_all=True, return_indices=False):
    """``max_pooling_nd`` for three spatial axes."""
    need_spatial("max_pooling_3d", x, 3)
    return max_pooling_nd(x, ksize, stride, pad, cover_all, return_indices)


def along_axis(x, matrix, axis):
    """The matrix times x along an axis: every linear function that is the same for all other axes."""
    matrix = matrix.astype(x.dtype)
    turned = swapaxes(x, axis, -1)
    return swapaxes(_core.matmul(turned, numpy.ascontiguousarray(matrix.T)), axis, -1)


def _window_matrix(size, k, s, p, count):
    """1 where a number belongs to a window: (windows, numbers)."""
    starts = numpy.arange(count)[:, None] * s - p
    places = numpy.arange(size)
    return ((starts <= places) & (places < starts + k)).astype(float)


def average_pooling_2d(x, ksize, stride=None, pad=0):
    """The mean of each window, zeros of the padding included."""
    need_floats("average_pooling_2d", x)
    need_axes("average_pooling_2d", x, 4)
    return average_pooling_nd(x, ksize, stride, pad)


def average_pooling_nd(x, ksize, stride=None, pad=0, pad_value=0):
    """The mean of each window.

    Zeros of the padding count with ``pad_value=0`` and do not with ``pad_value=None``.
    """
    if pad_value is not None and pad_value != 0:
        raise ValueError(f"average_pooling_nd: pad_value is {pad_value}\n  expected: 0 or None")
    ksize, stride, pad = _windows("average_pooling_nd", x, ksize, stride, pad)
    need("average_pooling_nd", x.size > 0, f"shape {x.shape}", "at least one number")
    if len(ksize) == 2 and not any(pad):
        return _core.average_pool2d(x, ksize, stride, pad)
    for axis, (k, s, p) in enumerate(zip(ksize, stride, pad), 2):
        matrix = _window_matrix(x.shape[axis], k, s, p, get_conv_outsize(x.shape[axis], k, s, p))
        x = along_axis(x, matrix / (k if pad_value == 0 else matrix.sum(1, keepdims=True)), axis)
    return x


def average_pooling_1d(x, ksize, stride=None, pad=0, pad_value=0):
    """``average_pooling_nd`` for one spatial axis."""
    need_spatial("average_pooling_1d", x, 1)
    return average_pooling_nd(x, ksize, stride, pad, pad_value)


def average_pooling_3d(x, ksize, stride=None, pad=0, pad_value=0):
    """``average_pooling_nd`` for three spatial axes."""
    need_spatial("average_pooling_3d", x, 3)
    return average_pooling_nd(x, ksize, stride, pad, pad_value)


def _unpooled_sizes(where, x, ksize, stride, pad, outsize, cover_all):
    if outsize is None:
        each = zip(x.shape[2:], ksize, stride, pad)
        return tuple(get_deconv_outsize(n, k, s, p, cover_all=cover_all) for n, k, s, p in each)
    each = zip(outsize, ksize, stride, pad)
    expected = tuple(get_conv_outsize(out, k, s, p, cover_all=cover_all) for out, k, s, p in each)
    need(
        where,
        x.shape[2:] == expected,
        f"x of shape {x.shape} to {tuple(outsize)}",
        f"windows {expected} for this outsize",
    )
    return tuple(outsize)


def unpooling_nd(x, ksize, stride=None, pad=0, outsize=None, cover_all=True):
    """Every number spread over its window; where windows overlap the numbers are added."""
    ksize, stride, pad = _windows("unpooling_nd", x, ksize, stride, pad)
    outs = _unpooled_sizes("unpooling_nd", x, ksize, stride, pad, outsize, cover_all)
    for axis, (k, s, p, out) in enumerate(zip(ksize, stride, pad, outs), 2):
        x = along_axis(x, _window_matrix(out, k, s, p, x.shape[axis]).T, axis)
    return x


def unpooling_1d(x, ksize, stride=None, pad=0, outsize=None, cover_all=True):
    """``unpooling_nd`` for one spatial axis."""
    need_spatial("unpooling_1d", x, 1)
    return unpooling_nd(x, ksize, stride, pad, outsize, cover_all)


def unpooling_2d(x, ksize, stride=None, pad=0, outsize=None, cover_all=True):
    """``unpooling_nd`` for pictures."""
    need_axes("unpooling_2d", x, 4)
    return unpooling_nd(x, ksize, stride, pad, outsize, cover_all)


def unpooling_3d(x, ksize, stride=None, pad=0, outsize=None, cover_all=True):
    """``unpooling_nd`` for three spatial axes."""
    need_spatial("unpooling_3d", x, 3)
    return unpooling_nd(x, ksize, stride, pad, outsize, cover_all)


def upsampling_2d(x, indexes, ksize, stride=None, pad=0, outsize=None, cover_all=True):
    """Every number at one place of its window, which ``indexes`` of a max pooling tell; zeros elsewhere."""
    need_floats("upsampling_2d", x)
    need_axes("upsampling_2d", x, 4)
    need(
        "upsampling_2d",
        x.shape == indexes.shape,
        f"x of {x.shape}, indexes of {indexes.shape}",
        "the same shape",
    )
    ksize, stride, pad = pair(ksize), pair(ksize if stride is None else stride), pair(pad)
    height, width = _unpooled_sizes("upsampling_2d", x, ksize, stride, pad, outsize, cover_all)
    samples, channels, rows, columns = x.shape
    indexes = as_array(indexes)
    y = numpy.arange(rows)[:, None] * stride[0] - pad[0] + indexes // ksize[1]
    x_ = numpy.arange(columns) * stride[1] - pad[1] + indexes % ksize[1]
    inside = ((0 <= y) & (y < height) & (0 <= x_) & (x_ < width)).ravel()
    planes = numpy.arange(samples * channels).reshape(samples, channels, 1, 1) * (height * width)
    places = (planes + y * width + x_).ravel()[inside]
    flat = reshape(x, (x.size,))
    if not inside.all():
        flat = flat[numpy.flatnonzero(inside)]
    return put(flat, places, (samples, channels, height, width))


def spatial_pyramid_pooling_2d(x, pyramid_height, pooling=None):
    """The largest numbers of the picture, of its quarters, its sixteenths …, as channels."""
    if pooling != "max":
        raise ValueError(f"spatial_pyramid_pooling_2d: pooling is {pooling!r}\n  expected: 'max'")
    need_floats("spatial_pyramid_pooling_2d", x)
    need_axes("spatial_pyramid_pooling_2d", x, 4)
    levels = []
    for level in range(pyramid_height):
        bins = 2**level
        ksize = [math.ceil(size / bins) for size in x.shape[2:]]
        pad = [(k * bins - size) // 2 for k, size in zip(ksize, x.shape[2:])]
        y = max_pooling_2d(x, ksize, None, pad, True)
        levels.append(reshape(y, (len(x), y.size // len(x), 1, 1)))
    return concat(levels, 1)
