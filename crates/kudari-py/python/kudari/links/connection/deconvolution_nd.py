"""Transposed convolution of sequences, pictures, volumes."""

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import as_tuple, bias, check_groups, described, weight, without_in_channels


class DeconvolutionND(Link):
    """As Deconvolution2D over `ndim` axes: W is (in_channels, out_channels / groups, k1, ..., kN)."""

    def __init__(
        self,
        ndim,
        in_channels,
        out_channels,
        ksize=None,
        stride=1,
        pad=0,
        nobias=False,
        outsize=None,
        initialW=None,
        initial_bias=None,
        dilate=1,
        groups=1,
    ):
        super().__init__()
        in_channels, out_channels, ksize = without_in_channels(in_channels, out_channels, ksize)
        self.out_channels = out_channels
        self.ksize = as_tuple(ksize, ndim)
        self.stride = stride
        self.pad = pad
        self.outsize = outsize
        self.dilate = as_tuple(dilate, ndim)
        self.groups = int(groups)
        with self.init_scope():
            self.W = weight(initialW)
            if in_channels is not None:
                self._initialize_params(in_channels)
            self.b = bias(initial_bias, out_channels, nobias)

    def _initialize_params(self, in_channels):
        check_groups(in_channels, self.out_channels, self.groups)
        self.W.initialize((in_channels, self.out_channels // self.groups, *self.ksize))

    @property
    def printable_specs(self):
        return described(self, "out_channels", "ksize", "stride", "pad", "dilate", "groups")

    def forward(self, x):
        if self.W.array is None:
            self._initialize_params(x.shape[1])
        return F.deconvolution_nd(
            x,
            self.W,
            b=self.b,
            stride=self.stride,
            pad=self.pad,
            outsize=self.outsize,
            dilate=self.dilate,
            groups=self.groups,
        )


class Deconvolution1D(DeconvolutionND):
    """`DeconvolutionND` over one axis."""

    def __init__(self, in_channels, out_channels, ksize, *args, **kwargs):
        super().__init__(1, in_channels, out_channels, ksize, *args, **kwargs)


class Deconvolution3D(DeconvolutionND):
    """`DeconvolutionND` over three axes."""

    def __init__(self, in_channels, out_channels, ksize, *args, **kwargs):
        super().__init__(3, in_channels, out_channels, ksize, *args, **kwargs)
