"""What programs see as the creator of a result that is composed of several functions of the engine."""

from kudari import _core
from kudari.functions._checks import as_variable


class Creator:
    """A function in a graph.

    ``label``, the places of its ``inputs``, ``rank``, and what else is worth knowing as attributes.
    """

    _inputs = ()

    @property
    def label(self):
        """The name in pictures of the graph."""
        return type(self).__name__

    @property
    def inputs(self):
        """The places of the inputs in the graph."""
        return tuple(as_variable(x).node for x in self._inputs)

    @property
    def rank(self):
        """The longest way from a leaf, in functions."""
        return max((as_variable(x).rank for x in self._inputs), default=0)

    def _created(self, y, *inputs):
        """Makes this object the creator of y; gives y."""
        self._inputs = inputs
        _core.set_function(y, self)
        return y
