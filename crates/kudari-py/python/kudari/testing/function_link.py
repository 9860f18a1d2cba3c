"""Test cases for functions and links: forward against expected arrays, gradients numerically."""

import unittest

import numpy

from kudari.testing._comparison import (
    FunctionTestError,
    LinkTestError,
    compare_arrays,
    require_arrays,
    require_variables,
)
from kudari.testing._link_initializers import InitializerArgument, LinkInitializersTestCase
from kudari.testing._link_base import LinkTestBase
from kudari.testing.array import _as_noncontiguous_array

__all__ = [
    "FunctionTestCase",
    "FunctionTestError",
    "InitializerArgument",
    "LinkInitializersTestCase",
    "LinkTestCase",
    "LinkTestError",
]


def _until_differentiable(case, check):
    """Runs `check`, with new random inputs as long as it meets a kink, where the case asks for that."""
    from kudari.gradient_check import NondifferentiableError

    while True:
        try:
            return check()
        except NondifferentiableError:
            if not case.dodge_nondifferentiable:
                raise


def _random_like(arrays):
    return tuple(numpy.random.uniform(-1, 1, a.shape).astype(a.dtype) for a in arrays)


class FunctionTestCase(unittest.TestCase):
    """Tests of a function, to be decorated with `inject_backend_tests(None, [{}])`.

    A subclass defines `generate_inputs()` and `forward_expected(inputs)`, which return tuples of arrays, and
    `forward(inputs, device)`, which takes and returns tuples of variables. It may define
    `generate_grad_outputs`, `generate_grad_grad_inputs`, `before_test(name)` and `check_forward_outputs`, set
    the dictionaries `check_forward_options`, `check_backward_options`, `check_double_backward_options`, and
    the attributes below. Inputs are not contiguous unless `contiguous = 'C'`; a forward that changes them
    fails.
    """

    backend_config = None
    test_name = None
    skip_forward_test = False
    skip_backward_test = False
    skip_double_backward_test = False
    dodge_nondifferentiable = False
    numerical_grad_dtype = numpy.float64
    contiguous = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.check_forward_options = {}
        self.check_backward_options = {}
        self.check_double_backward_options = {}

    def before_test(self, test_name):
        """Called before each test; may raise unittest.SkipTest."""

    def forward(self, inputs, device):
        """The function: a tuple of variables to a tuple of variables."""
        raise NotImplementedError("forward() is not implemented.")

    def forward_expected(self, inputs):
        """What the function should give: a tuple of arrays to a tuple of arrays."""
        raise NotImplementedError("forward_expected() is not implemented.")

    def generate_inputs(self):
        """A tuple of arrays."""
        raise NotImplementedError("generate_inputs() is not implemented.")

    def generate_grad_outputs(self, outputs_template):
        """Gradients for outputs like the arrays given; None for one that is left out."""
        return _random_like(outputs_template)

    def generate_grad_grad_inputs(self, inputs_template):
        """Gradients for the gradients of inputs like the arrays given; None for one that is left out."""
        return _random_like(inputs_template)

    def check_forward_outputs(self, outputs, expected_outputs):
        """Raises FunctionTestError where the outputs, tuples of arrays, differ."""
        compare_arrays(outputs, expected_outputs, FunctionTestError, **self.check_forward_options)

    def test_forward(self, backend_config):
        """Compares the outputs with the expected ones, and the inputs with what they were."""
        self._begin("test_forward", self.skip_forward_test, backend_config)
        from kudari import Variable

        inputs = self._inputs()
        expected = require_arrays(self.forward_expected(inputs), "forward_expected")
        inputs = self._laid_out(inputs)
        before = [x.copy() for x in inputs]
        outputs = self._forward([Variable(x, requires_grad=x.dtype.kind == "f") for x in inputs])
        changed = [
            i
            for i, (x, b) in enumerate(zip(inputs, before))
            if not numpy.array_equal(x, b, equal_nan=_nan(b))
        ]
        if changed:
            raise FunctionTestError(
                "Input arrays have been modified during forward.\n"
                f"Indices of modified inputs: {', '.join(map(str, changed))}"
            )
        self.check_forward_outputs(tuple(y.array for y in outputs), expected)

    def test_backward(self, backend_config):
        """Compares the gradients with finite differences."""
        self._begin("test_backward", self.skip_backward_test, backend_config)
        _until_differentiable(self, self._check_backward)

    def test_double_backward(self, backend_config):
        """Compares the gradients of the gradients with finite differences."""
        self._begin("test_double_backward", self.skip_double_backward_test, backend_config)
        _until_differentiable(self, self._check_double_backward)

    def _begin(self, name, skips, backend_config):
        if skips:
            raise unittest.SkipTest(f"skip_{name.removeprefix('test_')}_test is set")
        self.backend_config = backend_config
        self.test_name = name
        self.before_test(name)

    def _check_backward(self):
        from kudari import gradient_check

        inputs, grad_outputs = self._inputs_and_grad_outputs()
        with FunctionTestError.raise_if_fail("backward is not implemented correctly"):
            gradient_check.check_backward(
                lambda *xs: self._forward(xs),
                self._laid_out(inputs),
                self._laid_out(grad_outputs),
                dtype=self.numerical_grad_dtype,
                detect_nondifferentiable=self.dodge_nondifferentiable,
                **self.check_backward_options,
            )

    def _check_double_backward(self):
        from kudari import gradient_check

        inputs, grad_outputs = self._inputs_and_grad_outputs()
        grad_grads = require_arrays(self.generate_grad_grad_inputs(inputs), "generate_grad_grad_inputs")
        # Inputs that are not floating have no gradient, and so no gradient of it.
        grad_grads = tuple(ggx for ggx in grad_grads if ggx is None or ggx.dtype.kind == "f")
        with FunctionTestError.raise_if_fail("double backward is not implemented correctly"):
            gradient_check.check_double_backward(
                lambda *xs: self._forward(xs),
                self._laid_out(inputs),
                self._laid_out(grad_outputs),
                self._laid_out(grad_grads),
                dtype=self.numerical_grad_dtype,
                detect_nondifferentiable=self.dodge_nondifferentiable,
                **self.check_double_backward_options,
            )

    def _inputs(self):
        return require_arrays(self.generate_inputs(), "generate_inputs")

    def _inputs_and_grad_outputs(self):
        inputs = self._inputs()
        outputs = require_arrays(self.forward_expected(inputs), "forward_expected")
        return inputs, require_arrays(self.generate_grad_outputs(outputs), "generate_grad_outputs")

    def _forward(self, inputs):
        with self.backend_config:
            outputs = self.forward(tuple(inputs), self.backend_config.device)
        return require_variables(outputs, "forward", FunctionTestError)

    def _laid_out(self, arrays):
        arrays = self.backend_config.get_array(arrays)
        return arrays if self.contiguous == "C" else _as_noncontiguous_array(arrays)


