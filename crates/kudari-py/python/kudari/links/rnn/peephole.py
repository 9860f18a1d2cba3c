"""LSTM whose gates see the cell."""

import kudari.functions as F
from kudari.links.connection.linear import Linear
from kudari.links.rnn._state import KeepsCellAndHidden, zero_state


def split_gates(gates):
    """a, i, f, o (batch, units) each from (batch, 4·units), where the four of a unit stand next to each
    other.
    """
    gates = F.reshape(gates, (gates.shape[0], gates.shape[1] // 4, 4))
    return tuple(F.reshape(gate, gate.shape[:2]) for gate in F.split_axis(gates, 4, 2))


class StatefulPeepholeLSTM(KeepsCellAndHidden):
    """`h = lstm(x)`: input and forget gate also get the old cell, the output gate the new one (Gers et al.
    2000).
    """

    def __init__(self, in_size, out_size):
        super().__init__()
        self.state_size = out_size
        self.reset_state()
        with self.init_scope():
            self.upward = Linear(in_size, 4 * out_size)
            self.lateral = Linear(out_size, 4 * out_size, nobias=True)
            self.peep_i = Linear(out_size, out_size, nobias=True)
            self.peep_f = Linear(out_size, out_size, nobias=True)
            self.peep_o = Linear(out_size, out_size, nobias=True)

    def forward(self, x):
        gates = self.upward(x)
        if self.h is not None:
            gates += self.lateral(self.h)
        c = zero_state(x, self.state_size) if self.c is None else self.c
        a, i, f, o = split_gates(gates)
        i = F.sigmoid(i + self.peep_i(c))
        f = F.sigmoid(f + self.peep_f(c))
        self.c = F.tanh(a) * i + f * c
        self.h = F.sigmoid(o + self.peep_o(self.c)) * F.tanh(self.c)
        return self.h
