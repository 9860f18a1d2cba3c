"""Pictures (samples, channels, height, width): windows, sizes, places of pixels."""

import numpy

from kudari import _core
from kudari.functions._checks import as_array, need, need_axes, need_floats, pair
from kudari.functions.array_shapes import reshape, transpose
from kudari.functions.math_matrices import matmul
from kudari.functions.pooling import along_axis
from kudari.utils import argument
from kudari.utils.conv import get_conv_outsize


def im2col(x, ksize, stride=1, pad=0, cover_all=False, dilate=1):
    """The windows of a picture: (samples, channels × places of the window, height, width)."""
    need_floats("im2col", x)
    need_axes("im2col", x, 4)
    ksize, stride, pad, dilate = pair(ksize), pair(stride), pair(pad), pair(dilate)
    outs, widths, places = [], [[0, 0], [0, 0]], []
    for n, k, s, p, d in zip(x.shape[2:], ksize, stride, pad, dilate):
        out = get_conv_outsize(n, k, s, p, cover_all, d)
        if out <= 0:
            raise AssertionError(f"im2col: windows of {ksize} do not fit into {x.shape[2:]}")
        outs.append(out)
        widths.append([p, max((out - 1) * s + d * (k - 1) + 1 - n - p, p)])
        places.append(numpy.arange(k)[:, None] * d + numpy.arange(out) * s)
    padded = _core.pad(x, widths, "constant", 0.0) if any(sum(w) for w in widths) else x
    samples, channels, height, width = padded.shape
    pixels = transpose(reshape(padded, (samples * channels, height * width)), [1, 0])
    # (place in the window: row, column; place of the window: row, column), then samples and channels
    spots = places[0][:, None, :, None] * width + places[1][None, :, None, :]
    windows = reshape(
        _core.embedding(pixels, spots), (ksize[0] * ksize[1], outs[0] * outs[1], samples, channels)
    )
    return reshape(transpose(windows, [2, 3, 0, 1]), (samples, channels * ksize[0] * ksize[1], *outs))


def depth2space(X, r):
    """Blocks of r × r channels become blocks of r × r pixels."""
    need_floats("depth2space", X)
    need_axes("depth2space", X, 4)
    samples, channels, height, width = X.shape
    channels //= r * r
    blocks = transpose(reshape(X, (samples, r, r, channels, height, width)), [0, 3, 4, 1, 5, 2])
    return reshape(blocks, (samples, channels, height * r, width * r))


