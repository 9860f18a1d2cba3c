"""Calculations that keep less memory."""

from kudari import _core
from kudari.configuration import no_backprop_mode, using_config
from kudari.function_node import FunctionNode
from kudari.functions._checks import Variable


def _outputs(func, xs):
    """What func makes of xs, as a tuple of variables."""
    outputs = func(*xs)
    if isinstance(outputs, Variable):
        return (outputs,)
    if not isinstance(outputs, tuple):
        raise RuntimeError(f"forget: the function returned {type(outputs).__name__}\n  expected: variables")
    for i, output in enumerate(outputs):
        if not isinstance(output, Variable):
            place = _ordinal(i + 1)
            raise RuntimeError(
                f"forget: the {place} result is {type(output).__name__}\n  expected: a variable"
            )
    return outputs


def _ordinal(n):
    """1st, 2nd, 3rd, 4th …"""
    is_teen = n % 100 in (11, 12, 13)
    return f"{n}" + ("th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))


class _Forget(FunctionNode):
    """Computes a function without its graph, and again with it on the way back."""

    def __init__(self, func):
        if not callable(func):
            raise TypeError("forget: func is not callable")
        self._func = func

    def forward(self, inputs):
        self.retain_inputs(range(len(inputs)))
        with no_backprop_mode():
            outputs = _outputs(self._func, [Variable(x) for x in inputs])
        return tuple(y.array for y in outputs)

    def backward(self, target_input_indexes, grad_outputs):
        is_recording = _core.record(True)
        if is_recording:
            raise RuntimeError(
                "forget: gradients of gradients are asked for\n  call the function itself instead"
            )
        try:
            with using_config("enable_backprop", True), using_config("in_recomputing", True):
                xs = [Variable(x.array) for x in self.get_retained_inputs()]
                outputs = _outputs(self._func, xs)
        finally:
            _core.record(is_recording)
        _core.backward(outputs, grad_outputs, False, False)
        return tuple(xs[i].grad_var for i in target_input_indexes)


def forget(func, *xs):
    """func(*xs), whose steps are forgotten and computed again going back: less memory for more time."""
    xs = tuple(x if isinstance(x, Variable) else Variable(x) for x in xs)
    results = _Forget(func).apply(xs)
    return results[0] if len(results) == 1 else results
