"""Images with any number of spatial axes as columns of patches (NumPy).

Images have shape (N, C, d_1, ..., d_n), their patches (N, C, k_1, ..., k_n, out_1, ..., out_n).
"""

import itertools

import numpy

from kudari.utils._outsize import get_conv_outsize


def as_tuple(x, n):
    """`x` as a tuple of `n` values: a single value is repeated, a sequence must have `n` values."""
    if hasattr(x, "__getitem__"):
        assert len(x) == n, f"Expected {n} values, got {len(x)}."
        return tuple(x)
    return (x,) * n


def im2col_nd_cpu(img, ksize, stride, pad, pval=0, cover_all=False, dilate=1, outs=None):
    """Patches of images, padded with `pval`.

    `outs` gives output lengths that differ from the usual ones (None: as `get_conv_outsize` says).
    Raises AssertionError where an output length is not positive.
    """
    dims = img.shape[2:]
    ndim = len(dims)
    dilate = as_tuple(dilate, ndim)
    assert ndim == len(ksize) == len(stride) == len(pad)
    usual = tuple(map(get_conv_outsize, dims, ksize, stride, pad, (cover_all,) * ndim, dilate))
    outs = usual if outs is None else tuple(u if o is None else o for u, o in zip(usual, outs))
    assert all(out > 0 for out in outs), f"Output lengths must be positive, got {outs}."

    # cover_all looks up to stride - 1 elements beyond the padding.
    margins = [(0, 0), (0, 0)] + [(p, p + s - 1) for p, s in zip(pad, stride)]
    padded = numpy.pad(img, margins, mode="constant", constant_values=pval)
    col = numpy.empty(img.shape[:2] + tuple(ksize) + outs, img.dtype)
    for offset in numpy.ndindex(*ksize):
        col[(slice(None), slice(None), *offset)] = padded[_seen_by(offset, outs, stride, dilate)]
    return col


def col2im_nd_cpu(col, stride, pad, dims, dilate=1):
    """Adds patches up where they came from: the transpose of `im2col_nd_cpu`, to spatial lengths `dims`."""
    ndim = len(dims)
    dilate = as_tuple(dilate, ndim)
    ksize, outs = col.shape[2 : 2 + ndim], col.shape[2 + ndim :]
    assert len(outs) == len(ksize) == len(stride) == len(pad) == ndim

    lengths = tuple(d + 2 * p + s - 1 for d, p, s in zip(dims, pad, stride))
    padded = numpy.zeros(col.shape[:2] + lengths, col.dtype)
    for offset in itertools.product(*map(range, ksize)):
        padded[_seen_by(offset, outs, stride, dilate)] += col[(slice(None), slice(None), *offset)]
    return padded[(slice(None), slice(None), *(slice(p, p + d) for p, d in zip(pad, dims)))]


def im2col_nd(img, ksize, stride, pad, cover_all=False, dilate=1):
    """`im2col_nd_cpu` with zeros as padding."""
    return im2col_nd_cpu(img, ksize, stride, pad, 0, cover_all, dilate)


def col2im_nd(col, stride, pad, dims, dilate=1):
    """`col2im_nd_cpu`."""
    return col2im_nd_cpu(col, stride, pad, dims, dilate)


def _seen_by(offset, outs, stride, dilate):
    """Index of the padded elements that the kernel element at `offset` meets, one for each output element."""
    starts = [o * d for o, d in zip(offset, dilate)]
    return (slice(None), slice(None), *(slice(b, b + s * n, s) for b, s, n in zip(starts, stride, outs)))
