"""Poolings over regions of interest: rectangles of pictures (samples, channels, height, width)."""

import numbers

import numpy

from kudari import _core
from kudari.functions._checks import as_array, need, need_floats, refuse
from kudari.functions.array_indexing import take
from kudari.functions.array_shapes import reshape


def _sizes(where, outsize):
    sizes = tuple(outsize) if numpy.iterable(outsize) else (outsize, outsize)
    for i, size in enumerate(sizes):
        if not (isinstance(size, numbers.Integral) and size > 0):
            raise TypeError(f"{where}: outsize[{i}] is {size!r}\n  expected: an int above 0")
    return sizes


def _check_scale(where, spatial_scale):
    if not (isinstance(spatial_scale, numbers.Real) and spatial_scale > 0):
        raise TypeError(f"{where}: spatial_scale is {spatial_scale!r}\n  expected: a number above 0")


def _regions(where, x, rois, roi_indices):
    """Rectangles (top, left, bottom, right) and the samples they are of, as arrays."""
    need_floats(where, x, rois)
    fits = x.ndim == 4 and rois.ndim == 2 and rois.shape[1] == 4 and roi_indices.shape == (len(rois),)
    need(
        where,
        fits,
        f"shapes {x.shape}, {rois.shape}, {roi_indices.shape}",
        "a picture, (regions, 4), (regions,)",
    )
    if roi_indices.dtype.kind != "i":
        refuse(where, f"roi_indices of {roi_indices.dtype}", "an integer type")
    return as_array(rois), as_array(roi_indices)


def _bins(start, length, count, limit):
    """From where to where each of ``count`` equal parts reaches, as whole numbers inside of the picture."""
    parts = numpy.arange(count)
    low = numpy.floor(parts * (length / count)).astype(int) + start
    high = numpy.ceil((parts + 1) * (length / count)).astype(int) + start
    return list(zip(numpy.clip(low, 0, limit), numpy.clip(high, 0, limit)))


def _whole(regions, spatial_scale):
    """Rectangles at whole pixels, rounded as Python does."""
    return [[int(round(float(edge) * spatial_scale)) for edge in region] for region in regions]


def _pooled(x, regions, samples, sizes, reach, choose, empty):
    """For each bin a number of the picture, or ``empty`` where the bin is.

    ``choose`` gives its place in the bin's numbers.
    """
    array, (rows, columns) = as_array(x), sizes
    channels, height, width = array.shape[1:]
    places = numpy.full((len(regions), channels, rows, columns), -1)
    planes = numpy.arange(array.size).reshape(array.shape)
    for r, (top, left, bottom, right) in enumerate(regions):
        vertical = _bins(top, max(bottom - top + reach, 1), rows, height)
        horizontal = _bins(left, max(right - left + reach, 1), columns, width)
        for i, (y0, y1) in enumerate(vertical):
            for j, (x0, x1) in enumerate(horizontal):
                if y1 > y0 and x1 > x0:
                    here = array[samples[r], :, y0:y1, x0:x1].reshape(channels, -1)
                    numbers_here = planes[samples[r], :, y0:y1, x0:x1].reshape(channels, -1)
                    places[r, :, i, j] = numbers_here[numpy.arange(channels), choose(here)]
    y = take(x, numpy.maximum(places, 0))
    if (places >= 0).all():
        return y
    return _core.choose(places >= 0, y, numpy.full(places.shape, empty, array.dtype))


def roi_pooling_2d(x, rois, outh, outw, spatial_scale):
    """The largest number of each of (outh, outw) parts of regions (sample, left, top, right, bottom).

    0 for empty parts.
    """
    need_floats("roi_pooling_2d", x, rois)
    fits = x.ndim == 4 and rois.ndim == 2 and rois.shape[1] == 5
    need("roi_pooling_2d", fits, f"shapes {x.shape} and {rois.shape}", "pictures and (regions, 5)")
    rois = as_array(rois)
    regions = [[top, left, bottom, right] for left, top, right, bottom in _whole(rois[:, 1:], spatial_scale)]
    return _pooled(x, regions, rois[:, 0].astype(int), (outh, outw), 1, lambda here: here.argmax(1), 0)


def roi_max_pooling_2d(x, rois, roi_indices, outsize, spatial_scale):
    """The largest number of each part of regions (top, left, bottom, right) of samples ``roi_indices``.

    −∞ for empty parts.
    """
    sizes = _sizes("roi_max_pooling_2d", outsize)
    _check_scale("roi_max_pooling_2d", spatial_scale)
    rois, samples = _regions("roi_max_pooling_2d", x, rois, roi_indices)
    regions = _whole(rois, spatial_scale)
    return _pooled(x, regions, samples, sizes, 0, lambda here: here.argmax(1), -numpy.inf)


