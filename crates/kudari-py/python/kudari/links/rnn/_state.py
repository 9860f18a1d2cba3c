"""What recurrent links with a state share."""

import numpy

from kudari import Variable
from kudari.link import Chain


def check_variables(**states):
    """Raise AssertionError where a state to be set is not a Variable."""
    for name, state in states.items():
        assert isinstance(state, Variable), (
            f"the state {name} is a {type(state).__name__}, a Variable is needed"
        )


class KeepsHidden(Chain):
    """A link with one state h, None before the first call."""

    def set_state(self, h):
        """Continue from this variable (batch, out_size)."""
        check_variables(h=h)
        self.h = h

    def reset_state(self):
        """Start from zeros at the next call."""
        self.h = None


class KeepsCellAndHidden(Chain):
    """A link with the states c and h, None before the first call."""

    def set_state(self, c, h):
        """Continue from these variables (batch, out_size)."""
        check_variables(c=c, h=h)
        self.c = c
        self.h = h

    def reset_state(self):
        """Start from zeros at the next call."""
        self.c = self.h = None


def zero_state(x, size):
    """A state of zeros (batch, size) for the batch x."""
    return Variable(numpy.zeros((x.shape[0], size), dtype=x.dtype))
