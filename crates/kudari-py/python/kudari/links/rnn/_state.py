"""What recurrent links with a state share."""

import numpy

from kudari import Variable


def check_variables(**states):
    """Raise AssertionError where a state to be set is not a Variable."""
    for name, state in states.items():
        assert isinstance(state, Variable), (
            f"the state {name} is a {type(state).__name__}, a Variable is needed"
        )


def zero_state(x, size):
    """A state of zeros (batch, size) for the batch x."""
    return Variable(numpy.zeros((x.shape[0], size), dtype=x.dtype))