def space2depth(X, r):
    """Blocks of r × r pixels become blocks of r × r channels."""
    need_floats("space2depth", X)
    need_axes("space2depth", X, 4)
    samples, channels, height, width = X.shape
    blocks = reshape(X, (samples, channels, height // r, r, width // r, r))
    return reshape(
        transpose(blocks, [0, 3, 5, 1, 2, 4]), (samples, r * r * channels, height // r, width // r)
    )


def _resize_matrix(size, out, mode, align_corners):
    """The weights of the old pixels along one axis for each of the new: (new, old)."""
    if mode == "nearest":
        low = numpy.minimum(numpy.floor(numpy.arange(out) * (size / out)), size - 1).astype(int)
        rest = numpy.zeros(out)
    else:
        if align_corners:
            places = numpy.linspace(0, size - 1, num=out)
        else:
            places = numpy.maximum((numpy.arange(out) + 0.5) * (size / out) - 0.5, 0)
        low = places.astype(int)
        rest = places - low
    matrix = numpy.zeros((out, size))
    numpy.add.at(matrix, (numpy.arange(out), low), 1 - rest)
    numpy.add.at(matrix, (numpy.arange(out), numpy.minimum(low + 1, size - 1)), rest)
    return matrix


def resize_images(x, output_shape, *, mode="bilinear", align_corners=True):
    """Pictures with another height and width, interpolated bilinearly or with the nearest pixel."""
    if mode not in ("bilinear", "nearest"):
        raise AssertionError(f"resize_images: mode {mode!r}\n  expected: 'bilinear' or 'nearest'")
    need_floats("resize_images", x)
    need_axes("resize_images", x, 4)
    for axis, out in zip((2, 3), output_shape):
        x = along_axis(x, _resize_matrix(x.shape[axis], out, mode, align_corners), axis)
    return x


_NO_CUDNN = "there is no argument use_cudnn\n  remove it"


def spatial_transformer_grid(theta, output_shape, **kwargs):
    """Places in a picture for each pixel of the result.

    Theta (samples, 2, 3) times (x, y, 1), from −1 to 1 across.
    """
    if kwargs:
        argument.check_unexpected_kwargs(kwargs, use_cudnn=_NO_CUDNN)
        argument.assert_kwargs_empty(kwargs)
    need_floats("spatial_transformer_grid", theta)
    need(
        "spatial_transformer_grid",
        theta.shape[1:] == (2, 3),
        f"theta of shape {theta.shape}",
        "(samples, 2, 3)",
    )
    height, width = output_shape
    y, x = numpy.meshgrid(numpy.linspace(-1, 1, height), numpy.linspace(-1, 1, width), indexing="ij")
    coordinates = numpy.stack([x.ravel(), y.ravel(), numpy.ones(height * width)]).astype(theta.dtype)
    return reshape(_core.matmul(theta, coordinates), (len(theta), 2, height, width))


def spatial_transformer_sampler(x, grid, **kwargs):
    """The picture at places (x, y) from −1 to 1 across, between pixels bilinearly, 0 outside.

    Grid (samples, 2, height, width).
    """
    if kwargs:
        argument.check_unexpected_kwargs(kwargs, use_cudnn=_NO_CUDNN)
        argument.assert_kwargs_empty(kwargs)
    where = "spatial_transformer_sampler"
    need_floats(where, x, grid)
    need(
        where,
        x.ndim == grid.ndim == 4 and grid.shape[:2] == (len(x), 2),
        f"shapes {x.shape} and {grid.shape}",
        "(samples, 2, …)",
    )
    samples, channels, height, width = x.shape
    points = grid.shape[2] * grid.shape[3]
    padded = _core.pad(x, [[0, 0], [0, 0], [1, 1], [1, 1]], "constant", 0.0)
    flat = reshape(grid, (samples, 2, points))
    sides = []
    for axis, size in [(1, height), (0, width)]:
        place = _core.reshape(
            _core.slice(flat, [(0, None, 1), (axis, axis + 1, 1), (0, None, 1)]), (samples, points)
        )
        place = _core.clip(_core.add(_core.mul(_core.add(place, 1.0), (size - 1) / 2), 1.0), 0.0, size + 1.0)
        low = numpy.clip(numpy.floor(as_array(place)), 0, size)
        rest = _core.sub(place, low.astype(x.dtype))
        sides.append((low.astype(int), rest))
    (top, down), (left, right) = sides
    # Rows of a table: every pixel of every sample with all its channels.
    table = reshape(transpose(padded, [0, 2, 3, 1]), (samples * (height + 2) * (width + 2), channels))
    start = numpy.arange(samples)[:, None] * ((height + 2) * (width + 2))
    total = None
    for row, v in [(top, _core.sub(1.0, down)), (top + 1, down)]:
        for column, u in [(left, _core.sub(1.0, right)), (left + 1, right)]:
            pixels = reshape(
                _core.embedding(table, start + row * (width + 2) + column), (samples, points, channels)
            )
            part = _core.mul(pixels, reshape(_core.mul(v, u), (samples, points, 1)))
            total = part if total is None else _core.add(total, part)
    return reshape(transpose(total, [0, 2, 1]), (samples, channels, *grid.shape[2:]))


def deformable_convolution_2d_sampler(x, offset, W, b=None, stride=1, pad=0):
    """A convolution whose windows' places are moved by ``offset``.

    That is (samples, 2 × places of the window, height, width): the first half moves along
    x, the second along y, in pixels; between pixels bilinearly.
    """
    (sy, sx), (py, px) = pair(stride), pair(pad)
    outputs, channels, kh, kw = W.shape
    samples, _, height, width = x.shape
    places = kh * kw
    if offset.shape[1] != 2 * places:
        raise ValueError(
            f"deformable convolution: offset of {offset.shape}\n  expected: {2 * places} along axis 1"
        )
    rows, columns = offset.shape[2:]
    window_y, window_x = (
        a.reshape(places, 1, 1) for a in numpy.meshgrid(numpy.arange(kh), numpy.arange(kw), indexing="ij")
    )
    usual_y = numpy.broadcast_to(numpy.arange(rows)[:, None] * sy + window_y, (places, rows, columns))
    usual_x = numpy.broadcast_to(numpy.arange(columns) * sx + window_x, (places, rows, columns))
    usual = numpy.concatenate([usual_x, usual_y]).astype(offset.dtype)
    scale = numpy.repeat([2 / (width + 2 * px - 1), 2 / (height + 2 * py - 1)], places).astype(offset.dtype)
    grid = _core.sub(_core.mul(_core.add(offset, usual), scale[:, None, None]), 1.0)
    grid = reshape(grid, (samples, 2, places, rows * columns))
    padded = _core.pad(x, [[0, 0], [0, 0], [py, py], [px, px]], "constant", 0.0)
    windows = transpose(spatial_transformer_sampler(padded, grid), [0, 3, 1, 2])
    windows = reshape(windows, (samples * rows * columns, channels * places))
    y = matmul(windows, reshape(W, (outputs, channels * places)), transb=True)
    y = transpose(reshape(y, (samples, rows, columns, outputs)), [0, 3, 1, 2])
    return y if b is None else _core.add(y, reshape(b, (1, outputs, 1, 1)))
