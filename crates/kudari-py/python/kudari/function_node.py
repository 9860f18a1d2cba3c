"""Functions that are written in Python, and the gradient of anything by anything."""

import weakref

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.function_hook import FunctionHook, hooks_of_thread
from kudari.utils import type_check
from kudari.variable import Variable, as_array, as_variable

__all__ = ["EngineFunction", "FunctionHook", "FunctionNode", "grad"]


class FunctionNode:
    """A differentiable function: derive from it and write ``forward`` on arrays and ``backward`` on variables.

    ``forward(inputs)`` gets a tuple of arrays and returns one; it says with ``retain_inputs`` and ``retain_outputs`` what
    ``backward(target_input_indexes, grad_outputs)`` will read. ``backward`` returns the gradients by the inputs whose
    indexes it is given. ``apply((x, y))`` gives the variables. An object is applied once.
    """

    inputs = None
    _results = ()
    lazy_grad_sum = False
    _retained_inputs = ()
    _retained_outputs = ()
    _back_inputs = None
    _back_outputs = None
    _local_hooks = None

    @property
    def label(self):
        """The name in pictures of the graph."""
        return type(self).__name__

    @property
    def outputs(self):
        """Weak references to the places of the results in the graph: each is called, and gives None if nobody holds it any more."""
        return tuple(_place_of(result) for result in self._results)

    @property
    def local_function_hooks(self):
        """The hooks of this function alone, by name."""
        if self._local_hooks is None:
            self._local_hooks = {}
        return self._local_hooks

    @property
    def rank(self):
        """The longest way from a leaf, in functions."""
        return max((x.rank for x in self.inputs), default=0) if self.inputs else 0

    def __call__(self, *args, **kwargs):
        raise TypeError(f"{type(self).__name__} is applied with apply((x, …)), not by calling it")

    def apply(self, inputs):
        """Computes and records the function; gives a tuple of variables."""
        if self.inputs is not None:
            raise RuntimeError(f"{self.label} was applied already\n  make a new object for every application")
        variables = tuple(as_variable(x) for x in inputs)
        arrays = tuple(x.array for x in variables)
        if any(array is None for array in arrays):
            raise ValueError(f"{self.label}: an input is a parameter without a shape yet")
        if config.type_check:
            type_check.check_forward(self, arrays)
        hooks = hooks_of_thread(self)
        for hook in hooks:
            hook.forward_preprocess(self, arrays)
        outputs = self.forward(arrays)
        if type(outputs) is not tuple:
            raise TypeError(f"{self.label}.forward returned {type(outputs).__name__}\n  it must return a tuple of arrays")
        for hook in hooks:
            hook.forward_postprocess(self, arrays)
        if config.debug and any(y.dtype.kind == "f" and numpy.isnan(y).any() for y in outputs):
            raise RuntimeError(f"NaN is detected on forward computation of {self.label}")
        outputs = tuple(y if isinstance(y, numpy.ndarray) else numpy.asarray(y) for y in outputs)
        retained = (_mask(self._retained_inputs), _mask(self._retained_outputs))
        results = tuple(_core.apply_function(self, self.label, variables, outputs, retained))
        for result, output in zip(results, outputs):
            if result.array.dtype != output.dtype:
                result.array = output
        self.inputs = tuple(x.node for x in variables)
        # Weak, as the graph already holds the function.
        self._results = tuple(weakref.ref(y) for y in results)
        return results

    def check_type_forward(self, in_types):
        """Override it to refuse wrong shapes and types with ``kudari.utils.type_check.expect``."""

    def forward(self, inputs):
        """Computes arrays from arrays: both as tuples."""
        return self.forward_cpu(inputs)

    def forward_cpu(self, inputs):
        raise NotImplementedError(f"{type(self).__name__} has no forward\n  write forward(self, inputs)")

    def backward(self, target_input_indexes, grad_outputs):
        """The gradients by the inputs with these indexes, as variables; None where there is none."""
        return (None,) * len(target_input_indexes)

    def backward_accumulate(self, target_input_indexes, grad_outputs, grad_inputs):
        """``backward``, added to gradients that are there already."""
        gradients = self.backward(target_input_indexes, grad_outputs)
        if len(gradients) == len(self.inputs) != len(target_input_indexes):
            gradients = tuple(gradients[i] for i in target_input_indexes)
        both = zip(gradients, grad_inputs)
        return tuple(old if new is None else new if old is None else new + old for new, old in both)

    def retain_inputs(self, indexes):
        """Says in ``forward`` that ``backward`` reads these inputs."""
        self._retained_inputs = indexes

    def retain_outputs(self, indexes):
        """Says in ``forward`` that ``backward`` reads these outputs."""
        self._retained_outputs = indexes

    def get_retained_inputs(self):
        """In ``backward``: the inputs that were retained."""
        return tuple(self._back_inputs[i] for i in self._retained_inputs)

    def get_retained_outputs(self):
        """In ``backward``: the outputs that were retained."""
        return tuple(self._back_outputs[i] for i in self._retained_outputs)

    def _back(self, indexes, inputs, outputs, gradients):
        """What the engine calls on its way back."""
        self._back_inputs, self._back_outputs = inputs, outputs
        hooks = hooks_of_thread(self)
        arrays = tuple(None if x is None else x.array for x in inputs) if hooks else ()
        for hook in hooks:
            hook.backward_preprocess(self, arrays, tuple(g.array for g in gradients))
        try:
            results = self.backward_accumulate(indexes, gradients, (None,) * len(indexes))
        finally:
            self._back_inputs = self._back_outputs = None
        self._check_gradients(indexes, results)
        for hook in hooks:
            hook.backward_postprocess(self, arrays, tuple(g.array for g in gradients))
        if config.debug and any(g is not None and numpy.isnan(as_array(g)).any() for g in results):
            raise RuntimeError(f"NaN is detected on backward computation of {self.label}")
        return results

    def _check_gradients(self, indexes, gradients):
        """Makes sure that gradients have the number, shapes and types of the inputs."""
        if len(gradients) != len(indexes):
            raise ValueError(f"{self.label}.backward gave {len(gradients)} gradients for {len(indexes)} inputs")
        for i, gradient in zip(indexes, gradients):
            if gradient is None:
                continue
            if not isinstance(gradient, Variable):
                raise TypeError(f"{self.label}.backward gave {type(gradient).__name__} by input {i}, not a variable or None")
            x = self.inputs[i]
            if gradient.shape != x.shape:
                raise ValueError(f"{self.label}.backward gave a gradient of shape {gradient.shape} by input {i} of shape {x.shape}")
            if gradient.dtype != x.dtype:
                raise TypeError(f"{self.label}.backward gave a gradient of type {gradient.dtype} by input {i} of type {x.dtype}")

    def add_hook(self, hook, name=None):
        """Adds a hook for this function alone."""
        name = name or hook.name
        if name in self.local_function_hooks:
            raise KeyError(f"hook {name} is there already")
        self.local_function_hooks[name] = hook
        hook.added(self)

    def delete_hook(self, name):
        """Removes a hook of this function."""
        self.local_function_hooks.pop(name).deleted(self)

    def unchain(self):
        """Cuts the results off from the inputs."""
        for result in self._results:
            y = result()
            if y is not None:
                y.unchain()
        self.inputs = None


