"""Mathematical functions against NumPy and SciPy."""

import math

import numpy as np
import pytest
from function_checks import apart, check, check_gradients, uniform
from scipy import special

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

INSIDE = uniform(3, 4, low=-0.9, high=0.9)
ABOVE = uniform(3, 4, low=0.3, high=2.5)
LOOSE = {"float16": 5e-2, "float32": 1e-4, "float64": 1e-10}

ELEMENTWISE = {
    "absolute": (F.absolute, abs, apart(3, 4)),
    "square": (F.square, np.square, INSIDE),
    "sqrt": (F.sqrt, np.sqrt, ABOVE),
    "rsqrt": (F.rsqrt, lambda x: 1 / np.sqrt(x), ABOVE),
    "exp": (F.exp, np.exp, INSIDE),
    "expm1": (F.expm1, np.expm1, INSIDE),
    "log": (F.log, np.log, ABOVE),
    "log2": (F.log2, np.log2, ABOVE),
    "log10": (F.log10, np.log10, ABOVE),
    "log1p": (F.log1p, np.log1p, ABOVE),
    "sin": (F.sin, np.sin, INSIDE),
    "cos": (F.cos, np.cos, INSIDE),
    "tan": (F.tan, np.tan, INSIDE),
    "arcsin": (F.arcsin, np.arcsin, INSIDE),
    "arccos": (F.arccos, np.arccos, INSIDE),
    "arctan": (F.arctan, np.arctan, INSIDE),
    "sinh": (F.sinh, np.sinh, INSIDE),
    "cosh": (F.cosh, np.cosh, INSIDE),
    "arctanh": (F.arctanh, np.arctanh, INSIDE),
    "arcsinh": (F.arcsinh, np.arcsinh, INSIDE),
    "arccosh": (F.arccosh, np.arccosh, ABOVE + 1),
    "sign": (F.sign, np.sign, apart(3, 4)),
    "floor": (F.floor, np.floor, apart(3, 4)),
    "ceil": (F.ceil, np.ceil, apart(3, 4)),
    "fix": (F.fix, np.fix, apart(3, 4)),
    "clip": (lambda x: F.clip(x, -0.5, 0.7), lambda x: np.clip(x, -0.5, 0.7), apart(3, 4)),
    "clip_below": (lambda x: F.clip(x, 0.1, None), lambda x: np.clip(x, 0.1, None), apart(3, 4)),
    "erf": (F.erf, special.erf, INSIDE),
    "erfc": (F.erfc, special.erfc, INSIDE),
    "erfcx": (F.erfcx, special.erfcx, INSIDE),
    "erfinv": (F.erfinv, special.erfinv, INSIDE),
    "erfcinv": (F.erfcinv, special.erfcinv, INSIDE + 1),
    "ndtr": (F.ndtr, special.ndtr, INSIDE),
    "ndtri": (F.ndtri, special.ndtri, ABOVE / 3),
    "log_ndtr": (F.log_ndtr, special.log_ndtr, INSIDE),
    "lgamma": (F.lgamma, special.gammaln, ABOVE),
    "digamma": (F.digamma, special.digamma, ABOVE),
    "zeta": (lambda x: F.zeta(2, x), lambda x: special.zeta(2, x), ABOVE),
    "polygamma": (lambda x: F.polygamma(np.full(x.shape, 2), x), lambda x: special.polygamma(2, x), ABOVE),
    "neg": (lambda x: -kudari.as_variable(x), np.negative, INSIDE),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    function, expected, x = ELEMENTWISE[name]
    order = 0 if name in ("sign", "floor", "ceil", "fix") else 2
    check(function, [x], expected, order, tolerances=LOOSE)
    check(function, [x[0, 0]], expected, order, tolerances=LOOSE)


def test_small_numbers_keep_their_digits():
    assert float(F.expm1(np.array(1e-12)).array) == pytest.approx(1e-12, rel=1e-9)
    assert float(F.log1p(np.array(1e-12)).array) == pytest.approx(1e-12, rel=1e-9)
    assert float(F.erfc(np.array(6.0)).array) == pytest.approx(math.erfc(6.0), rel=1e-9)


PAIRS = {
    "maximum": (F.maximum, np.maximum),
    "minimum": (F.minimum, np.minimum),
    "fmod": (F.fmod, np.fmod),
    "arctan2": (F.arctan2, np.arctan2),
    "add": (F.add, np.add),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name):
    function, expected = PAIRS[name]
    check(function, [apart(3, 4), apart(4, seed=2) + 0.06], expected)
    with pytest.raises(InvalidType):
        function(kudari.Variable(np.ones((2, 3), "f")), kudari.Variable(np.ones((2, 2), "f")))


def test_more_of_two():
    a, b, c = (uniform(2, 3, seed=s) for s in range(3))
    check(F.add, [a, b, c], lambda a, b, c: a + b + c)
    check(F.linear_interpolate, [a, b, c], lambda p, x, y: p * x + (1 - p) * y)
    check(F.identity, [a, b], lambda a, b: (a, b))
    check(F.bias, [uniform(2, 3, 4), uniform(3)], lambda x, y: x + y[:, None])
    check(
        lambda x, y: F.scale(x, y, axis=0), [uniform(2, 3, 4), uniform(2, 3)], lambda x, y: x * y[..., None]
    )


AXES = [None, 0, -1, (0, 2), (1,)]
REDUCTIONS = {
    "sum": (F.sum, np.sum),
    "mean": (F.mean, np.mean),
    "average": (F.average, np.mean),
    "max": (F.max, np.max),
    "min": (F.min, np.min),
    "prod": (F.prod, np.prod),
    "variance": (F.variance, np.var),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    function, expected = REDUCTIONS[name]
    x = apart(2, 3, 2) / 2
    check(
        lambda x: function(x, axis=axis, keepdims=keepdims),
        [x],
        lambda x: expected(x, axis=axis, keepdims=keepdims),
    )


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_refuse(name):
    function = REDUCTIONS[name][0]
    with pytest.raises(ValueError):
        function(np.ones((2, 3)), axis=(1, -1))
    with pytest.raises(TypeError):
        function(np.ones((2, 3)), axis=1.0)
    with pytest.raises(InvalidType):
        function(np.ones((2, 3)), axis=2)


def test_sums_in_float16_are_carried_in_float32():
    x = np.full((64, 1024), 0.75, "float16")
    assert float(F.mean(x).array) == 0.75
    assert float(F.sum(x[:1]).array) == 768


def test_prod_and_cumprod_of_zeros():
    x = np.array([0.0, 2, 0, 3])
    check_gradients(F.prod, [x])
    check_gradients(F.cumprod, [x])
    assert float(F.prod(np.zeros((0,))).array) == 1


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_running(axis):
    check(lambda x: F.cumsum(x, axis=axis), [uniform(3, 5)], lambda x: x.cumsum(axis))
    check(lambda x: F.cumprod(x, axis=axis), [uniform(3, 5)], lambda x: x.cumprod(axis))
    check(lambda x: F.logsumexp(x, axis=axis), [uniform(3, 5)], lambda x: np.log(np.exp(x).sum(axis)))


def test_weighted_average():
    x, w = uniform(3, 4), uniform(4, low=0.5, high=1.0)
    check(lambda x, w: F.average(x, 1, w), [x, w], lambda x, w: np.average(x, 1, w))
    check(
        lambda x, w: F.average(x, weights=w),
        [x, uniform(3, 4, low=0.5, high=1.0)],
        lambda x, w: np.average(x, weights=w),
    )
    with pytest.raises(ValueError):
        F.average(x, (0, 1), w)


def test_places():
    x = uniform(3, 4)
    assert F.argmax(x, axis=1).array.dtype == "int32"
    np.testing.assert_array_equal(F.argmax(x, axis=1).array, x.argmax(1))
    assert int(F.argmin(x).array) == x.argmin()
    np.testing.assert_allclose(F.batch_l2_norm_squared(x).array, (x**2).sum(1))


def test_operators_take_arrays_of_other_types():
    x = kudari.Variable(np.array([1.5, -2.0], "f"))
    assert (x * np.array([True, False])).dtype == "float32"
    np.testing.assert_array_equal((np.array([2, 3]) + x).array, [3.5, 1.0])
    with pytest.raises(InvalidType):
        x + kudari.Variable(np.ones(2))
