"""GRU layers over whole sequences."""

import kudari.functions as F
from kudari.links.rnn.n_step_rnn import NStepRNNBase


class NStepGRUBase(NStepRNNBase):
    """Six weights a layer."""

    n_weights = 6


class NStepGRU(NStepGRUBase):
    """`hy, ys = gru(hx, xs)`."""

    def rnn(self, *args):
        return F.n_step_gru(*args)


class NStepBiGRU(NStepGRUBase):
    """NStepGRU in both directions."""

    use_bi_direction = True

    def rnn(self, *args):
        return F.n_step_bigru(*args)
