"""Gradients compared with finite differences.

`check_backward` and `check_double_backward` move the inputs and parameters along one random direction r and
compare g'(0) of g(d) = sum(gy * f(x + d r)), computed by finite differences, with the product of r and what
backward gives.
"""

from kudari._gradient_comparison import Comparison, as_tuple, require_fitting
from kudari._numerical_gradient import NondifferentiableError, numerical_grad
from kudari.utils import _format_array_props, _raise_from

__all__ = [
    "NondifferentiableError",
    "assert_allclose",
    "check_backward",
    "check_double_backward",
    "check_forward",
    "numerical_grad",
]


def assert_allclose(x, y, atol=1e-5, rtol=1e-4, verbose=True):
    """Deprecated name of `testing.assert_allclose`."""
    import warnings

    from kudari import testing

    warnings.warn(
        "gradient_check.assert_allclose is deprecated. Use testing.assert_allclose.",
        DeprecationWarning,
        stacklevel=2,
    )
    testing.assert_allclose(x, y, atol, rtol, verbose)


def check_forward(func, x_data, y_expected, atol=1e-5, rtol=1e-4):
    """Raises AssertionError where `func` of the arrays `x_data` gives other arrays than `y_expected`.

    Each of both is an array or a tuple of arrays; shapes, dtypes and values within the tolerances must agree.
    """
    from kudari import Variable, testing

    outputs, expected = as_tuple(func(*map(Variable, as_tuple(x_data)))), as_tuple(y_expected)
    assert len(outputs) == len(expected), f"Expected {len(expected)} outputs, got {len(outputs)}."
    for y, e in zip(outputs, expected):
        assert y.dtype == e.dtype, f"Expected dtype {e.dtype}, got {y.dtype}."
        assert y.shape == e.shape, f"Expected shape {e.shape}, got {y.shape}."
        testing.assert_allclose(y.array, e, atol, rtol)


def check_backward(
    func,
    x_data,
    y_grad,
    params=(),
    eps=1e-3,
    atol=1e-5,
    rtol=1e-4,
    no_grads=None,
    dtype=None,
    detect_nondifferentiable=False,
    _comparison=Comparison,
):
    """Raises AssertionError where the gradients of `func` disagree with finite differences of step `eps`.

    `func` takes one variable for each array of `x_data` and returns a variable or a tuple of them. `y_grad`
    are the gradients of its outputs; None stands for 1 where the only output is a scalar. `params` are
    variables that `func` uses and that are checked too. `no_grads` tells for each input whether it gets no
    gradient (by default: those that are not floating). `dtype` is what the inputs are cast to for the finite
    differences. With `detect_nondifferentiable` a kink near the inputs raises NondifferentiableError.
    """
    _comparison(func, x_data, y_grad, params, eps, atol, rtol, no_grads, dtype, detect_nondifferentiable).run()


def _check_backward_with_params(func, x_data, y_grad, params=(), **settings):
    """`check_backward` for `func(xs, params)`, which takes a list of variables and a tuple of Parameters.

    Here `params` are arrays, each made a Parameter anew for every call. `settings` are those of `check_backward`.
    """
    check_backward(func, x_data, y_grad, params, **settings, _comparison=_WithParams)


class _WithParams(Comparison):
    passes_params = True


def check_double_backward(
    func,
    x_data,
    y_grad,
    x_grad_grad,
    params=(),
    params_grad_grad=(),
    eps=1e-3,
    atol=1e-4,
    rtol=1e-3,
    no_grads=None,
    dtype=None,
    detect_nondifferentiable=False,
):
    """Raises AssertionError where the gradients of the gradients of `func` disagree with finite differences.

    `x_grad_grad` and `params_grad_grad` are gradients of the gradients of the inputs and `params`; the other
    arguments are those of `check_backward`. The first gradients themselves are taken as right: check them
    with `check_backward`.
    """
    from kudari._backprop import backward
    from kudari.functions import cast

    xs, gys = as_tuple(x_data), as_tuple(y_grad)
    params = as_tuple(params)
    has_gradient = [x.dtype.kind == "f" for x in xs]

    def first_gradients(*inputs):
        variables, grad_outputs = inputs[: len(xs)], inputs[len(xs) :]
        ys = as_tuple(func(*variables))
        # A function such as cast has outputs narrower than the float64 gradients of the finite differences.
        grad_outputs = [gy if gy is None else cast(gy, y.dtype) for y, gy in zip(ys, grad_outputs)]
        require_fitting(ys, grad_outputs)
        backward(ys, grad_outputs, enable_double_backprop=True)
        for i, (variable, wanted) in enumerate(zip(variables, has_gradient)):
            if not wanted and variable.grad is not None:
                raise RuntimeError(
                    f"Input {i} of {_format_array_props(variables)} has a gradient, though it is no float."
                )
        gxs = [variable.grad_var for variable, wanted in zip(variables, has_gradient) if wanted]
        return (*gxs, *(p.grad_var for p in params))

    try:
        check_backward(
            first_gradients,
            xs + gys,
            as_tuple(x_grad_grad) + as_tuple(params_grad_grad),
            params=params,
            eps=eps,
            atol=atol,
            rtol=rtol,
            no_grads=no_grads,
            dtype=dtype,
            detect_nondifferentiable=detect_nondifferentiable,
        )
    except AssertionError as error:
        _raise_from(
            AssertionError, f"check_double_backward failed (eps={eps} atol={atol} rtol={rtol})", error
        )
