"""Convolution whose weights differ from place to place."""

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import bias, pair, weight


class LocalConvolution2D(Link):
    """W is (out, h', w', in, kh, kw), b (out, h', w'); without `in_size` both wait for the first call."""

    def __init__(
        self,
        in_channels,
        out_channels,
        in_size=None,
        ksize=None,
        stride=1,
        nobias=False,
        initialW=None,
        initial_bias=None,
    ):
        super().__init__()
        self.ksize = ksize
        self.stride = pair(stride)
        self.nobias = nobias
        self.out_channels = out_channels
        with self.init_scope():
            self.W = weight(initialW)
            self.b = bias(initial_bias, nobias=nobias)
            if in_channels is not None and in_size is not None:
                self._initialize_params(in_channels, pair(in_size))

    def _initialize_params(self, in_channels, in_size):
        ksize = pair(self.ksize)
        outsize = tuple((n - k) // step + 1 for n, k, step in zip(in_size, ksize, self.stride))
        self.W.initialize((self.out_channels, *outsize, in_channels, *ksize))
        if self.b is not None:
            self.b.initialize((self.out_channels, *outsize))

    def forward(self, x):
        if self.W.array is None:
            self._initialize_params(x.shape[1], x.shape[2:])
        return F.local_convolution_2d(x, self.W, self.b, self.stride)
