"""A factor that is broadcast."""

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.bias import Bias
from kudari.variable import Parameter


class Scale(Chain):
    """y = x·W (+ bias), W's axes standing at x's from `axis` on.

    Without `W_shape` W is the second argument of the call, and a bias term needs `bias_shape`.
    """

    def __init__(self, axis=1, W_shape=None, bias_term=False, bias_shape=None):
        super().__init__()
        self.axis = axis
        if bias_term and W_shape is None and bias_shape is None:
            raise ValueError(
                "bias_shape should be given if W is not learnt parameter and bias_term is True.\nGive it."
            )
        with self.init_scope():
            if W_shape is not None:
                self.W = Parameter(1, W_shape)
            if bias_term:
                self.bias = Bias(axis, bias_shape if W_shape is None else W_shape)

    def forward(self, *xs):
        if hasattr(self, "W"):
            xs = (*xs, self.W)
        assert len(xs) == 2, "Scale takes x alone where it has a W_shape, else x and W"
        x, W = xs
        y = F.scale(x, W, self.axis)
        return self.bias(y) if hasattr(self, "bias") else y
