"""Telling the right word from drawn ones."""

import numpy

import kudari
import kudari.functions as F
from kudari.link import Link
from kudari.utils.argument import parse_kwargs
from kudari.utils.walker_alias import WalkerAlias
from kudari.variable import Parameter


class NegativeSampling(Link):
    """-log σ(x·w_t) - Σ log σ(-x·w_i) over `sample_size` words i drawn as often as counts^power say.

    (Mikolov et al. 2013.) W (words, in_size) is zeros at first.
    """

    def __init__(self, in_size, counts, sample_size, power=0.75, dtype=None):
        super().__init__()
        self.sample_size = sample_size
        self.sampler = WalkerAlias(numpy.array(counts, dtype=kudari.get_dtype(dtype)) ** power)
        with self.init_scope():
            self.W = Parameter(0, (len(counts), in_size))

    def forward(self, x, t, reduce="sum", **kwargs):
        """The loss of x (batch, in_size) for the words t (batch,); -1 is ignored."""
        (return_samples,) = parse_kwargs(kwargs, ("return_samples", False))
        return F.negative_sampling(
            x, t, self.W, self.sampler.sample, self.sample_size, reduce=reduce, return_samples=return_samples
        )
