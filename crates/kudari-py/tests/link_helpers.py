"""What the tests of links share: random arrays, comparisons, convolution by its definition."""

import kudari
import numpy as np
from kudari.link import Link

RNG = np.random.RandomState(0)


def uniform(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(getattr(actual, "array", actual), expected, rtol=tolerance, atol=tolerance)


def randomized(link):
    """The link with every parameter drawn anew, so that zeros and ones hide nothing."""
    for param in link.params():
        if param.is_initialized:
            param.array[...] = uniform(*param.shape)
    return link


def convolved(x, W, b, stride=1, pad=0, dilate=1, groups=1):
    """Convolution of pictures by its definition."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out, per_group, kh, kw = W.shape
    height = (x.shape[2] - dilate * (kh - 1) - 1) // stride + 1
    width = (x.shape[3] - dilate * (kw - 1) - 1) // stride + 1
    y = np.zeros((len(x), out, height, width))
    for o in range(out):
        first = o // (out // groups) * per_group
        for i in range(height):
            for j in range(width):
                rows = slice(i * stride, i * stride + dilate * (kh - 1) + 1, dilate)
                columns = slice(j * stride, j * stride + dilate * (kw - 1) + 1, dilate)
                window = x[:, first : first + per_group, rows, columns]
                y[:, o, i, j] = (window * W[o]).sum(axis=(1, 2, 3))
    return y if b is None else y + b.reshape(1, -1, 1, 1)


def linked(array):
    """A link whose parameter w is this array."""
    link = Link()
    with link.init_scope():
        link.w = kudari.Parameter(array)
    return link


class Affine(Link):
    """y = a·x + b with b saved, not trained."""

    def __init__(self, a=2.0):
        super().__init__()
        with self.init_scope():
            self.a = kudari.Parameter(np.array(a, np.float32))
        self.add_persistent("b", np.array(1, np.float32))

    def forward(self, x):
        return self.a * x + self.b
