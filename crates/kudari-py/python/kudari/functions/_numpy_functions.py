"""What the engine does not compute and no composition of its functions gives.

NumPy or SciPy does, the derivative is composed.
"""

import numpy

from kudari.function_node import FunctionNode
from kudari.functions._checks import need_floats


class NumberByNumber(FunctionNode):
    """A function of every number by itself.

    ``compute`` on arrays, ``derivative`` from the variables x and y.
    """

    def __init__(self, name, compute, derivative):
        self._name, self._compute, self._derivative = name, compute, derivative

    @property
    def label(self):
        return self._name

    def forward(self, inputs):
        self.retain_inputs((0,))
        self.retain_outputs((0,))
        x = inputs[0]
        return (numpy.asarray(self._compute(x)).astype(x.dtype, copy=False),)

    def backward(self, target_input_indexes, grad_outputs):
        (x,), (y,) = self.get_retained_inputs(), self.get_retained_outputs()
        return (grad_outputs[0] * self._derivative(x, y),)


def number_by_number(name, x, compute, derivative):
    """Applies a ``NumberByNumber`` to floating-point numbers."""
    need_floats(name, x)
    return NumberByNumber(name, compute, derivative).apply((x,))[0]


def scipy_special(name):
    """A function of ``scipy.special``; raises ImportError that names the function where there is no SciPy."""
    try:
        from scipy import special
    except ImportError as error:
        raise ImportError(f"{name} needs SciPy\n  install it: pip install scipy ({error})") from None
    return getattr(special, name)
