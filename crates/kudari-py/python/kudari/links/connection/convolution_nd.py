"""Convolution of sequences, pictures, volumes."""

import kudari.functions as F
from kudari.links._parameters import as_tuple, check_bias_size, without_in_channels
from kudari.links.connection._convolution import ConvolutionBase
from kudari.utils.argument import parse_kwargs
from kudari.variable import as_array


class ConvolutionND(ConvolutionBase):
    """As Convolution2D over `ndim` axes: x (batch, in_channels, d1, ..., dN), W (out, in / groups, k1, ...,
    kN).
    """

    def __init__(
        self,
        ndim,
        in_channels,
        out_channels,
        ksize=None,
        stride=1,
        pad=0,
        nobias=False,
        initialW=None,
        initial_bias=None,
        cover_all=False,
        dilate=1,
        groups=1,
    ):
        super().__init__()
        in_channels, out_channels, ksize = without_in_channels(in_channels, out_channels, ksize)
        self.ksize = as_tuple(ksize, ndim)
        self.stride = stride
        self.pad = pad
        self.cover_all = cover_all
        self.dilate = as_tuple(dilate, ndim)
        self.groups = int(groups)
        self._set_up(in_channels, out_channels, nobias, initialW, initial_bias)

    @classmethod
    def from_params(cls, W, b=None, stride=1, pad=0, nobias=False, **kwargs):
        """A link with copies of these arrays or variables."""
        cover_all, dilate, groups = parse_kwargs(kwargs, ("cover_all", False), ("dilate", 1), ("groups", 1))
        out_channels, in_channels, *ksize = W.shape
        check_bias_size(b, out_channels, "out_channels")
        return cls(
            len(ksize),
            in_channels * groups,
            out_channels,
            ksize,
            stride,
            pad,
            nobias,
            initialW=as_array(W),
            initial_bias=as_array(b),
            cover_all=cover_all,
            dilate=dilate,
            groups=groups,
        )

    def forward(self, x):
        self._initialize_for(x)
        return F.convolution_nd(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            cover_all=self.cover_all,
            dilate=self.dilate,
            groups=self.groups,
        )


class Convolution1D(ConvolutionND):
    """`ConvolutionND` over one axis."""

    def __init__(self, in_channels, out_channels, ksize, *args, **kwargs):
        super().__init__(1, in_channels, out_channels, ksize, *args, **kwargs)


class Convolution3D(ConvolutionND):
    """`ConvolutionND` over three axes."""

    def __init__(self, in_channels, out_channels, ksize, *args, **kwargs):
        super().__init__(3, in_channels, out_channels, ksize, *args, **kwargs)
