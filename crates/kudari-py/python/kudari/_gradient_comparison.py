"""Backward compared with finite differences along one random direction."""

import numpy

from kudari._numerical_gradient import numerical_grad
from kudari.utils import _format_array_props


class Comparison:
    """One comparison of backward with finite differences along a random direction."""

    passes_params = False

    def __init__(self, func, xs, gys, params, eps, atol, rtol, no_grads, dtype, detect_nondifferentiable):
        if dtype is not None and numpy.dtype(dtype).kind != "f":
            raise ValueError(f"`dtype` is allowed only float type, got {numpy.dtype(dtype)}.")
        self.func = func
        self.xs = as_tuple(xs)
        self.gys = None if gys is None else as_tuple(gys)
        self.params = as_tuple(params)
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
            return as_tuple(self.func(xs, params)), params
        return as_tuple(self.func(*xs)), params

    def _settle_output_gradients(self, ys):
        if self.gys is None:
            if not (len(ys) == 1 and ys[0].shape == ()):
                shapes = ", ".join(str(y.shape) for y in ys)
                raise ValueError(
                    "y_grad argument cannot be omitted if the target function is not a loss function, "
                    f"which has a single output with shape ().\nActual output shapes: {shapes}"
                )
            self.gys = (numpy.ones_like(ys[0].array),)
        else:
            require_fitting(ys, self.gys)
        self.gys = tuple(None if y is None else gy for y, gy in zip(ys, self.gys))

    def _directions(self, params):
        """The parts of a random unit vector for the checked inputs and the parameters; None for an input that
        is None."""
        targets = [x for x, checked in zip(self.xs, self.checked) if checked] + list(params)
        sizes = [0 if target is None else target.size for target in targets]
        parts = numpy.split(_random_unit_vector(sum(sizes)), numpy.cumsum(sizes)[:-1]) if targets else []
        return [
            None if target is None else part.reshape(target.shape) for target, part in zip(targets, parts)
        ]

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
                None if x is None else Variable(x, requires_grad=checked)
                for x, checked in zip(chosen, self.checked)
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
    """A random vector of length 1 none of whose elements is below `0.1 / sqrt(size)`: tiny ones would hide
    errors."""
    vector = numpy.random.normal(size=size)
    if size == 0:
        return vector
    squares = numpy.square(vector)
    return numpy.copysign(numpy.sqrt(0.99 * squares / squares.sum() + 0.01 / size), vector)


def require_fitting(outputs, grad_outputs):
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


def as_tuple(xs):
    return tuple(xs) if isinstance(xs, (tuple, list)) else (xs,)
