"""Long short-term memory."""

import math

import kudari.functions as F
from kudari import initializers
from kudari.link import Chain
from kudari.links.connection.linear import Linear
from kudari.links.rnn._state import KeepsCellAndHidden, zero_state


class LSTMBase(Chain):
    """The layers `upward` from x and `lateral` from h, each to four values per unit: the input a and gates i,
    f, o.

    The four of a unit stand next to each other. `lateral_init`, `upward_init`, `bias_init` (0) and
    `forget_bias_init` (1) are initializers, numbers or None. `LSTM(out_size)` learns in_size on the first
    call.
    """

    def __init__(
        self,
        in_size,
        out_size=None,
        lateral_init=None,
        upward_init=None,
        bias_init=None,
        forget_bias_init=None,
    ):
        if out_size is None:
            in_size, out_size = None, in_size
        super().__init__()
        self.state_size = out_size
        self.lateral_init = lateral_init
        self.upward_init = upward_init
        self.bias_init = 0 if bias_init is None else bias_init
        self.forget_bias_init = 1 if forget_bias_init is None else forget_bias_init
        with self.init_scope():
            self.upward = Linear(in_size, 4 * out_size, initialW=0)
            self.lateral = Linear(out_size, 4 * out_size, initialW=0, nobias=True)
        if in_size is not None:
            self._initialize_params()

    def _initialize_params(self):
        """Fill each gate's weights by itself, so that their spread is that of one layer."""
        lateral = initializers._get_initializer(self.lateral_init)
        upward = initializers._get_initializer(self.upward_init)
        for begin in range(0, 4 * self.state_size, self.state_size):
            rows = slice(begin, begin + self.state_size)
            lateral(self.lateral.W.array[rows])
            upward(self.upward.W.array[rows])
        for gate, bias in enumerate(self.upward.b.array.reshape(self.state_size, 4).T):
            initializers._get_initializer(self.forget_bias_init if gate == 2 else self.bias_init)(bias)

    def _initialize_from(self, x):
        """Make the parameters that wait for the size of x."""
        if self.upward.W.array is None:
            self.upward._initialize_params(math.prod(x.shape[1:]))
            self._initialize_params()


class StatelessLSTM(LSTMBase):
    """`c, h = lstm(c, h, x)`: the caller keeps the state; None for c or h counts as zeros."""

    def forward(self, c, h, x):
        self._initialize_from(x)
        gates = self.upward(x)
        if h is not None:
            gates += self.lateral(h)
        return F.lstm(zero_state(x, self.state_size) if c is None else c, gates)


class LSTM(KeepsCellAndHidden, LSTMBase):
    """`h = lstm(x)`: keeps c and h from call to call; `reset_state()` before each new sequence.

    A batch smaller than the last one continues its first rows; the rest of h is kept.
    """

    def __init__(
        self,
        in_size,
        out_size=None,
        lateral_init=None,
        upward_init=None,
        bias_init=None,
        forget_bias_init=None,
    ):
        super().__init__(in_size, out_size, lateral_init, upward_init, bias_init, forget_bias_init)
        self.reset_state()

    def forward(self, x):
        """x (batch, in_size) to h (batch, out_size).

        TypeError where the batch is larger than the one before.
        """
        self._initialize_from(x)
        batch = x.shape[0]
        gates = self.upward(x)
        rest = None
        if self.h is not None:
            before = self.h.shape[0]
            if before < batch:
                raise TypeError(
                    f"The batch size of x must be equal to or less than the size of the previous state h: "
                    f"{batch} > {before}.\nCall reset_state() before a new sequence."
                )
            if batch == 0:
                rest = self.h
            elif before > batch:
                h, rest = F.split_axis(self.h, [batch], axis=0)
                gates += self.lateral(h)
            else:
                gates += self.lateral(self.h)
        if self.c is None:
            self.c = zero_state(x, self.state_size)
        self.c, y = F.lstm(self.c, gates)
        if rest is None:
            self.h = y
        else:
            self.h = rest if batch == 0 else F.concat([y, rest], axis=0)
        return y
