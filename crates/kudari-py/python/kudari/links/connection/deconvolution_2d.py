"""Transposed convolution of pictures."""

import numpy

import kudari.functions as F
from kudari.link import Link
from kudari.links._parameters import bias, check_groups, described, pair, weight, without_in_channels
from kudari.links.connection.convolution_2d import DETERMINISTIC
from kudari.utils.argument import parse_kwargs


class Deconvolution2D(Link):
    """The transpose of Convolution2D: W is (in_channels, out_channels / groups, kh, kw).

    `outsize` (h, w) chooses among the output sizes that the stride allows.
    """

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
        self.out_channels = out_channels
        self.groups = int(groups)
        with self.init_scope():
            self.W = weight(initialW)
            if in_channels is not None:
                self._initialize_params(in_channels)
            if isinstance(initial_bias, numpy.ndarray):
                assert initial_bias.shape == (out_channels,), (
                    f"initial_bias has the shape {initial_bias.shape}"
                )
            self.b = bias(initial_bias, out_channels, nobias)

    def _initialize_params(self, in_channels):
        check_groups(in_channels, self.out_channels, self.groups)
        self.W.initialize((in_channels, self.out_channels // self.groups, *pair(self.ksize)))

    @property
    def printable_specs(self):
        return described(self, "out_channels", "ksize", "stride", "pad", "dilate", "groups")

    def forward(self, x):
        if self.W.array is None:
            self._initialize_params(x.shape[1])
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
