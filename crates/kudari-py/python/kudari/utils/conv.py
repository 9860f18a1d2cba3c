"""Sizes of convolutions, and images as columns of patches (NumPy).

An image batch has shape (N, C, H, W), its patches (N, C, kh, kw, out_h, out_w).
"""

from kudari.utils.conv_nd import col2im_nd_cpu, im2col_nd_cpu


def get_conv_outsize(size, k, s, p, cover_all=False, d=1):
    """Output length of a convolution or pooling along one axis: `(size + 2p - ((k - 1) d + 1)) // s + 1`.

    With `cover_all` the division rounds up, so that every input element is covered.
    """
    reach = size + 2 * p - ((k - 1) * d + 1)
    if cover_all:
        reach += s - 1
    return reach // s + 1


def get_deconv_outsize(size, k, s, p, cover_all=False, d=1):
    """Output length of a transposed convolution along one axis: `s (size - 1) + (k - 1) d + 1 - 2p`.

    With `cover_all` it is `s - 1` less, which inverts `get_conv_outsize` with `cover_all`.
    """
    length = s * (size - 1) + (k - 1) * d + 1 - 2 * p
    return length - s + 1 if cover_all else length


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
