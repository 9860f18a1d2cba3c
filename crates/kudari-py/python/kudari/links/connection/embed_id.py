"""Vectors for integers."""

import kudari.functions as F
from kudari.initializers import Normal
from kudari.link import Link
from kudari.links._parameters import weight
from kudari.variable import as_array


class EmbedID(Link):
    """Row x of W (in_size, out_size) for each integer x; zeros for `ignore_label`. W is N(0, 1) at first."""

    ignore_label = None

    def __init__(self, in_size, out_size, initialW=None, ignore_label=None):
        super().__init__()
        self.ignore_label = ignore_label
        with self.init_scope():
            self.W = weight(Normal(1.0) if initialW is None else initialW, (in_size, out_size))

    @classmethod
    def from_params(cls, W, ignore_label=None):
        """A link with a copy of this array or variable."""
        return cls(*W.shape, initialW=as_array(W), ignore_label=ignore_label)

    @property
    def printable_specs(self):
        yield "in_size", self.W.shape[0]
        yield "out_size", self.W.shape[1]
        yield "ignore_label", self.ignore_label

    def forward(self, x):
        return F.embed_id(x, self.W, ignore_label=self.ignore_label)