def _place_of(reference):
    def place():
        y = reference()
        return None if y is None else y.node

    return place


def _mask(indexes):
    """Bits of the places that are retained; the last bit stands for all from the eighth on."""
    mask = 0
    for i in indexes:
        mask |= 1 << min(i, 7)
    return mask


class EngineFunction:
    """Tells of a function of the engine in a graph: ``label``, ``inputs`` and ``rank``."""

    def __init__(self, output):
        self._output = output

    @property
    def label(self):
        """The name in pictures of the graph."""
        return self._output._creator_name

    @property
    def inputs(self):
        """The places of the variables that it was applied to."""
        # Numbers such as the 2 of 2·x are part of the function.
        return tuple(place for place in self._output._sources() if place.requires_grad or place.shape != ())

    @property
    def rank(self):
        """The longest way from a leaf, in functions."""
        return self._output.rank - 1

    def __eq__(self, other):
        return isinstance(other, EngineFunction) and self._output._function_number == other._output._function_number

    def __hash__(self):
        return hash(self._output._function_number)

    def __repr__(self):
        return f"<function {self.label}>"


def grad(outputs, inputs, grad_outputs=None, grad_inputs=None, set_grad=False, retain_grad=False,
         enable_double_backprop=False, loss_scale=None):
    """The gradients of ``outputs`` by ``inputs`` as a list of variables; None where nothing depends on an input.

    ``grad_outputs`` are the gradients to start from, 1 where there is none. ``grad_inputs`` are added to the results.
    With ``set_grad`` they are also left in ``x.grad_var``; with ``enable_double_backprop`` they can be differentiated.
    """
    if not isinstance(outputs, (tuple, list)):
        raise TypeError(f"outputs must be a tuple or a list, not {type(outputs)}")
    if not isinstance(inputs, (tuple, list)):
        raise TypeError(f"inputs must be a tuple or a list, not {type(inputs)}")
    for what, given in [("grad_outputs", grad_outputs), ("grad_inputs", grad_inputs)]:
        if given is not None and not isinstance(given, (tuple, list)):
            raise TypeError(f"{what} must be a tuple, a list or None, not {type(given)}")
    starts = []
    for i, y in enumerate(outputs):
        start = grad_outputs[i] if grad_outputs is not None else None
        if start is None:
            start = Variable(numpy.ones_like(y.array), requires_grad=enable_double_backprop)
        if loss_scale is not None:
            start = start * loss_scale
        starts.append(start)
    # Given gradients by inputs go further back like all others: one input may depend on another.
    more = [(x, g) for x, g in zip(inputs, grad_inputs or ()) if g is not None]
    outputs, starts = [*outputs, *(x for x, _ in more)], [*starts, *(g for _, g in more)]
    results = _core.grad(outputs, inputs, starts, retain_grad, enable_double_backprop)
    if set_grad:
        for x, gradient in zip(inputs, results):
            x.grad_var = gradient
    return list(results)
