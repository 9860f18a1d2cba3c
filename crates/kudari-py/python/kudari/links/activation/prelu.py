"""ReLU whose slope below zero is learned."""

import kudari.functions as F
from kudari.link import Link
from kudari.variable import Parameter


class PReLU(Link):
    """y = max(0, x) + W·min(0, x), W of `shape`, by default one number for all; `init` at first."""

    def __init__(self, shape=(), init=0.25):
        super().__init__()
        with self.init_scope():
            self.W = Parameter(init, shape)

    @property
    def printable_specs(self):
        yield "shape", self.W.shape

    def forward(self, x):
        return F.prelu(x, self.W)
