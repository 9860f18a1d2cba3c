"""Convolution whose kernel has gaps."""

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import bias, described, pair, weight, without_in_channels


class DilatedConvolution2D(Link):
    """Convolution2D without groups; the kernel's elements stand `dilate` cells apart."""

    def __init__(
        self,
        in_channels,
        out_channels,
        ksize=None,
        stride=1,
        pad=0,
        dilate=1,
        nobias=False,
        initialW=None,
        initial_bias=None,
    ):
        super().__init__()
        in_channels, out_channels, ksize = without_in_channels(in_channels, out_channels, ksize)
        self.ksize = ksize
        self.stride = pair(stride)
        self.pad = pair(pad)
        self.dilate = pair(dilate)
        self.out_channels = out_channels
        with self.init_scope():
            self.W = weight(initialW)
            if in_channels is not None:
                self._initialize_params(in_channels)
            self.b = bias(initial_bias, out_channels, nobias)

    def _initialize_params(self, in_channels):
        self.W.initialize((self.out_channels, in_channels, *pair(self.ksize)))

    @property
    def printable_specs(self):
        return described(self, "out_channels", "ksize", "stride", "pad", "dilate")

    def forward(self, x):
        if self.W.array is None:
            self._initialize_params(x.shape[1])
        return F.dilated_convolution_2d(x, self.W, self.b, self.stride, self.pad, self.dilate)
