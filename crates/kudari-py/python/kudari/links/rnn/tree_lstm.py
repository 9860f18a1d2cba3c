"""LSTM over trees (Tai, Socher, Manning 2015)."""

import numpy

import kudari.functions as F
from kudari.link import Chain
from kudari.links.connection.linear import Linear


class _TreeLSTM(Chain):
    """What the two have in common: layers' sizes and nodes that are not there."""

    def __init__(self, in_size, out_size):
        super().__init__()
        self.in_size = in_size
        self.state_size = out_size

    def _input(self, x, cs, hs):
        """x, or zeros for None. ValueError where everything is None."""
        if x is not None:
            return x
        known = next((state for state in (*cs, *hs) if state is not None), None)
        if known is None:
            raise ValueError("All inputs (cs, hs, x) are None.\nGive at least one of them.")
        return numpy.zeros((known.shape[0], self.in_size), dtype=known.dtype)

    def _present(self, states, x):
        """The states, zeros for None."""
        zeros = numpy.zeros((x.shape[0], self.state_size), dtype=x.dtype)
        return tuple(zeros if state is None else state for state in states)


class ChildSumTreeLSTM(_TreeLSTM):
    """`c, h = lstm(c1, ..., cn, h1, ..., hn, x)` for any number of children; their order does not matter."""

    def __init__(self, in_size, out_size):
        super().__init__(in_size, out_size)
        with self.init_scope():
            self.W_x = Linear(in_size, 4 * out_size)
            self.W_h_aio = Linear(out_size, 3 * out_size, nobias=True)
            self.W_h_f = Linear(out_size, out_size, nobias=True)

    def forward(self, *cshsx):
        assert len(cshsx) % 2 == 1, f"{len(cshsx)} arguments, an odd number is needed: cells, states, x"
        children = len(cshsx) // 2
        cs, hs, x = cshsx[:children], cshsx[children:-1], cshsx[-1]
        x = self._input(x, cs, hs)
        x_aio, x_f = F.split_axis(self.W_x(x), [3 * self.state_size], axis=1)
        if children == 0:
            a, i, o = F.split_axis(x_aio, 3, axis=1)
            c = F.sigmoid(i) * F.tanh(a)
            return c, F.sigmoid(o) * F.tanh(c)
        cs, hs = self._present(cs, x), self._present(hs, x)
        aio = self.W_h_aio(sum(hs)) + x_aio
        forget = [self.W_h_f(h) + x_f for h in hs]
        return F.tree_lstm(*cs, F.concat([aio, *forget], axis=1))


class NaryTreeLSTM(_TreeLSTM):
    """`c, h = lstm(c1, ..., cn, h1, ..., hn, x)` for `n_ary` children, each place with its own weights."""

    def __init__(self, in_size, out_size, n_ary=2):
        assert n_ary >= 1, f"n_ary is {n_ary}, at least 1 is needed"
        super().__init__(in_size, out_size)
        self.n_ary = n_ary
        with self.init_scope():
            self.W_x = Linear(in_size, (3 + n_ary) * out_size)
            for i in range(1, n_ary + 1):
                setattr(self, f"W_h{i}", Linear(out_size, (3 + n_ary) * out_size, nobias=True))

    def forward(self, *cshsx):
        assert len(cshsx) == self.n_ary * 2 + 1, f"{len(cshsx)} arguments, {self.n_ary * 2 + 1} are needed"
        cs, hs, x = cshsx[: self.n_ary], cshsx[self.n_ary : -1], cshsx[-1]
        x = self._input(x, cs, hs)
        gates = self.W_x(x)
        for i, h in enumerate(hs, start=1):
            if h is not None:
                gates += self[f"W_h{i}"](h)
        return F.tree_lstm(*self._present(cs, x), gates)
