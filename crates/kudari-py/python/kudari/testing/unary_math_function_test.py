"""Tests of functions of one array that work element by element."""

import unittest

import numpy

_F16 = {"eps": 2**-4, "atol": 2**-4, "rtol": 2**-4, "dtype": numpy.float64}
_WIDE = {"atol": 1e-4, "rtol": 1e-4, "dtype": numpy.float64}


def unary_math_function_unittest(
    func,
    func_expected=None,
    label_expected=None,
    make_data=None,
    is_linear=None,
    forward_options=None,
    backward_options=None,
    double_backward_options=None,
):
    """A class decorator that fills a TestCase with tests of `func`: forward, backward, double backward.

    They run for the shapes (3, 2) and () in float16, float32 and float64. The expected values come from
    `func_expected(x, dtype=)`, by default the NumPy function with the name of `func`. `make_data(shape,
    dtype)` returns an input, a gradient of the output and one of the input's gradient. The options go to
    `assert_allclose`, `check_backward` and `check_double_backward`. `label_expected` is the label that the
    function's node should have.
    """
    from kudari import Variable, gradient_check
    from kudari.testing.array import assert_allclose
    from kudari.testing.parameterized import parameterize, product

    if func_expected is None:
        func_expected = getattr(numpy, func.__name__, None)
        if func_expected is None:
            raise ValueError(
                f"NumPy has no functions corresponding to '{func.__name__}'.\nGive func_expected."
            )
    if is_linear is not None:
        import warnings

        warnings.warn("is_linear option is deprecated", DeprecationWarning, stacklevel=2)

    def decorate(cls):
        assert issubclass(cls, unittest.TestCase), f"{cls.__name__} is no unittest.TestCase."

        def set_up(self):
            self.x, self.gy, self.ggx = (make_data or _uniform)(self.shape, self.dtype)
            narrow = self.dtype == numpy.float16
            close = float(numpy.finfo(numpy.float16).eps) if narrow else 1e-4
            self.forward_options = {"atol": close, "rtol": close, **(forward_options or {})}
            self.backward_options = {**(_F16 if narrow else _WIDE), **(backward_options or {})}
            self.double_backward_options = {**(_F16 if narrow else _WIDE), **(double_backward_options or {})}

        def test_forward(self):
            y = func(Variable(self.x))
            self.assertEqual(y.dtype, self.x.dtype)
            assert_allclose(func_expected(self.x, dtype=self.x.dtype), y.array, **self.forward_options)

        def test_backward(self):
            gradient_check.check_backward(func, self.x, self.gy, **self.backward_options)

        def test_double_backward(self):
            gradient_check.check_double_backward(
                func, self.x, self.gy, self.ggx, **self.double_backward_options
            )

        def test_label(self):
            self.assertEqual(func(Variable(self.x)).creator.label, label_expected)

        cls.setUp = set_up
        cls.test_forward_cpu = test_forward
        cls.test_backward_cpu = test_backward
        cls.test_double_backward_cpu = test_double_backward
        if label_expected is not None:
            cls.test_label = test_label
        dtypes = [numpy.float16, numpy.float32, numpy.float64]
        return parameterize(*product({"shape": [(3, 2), ()], "dtype": dtypes}))(cls)

    return decorate


def _uniform(shape, dtype):
    return tuple(numpy.random.uniform(-1, 1, shape).astype(dtype) for _ in range(3))
