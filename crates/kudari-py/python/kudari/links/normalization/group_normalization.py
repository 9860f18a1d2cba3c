"""Normalization over groups of channels."""

import numpy

import kudari
import kudari.functions as F
from kudari.link import Link
from kudari.links.normalization.batch_normalization import with_dtype
from kudari.variable import Parameter


class GroupNormalization(Link):
    """Normalizes each sample over `groups` groups of its channels, then ·gamma + beta per channel (Wu, He
    2018).
    """

    def __init__(self, groups, size=None, eps=1e-5, initial_gamma=None, initial_beta=None):
        super().__init__()
        self.groups = groups
        self.eps = eps
        dtype = kudari.get_dtype(None, map_mixed16=numpy.float32)
        with self.init_scope():
            self.gamma = Parameter(with_dtype(1 if initial_gamma is None else initial_gamma, dtype))
            self.beta = Parameter(with_dtype(0 if initial_beta is None else initial_beta, dtype))
        if size is not None:
            self._initialize_params(size)

    def _initialize_params(self, size):
        self.gamma.initialize(size)
        self.beta.initialize(size)

    @property
    def printable_specs(self):
        yield "groups", self.groups
        yield "size", self.gamma.size if self.gamma.is_initialized else None
        yield "eps", self.eps

    def forward(self, x):
        """x (batch, channels, ...) to the same shape."""
        if self.gamma.array is None:
            if x.ndim < 2:
                raise ValueError(
                    f"Input dimension must be at least 2, the shape is {x.shape}.\nGive (batch, channels)."
                )
            self._initialize_params(x.shape[1])
        return F.group_normalization(x, self.groups, self.gamma, self.beta, self.eps)
