"""Minimal gated units."""

import numpy

import kudari
import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.linear import Linear
from kudari.links.rnn._state import KeepsHidden


class MGUBase(Chain):
    """Two layers from h and x: the gate W_f and the new value W_h."""

    def __init__(self, n_inputs, n_units):
        super().__init__()
        with self.init_scope():
            self.W_f = Linear(n_inputs + n_units, n_units)
            self.W_h = Linear(n_inputs + n_units, n_units)

    def _step(self, h, x):
        f = F.sigmoid(self.W_f(F.concat([h, x])))
        h_bar = F.tanh(self.W_h(F.concat([f * h, x])))
        return F.linear_interpolate(f, h_bar, h)


class StatelessMGU(MGUBase):
    """`h = mgu(h, x)` with f = σ(W_f [h, x]), h' = f·tanh(W_h [f·h, x]) + (1 - f)·h (Zhou et al. 2016)."""

    def forward(self, h, x):
        return self._step(h, x)


class StatefulMGU(KeepsHidden, MGUBase):
    """`h = mgu(x)`: keeps h from call to call; `reset_state()` before each new sequence."""

    def __init__(self, in_size, out_size):
        super().__init__(in_size, out_size)
        self._state_size = out_size
        self.reset_state()

    def forward(self, x):
        h = self.h
        if h is None:
            h = kudari.Variable(numpy.zeros((x.shape[0], self._state_size), dtype=kudari.get_dtype()))
        self.h = self._step(h, x)
        return self.h
