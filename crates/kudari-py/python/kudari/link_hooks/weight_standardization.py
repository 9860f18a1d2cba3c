"""Weights of mean 0 and variance 1."""

import numpy

import kudari.functions as F
from kudari.link_hooks._weight_hook import WeightHook


class WeightStandardization(WeightHook):
    """Standardizes each output channel of the weight (Qiao et al. 2019):
    `link.add_hook(WeightStandardization())`.
    """

    name = "WeightStandardization"

    def __init__(self, *, eps=1e-5, weight_name="W", name=None):
        super().__init__(weight_name, name)
        self.eps = eps

    def transformed(self, link, weight):
        channels = (weight.shape[1],)
        gamma = numpy.ones(channels, dtype=weight.dtype)
        beta = numpy.zeros(channels, dtype=weight.dtype)
        return F.group_normalization(weight, groups=1, gamma=gamma, beta=beta, eps=self.eps)
