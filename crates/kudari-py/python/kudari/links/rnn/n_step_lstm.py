"""LSTM layers over whole sequences."""

import kudari.functions as F
from kudari.links.rnn.n_step_rnn import NStepRNNBase


class NStepLSTMBase(NStepRNNBase):
    """Eight weights a layer, and the cell as a second state."""

    n_weights = 8

    @property
    def n_cells(self):
        return 2

    def forward(self, hx, cx, xs, **kwargs):
        """(hy, cy, ys) from the states hx and cx (None: zeros) and the sequences xs, each (length,
        in_size).
        """
        (hy, cy), ys = self._call([hx, cx], xs, **kwargs)
        return hy, cy, ys


class NStepLSTM(NStepLSTMBase):
    """`hy, cy, ys = lstm(hx, cx, xs)`."""

    def rnn(self, *args):
        return F.n_step_lstm(*args)


class NStepBiLSTM(NStepLSTMBase):
    """NStepLSTM in both directions."""

    use_bi_direction = True

    def rnn(self, *args):
        return F.n_step_bilstm(*args)
