"""Output lengths of convolutions and transposed convolutions."""


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
