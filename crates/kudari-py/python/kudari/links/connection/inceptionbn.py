"""The module of the second GoogLeNet, with batch normalization."""

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.convolution_2d import Convolution2D
from kudari.links.normalization.batch_normalization import BatchNormalization


class InceptionBN(Chain):
    """1×1, 3×3, double 3×3 convolutions and a pooling side by side, all normalized (Ioffe, Szegedy 2015).

    `pooltype` is 'max' or 'avg'. Without `out1` (0) and `proj_pool` (None) these branches fall away, as is
    needed for a `stride` above 1.
    """

    def __init__(
        self,
        in_channels,
        out1,
        proj3,
        out3,
        proj33,
        out33,
        pooltype,
        proj_pool=None,
        stride=1,
        conv_init=None,
        dtype=None,
    ):
        super().__init__()
        if pooltype not in ("max", "avg"):
            raise NotImplementedError(f"pooltype is {pooltype!r}.\nGive 'max' or 'avg'.")
        self.out1 = out1
        self.proj_pool = proj_pool
        self.stride = stride
        self.pooltype = pooltype

        def convolution(channels, outputs, ksize, **options):
            return Convolution2D(channels, outputs, ksize, nobias=True, initialW=conv_init, **options)

        def normalization(channels):
            return BatchNormalization(channels, dtype=dtype)

        with self.init_scope():
            self.proj3 = convolution(in_channels, proj3, 1)
            self.conv3 = convolution(proj3, out3, 3, pad=1, stride=stride)
            self.proj33 = convolution(in_channels, proj33, 1)
            self.conv33a = convolution(proj33, out33, 3, pad=1)
            self.conv33b = convolution(out33, out33, 3, pad=1, stride=stride)
            self.proj3n = normalization(proj3)
            self.conv3n = normalization(out3)
            self.proj33n = normalization(proj33)
            self.conv33an = normalization(out33)
            self.conv33bn = normalization(out33)
            if out1 > 0:
                assert stride == 1 and proj_pool is not None, "out1 needs stride 1 and proj_pool"
                self.conv1 = convolution(in_channels, out1, 1)
                self.conv1n = normalization(out1)
            if proj_pool is not None:
                self.poolp = convolution(in_channels, proj_pool, 1)
                self.poolpn = normalization(proj_pool)

    def forward(self, x):
        branches = []
        if self.out1 > 0:
            branches.append(F.relu(self.conv1n(self.conv1(x))))
        h = F.relu(self.proj3n(self.proj3(x)))
        branches.append(F.relu(self.conv3n(self.conv3(h))))
        h = F.relu(self.proj33n(self.proj33(x)))
        h = F.relu(self.conv33an(self.conv33a(h)))
        branches.append(F.relu(self.conv33bn(self.conv33b(h))))
        if self.pooltype == "max":
            pooled = F.max_pooling_2d(x, 3, stride=self.stride, pad=1, cover_all=False)
        else:
            pooled = F.average_pooling_2d(x, 3, stride=self.stride, pad=1)
        if self.proj_pool is not None:
            pooled = F.relu(self.poolpn(self.poolp(pooled)))
        branches.append(pooled)
        return F.concat(branches, axis=1)
