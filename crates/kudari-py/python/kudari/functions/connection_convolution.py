"""Convolutions of pictures and of arrays with any number of spatial axes.

Shapes (samples, channels, axes …).
"""

import numpy

from kudari import _core
from kudari.functions._checks import need, need_floats, need_spatial, pair, size_of, spatial
from kudari.functions.array_shapes import reshape, transpose
from kudari.utils import argument
from kudari.utils.conv import get_conv_outsize, get_deconv_outsize

_REMOVED = {
    "deterministic": "convolutions have no argument deterministic\n  results are always the same: remove it",
    "requires_x_grad": "convolutions have no argument requires_x_grad\n  what is needed is known: remove it",
}


def convolution_2d(x, W, b=None, stride=1, pad=0, cover_all=False, **kwargs):
    """Sums of products of W with every window of x, (samples, inputs, height, width).

    W is (outputs, inputs, height, width).

    ``cover_all`` adds a window where the last one leaves a rest; ``dilate=`` spreads a window, ``groups=``
    splits the channels. Raises RuntimeError where no window fits.
    """
    dilate, groups, _ = argument.parse_kwargs(
        kwargs, ("dilate", 1), ("groups", 1), ("cudnn_fast", False), **_REMOVED
    )
    _check("convolution_2d", x, W, b, 2)
    return _convolve("convolution_2d", x, W, b, pair(stride), pair(pad), cover_all, pair(dilate), groups)


def dilated_convolution_2d(x, W, b=None, stride=1, pad=0, dilate=1, cover_all=False):
    """``convolution_2d`` with windows spread by ``dilate``."""
    return convolution_2d(x, W, b, stride, pad, cover_all, dilate=dilate)


def depthwise_convolution_2d(x, W, b=None, stride=1, pad=0):
    """Every channel convolved by itself: W is (outputs for each channel, channels, height, width)."""
    multiplier, channels, height, width = W.shape
    W = reshape(_core.permute(W, [1, 0, 2, 3]), (multiplier * channels, 1, height, width))
    return convolution_2d(x, W, b, stride, pad, groups=channels)


def convolution_nd(x, W, b=None, stride=1, pad=0, cover_all=False, dilate=1, groups=1):
    """``convolution_2d`` for any number of spatial axes."""
    axes = x.ndim - 2
    _check("convolution_nd", x, W, b, axes)
    if x.shape[1] % groups or W.shape[0] % groups:
        raise TypeError(f"convolution_nd: {x.shape[1]} and {W.shape[0]} channels in {groups} groups")
    return _convolve(
        "convolution_nd",
        x,
        W,
        b,
        spatial(stride, axes),
        spatial(pad, axes),
        cover_all,
        spatial(dilate, axes),
        groups,
    )


