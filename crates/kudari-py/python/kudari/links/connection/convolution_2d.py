"""Convolution of pictures."""

import kudari.functions as F
from kudari.links._parameters import check_bias_size, pair, without_in_channels
from kudari.links.connection._convolution import ConvolutionBase
from kudari.utils.argument import parse_kwargs
from kudari.variable import as_array

DETERMINISTIC = "deterministic argument is not supported anymore.\nLeave it out: results never vary here."


class Convolution2D(ConvolutionBase):
    """y (batch, out_channels, h', w') from x (batch, in_channels, h, w) with W (out, in / groups, kh, kw).

    `Convolution2D(out_channels, ksize)` learns in_channels on the first call. `ksize`, `stride`, `pad` and
    `dilate` are numbers or pairs.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        ksize=None,
        stride=1,
        pad=0,
        nobias=False,
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
        self.in_channels = in_channels
        self.groups = int(groups)
        self._set_up(in_channels, out_channels, nobias, initialW, initial_bias)

    @property
    def printable_specs(self):
        for name in ("in_channels", "out_channels", "ksize", "stride", "pad"):
            yield name, getattr(self, name)
        yield "nobias", self.b is None
        yield "dilate", self.dilate
        yield "groups", self.groups

    @classmethod
    def from_params(cls, W, b=None, stride=1, pad=0, nobias=False, **kwargs):
        """A link with copies of these arrays or variables."""
        dilate, groups = parse_kwargs(kwargs, ("dilate", 1), ("groups", 1))
        out_channels, in_channels, *ksize = W.shape
        check_bias_size(b, out_channels, "out_channels")
        return cls(
            in_channels * groups,
            out_channels,
            tuple(ksize),
            stride,
            pad,
            nobias,
            initialW=as_array(W),
            initial_bias=as_array(b),
            dilate=dilate,
            groups=groups,
        )

    def forward(self, x):
        self._initialize_for(x)
        return F.convolution_2d(
            x, self.W, self.b, self.stride, self.pad, dilate=self.dilate, groups=self.groups
        )
