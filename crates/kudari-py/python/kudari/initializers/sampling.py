"""Convolution filters that resample pictures linearly."""

import numpy

from kudari.initializer import Initializer


def _linear_filter(size, ndim):
    """A tent over `size` cells of each of `ndim` axes, 1 at its top."""
    half = (size + 1) // 2
    top = half - (1.0 if size % 2 else 0.5)
    tent = 1.0 - abs(numpy.arange(size) - top) / half
    kernel = numpy.ones(())
    for _ in range(ndim):
        kernel = numpy.multiply.outer(kernel, tent)
    return kernel


class _SamplingFilter(Initializer):
    """The same filter from each channel to itself. The weight is (in, out, k, ...), out being in or 1."""

    _sum_is_one = False

    def __init__(self, interpolation="linear", dtype=None):
        if interpolation != "linear":
            raise ValueError(f"Unsupported interpolation method: {interpolation}.\nOnly 'linear' is offered.")
        super().__init__(dtype)

    def __call__(self, array):
        self._check_dtype(array)
        channels, outputs = array.shape[:2]
        assert outputs in (channels, 1), f"{channels} channels cannot map to {outputs}"
        sizes = array.shape[2:]
        if len(set(sizes)) > 1:
            raise ValueError(f"ksize must be all same: {sizes}.\nUse a kernel of equal sides.")
        kernel = _linear_filter(sizes[0], len(sizes))
        if self._sum_is_one:
            kernel /= kernel.sum()
        array[...] = 0.0
        each = numpy.arange(channels)
        array[each, 0 if outputs == 1 else each] = kernel


class UpsamplingDeconvFilter(_SamplingFilter):
    """Makes a strided deconvolution enlarge pictures linearly."""


class DownsamplingConvFilter(_SamplingFilter):
    """Makes a strided convolution shrink pictures linearly."""

    _sum_is_one = True