def convolution_1d(x, W, b=None, stride=1, pad=0, cover_all=False, dilate=1, groups=1):
    """``convolution_nd`` for one spatial axis."""
    need_spatial("convolution_1d", x, 1)
    return convolution_nd(x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_3d(x, W, b=None, stride=1, pad=0, cover_all=False, dilate=1, groups=1):
    """``convolution_nd`` for three spatial axes."""
    need_spatial("convolution_3d", x, 3)
    return convolution_nd(x, W, b, stride, pad, cover_all, dilate, groups)


def deconvolution_2d(x, W, b=None, stride=1, pad=0, outsize=None, **kwargs):
    """The gradient of a convolution by its input as a function: W is (inputs, outputs, height, width).

    ``outsize`` is (height, width) of the result, where several would fit.
    """
    dilate, groups = argument.parse_kwargs(kwargs, ("dilate", 1), ("groups", 1), **_REMOVED)
    _check("deconvolution_2d", x, W, b, 2, is_transposed=True)
    return _deconvolve("deconvolution_2d", x, W, b, pair(stride), pair(pad), outsize, pair(dilate), groups)


def deconvolution_nd(x, W, b=None, stride=1, pad=0, outsize=None, dilate=1, groups=1):
    """``deconvolution_2d`` for any number of spatial axes."""
    axes = x.ndim - 2
    if outsize is not None and len(outsize) != axes:
        raise AssertionError(f"deconvolution_nd: outsize {outsize} for {axes} axes")
    _check("deconvolution_nd", x, W, b, axes, is_transposed=True)
    if x.shape[1] % groups:
        raise TypeError(f"deconvolution_nd: {x.shape[1]} channels in {groups} groups")
    return _deconvolve(
        "deconvolution_nd",
        x,
        W,
        b,
        spatial(stride, axes),
        spatial(pad, axes),
        outsize,
        spatial(dilate, axes),
        groups,
    )


def deconvolution_1d(x, W, b=None, stride=1, pad=0, outsize=None, dilate=1, groups=1):
    """``deconvolution_nd`` for one spatial axis."""
    need_spatial("deconvolution_1d", x, 1)
    return deconvolution_nd(x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_3d(x, W, b=None, stride=1, pad=0, outsize=None, dilate=1, groups=1):
    """``deconvolution_nd`` for three spatial axes."""
    need_spatial("deconvolution_3d", x, 3)
    return deconvolution_nd(x, W, b, stride, pad, outsize, dilate, groups)


def _check(where, x, W, b, axes, is_transposed=False):
    need_floats(where, x)
    need_floats(where, W)
    fits = x.ndim == W.ndim == axes + 2 and (not is_transposed or x.shape[1] == W.shape[0])
    need(
        where,
        fits,
        f"x of shape {x.shape}, W of {W.shape}",
        f"{axes} axes behind samples and channels, and channels that fit",
    )
    if b is not None:
        need_floats(where, b)
        need(where, b.ndim == 1, f"b of shape {b.shape}", "one number for each output channel")
        need(where, is_transposed or len(b) == W.shape[0], f"b of {len(b)}, W for {W.shape[0]}", "as many")


def _like(x, other):
    """The other with the type of x."""
    return other if other is None or other.dtype == x.dtype else _core.to_dtype(other, x.dtype.name)


def _convolve(where, x, W, b, stride, pad, cover_all, dilate, groups):
    if min(dilate) < 1:
        raise ValueError(f"{where}: dilate is {dilate}\n  expected: numbers above 0")
    need(
        where,
        x.shape[1] == W.shape[1] * groups,
        f"{x.shape[1]} channels, W for {W.shape[1]} in {groups} groups",
        "as many",
    )
    W, b = _like(x, W), _like(x, b)
    sizes, windows = x.shape[2:], W.shape[2:]
    outs = [
        get_conv_outsize(*one, cover_all=cover_all, d=d)
        for *one, d in zip(sizes, windows, stride, pad, dilate)
    ]
    if any(out <= 0 for out in outs):
        raise RuntimeError(
            f"{where}: windows of {windows} do not fit into {sizes}\n  expected: a larger input or padding"
        )
    if cover_all:
        ends = [
            max((o - 1) * s + d * (k - 1) + 1 - n - p, p)
            for n, k, s, p, d, o in zip(sizes, windows, stride, pad, dilate, outs)
        ]
        x = _core.pad(x, [[0, 0], [0, 0], *([p, e] for p, e in zip(pad, ends))], "constant", 0.0)
        pad = (0,) * len(pad)
    if len(outs) == 2:
        return _core.conv2d(x, W, b, stride, pad, dilate, groups)
    if len(outs) == 1:
        x, W = reshape(x, (*x.shape[:2], 1, x.shape[2])), reshape(W, (*W.shape[:2], 1, W.shape[2]))
        y = _core.conv2d(x, W, b, (1, *stride), (0, *pad), (1, *dilate), groups)
        return reshape(y, (*y.shape[:2], y.shape[3]))
    return _convolve_slices(x, W, b, stride, pad, dilate, groups, outs)


def _convolve_slices(x, W, b, stride, pad, dilate, groups, outs):
    """Along the first spatial axis: for each place of the window a convolution of the other axes, summed."""
    samples, channels = x.shape[:2]
    p, count, step = pad[0], outs[0], stride[0]
    if p:
        x = _core.pad(x, [[0, 0], [0, 0], [p, p], *[[0, 0]] * (x.ndim - 3)], "constant", 0.0)
    total = None
    for k in range(W.shape[2]):
        start = k * dilate[0]
        rest = [(0, None, 1)] * (x.ndim - 3)
        part = _core.slice(
            x, [(0, None, 1), (0, None, 1), (start, start + (count - 1) * step + 1, step), *rest]
        )
        part = reshape(
            transpose(part, [0, 2, 1, *range(3, x.ndim)]), (samples * count, channels, *x.shape[3:])
        )
        filters = _core.slice(W, [(0, None, 1), (0, None, 1), (k, k + 1, 1), *rest])
        filters = reshape(filters, (*W.shape[:2], *W.shape[3:]))
        y = _convolve("convolution_nd", part, filters, b, stride[1:], pad[1:], False, dilate[1:], groups)
        total, b = y if total is None else _core.add(total, y), None
    total = reshape(total, (samples, count, *total.shape[1:]))
    return transpose(total, [0, 2, 1, *range(3, total.ndim)])


def _deconvolve(where, x, W, b, stride, pad, outsize, dilate, groups):
    if min(dilate) < 1:
        raise ValueError(f"{where}: dilate is {dilate}\n  expected: numbers above 0")
    W, b = _like(x, W), _like(x, b)
    windows = W.shape[2:]
    usual = [get_deconv_outsize(*one, d=d) for *one, d in zip(x.shape[2:], windows, stride, pad, dilate)]
    outs = usual if outsize is None else list(outsize)
    if any(out <= 0 for out in outs):
        # Chainer's two functions raise different exceptions here.
        kind = RuntimeError if where == "deconvolution_2d" else AssertionError
        raise kind(f"{where}: the result would have sizes {outs}\n  expected: a larger input or less padding")
    for n, out, k, s, p, d in zip(x.shape[2:], outs, windows, stride, pad, dilate):
        least, most = (
            get_conv_outsize(out, k, s, p, cover_all=all_of_it, d=d) for all_of_it in (False, True)
        )
        need(
            where,
            least <= n <= most,
            f"outsize {outs} for x of shape {x.shape}",
            "sizes that a convolution makes these of",
        )
    if b is not None:
        need(
            where,
            len(b) == W.shape[1] * groups,
            f"b of {len(b)} for {W.shape[1] * groups} channels",
            "as many",
        )
    if len(outs) == 2:
        y = _core.conv_transpose2d(x, W, None, stride, (0, 0), dilate, groups, (0, 0))
    elif len(outs) == 1:
        x, W = reshape(x, (*x.shape[:2], 1, x.shape[2])), reshape(W, (*W.shape[:2], 1, W.shape[2]))
        y = _core.conv_transpose2d(x, W, None, (1, *stride), (0, 0), (1, *dilate), groups, (0, 0))
        y = reshape(y, (*y.shape[:2], y.shape[3]))
    else:
        y = _deconvolve_slices(x, W, stride, dilate, groups)
    y = _cut(y, pad, outs)
    return y if b is None else _core.add(y, reshape(b, (1, len(b), *(1,) * len(outs))))


def _cut(y, pad, outs):
    """The part of a result that starts behind the padding and has these sizes, zeros beyond it."""
    missing = [max(p + out - n, 0) for p, out, n in zip(pad, outs, y.shape[2:])]
    if any(missing):
        y = _core.pad(y, [[0, 0], [0, 0], *([0, m] for m in missing)], "constant", 0.0)
    if y.shape[2:] == tuple(outs):
        return y
    return _core.slice(y, [(0, None, 1), (0, None, 1), *((p, p + out, 1) for p, out in zip(pad, outs))])


def _deconvolve_slices(x, W, stride, dilate, groups):
    """Along the first spatial axis.

    For each place of the window a deconvolution of the other axes, added where it belongs.
    """
    samples, channels, count = x.shape[:3]
    flat = reshape(transpose(x, [2, 0, 1, *range(3, x.ndim)]), (count * samples, channels, *x.shape[3:]))
    parts, rows = [], []
    for k in range(W.shape[2]):
        filters = _core.slice(W, [(0, None, 1), (0, None, 1), (k, k + 1, 1), *[(0, None, 1)] * (W.ndim - 3)])
        filters = reshape(filters, (*W.shape[:2], *W.shape[3:]))
        axes = len(stride) - 1
        y = _deconvolve(
            "deconvolution_nd", flat, filters, None, stride[1:], (0,) * axes, None, dilate[1:], groups
        )
        parts.append(reshape(y, (count, size_of(y.shape) // count)))
        rows += [i * stride[0] + k * dilate[0] for i in range(count)]
    length = (count - 1) * stride[0] + (W.shape[2] - 1) * dilate[0] + 1
    total = _core.add_rows(_core.concatenate(parts, 0), numpy.array(rows), length)
    total = reshape(total, (length, samples, *y.shape[1:]))
    return transpose(total, [1, 2, 0, *range(3, total.ndim)])
