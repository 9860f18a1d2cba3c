"""Images as columns of patches (NumPy).

An image batch has shape (N, C, H, W), its patches (N, C, kh, kw, out_h, out_w).
"""

from kudari.utils._outsize import get_conv_outsize, get_deconv_outsize
from kudari.utils.conv_nd import col2im_nd_cpu, im2col_nd_cpu

__all__ = [
    "col2im",
    "col2im_cpu",
    "get_conv_outsize",
    "get_deconv_outsize",
    "im2col",
    "im2col_cpu",
]


def im2col_cpu(img, kh, kw, sy, sx, ph, pw, pval=0, cover_all=False, dy=1, dx=1, out_h=None, out_w=None):
    """Patches of images: (N, C, H, W) to (N, C, kh, kw, out_h, out_w), padded with `pval`."""
    return im2col_nd_cpu(img, (kh, kw), (sy, sx), (ph, pw), pval, cover_all, (dy, dx), (out_h, out_w))


def col2im_cpu(col, sy, sx, ph, pw, h, w, dy=1, dx=1):
    """Adds patches up where they came from: (N, C, kh, kw, out_h, out_w) to (N, C, h, w)."""
    return col2im_nd_cpu(col, (sy, sx), (ph, pw), (h, w), (dy, dx))


def im2col(img, kh, kw, sy, sx, ph, pw, cover_all=False, dy=1, dx=1, out_h=None, out_w=None):
    """`im2col_cpu` with zeros as padding."""
    return im2col_cpu(img, kh, kw, sy, sx, ph, pw, 0, cover_all, dy, dx, out_h, out_w)


def col2im(col, sy, sx, ph, pw, h, w, dy=1, dx=1):
    """`col2im_cpu`."""
    return col2im_cpu(col, sy, sx, ph, pw, h, w, dy, dx)
