"""Gradients compared with finite differences.

`check_backward` and `check_double_backward` move the inputs and parameters along one random direction r and compare
g'(0) of g(d) = sum(gy * f(x + d r)), computed by finite differences, with the product of r and what backward gives.
"""

import numpy

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
        "gradient_check.assert_allclose is deprecated. Use testing.assert_allclose.", DeprecationWarning, stacklevel=2
    )
    testing.assert_allclose(x, y, atol, rtol, verbose)


def check_forward(func, x_data, y_expected, atol=1e-5, rtol=1e-4):
    """Raises AssertionError where `func` of the arrays `x_data` gives other arrays than `y_expected`.

    Each of both is an array or a tuple of arrays; shapes, dtypes and values within the tolerances must agree.
    """
    from kudari import Variable, testing

    outputs, expected = _as_tuple(func(*map(Variable, _as_tuple(x_data)))), _as_tuple(y_expected)
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
):
    """Raises AssertionError where the gradients of `func` disagree with finite differences of step `eps`.

    `func` takes one variable for each array of `x_data` and returns a variable or a tuple of them. `y_grad` are the
    gradients of its outputs; None stands for 1 where the only output is a scalar. `params` are variables that `func`
    uses and that are checked too. `no_grads` tells for each input whether it gets no gradient (by default: those that
    are not floating). `dtype` is what the inputs are cast to for the finite differences. With
    `detect_nondifferentiable` a kink near the inputs raises NondifferentiableError.
    """
    check = _Check(func, x_data, y_grad, params, eps, atol, rtol, no_grads, dtype, detect_nondifferentiable)
    check.run()


