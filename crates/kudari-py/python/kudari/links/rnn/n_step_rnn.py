"""Recurrent layers over whole sequences."""

import numpy

import kudari
import kudari.functions as F
from kudari.link import ChainList, Link
from kudari.links._parameters import bias, weight
from kudari.utils.argument import parse_kwargs

_OLD = {
    "use_cudnn": "use_cudnn argument is not supported anymore.\nLeave it out.",
    "use_bi_direction": "use_bi_direction is not supported anymore.\nUse the link with Bi in its name.",
    "activation": "activation is not supported anymore.\nUse the link with the activation in its name.",
}
_TRAIN = "train argument is not supported anymore.\nUse using_config('train', ...)."


def argsort_list_descent(sequences):
    """Indices that put the longest sequence first; equal lengths keep their order."""
    lengths = numpy.array([len(sequence) for sequence in sequences], dtype=numpy.int64)
    return numpy.argsort(-lengths, kind="stable").astype(numpy.int32)


def permutate_list(sequences, indices, inv):
    """The sequences in the order of `indices`, or with `inv` back from that order."""
    order = numpy.argsort(indices) if inv else indices
    return [sequences[i] for i in order]


class NStepRNNBase(ChainList):
    """Layers over sequences of different lengths, `dropout` between them while training.

    Child i holds the weights w0, w1, ... and biases b0, b1, ... of layer i; with two directions those of
    both, the forward one first. `ws` and `bs` list them.
    """

    n_weights = 2
    use_bi_direction = False

    def __init__(self, n_layers, in_size, out_size, dropout, *, initialW=None, initial_bias=None, **kwargs):
        parse_kwargs(kwargs, **_OLD)
        direction = 2 if self.use_bi_direction else 1
        layers = []
        for i in range(n_layers * direction):
            layer_in_size = in_size if i < direction else out_size * direction
            layer = Link()
            with layer.init_scope():
                for j in range(self.n_weights):
                    from_input = j < self.n_weights // 2
                    shape = (out_size, layer_in_size if from_input else out_size)
                    setattr(layer, f"w{j}", weight(initialW, shape))
                    setattr(layer, f"b{j}", bias(initial_bias, out_size))
            layers.append(layer)
        super().__init__(*layers)
        self.n_layers = n_layers
        self.dropout = dropout
        self.out_size = out_size
        self.direction = direction

    @property
    def ws(self):
        """The weights of each layer and direction."""
        return [[getattr(layer, f"w{j}") for j in range(self.n_weights)] for layer in self]

    @property
    def bs(self):
        """The biases of each layer and direction."""
        return [[getattr(layer, f"b{j}") for j in range(self.n_weights)] for layer in self]

    @property
    def n_cells(self):
        """How many states the layers carry: 1, for an LSTM 2."""
        return 1

    def rnn(self, *args):
        """The function over (n_layers, dropout, *states, ws, bs, xs)."""
        raise NotImplementedError(f"{type(self).__name__} has no function.\nDefine rnn in it.")

    def init_hx(self, xs):
        """A state of zeros (n_layers·directions, batch, out_size)."""
        shape = (self.n_layers * self.direction, len(xs), self.out_size)
        return kudari.Variable(numpy.zeros(shape, dtype=xs[0].dtype))

    def forward(self, hx, xs, **kwargs):
        """(hy, ys) from the state hx (None: zeros) and the sequences xs, each (length, in_size)."""
        (hy,), ys = self._call([hx], xs, **kwargs)
        return hy, ys

    def _call(self, states, xs, **kwargs):
        parse_kwargs(kwargs, train=_TRAIN)
        assert isinstance(xs, (list, tuple)), f"xs is a {type(xs).__name__}, a list of sequences is needed"
        # The function wants the longest sequence first and one array per time step.
        indices = argsort_list_descent(xs)
        xs = permutate_list(xs, indices, inv=False)
        states = [
            self.init_hx(xs) if state is None else F.permutate(state, indices, axis=1, inv=False)
            for state in states
        ]
        *states, ys = self.rnn(
            self.n_layers, self.dropout, *states, self.ws, self.bs, F.transpose_sequence(xs)
        )
        states = [F.permutate(state, indices, axis=1, inv=True) for state in states]
        return states, permutate_list(F.transpose_sequence(ys), indices, inv=True)


class NStepRNNTanh(NStepRNNBase):
    """Plain recurrent layers, h = tanh(W x + U h + b)."""

    def rnn(self, *args):
        return F.n_step_rnn(*args, activation="tanh")


class NStepRNNReLU(NStepRNNBase):
    """Plain recurrent layers, h = relu(W x + U h + b)."""

    def rnn(self, *args):
        return F.n_step_rnn(*args, activation="relu")


class NStepBiRNNTanh(NStepRNNBase):
    """NStepRNNTanh in both directions."""

    use_bi_direction = True

    def rnn(self, *args):
        return F.n_step_birnn(*args, activation="tanh")


class NStepBiRNNReLU(NStepRNNBase):
    """NStepRNNReLU in both directions."""

    use_bi_direction = True

    def rnn(self, *args):
        return F.n_step_birnn(*args, activation="relu")
