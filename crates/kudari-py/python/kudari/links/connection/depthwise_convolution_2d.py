"""Convolution of each channel for itself."""

import math

import kudari.functions as F
from kudari.initializers import HeNormal
from kudari.link import Link
from kudari.links._parameters import bias, described, pair, weight


class DepthwiseConvolution2D(Link):
    """Each input channel gives `channel_multiplier` output channels; W is (multiplier, in_channels, kh,
    kw).
    """

    def __init__(
        self,
        in_channels,
        channel_multiplier,
        ksize,
        stride=1,
        pad=0,
        nobias=False,
        initialW=None,
        initial_bias=None,
    ):
        super().__init__()
        self.ksize = ksize
        self.stride = pair(stride)
        self.pad = pair(pad)
        self.channel_multiplier = channel_multiplier
        self.nobias = nobias
        with self.init_scope():
            self.W = weight(HeNormal(math.sqrt(0.5)) if initialW is None else initialW)
            self.b = bias(initial_bias, nobias=nobias)
        if in_channels is not None:
            self._initialize_params(in_channels)

    def _initialize_params(self, in_channels):
        self.W.initialize((self.channel_multiplier, in_channels, *pair(self.ksize)))
        if self.b is not None:
            self.b.initialize(self.channel_multiplier * in_channels)

    @property
    def printable_specs(self):
        return described(self, "channel_multiplier", "ksize", "stride", "pad")

    def forward(self, x):
        if self.W.array is None:
            self._initialize_params(x.shape[1])
        return F.depthwise_convolution_2d(x, self.W, self.b, self.stride, self.pad)
