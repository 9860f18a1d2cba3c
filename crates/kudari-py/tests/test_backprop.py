"""Backpropagation from several variables at once."""

import numpy as np
import pytest

from kudari import Variable
from kudari._backprop import backward


def variable(*values):
    return Variable(np.array(values, "f"))


def test_gradients_of_two_outputs_add_up():
    x = variable(1, 2)
    y, z = x * 3, x * x
    backward([y, z], [variable(1, 1), variable(10, 100)])
    np.testing.assert_array_equal(x.grad, [3 + 2 * 10, 3 + 4 * 100])
    assert y.grad is None


def test_an_output_that_another_is_computed_from_counts_for_both():
    x = variable(2)
    y = x * x
    z = y * 3
    backward([y, z], [variable(1), variable(1)])
    np.testing.assert_array_equal(x.grad, [(1 + 3) * 4])


def test_own_gradients_are_used_up_and_count_once():
    x = variable(2)
    y = x * 5
    y.grad = np.array([7], "f")
    with pytest.warns(RuntimeWarning, match="without grad"):
        backward([y, y])
    np.testing.assert_array_equal(x.grad, [35])


def test_outputs_without_gradient_and_leaves():
    x = variable(2)
    y = x * 5
    backward([y, x], [None, variable(4)])
    np.testing.assert_array_equal(x.grad, [4])


def test_gradients_can_be_differentiated():
    x = variable(3)
    y = x * x * x
    backward([y], [variable(1)], enable_double_backprop=True)
    gradient = x.grad_var
    x.cleargrad()
    backward([gradient], [variable(1)])
    np.testing.assert_array_equal(x.grad, [18])


def test_what_is_no_output():
    y = variable(1) * 2
    with pytest.raises(TypeError, match="tuple or a list"):
        backward(y)
    with pytest.raises(TypeError, match="Variable"):
        backward([np.zeros(1)], [None])
    with pytest.raises(ValueError, match="1 outputs, but 2"):
        backward([y], [None, None])
    with pytest.raises(ValueError, match="retain_grad"):
        backward([y], [None], retain_grad=True)
