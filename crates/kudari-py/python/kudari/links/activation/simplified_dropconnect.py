"""A linear layer that drops weights."""

import math

import kudari.functions as F
from kudari.initializers import HeNormal
from kudari.link import Link
from kudari.links._parameters import bias, weight


class SimplifiedDropconnect(Link):
    """Linear whose weights are dropped with probability `ratio` while training (Wan et al. 2013,
    simplified).
    """

    def __init__(self, in_size, out_size, ratio=0.5, nobias=False, initialW=None, initial_bias=None):
        super().__init__()
        self.out_size = out_size
        self.ratio = ratio
        with self.init_scope():
            self.W = weight(HeNormal(math.sqrt(0.5)) if initialW is None else initialW)
            if in_size is not None:
                self._initialize_params(in_size)
            self.b = bias(initial_bias, out_size, nobias)

    def _initialize_params(self, in_size):
        self.W.initialize((self.out_size, in_size))

    def forward(self, x, train=True, mask=None, use_batchwise_mask=True):
        """`mask` says which weights stay: (batch, out_size, in_size), or (out_size, in_size) for all
        alike.
        """
        if self.W.array is None:
            self._initialize_params(math.prod(x.shape[1:]))
        if mask is not None and "mask" not in self.__dict__:
            self.add_persistent("mask", mask)
        return F.simplified_dropconnect(x, self.W, self.b, self.ratio, train, mask, use_batchwise_mask)