def roi_average_pooling_2d(x, rois, roi_indices, outsize, spatial_scale):
    """The mean of each part of regions (top, left, bottom, right) of samples ``roi_indices``.

    0 for empty parts.
    """
    sizes = _sizes("roi_average_pooling_2d", outsize)
    _check_scale("roi_average_pooling_2d", spatial_scale)
    rois, samples = _regions("roi_average_pooling_2d", x, rois, roi_indices)
    vertical, horizontal = [], []
    for top, left, bottom, right in _whole(rois, spatial_scale):
        for matrices, start, end, count, limit in [
            (vertical, top, bottom, sizes[0], x.shape[2]),
            (horizontal, left, right, sizes[1], x.shape[3]),
        ]:
            matrix = numpy.zeros((count, limit))
            for i, (low, high) in enumerate(_bins(start, max(end - start, 1), count, limit)):
                matrix[i, low:high] = 1 / max(high - low, 1)
            matrices.append(matrix)
    return _between(x, samples, vertical, horizontal)


def _between(x, samples, vertical, horizontal):
    """For each region a matrix times the picture times a matrix: (regions, channels, height, width)."""
    shape = (len(samples), x.shape[1])
    pictures = reshape(x, (len(x), x.size // max(len(x), 1)))
    pictures = reshape(_core.embedding(pictures, samples), (*shape, *x.shape[2:]))
    left = numpy.array(vertical, x.dtype)[:, None]
    right = numpy.array(horizontal, x.dtype).swapaxes(1, 2)[:, None]
    return _core.matmul(_core.matmul(left, pictures), numpy.ascontiguousarray(right))


def _samplings(where, sampling_ratio):
    ratios = tuple(sampling_ratio) if numpy.iterable(sampling_ratio) else (sampling_ratio, sampling_ratio)
    if not all(r is None or isinstance(r, numbers.Integral) and r >= 1 for r in ratios):
        raise TypeError(
            f"{where}: sampling_ratio is {sampling_ratio!r}\n  expected: an int from 1 on, or a pair of them"
        )
    return ratios


def _interpolation(start, end, count, ratio, limit):
    """Weights of the pixels along one axis at the sampled points of each bin: (bins, points, pixels)."""
    length = max(end - start, numpy.float32(1))
    size = length / count
    points = int(numpy.ceil(size)) if ratio is None else ratio
    weights = numpy.zeros((count, points, limit))
    for i in range(count):
        for j in range(points):
            p = float(start + i * size + (j + 0.5) * size / points)
            if not -1 <= p <= limit:
                continue
            p = min(max(p, 0.0), limit - 1)
            low = min(int(p), limit - 1)
            weights[i, j, low] += 1 - (p - low)
            if low + 1 < limit:
                weights[i, j, low + 1] += p - low
    return weights


def _aligned(where, x, rois, roi_indices, outsize, spatial_scale, sampling_ratio):
    """Weights along both axes for each region: lists of (bins, points, pixels)."""
    sizes = _sizes(where, outsize)
    _check_scale(where, spatial_scale)
    ratios = _samplings(where, sampling_ratio)
    rois, samples = _regions(where, x, rois, roi_indices)
    scaled = rois * rois.dtype.type(spatial_scale)
    vertical = [_interpolation(top, bottom, sizes[0], ratios[0], x.shape[2]) for top, _, bottom, _ in scaled]
    horizontal = [
        _interpolation(left, right, sizes[1], ratios[1], x.shape[3]) for _, left, _, right in scaled
    ]
    return samples, vertical, horizontal


def roi_average_align_2d(x, rois, roi_indices, outsize, spatial_scale, sampling_ratio=None):
    """The mean of points of each part of regions (top, left, bottom, right), between pixels bilinearly."""
    where = "roi_average_align_2d"
    samples, vertical, horizontal = _aligned(
        where, x, rois, roi_indices, outsize, spatial_scale, sampling_ratio
    )
    return _between(x, samples, [w.mean(1) for w in vertical], [w.mean(1) for w in horizontal])


def roi_max_align_2d(x, rois, roi_indices, outsize, spatial_scale, sampling_ratio=None):
    """The largest of points of each part of regions (top, left, bottom, right), between pixels bilinearly."""
    where = "roi_max_align_2d"
    samples, vertical, horizontal = _aligned(
        where, x, rois, roi_indices, outsize, spatial_scale, sampling_ratio
    )
    results = []
    for sample, v, h in zip(samples, vertical, horizontal):
        (rows, down, height), (columns, across, width) = v.shape, h.shape
        points = _between(x, numpy.array([sample]), [v.reshape(-1, height)], [h.reshape(-1, width)])
        points = reshape(points, (x.shape[1], rows, down, columns, across))
        # Points outside of the picture, which have no weights, do not count.
        outside = (v.sum(2) == 0)[:, :, None, None] | (h.sum(2) == 0)[None, None]
        if outside.any():
            points = _core.choose(outside[None], numpy.array(-numpy.inf, x.dtype), points)
        results.append(_core.max(points, [2, 4], False))
    return _core.stack(results, 0)
