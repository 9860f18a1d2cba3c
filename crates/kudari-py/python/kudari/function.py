"""Classic functions: ``forward`` and ``backward`` both on arrays, differentiable once."""

import weakref

import numpy

from kudari.function_node import FunctionNode
from kudari.variable import Variable

__all__ = ["Function", "FunctionAdapter"]


class FunctionAdapter(FunctionNode):
    """Stands in the graph for a classic function."""

    def __init__(self, function):
        self._function = function
        self._grad_count = None

    @property
    def function(self):
        """The classic function."""
        return self._function

    @property
    def label(self):
        return self._function.label

    @property
    def _impl_name(self):
        return type(self._function).__name__

    def check_type_forward(self, in_types):
        self._function.check_type_forward(in_types)

    def forward(self, inputs):
        # Until it says otherwise, a classic function reads its inputs going back.
        self.retain_inputs(range(len(inputs)))
        return self._function.forward(inputs)

    def backward(self, target_input_indexes, grad_outputs):
        function = self._function
        retained = set(self._retained_inputs)
        inputs = tuple(x.array if i in retained else None for i, x in enumerate(self._back_inputs))
        function._arrays_out = {i: self._back_outputs[i].array for i in self._retained_outputs}
        gradients = function.backward(inputs, tuple(g.array for g in grad_outputs))
        if type(gradients) is not tuple:
            raise TypeError(f"{self.label}.backward returned {type(gradients).__name__}\n  it must return a tuple of arrays")
        if len(gradients) != len(self.inputs):
            raise ValueError(
                f"{self.label}.backward returned {len(gradients)} gradients for {len(self.inputs)} inputs\n"
                "  give None where there is none"
            )
        as_variable = lambda g: None if g is None else Variable(numpy.asarray(g), requires_grad=False)
        return tuple(as_variable(gradients[i]) for i in target_input_indexes)


class Function:
    """A function on arrays: derive from it, write ``forward(self, inputs)`` and ``backward(self, inputs, grad_outputs)``, call it.

    Both get and return tuples of arrays; ``backward`` gives one gradient for every input, None where there is none. The
    gradients cannot be differentiated again: for that there is ``FunctionNode``.
    """

    _owner = None

    @property
    def label(self):
        """The name in pictures of the graph."""
        return type(self).__name__

    def __call__(self, *inputs):
        node = FunctionAdapter(self)
        self._owner = weakref.ref(node)
        self._node = node
        results = node.apply(inputs)
        del self._node
        return results[0] if len(results) == 1 else results

    @property
    def node(self):
        """What stands in the graph for this function."""
        node = self._owner() if self._owner is not None else None
        if node is None:
            node = FunctionAdapter(self)
            self._owner = weakref.ref(node)
        return node

    @property
    def inputs(self):
        """The places of the inputs in the graph."""
        return self.node.inputs

    @property
    def outputs(self):
        """The places of the results in the graph."""
        return self.node.outputs

    @property
    def rank(self):
        """The longest way from a leaf, in functions."""
        return self.node.rank

    def check_type_forward(self, in_types):
        """Override it to refuse wrong shapes and types with ``kudari.utils.type_check.expect``."""

    def forward(self, inputs):
        """Computes arrays from arrays: both as tuples."""
        return self.forward_cpu(inputs)

    def forward_cpu(self, inputs):
        raise NotImplementedError(f"{type(self).__name__} has no forward\n  write forward(self, inputs)")

    def backward(self, inputs, grad_outputs):
        """The gradients by the inputs from those by the outputs: tuples of arrays."""
        return self.backward_cpu(inputs, grad_outputs)

    def backward_cpu(self, inputs, grad_outputs):
        return (None,) * len(inputs)

    def retain_inputs(self, indexes):
        """Says in ``forward`` that ``backward`` reads these inputs only."""
        self._node.retain_inputs(indexes)

    def retain_outputs(self, indexes):
        """Says in ``forward`` that ``backward`` reads these outputs: they are in ``output_data`` then."""
        self._node.retain_outputs(indexes)

    @property
    def output_data(self):
        """In ``backward``: the outputs that were retained, None for the others."""
        outputs = self._arrays_out
        return tuple(outputs.get(i) for i in range(max(outputs, default=-1) + 1))

    def add_hook(self, hook, name=None):
        """Adds a hook for this function alone."""
        self.node.add_hook(hook, name)

    def delete_hook(self, name):
        """Removes a hook of this function."""
        self.node.delete_hook(name)

    def unchain(self):
        """Forgets the inputs."""
        self.node.unchain()
