"""The module of GoogLeNet."""

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.convolution_2d import Convolution2D


class Inception(Chain):
    """1×1, 3×3 and 5×5 convolutions and a pooling side by side, their channels joined (Szegedy et al.
    2014).
    """

    def __init__(
        self, in_channels, out1, proj3, out3, proj5, out5, proj_pool, conv_init=None, bias_init=None
    ):
        super().__init__()
        initial = {"initialW": conv_init, "initial_bias": bias_init}
        with self.init_scope():
            self.conv1 = Convolution2D(in_channels, out1, 1, **initial)
            self.proj3 = Convolution2D(in_channels, proj3, 1, **initial)
            self.conv3 = Convolution2D(proj3, out3, 3, pad=1, **initial)
            self.proj5 = Convolution2D(in_channels, proj5, 1, **initial)
            self.conv5 = Convolution2D(proj5, out5, 5, pad=2, **initial)
            self.projp = Convolution2D(in_channels, proj_pool, 1, **initial)

    def forward(self, x):
        """x (batch, in_channels, h, w) to (batch, out1 + out3 + out5 + proj_pool, h, w)."""
        branches = (
            self.conv1(x),
            self.conv3(F.relu(self.proj3(x))),
            self.conv5(F.relu(self.proj5(x))),
            self.projp(F.max_pooling_2d(x, 3, stride=1, pad=1)),
        )
        return F.relu(F.concat(branches, axis=1))
