"""Affine and bilinear functions, tables of rows, shifts."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import (
    InvalidType,
    as_array,
    need,
    need_axes,
    need_floats,
    need_integers,
    pair,
    size_of,
)
from kudari.functions.array_shapes import reshape
from kudari.functions.math_matrices import matmul


def linear(x, W, b=None, n_batch_axes=1):
    """x·Wᵀ + b for x (samples, inputs), W (outputs, inputs) and b (outputs,).

    Axes of x from ``n_batch_axes`` on are taken as one; those before are samples.
    """
    if n_batch_axes == 1:
        if len(x.shape) != 2:
            return _unusual_linear(x, W, b)
        try:
            return _core.linear(x, W, b)
        except InvalidType:
            return _unusual_linear(x, W, b)
    if n_batch_axes <= 0:
        raise ValueError(f"linear: n_batch_axes is {n_batch_axes}\n  expected: a number above 0")
    samples = x.shape[:n_batch_axes]
    count = size_of(samples)
    y = linear(reshape(x, (count, x.size // count if count else W.shape[1])), W, b)
    return reshape(y, (*samples, W.shape[0]))


def _unusual_linear(x, W, b):
    """What the engine refuses: inputs of several axes, and weights of another type."""
    need_floats("linear", x)
    need_floats("linear", W)
    if x.ndim > 2:
        x = reshape(x, (len(x), size_of(x.shape[1:])))
    W, b = (p if p is None or p.dtype == x.dtype else _core.to_dtype(p, x.dtype.name) for p in (W, b))
    need_axes("linear", x, 2)
    need_axes("linear", W, 2)
    return _core.linear(x, W, b)


def embed_id(x, W, ignore_label=None):
    """The rows of W at the indices x, zeros where these are ``ignore_label``."""
    need_integers("embed_id", x)
    need("embed_id", x.ndim >= 1, f"indices of shape {x.shape}", "at least one axis")
    need_floats("embed_id", W)
    need_axes("embed_id", W, 2)
    x, rows = as_array(x), W.shape[0]
    if (
        config.debug
        and not ((0 <= x) & (x < rows) | (False if ignore_label is None else x == ignore_label)).all()
    ):
        raise ValueError(f"embed_id: an index is not from 0 to {rows - 1}")
    if ignore_label is None:
        counts = None
    else:
        counts = x != ignore_label
        x = numpy.where(counts, x, 0)
    if x.size and x.min() < 0:
        x = x % rows
    y = _core.reshape(_core.embedding(W, x), (*x.shape, W.shape[1]))
    return y if counts is None or counts.all() else _core.mul(y, counts[..., None].astype(W.dtype))


def bilinear(e1, e2, W, V1=None, V2=None, b=None):
    """Σⱼₖ e1ⱼ·e2ₖ·Wⱼₖₗ + e1·V1 + e2·V2 + b for each sample; V1, V2 and b go together."""
    missing = [V1 is None, V2 is None, b is None]
    if any(missing) and not all(missing):
        raise ValueError("bilinear: V1, V2 and b go together\n  expected: all of them, or none")
    need_floats("bilinear", e1, e2, W)
    need(
        "bilinear",
        e1.ndim > 1 and e2.ndim > 1,
        f"shapes {e1.shape} and {e2.shape}",
        "samples along the first axis",
    )
    need_axes("bilinear", W, 3)
    e1, e2 = (reshape(e, (len(e), size_of(e.shape[1:]))) for e in (e1, e2))
    fits = len(e1) == len(e2) and (e1.shape[1], e2.shape[1]) == W.shape[:2]
    need(
        "bilinear",
        fits,
        f"shapes {e1.shape}, {e2.shape} and W {W.shape}",
        "W of (size of e1, size of e2, outputs)",
    )
    products = _core.mul(reshape(e1, (*e1.shape, 1)), reshape(e2, (len(e2), 1, e2.shape[1])))
    y = matmul(
        reshape(products, (len(e1), W.shape[0] * W.shape[1])),
        reshape(W, (W.shape[0] * W.shape[1], W.shape[2])),
    )
    if b is None:
        return y
    for V, rows in [(V1, W.shape[0]), (V2, W.shape[1])]:
        need("bilinear", V.shape == (rows, W.shape[2]), f"V of shape {V.shape}", f"({rows}, {W.shape[2]})")
    need("bilinear", b.shape == W.shape[2:], f"b of shape {b.shape}", f"{W.shape[2:]}")
    return _core.add(_core.add(_core.add(y, matmul(e1, V1)), matmul(e2, V2)), b)


def shift(x, ksize=3, dilate=1):
    """Groups of channels, one for each place of a window of odd size, moved to that place.

    What leaves is lost.
    """
    (kh, kw), (dy, dx) = pair(ksize), pair(dilate)
    if kh % 2 == 0 or kw % 2 == 0:
        raise ValueError(f"shift: ksize is {ksize}\n  expected: odd numbers")
    need_floats("shift", x)
    need_axes("shift", x, 4)
    groups = kh * kw
    need(
        "shift",
        x.shape[1] >= groups,
        f"{x.shape[1]} channels",
        f"at least {groups}, one for each place of the window",
    )
    channels, height, width = x.shape[1:]
    py, px = kh // 2 * abs(dy), kw // 2 * abs(dx)
    padded = _core.pad(x, [[0, 0], [0, 0], [py, py], [px, px]], "constant", 0.0)
    size, parts = channels // groups, []
    for i in range(groups):
        # The last group, which takes the channels that are left over, stays where it is.
        middle = (groups - 1) // 2
        place = {middle: groups - 1, groups - 1: middle}.get(i, i)
        top = py - (place // kw - kh // 2) * dy
        left = px - (place % kw - kw // 2) * dx
        end = channels if i == groups - 1 else (i + 1) * size
        window = [(0, None, 1), (i * size, end, 1), (top, top + height, 1), (left, left + width, 1)]
        parts.append(_core.slice(padded, window))
    return _core.concatenate(parts, 1)


def local_convolution_2d(x, W, b=None, stride=1):
    """A convolution whose filters differ from place to place.

    W (outputs, height, width of y, inputs, filter's height, width).
    """
    need_floats("local_convolution_2d", x)
    need_floats("local_convolution_2d", W)
    need_axes("local_convolution_2d", x, 4)
    need_axes("local_convolution_2d", W, 6)
    outputs, height, width, channels, kh, kw = W.shape
    need(
        "local_convolution_2d", x.shape[1] == channels, f"{x.shape[1]} channels, W for {channels}", "as many"
    )
    if W.dtype != x.dtype:
        W = _core.to_dtype(W, x.dtype.name)
    sy, sx = pair(stride)
    rows = numpy.arange(height)[:, None] * sy + numpy.arange(kh)
    columns = numpy.arange(width)[:, None] * sx + numpy.arange(kw)
    # Places of the picture, (height, width, kh, kw), and the numbers there as (places of y, samples, inputs
    # of a filter).
    places = rows[:, None, :, None] * x.shape[3] + columns[None, :, None, :]
    pixels = _core.permute(reshape(x, (len(x) * channels, x.shape[2] * x.shape[3])), [1, 0])
    windows = reshape(_core.embedding(pixels, places), (height * width, kh * kw, len(x), channels))
    windows = reshape(_core.permute(windows, [0, 2, 3, 1]), (height * width, len(x), channels * kh * kw))
    filters = reshape(_core.permute(W, [1, 2, 3, 4, 5, 0]), (height * width, channels * kh * kw, outputs))
    y = _core.permute(_core.matmul(windows, filters), [1, 2, 0])
    y = reshape(y, (len(x), outputs, height, width))
    if b is None:
        return y
    need("local_convolution_2d", b.shape == W.shape[:3], f"b of shape {b.shape}", f"{W.shape[:3]}")
    return _core.add(y, b)
