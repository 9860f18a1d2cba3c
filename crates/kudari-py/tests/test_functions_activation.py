"""Activation functions against their formulas."""

import numpy as np
import pytest
from function_checks import apart, check, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


ELEMENTWISE = {
    "relu": (F.relu, lambda x: np.maximum(x, 0)),
    "relu6": (F.relu6, lambda x: np.clip(x, 0, 6)),
    "clipped_relu": (lambda x: F.clipped_relu(x, 0.7), lambda x: np.clip(x, 0, 0.7)),
    "leaky_relu": (F.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x)),
    "elu": (lambda x: F.elu(x, alpha=1.3), lambda x: np.where(x > 0, x, 1.3 * (np.exp(x) - 1))),
    "selu": (F.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))),
    "sigmoid": (F.sigmoid, sigmoid),
    "tanh": (F.tanh, np.tanh),
    "hard_sigmoid": (F.hard_sigmoid, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    "softplus": (F.softplus, lambda x: np.log(1 + np.exp(x))),
    "softplus_beta": (lambda x: F.softplus(x, beta=2.0), lambda x: np.log(1 + np.exp(2 * x)) / 2),
    "silu": (F.silu, lambda x: x * sigmoid(x)),
    "mish": (F.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    "celu": (lambda x: F.celu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * (np.exp(x / 0.5) - 1))),
    "hard_swish": (F.hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "log_sigmoid": (F.log_sigmoid, lambda x: np.log(sigmoid(x))),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(), (3, 4)])
def test_elementwise(name, shape):
    function, expected = ELEMENTWISE[name]
    check(function, [apart(*shape)], expected)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_numbers(name):
    y = ELEMENTWISE[name][0](np.zeros((0, 3), "f"))
    assert y.shape == (0, 3)


@pytest.mark.parametrize(
    "function", [F.relu, F.sigmoid, F.tanh, F.elu, F.softmax, F.log_softmax, F.selu, F.crelu]
)
def test_whole_numbers_are_refused(function):
    with pytest.raises(InvalidType):
        function(np.ones((2, 2), "i"))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(axis):
    x = uniform(2, 3, 4)
    check(lambda x: F.softmax(x, axis=axis), [x], lambda x: softmax(x, axis))
    check(lambda x: F.log_softmax(x, axis=axis), [x], lambda x: np.log(softmax(x, axis)))
    check(lambda x: F.softmin(x, axis=axis), [x], lambda x: softmax(-x, axis))


def test_softmax_of_large_numbers():
    np.testing.assert_allclose(F.log_softmax(np.array([[-1000.0, 1.0]])).array, [[-1001, 0]])


def test_softmax_of_no_axis():
    with pytest.raises(InvalidType):
        F.softmax(np.ones(3, "f"), axis=1)


def test_crelu():
    check(F.crelu, [apart(2, 3)], lambda x: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], 1))
    with pytest.raises(TypeError):
        F.crelu(np.ones((2, 2), "f"), axis=1.0)


def test_maxout():
    check(lambda x: F.maxout(x, 2, axis=1), [apart(2, 6, 2)], lambda x: x.reshape(2, 3, 2, 2).max(2))
    with pytest.raises(InvalidType, match="multiple"):
        F.maxout(np.ones((2, 5), "f"), 2)
    with pytest.raises(ValueError):
        F.maxout(np.ones((2, 4), "f"), 0)


def test_parameters_beside_samples():
    x, w = apart(2, 3, 4), uniform(3, seed=1)
    check(F.prelu, [x, w], lambda x, w: np.where(x >= 0, x, x * w[:, None]))
    check(F.swish, [x, w], lambda x, w: x * sigmoid(x * w[:, None]))
    with pytest.raises(InvalidType):
        F.prelu(x, w[:2])


def test_rrelu_draws_while_training_only():
    x = apart(3, 4).astype("f")
    y, r = F.rrelu(x, l=0.1, u=0.2, return_r=True)
    assert ((r >= 0.1) & (r <= 0.2)).all() and len(np.unique(r)) > 1
    np.testing.assert_allclose(y.array, np.where(x >= 0, x, r * x))
    np.testing.assert_array_equal(F.rrelu(x, r=r).array, y.array)
    with kudari.using_config("train", False):
        np.testing.assert_allclose(
            F.rrelu(x, l=0.1, u=0.2).array, np.where(x >= 0, x, np.float32(0.15) * x), rtol=1e-6
        )
    with pytest.raises(ValueError):
        F.rrelu(x, l=0.5, u=0.2)
    with pytest.raises(ValueError, match="using_config"):
        F.rrelu(x, train=True)


def test_clipped_relu_needs_a_float():
    with pytest.raises(TypeError):
        F.clipped_relu(np.ones(3, "f"), 6)
