"""A bias that is broadcast."""

import kudari.functions as F
from kudari.link import Link
from kudari.variable import Parameter


class Bias(Link):
    """y = x + b, b's axes standing at x's from `axis` on.

    Without `shape` b is the second argument of the call.
    """

    def __init__(self, axis=1, shape=None):
        super().__init__()
        self.axis = axis
        if shape is not None:
            with self.init_scope():
                self.b = Parameter(0, shape)

    def forward(self, *xs):
        if hasattr(self, "b"):
            xs = (*xs, self.b)
        assert len(xs) == 2, "Bias takes x alone where it has a shape, else x and b"
        x, b = xs
        return F.bias(x, b, self.axis)
