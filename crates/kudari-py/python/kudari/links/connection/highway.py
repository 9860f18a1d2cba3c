"""A layer that may let its input through."""

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.linear import Linear


class Highway(Chain):
    """y = t·activate(plain(x)) + (1 - t)·x with the gate t = sigmoid(transform(x)) (Srivastava et al.
    2015).
    """

    def __init__(
        self, in_out_size, nobias=False, activate=None, init_Wh=None, init_Wt=None, init_bh=None, init_bt=-1
    ):
        super().__init__()
        self.activate = F.relu if activate is None else activate
        with self.init_scope():
            self.plain = Linear(in_out_size, in_out_size, nobias, init_Wh, init_bh)
            self.transform = Linear(in_out_size, in_out_size, nobias, init_Wt, init_bt)

    def forward(self, x):
        plain = self.activate(self.plain(x))
        gate = F.sigmoid(self.transform(x))
        return plain * gate + x * (1 - gate)
