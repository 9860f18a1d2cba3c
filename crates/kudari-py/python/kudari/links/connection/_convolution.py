"""What convolutions and their transposes share: weight, bias, the sizes they wait for."""

from kudari.link import Link
from kudari.links._parameters import bias, check_groups, described, pair, weight


class ConvolutionBase(Link):
    """Makes W (out, in / groups, *kernel), transposed (in, out / groups, *kernel), and b (out,).

    Without in_channels W waits for the first call.
    """

    transposed = False

    def _set_up(self, in_channels, out_channels, nobias, initialW, initial_bias):
        """Register the parameters; ksize and groups are set before."""
        self.out_channels = out_channels
        with self.init_scope():
            self.W = weight(initialW)
            if in_channels is not None:
                self._initialize_params(in_channels)
            self.b = bias(initial_bias, out_channels, nobias)

    def _initialize_params(self, in_channels):
        check_groups(in_channels, self.out_channels, self.groups)
        first, second = self.out_channels, in_channels
        if self.transposed:
            first, second = second, first
        self.W.initialize((first, second // self.groups, *pair(self.ksize)))

    def _initialize_for(self, x):
        """Make W, where it waits, for the channels of x."""
        if self.W.array is None:
            self._initialize_params(x.shape[1])

    @property
    def printable_specs(self):
        return described(self, "out_channels", "ksize", "stride", "pad", "dilate", "groups")
