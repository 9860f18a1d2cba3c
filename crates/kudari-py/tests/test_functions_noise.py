"""Random functions: what they draw, and when; functions that forget."""

import numpy as np
import pytest
from function_checks import check_gradients, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType


def test_dropout():
    x = np.ones((100, 100), "f")
    np.random.seed(0)
    y, mask = F.dropout(x, 0.25, return_mask=True)
    np.random.seed(0)
    np.testing.assert_allclose(mask, (np.random.rand(100, 100) >= 0.25) / np.float32(0.75))
    np.testing.assert_array_equal(y.array, mask)
    np.testing.assert_array_equal(F.dropout(x * 2, mask=mask).array, 2 * mask)
    assert y.dtype == mask.dtype == "float32"
    with kudari.using_config("train", False):
        v = kudari.Variable(x)
        assert F.dropout(v) is v
        assert F.dropout(v, return_mask=True)[1] is None
    with pytest.raises(ValueError):
        F.dropout(x, 1.0)
    with pytest.raises(ValueError, match="using_config"):
        F.dropout(x, train=True)
    with pytest.raises(InvalidType):
        F.dropout(x.astype(int))


def test_dropout_tells_its_mask():
    x = kudari.Variable(np.ones((3, 4)))
    y = F.dropout(x)
    y.grad = np.full((3, 4), 2.0)
    y.backward()
    np.testing.assert_array_equal(x.grad, 2 * y.creator.mask)
    assert y.creator.label == "Dropout" and y.creator.rank == 0


def test_gaussian():
    mean, ln_var = uniform(3, 4), uniform(3, 4, seed=1)
    y, eps = F.gaussian(mean, ln_var, return_eps=True)
    np.testing.assert_allclose(y.array, mean + np.exp(ln_var / 2) * eps)
    check_gradients(lambda m, v: F.gaussian(m, v, eps=eps), [mean, ln_var])
    with pytest.raises(InvalidType):
        F.gaussian(mean, ln_var[:2])


def test_gumbel_softmax():
    y = F.gumbel_softmax(np.log(np.tile([0.1, 0.2, 0.7], (5000, 1))), tau=0.01).array
    np.testing.assert_allclose(y.sum(1), 1)
    np.testing.assert_allclose(np.bincount(y.argmax(1)) / 5000, [0.1, 0.2, 0.7], atol=0.03)


def test_zoneout():
    h, x = kudari.Variable(np.zeros((4, 5))), kudari.Variable(np.ones((4, 5)))
    y = F.zoneout(h, x, 0.5)
    np.testing.assert_array_equal(y.array, y.creator.flag_x)
    with kudari.using_config("train", False):
        assert F.zoneout(h, x) is x
    with pytest.raises(ValueError, match="using_config"):
        F.zoneout(h, x, train=True)


@pytest.mark.parametrize("each", [True, False])
def test_simplified_dropconnect(each):
    x, w, b = uniform(4, 3), uniform(2, 3, seed=1), uniform(2, seed=2)
    mask = uniform(*((4, 2, 3) if each else (2, 3))) > 0
    options = dict(ratio=0.4, mask=mask, use_batchwise_mask=each)
    y = F.simplified_dropconnect(x, w, b, **options)
    np.testing.assert_allclose(y.array, np.einsum("...ij,...j->...i", w * mask / 0.6, x) + b)
    check_gradients(lambda x, w, b: F.simplified_dropconnect(x, w, b, **options), [x, w, b])
    plain = F.simplified_dropconnect(x, w, b, train=False)
    np.testing.assert_allclose(plain.array, x @ w.T + b)


def test_forget():
    w = kudari.Parameter(np.array([2.0, 3.0]))
    x = kudari.Variable(np.array([1.0, -1.0]))
    calls = []

    def f(a):
        calls.append(1)
        return F.exp(a * w)

    y = F.forget(f, x)
    np.testing.assert_allclose(y.array, np.exp([2, -3]))
    w.cleargrad()
    F.sum(y).backward()
    np.testing.assert_allclose(x.grad, np.exp([2, -3]) * [2, 3])
    np.testing.assert_allclose(w.grad, np.exp([2, -3]) * [1, -1])
    assert len(calls) == 2
    with pytest.raises(RuntimeError, match="2nd"):
        F.forget(lambda a: (a, 1), x)
    with pytest.raises(RuntimeError):
        kudari.grad([F.sum(F.forget(f, x))], [x], enable_double_backprop=True)
