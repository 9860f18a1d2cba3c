"""LSTM some of whose units stand still."""

import kudari.functions as F
from kudari.links.connection.linear import Linear
from kudari.links.rnn._state import KeepsCellAndHidden, zero_state
from kudari.links.rnn.peephole import split_gates
from kudari.utils.argument import parse_kwargs

_TRAIN = "train argument is not supported anymore.\nUse using_config('train', ...)."


class StatefulZoneoutLSTM(KeepsCellAndHidden):
    """`h = lstm(x)`: units of c and h keep their last value with these ratios while training (Krueger et al.
    2016).
    """

    def __init__(self, in_size, out_size, c_ratio=0.5, h_ratio=0.5, **kwargs):
        parse_kwargs(kwargs, train=_TRAIN)
        super().__init__()
        self.state_size = out_size
        self.c_ratio = c_ratio
        self.h_ratio = h_ratio
        self.reset_state()
        with self.init_scope():
            self.upward = Linear(in_size, 4 * out_size)
            self.lateral = Linear(out_size, 4 * out_size, nobias=True)

    def forward(self, x):
        gates = self.upward(x)
        if self.h is not None:
            gates += self.lateral(self.h)
        h = zero_state(x, self.state_size) if self.h is None else self.h
        c = zero_state(x, self.state_size) if self.c is None else self.c
        a, i, f, o = split_gates(gates)
        c_new = F.tanh(a) * F.sigmoid(i) + F.sigmoid(f) * c
        self.c = F.zoneout(c, c_new, self.c_ratio)
        self.h = F.zoneout(h, F.sigmoid(o) * F.tanh(c_new), self.h_ratio)
        return self.h