def _check_backward_with_params(
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
):
    """`check_backward` for `func(xs, params)`, which takes a list of variables and a tuple of Parameters.

    Here `params` are arrays, each made a Parameter anew for every call.
    """
    check = _Check(func, x_data, y_grad, params, eps, atol, rtol, no_grads, dtype, detect_nondifferentiable)
    check.passes_params = True
    check.run()


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

    `x_grad_grad` and `params_grad_grad` are gradients of the gradients of the inputs and `params`; the other arguments
    are those of `check_backward`. The first gradients themselves are taken as right: check them with `check_backward`.
    """
    from kudari._backprop import backward
    from kudari.functions import cast

    xs, gys = _as_tuple(x_data), _as_tuple(y_grad)
    params = _as_tuple(params)
    has_gradient = [x.dtype.kind == "f" for x in xs]

    def first_gradients(*inputs):
        variables, grad_outputs = inputs[: len(xs)], inputs[len(xs) :]
        ys = _as_tuple(func(*variables))
        # A function such as cast has outputs narrower than the float64 gradients of the finite differences.
        grad_outputs = [gy if gy is None else cast(gy, y.dtype) for y, gy in zip(ys, grad_outputs)]
        _require_fitting(ys, grad_outputs)
        backward(ys, grad_outputs, enable_double_backprop=True)
        for i, (variable, wanted) in enumerate(zip(variables, has_gradient)):
            if not wanted and variable.grad is not None:
                raise RuntimeError(
                    f"Input {i} of {_format_array_props(variables)} has a gradient, which an integer cannot have."
                )
        gxs = [variable.grad_var for variable, wanted in zip(variables, has_gradient) if wanted]
        return (*gxs, *(p.grad_var for p in params))

    try:
        check_backward(
            first_gradients,
            xs + gys,
            _as_tuple(x_grad_grad) + _as_tuple(params_grad_grad),
            params=params,
            eps=eps,
            atol=atol,
            rtol=rtol,
            no_grads=no_grads,
            dtype=dtype,
            detect_nondifferentiable=detect_nondifferentiable,
        )
    except AssertionError as error:
        _raise_from(AssertionError, f"check_double_backward failed (eps={eps} atol={atol} rtol={rtol})", error)


class _Check:
    """One comparison of backward with finite differences along a random direction."""

    passes_params = False

    def __init__(self, func, xs, gys, params, eps, atol, rtol, no_grads, dtype, detect_nondifferentiable):
        if dtype is not None and numpy.dtype(dtype).kind != "f":
            raise ValueError(f"`dtype` is allowed only float type, got {numpy.dtype(dtype)}.")
        self.func = func
        self.xs = _as_tuple(xs)
        self.gys = None if gys is None else _as_tuple(gys)
        self.params = _as_tuple(params)
        self.eps, self.atol, self.rtol = eps, atol, rtol
        if no_grads is None:
            no_grads = [x is not None and x.dtype.kind != "f" for x in self.xs]
        if len(no_grads) != len(self.xs):
            raise ValueError(
                f"Length of no_grads param and xs should be same.\nActual: {len(no_grads)} != {len(self.xs)}"
            )
        self.checked = [not no_grad for no_grad in no_grads]
        self.dtype = dtype
        self.detect_nondifferentiable = detect_nondifferentiable

    def run(self):
        """Compares, and raises AssertionError with all arrays where the two differ."""
        from kudari import testing

        xs, ys, params = self._forward()
        self._settle_output_gradients(ys)
        directions = self._directions(params)
        backward = self._backward_slope(xs, ys, params, directions)
        numeric = self._numeric_slope(directions)
        try:
            testing.assert_allclose(numeric, backward, atol=self.atol, rtol=self.rtol)
        except AssertionError as error:
            named = [("inputs", self.xs), ("grad_outputs", self.gys), ("directions", directions)]
            listed = [f"{name}[{i}]:\n{a}" for name, arrays in named for i, a in enumerate(arrays)]
            raise AssertionError(
                f"check_backward failed (eps={self.eps} atol={self.atol} rtol={self.rtol})\n"
                + "\n".join(listed)
                + f"\ngradients (numeric):  {numeric}\ngradients (backward): {backward}\n"
                + f"x: numeric gradient, y: backward gradient\n{error}"
            ) from None

    def _forward(self):
        from kudari import Variable

        xs = [None if x is None else Variable(x, requires_grad=x.dtype.kind == "f") for x in self.xs]
        ys, params = self._call(xs, self.params)
        # `func` may have called backward itself.
        for variable in (*xs, *params):
            if variable is not None:
                variable.cleargrad()
        return xs, ys, params

    def _call(self, xs, params):
        if self.passes_params:
            from kudari import Parameter

            params = tuple(map(Parameter, params))
            return _as_tuple(self.func(xs, params)), params
        return _as_tuple(self.func(*xs)), params

    def _settle_output_gradients(self, ys):
        if self.gys is None:
            if not (len(ys) == 1 and ys[0].shape == ()):
                shapes = ", ".join(str(y.shape) for y in ys)
                raise ValueError(
                    "y_grad argument cannot be omitted if the target function is not a loss function, which has a "
                    f"single output with shape ().\nActual output shapes: {shapes}"
                )
            self.gys = (numpy.ones_like(ys[0].array),)
        else:
            _require_fitting(ys, self.gys)
        self.gys = tuple(None if y is None else gy for y, gy in zip(ys, self.gys))

    def _directions(self, params):
        """The parts of a random unit vector for the checked inputs and the parameters; None for an input that is None."""
        targets = [x for x, checked in zip(self.xs, self.checked) if checked] + list(params)
        sizes = [0 if target is None else target.size for target in targets]
        parts = numpy.split(_random_unit_vector(sum(sizes)), numpy.cumsum(sizes)[:-1]) if targets else []
        return [None if target is None else part.reshape(target.shape) for target, part in zip(targets, parts)]

    def _backward_slope(self, xs, ys, params, directions):
        from kudari import Variable
        from kudari._backprop import backward

        # Copied, so that backward cannot change what the finite differences use.
        gys = [None if gy is None else Variable(gy.copy(), requires_grad=False) for gy in self.gys]
        backward(ys, gys)
        for x, checked in zip(xs, self.checked):
            if not checked and x is not None and x.grad is not None:
                raise RuntimeError("gradient of int variable must be None")
        targets = [x for x, checked in zip(xs, self.checked) if checked] + list(params)
        grads = [None if target is None else target.grad for target in targets]
        parts = [(g.astype(numpy.float64) * d).sum() for g, d in zip(grads, directions) if g is not None]
        return sum(parts, numpy.float64(0))

    def _numeric_slope(self, directions):
        from kudari import Variable

        # Also the inputs that are not moved have the wider dtype.
        still = [self._cast(x) if x is not None and x.dtype.kind == "f" else x for x in self.xs]
        arrays = [x for x, checked in zip(still, self.checked) if checked]
        params = [self._cast(p if self.passes_params else p.array) for p in self.params]
        distance = numpy.zeros((), numpy.float64)

        def moved_outputs():
            moved = [_moved(a, distance, d) for a, d in zip(arrays + params, directions)]
            rest = iter(moved)
            chosen = [next(rest) if checked else x for x, checked in zip(still, self.checked)]
            variables = [
                None if x is None else Variable(x, requires_grad=checked) for x, checked in zip(chosen, self.checked)
            ]
            if self.passes_params:
                ys, _ = self._call(variables, list(rest))
            else:
                ys = self._call_with_params(variables, list(rest))
            return tuple(None if y is None else y.array for y in ys)

        (slope,) = numerical_grad(
            moved_outputs,
            (distance,),
            self.gys,
            eps=self.eps,
            detect_nondifferentiable=self.detect_nondifferentiable,
            diff_atol=0,
            diff_rtol=self.rtol,
        )
        return slope

    def _call_with_params(self, variables, moved):
        """Calls `func` while the parameters have the moved arrays."""
        originals = [param.array for param in self.params]
        for param, array in zip(self.params, moved):
            param.array = array
            param.cleargrad()
        try:
            return self._call(variables, self.params)[0]
        finally:
            for param, array in zip(self.params, originals):
                param.array = array

    def _cast(self, array):
        return array if array is None or self.dtype is None else array.astype(self.dtype, copy=False)


def _moved(array, distance, direction):
    if array is None:
        return None
    return numpy.asarray(array.astype(numpy.float64) + distance * direction).astype(array.dtype)


def _random_unit_vector(size):
    """A random vector of length 1 none of whose elements is below `0.1 / sqrt(size)`: tiny ones would hide errors."""
    vector = numpy.random.normal(size=size)
    if size == 0:
        return vector
    squares = numpy.square(vector)
    return numpy.copysign(numpy.sqrt(0.99 * squares / squares.sum() + 0.01 / size), vector)


def _require_fitting(outputs, grad_outputs):
    """Raises ValueError where output gradients differ from the outputs in number, shape or dtype."""

    def fits(y, gy):
        if gy is None:
            return True
        if y is None:
            return not numpy.any(gy)
        return y.shape == gy.shape and y.dtype == gy.dtype

    if len(outputs) != len(grad_outputs):
        problem = "Output gradients must contain equally as many elements as the number of output elements."
    elif not all(map(fits, outputs, grad_outputs)):
        problem = "Shapes and/or dtypes of outputs and output gradients do not match."
    else:
        return
    raise ValueError(
        f"{problem}\nOutput shapes and dtypes         : {_format_array_props(outputs)}\n"
        f"Output gradient shapes and dtypes: {_format_array_props(grad_outputs)}"
    )


def _as_tuple(xs):
    return tuple(xs) if isinstance(xs, (tuple, list)) else (xs,)
