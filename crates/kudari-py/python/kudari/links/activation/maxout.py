"""The largest of several linear layers."""

import numpy

import kudari.functions as F
from kudari.link import Chain
from kudari.links._parameters import is_initializer_or_number
from kudari.links.connection.linear import Linear


class Maxout(Chain):
    """y_i = max_j (x·W_ij + b_ij) over pool_size layers each (Goodfellow et al. 2013).

    `initialW` is an array (out_size, pool_size, in_size), an initializer of it or a number; `initial_bias`
    likewise (out_size, pool_size), None for no bias.
    """

    def __init__(self, in_size, out_size, pool_size, initialW=None, initial_bias=0):
        super().__init__()
        self.out_size = out_size
        self.pool_size = pool_size
        with self.init_scope():
            self.linear = Linear(
                in_size,
                out_size * pool_size,
                nobias=initial_bias is None,
                initialW=_flattened(initialW, "initialW", (out_size, pool_size, in_size)),
                initial_bias=_flattened(initial_bias, "initial_bias", (out_size, pool_size)),
            )

    def forward(self, x):
        """x (batch, in_size) to (batch, out_size)."""
        return F.maxout(self.linear(x), self.pool_size)


def _flattened(initial, name, shape):
    """The same initial values for the linear layer, whose outputs are the first two axes in one."""
    if is_initializer_or_number(initial):
        return initial
    if isinstance(initial, numpy.ndarray):
        if initial.ndim != len(shape):
            raise ValueError(
                f"{name}.ndim should be {len(shape)}, it is {initial.ndim}.\nGive the shape {shape}."
            )
        return initial.reshape(-1, *shape[2:])

    def fill(array):
        values = numpy.empty(shape, dtype=array.dtype)
        initial(values)
        array[...] = values.reshape(array.shape)

    return fill
