"""Softmax cross-entropy from a sample of the classes."""

import numpy

import kudari
import kudari.functions as F
from kudari.link import Link
from kudari.utils.walker_alias import WalkerAlias
from kudari.variable import Parameter


class BlackOut(Link):
    """Loss for very many classes, against `sample_size` classes drawn as often as `counts` say (Ji et al.
    2015).
    """

    sample_data = None

    def __init__(self, in_size, counts, sample_size):
        super().__init__()
        self.sampler = WalkerAlias(numpy.array(counts, dtype=numpy.float32))
        self.sample_size = sample_size
        with self.init_scope():
            self.W = Parameter(shape=(len(counts), in_size))

    def forward(self, x, t):
        """The loss of x (batch, in_size) for the classes t.

        `sample_data` (batch, sample_size) replaces drawing.
        """
        samples = self.sample_data
        if samples is None:
            samples = self.sampler.sample((x.shape[0], self.sample_size))
        return F.black_out(x, t, self.W, kudari.Variable(samples, requires_grad=False))
