"""The fully connected layer."""

import math

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import bias, check_bias_size, weight
from kudari.variable import as_array


class Linear(Link):
    """y = x·Wᵀ + b with W (out_size, in_size) and b (out_size,); the axes of x after the batch count as one.

    `Linear(2)` and `Linear(None, 2)` learn their in_size on the first call. `initialW` and `initial_bias` are
    initializers, arrays or numbers; W is LeCunNormal and b zeros without them. `nobias` leaves out b.
    """

    def __init__(self, in_size, out_size=None, nobias=False, initialW=None, initial_bias=None):
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        self.in_size = in_size
        self.out_size = out_size
        with self.init_scope():
            self.W = weight(initialW)
            if in_size is not None:
                self._initialize_params(in_size)
            self.b = bias(initial_bias, out_size, nobias)

    def _initialize_params(self, in_size):
        self.W.initialize((self.out_size, in_size))

    @classmethod
    def from_params(cls, W, b=None, nobias=False):
        """A link with copies of these arrays or variables."""
        out_size, in_size = W.shape
        check_bias_size(b, out_size, "out_size")
        return cls(in_size, out_size, nobias, initialW=as_array(W), initial_bias=as_array(b))

    @property
    def printable_specs(self):
        yield "in_size", self.in_size
        yield "out_size", self.out_size
        yield "nobias", self.b is None

    def forward(self, x, n_batch_axes=1):
        """x (batch, ...) to (batch, out_size); with n_batch_axes the first so many axes are the batch."""
        if self.W.array is None:
            self._initialize_params(math.prod(x.shape[n_batch_axes:]))
        return F.linear(x, self.W, self.b, n_batch_axes=n_batch_axes)
