"""A small network at every place of a picture."""

import kudari.functions as F
from kudari.link import ChainList
from kudari.links._parameters import without_in_channels
from kudari.links.connection.convolution_2d import Convolution2D
from kudari.utils.argument import parse_kwargs

_WSCALE = "wscale is not supported anymore.\nGive conv_init and bias_init instead."


class MLPConvolution2D(ChainList):
    """A convolution to out_channels[0], then 1×1 convolutions to the others, `activation` between them.

    (Lin, Chen, Yan 2013.) `MLPConvolution2D(out_channels, ksize)` learns in_channels on the first call.
    """

    def __init__(
        self, in_channels, out_channels, ksize=None, stride=1, pad=0, activation=None, *args, **kwargs
    ):
        if args:
            raise TypeError(_WSCALE)
        conv_init, bias_init = parse_kwargs(kwargs, ("conv_init", None), ("bias_init", None), wscale=_WSCALE)
        in_channels, out_channels, ksize = without_in_channels(in_channels, out_channels, ksize)
        assert len(out_channels) > 0, "out_channels is empty"
        initial = {"initialW": conv_init, "initial_bias": bias_init}
        super().__init__(
            Convolution2D(in_channels, out_channels[0], ksize, stride, pad, **initial),
            *(
                Convolution2D(n_in, n_out, 1, **initial)
                for n_in, n_out in zip(out_channels, out_channels[1:])
            ),
        )
        self.activation = F.relu if activation is None else activation

    def forward(self, x):
        for link in self[:-1]:
            x = self.activation(link(x))
        return self[-1](x)