def _nan(array):
    return array.dtype.kind in "fc"


class LinkTestCase(LinkTestBase, unittest.TestCase):
    """Tests of a link, to be decorated with `inject_backend_tests(None, [{}])`.

    A subclass defines `generate_params()`, a tuple of initializers or arrays, `create_link(initializers)`,
    `generate_inputs()` and `forward_expected(link, inputs)`, which returns a tuple of arrays. `param_names`
    lists the parameters whose gradients are compared. It may define `forward(link, inputs, device)`,
    `generate_grad_outputs` and `before_test(name)`, and set the attributes below.
    """

    skip_forward_test = False
    skip_backward_test = False
    dodge_nondifferentiable = False
    numerical_grad_dtype = numpy.float64

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.check_forward_options = {}
        self.check_backward_options = {}

    def forward_expected(self, link, inputs):
        """What the link should give for a tuple of arrays: a tuple of arrays."""
        raise NotImplementedError("forward_expected() is not implemented.")

    def generate_grad_outputs(self, outputs_template):
        """Gradients for outputs like the arrays given."""
        return _random_like(outputs_template)

    def check_forward_outputs(self, outputs, expected_outputs):
        """Raises LinkTestError where the outputs, tuples of arrays, differ."""
        compare_arrays(outputs, expected_outputs, LinkTestError, **self.check_forward_options)

    def test_forward(self, backend_config):
        """Compares the outputs with the expected ones."""
        self._begin("test_forward", self.skip_forward_test, backend_config)
        link, inputs, outputs = self._create_initialized_link(self._params())
        expected = require_arrays(self.forward_expected(link, inputs), "forward_expected")
        self.check_forward_outputs(tuple(y.array for y in outputs), expected)

    def test_backward(self, backend_config):
        """Compares the gradients of inputs and parameters with finite differences."""
        self._begin("test_backward", self.skip_backward_test, backend_config)
        _until_differentiable(self, self._check_backward)

    def _begin(self, name, skips, backend_config):
        if skips:
            raise unittest.SkipTest(f"skip_{name.removeprefix('test_')}_test is set")
        self.backend_config = backend_config
        self.before_test(name)

    def _check_backward(self):
        from kudari import gradient_check

        initializers = self._params()
        link, inputs, outputs = self._create_initialized_link(initializers)
        params = [self._param(link, name).array for name in self.param_names]
        grad_outputs = self.generate_grad_outputs(tuple(y.array for y in outputs))

        def forward(xs, ps):
            with link.init_scope():
                for name, param in zip(self.param_names, ps):
                    setattr(link, name, param)
            return self._forward(link, xs)

        with LinkTestError.raise_if_fail("backward is not implemented correctly"):
            gradient_check._check_backward_with_params(
                forward,
                self._laid_out(inputs),
                self._laid_out(require_arrays(grad_outputs, "generate_grad_outputs")),
                params=self._laid_out(params),
                dtype=self.numerical_grad_dtype,
                detect_nondifferentiable=self.dodge_nondifferentiable,
                **self.check_backward_options,
            )
