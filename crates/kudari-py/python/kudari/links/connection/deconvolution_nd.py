"""Transposed convolution of sequences, pictures, volumes."""

import kudari.functions as F
from kudari.links._parameters import as_tuple, without_in_channels
from kudari.links.connection._convolution import ConvolutionBase


class DeconvolutionND(ConvolutionBase):
    """As Deconvolution2D over `ndim` axes: W is (in_channels, out_channels / groups, k1, ..., kN)."""

    transposed = True

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
        self.ksize = as_tuple(ksize, ndim)
        self.stride = stride
        self.pad = pad
        self.outsize = outsize
        self.dilate = as_tuple(dilate, ndim)
        self.groups = int(groups)
        self._set_up(in_channels, out_channels, nobias, initialW, initial_bias)

    def forward(self, x):
        self._initialize_for(x)
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
