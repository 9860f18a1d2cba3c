"""Normalization over the features of each sample."""

import math

import kudari.functions as F
from kudari.link import Link
from kudari.variable import Parameter


class LayerNormalization(Link):
    """y = gamma·(x - mean) / √(var + eps) + beta for each row of x (batch, size) (Ba, Kiros, Hinton 2016)."""

    def __init__(self, size=None, eps=1e-6, initial_gamma=None, initial_beta=None):
        super().__init__()
        self.eps = eps
        with self.init_scope():
            self.gamma = Parameter(1 if initial_gamma is None else initial_gamma)
            self.beta = Parameter(0 if initial_beta is None else initial_beta)
        if size is not None:
            self._initialize_params(size)

    def _initialize_params(self, size):
        self.gamma.initialize(size)
        self.beta.initialize(size)

    @property
    def printable_specs(self):
        yield "size", self.gamma.size if self.gamma.is_initialized else None
        yield "eps", self.eps

    def forward(self, x):
        if self.gamma.array is None:
            self._initialize_params(math.prod(x.shape[1:]))
        return F.layer_normalization(x, self.gamma, self.beta, self.eps)
