"""A layer of the products of two inputs."""

import numpy

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import weight


class Bilinear(Link):
    """y_k = Σ e1_i·W_ijk·e2_j + e1·V1 + e2·V2 + b, W (left_size, right_size, out_size).

    `initial_bias` is None or a tuple for V1 (left_size, out_size), V2 (right_size, out_size), b (out_size,).
    """

    def __init__(self, left_size, right_size, out_size, nobias=False, initialW=None, initial_bias=None):
        super().__init__()
        self.in_sizes = (left_size, right_size)
        self.nobias = nobias
        with self.init_scope():
            self.W = _sized(initialW, (left_size, right_size, out_size))
            if nobias:
                return
            if initial_bias is None:
                initial_bias = (None, None, 0)
            if not isinstance(initial_bias, tuple):
                raise ValueError(
                    f"initial_bias must be tuple or None, it is {type(initial_bias).__name__}.\n"
                    "Give (initial V1, initial V2, initial b)."
                )
            initialV1, initialV2, initialb = initial_bias
            self.V1 = _sized(initialV1, (left_size, out_size))
            self.V2 = _sized(initialV2, (right_size, out_size))
            self.b = _sized(initialb, (out_size,))

    def forward(self, e1, e2):
        """(batch, left_size) and (batch, right_size) to (batch, out_size)."""
        if self.nobias:
            return F.bilinear(e1, e2, self.W)
        return F.bilinear(e1, e2, self.W, self.V1, self.V2, self.b)

    def zero_grads(self):
        """The same as `zerograds`."""
        self.zerograds()


def _sized(initial, shape):
    """A parameter whose initial array, where one is given, must have just this shape."""
    if isinstance(initial, numpy.ndarray):
        assert initial.shape == shape, f"the initial array has the shape {initial.shape}, {shape} is needed"
    return weight(initial, shape)
