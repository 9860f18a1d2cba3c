"""Transposed convolution of pictures."""

import numpy

import kudari.functions as F
from kudari.links._parameters import pair, without_in_channels
from kudari.links.connection._convolution import ConvolutionBase
from kudari.links.connection.convolution_2d import DETERMINISTIC
from kudari.utils.argument import parse_kwargs


class Deconvolution2D(ConvolutionBase):
    """The transpose of Convolution2D: W is (in_channels, out_channels / groups, kh, kw).

    `outsize` (h, w) chooses among the output sizes that the stride allows.
    """

    transposed = True

    def __init__(
        self,
        in_channels,
        out_channels,
        ksize=None,
        stride=1,
        pad=0,
        nobias=False,
        outsize=None,
        initialW=None,
        initial_bias=None,
        **kwargs,
    ):
        super().__init__()
        dilate, groups = parse_kwargs(kwargs, ("dilate", 1), ("groups", 1), deterministic=DETERMINISTIC)
        in_channels, out_channels, ksize = without_in_channels(in_channels, out_channels, ksize)
        self.ksize = ksize
        self.stride = pair(stride)
        self.pad = pair(pad)
        self.dilate = pair(dilate)
        self.outsize = (None, None) if outsize is None else outsize
        self.groups = int(groups)
        if isinstance(initial_bias, numpy.ndarray):
            assert initial_bias.shape == (out_channels,), f"initial_bias has the shape {initial_bias.shape}"
        self._set_up(in_channels, out_channels, nobias, initialW, initial_bias)

    def forward(self, x):
        self._initialize_for(x)
        return F.deconvolution_2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            None if None in self.outsize else self.outsize,
            dilate=self.dilate,
            groups=self.groups,
        )
