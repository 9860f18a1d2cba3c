"""Backpropagation from several variables at once."""

from kudari import _core
from kudari.utils import argument
from kudari.variable import Variable


def backward(outputs, grad_outputs=None, **kwargs):
    """backward(outputs, grad_outputs=None, *, enable_double_backprop=False): gradients of all that the
    outputs came from.

    `grad_outputs` are the gradients to start from as variables, None for an output that gives none; by
    default each output's own `grad_var`. With `enable_double_backprop` the gradients can be differentiated
    again. Raises TypeError or ValueError where the two sequences are no sequences or differ in length.
    """
    (enable_double_backprop,) = argument.parse_kwargs(
        kwargs,
        ("enable_double_backprop", False),
        retain_grad="backward from several variables has no retain_grad.\nCall y.backward() for it.",
        loss_scale="backward from several variables has no loss_scale.\nScale grad_outputs instead.",
    )
    if not isinstance(outputs, (tuple, list)):
        raise TypeError(f"outputs must be a tuple or a list, not {type(outputs).__name__}.")
    for y in outputs:
        if y is not None and not isinstance(y, Variable):
            raise TypeError(f"each output must be a Variable, not {type(y).__name__}.")
    if grad_outputs is None:
        grad_outputs = [_take_gradient(y) for y in outputs]
        if any(gy is None for gy in grad_outputs):
            import warnings

            warnings.warn(
                "outputs contain a Variable without grad, from which nothing is propagated.",
                RuntimeWarning,
                stacklevel=2,
            )
    elif not isinstance(grad_outputs, (tuple, list)):
        raise TypeError(f"grad_outputs must be None, a tuple or a list, not {type(grad_outputs).__name__}.")
    elif len(outputs) != len(grad_outputs):
        raise ValueError(
            f"{len(outputs)} outputs, but {len(grad_outputs)} grad_outputs.\nGive one for each output."
        )
    starts = [
        (y, gy)
        for y, gy in zip(outputs, grad_outputs)
        if y is not None and gy is not None and y.requires_grad
    ]
    if not starts:
        return
    roots = [y for y, _ in starts if y.creator_node is not None]
    gradients = [gy for y, gy in starts if y.creator_node is not None]
    for y, gy in starts:
        if y.creator_node is None:
            # A leaf among the outputs has nothing behind it: the gradient is its own.
            y.grad_var = gy if y.grad_var is None else y.grad_var + gy
    if roots:
        _core.backward(roots, gradients, False, enable_double_backprop)


def _take_gradient(y):
    """The gradient of `y`, which does not have it any more: of an output that is there twice it counts once."""
    gradient = y.grad_var
    y.grad_var = None
    return gradient
