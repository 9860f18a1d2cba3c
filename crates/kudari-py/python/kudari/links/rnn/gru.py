"""Gated recurrent units."""

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.linear import Linear
from kudari.links.rnn._state import KeepsHidden


class GRUBase(Chain):
    """Six layers: W_r, W_z, W from x and U_r, U_z, U from h."""

    def __init__(self, in_size, out_size, init=None, inner_init=None, bias_init=None):
        super().__init__()
        with self.init_scope():
            self.W_r = Linear(in_size, out_size, initialW=init, initial_bias=bias_init)
            self.U_r = Linear(out_size, out_size, initialW=inner_init, initial_bias=bias_init)
            self.W_z = Linear(in_size, out_size, initialW=init, initial_bias=bias_init)
            self.U_z = Linear(out_size, out_size, initialW=inner_init, initial_bias=bias_init)
            self.W = Linear(in_size, out_size, initialW=init, initial_bias=bias_init)
            self.U = Linear(out_size, out_size, initialW=inner_init, initial_bias=bias_init)


class StatelessGRU(GRUBase):
    """`h = gru(h, x)` with r = σ(W_r x + U_r h), z = σ(W_z x + U_z h), h' = z·tanh(W x + U(r·h)) + (1 -
    z)·h.
    """

    def forward(self, h, x):
        r = F.sigmoid(self.W_r(x) + self.U_r(h))
        z = F.sigmoid(self.W_z(x) + self.U_z(h))
        h_bar = F.tanh(self.W(x) + self.U(r * h))
        return F.linear_interpolate(z, h_bar, h)


class StatefulGRU(KeepsHidden, GRUBase):
    """`h = gru(x)`: StatelessGRU that keeps h from call to call; `reset_state()` before each new sequence."""

    def __init__(self, in_size, out_size, init=None, inner_init=None, bias_init=0):
        super().__init__(in_size, out_size, init, inner_init, bias_init)
        self.state_size = out_size
        self.reset_state()

    def forward(self, x):
        z = self.W_z(x)
        h_bar = self.W(x)
        if self.h is None:
            self.h = F.sigmoid(z) * F.tanh(h_bar)
            return self.h
        r = F.sigmoid(self.W_r(x) + self.U_r(self.h))
        z = F.sigmoid(z + self.U_z(self.h))
        h_bar = F.tanh(h_bar + self.U(r * self.h))
        self.h = F.linear_interpolate(z, h_bar, self.h)
        return self.h


class GRU(StatefulGRU):
    """The same as StatefulGRU; takes x alone."""

    def forward(self, *args):
        if len(args) != 1:
            raise ValueError(
                f"Invalid argument. The length of GRU.forward must be 1. But {len(args)} is given.\n"
                "GRU keeps its state itself; use StatelessGRU to pass h."
            )
        return super().forward(args[0])
