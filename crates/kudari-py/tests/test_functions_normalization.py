"""Normalizations against means and variances."""

import numpy as np
import pytest
from function_checks import check, check_gradients, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

LOOSE = {"float16": 5e-2, "float32": 1e-4, "float64": 1e-10}


def normalized(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize(
    "shape, parameter, axis, axes",
    [
        ((5, 3), (3,), None, (0,)),
        ((4, 3, 2, 2), (3,), None, (0, 2, 3)),
        ((4, 3, 2), (3, 2), None, (0,)),
        ((4, 3, 2), (4,), (1, 2), (1, 2)),
        ((4, 3, 2), (4, 2), 1, (1,)),
    ],
)
def test_batch_normalization(shape, parameter, axis, axes):
    def wide(p):
        return p.reshape([1 if i in axes else n for i, n in enumerate(shape)])

    arrays = [uniform(*shape), uniform(*parameter, seed=1), uniform(*parameter, seed=2)]
    check(
        lambda x, g, b: F.batch_normalization(x, g, b, eps=1e-3, axis=axis),
        arrays,
        lambda x, g, b: normalized(x, axes, 1e-3) * wide(g) + wide(b),
        tolerances=LOOSE,
    )
    mean, var = uniform(*parameter, seed=3), uniform(*parameter, low=0.5, high=2.0, seed=4)
    check(
        lambda x, g, b, m, v: F.fixed_batch_normalization(x, g, b, m, v, axis=axis),
        [*arrays, mean, var],
        lambda x, g, b, m, v: (x - wide(m)) / np.sqrt(wide(v) + 2e-5) * wide(g) + wide(b),
        tolerances=LOOSE,
    )


def test_running_statistics():
    x, one, zero = uniform(5, 3).astype("f"), np.ones(3, "f"), np.zeros(3, "f")
    mean, var = np.zeros(3, "f"), np.ones(3, "f")
    F.batch_normalization(x, one, zero, running_mean=mean, running_var=var, decay=0.8)
    np.testing.assert_allclose(mean, 0.2 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(var, 0.8 + 0.2 * x.var(0, ddof=1), rtol=1e-5)


def test_batch_normalization_of_half_precision_with_wide_parameters():
    y = F.batch_normalization(uniform(5, 3).astype("float16"), np.ones(3, "f"), np.zeros(3, "f"))
    assert y.dtype == "float16"


def test_batch_normalization_refuses():
    x, g = uniform(5, 3), np.ones(3)
    with pytest.raises(InvalidType):
        F.batch_normalization(x, np.ones(4), np.ones(4))
    with pytest.raises(InvalidType):
        F.batch_normalization(x, g, np.ones(3, "f"))
    with pytest.raises(RuntimeError):
        F.batch_normalization(x[:, :, None], g, g, axis=(2, 0))
    with pytest.raises(ValueError, match="using_config"):
        F.batch_normalization(x, g, g, train=True)
    with pytest.warns(UserWarning, match="one sample"):
        F.batch_normalization(x[:1], g, g)


def test_batch_renormalization():
    x, g, b = uniform(6, 3), uniform(3, seed=1), uniform(3, seed=2)
    mean, var = uniform(3, seed=3) / 4, uniform(3, low=0.2, high=0.4, seed=4)
    sigma = np.sqrt(var + 2e-5)
    r = np.clip(np.sqrt(x.var(0) + 2e-5) / sigma, 1 / 1.1, 1.1)
    d = np.clip((x.mean(0) - mean) / sigma, -0.1, 0.1)
    y = F.batch_renormalization(x, g, b, 1.1, 0.1, running_mean=mean, running_var=var)
    np.testing.assert_allclose(y.array, (normalized(x, 0, 2e-5) * r + d) * g + b)
    np.testing.assert_array_equal(mean, uniform(3, seed=3) / 4)
    F.batch_renormalization(x, g, b, 1.1, 0.1, running_mean=mean, running_var=var, update_statistics=True)
    np.testing.assert_allclose(mean, 0.9 * uniform(3, seed=3) / 4 + 0.1 * x.mean(0))


def test_decorrelated():
    x = uniform(20, 4, 2)
    y = F.decorrelated_batch_normalization(x, groups=2, eps=1e-12).array
    flat = y.transpose(1, 0, 2).reshape(2, 2, 40)
    np.testing.assert_allclose(flat @ flat.swapaxes(1, 2) / 40, np.stack([np.eye(2)] * 2), atol=1e-9)
    check_gradients(lambda x: F.decorrelated_batch_normalization(x, groups=2), [x], order=1)
    mean, projection = uniform(2, 2), uniform(2, 2, 2, seed=1)
    fixed = F.fixed_decorrelated_batch_normalization(x, mean, projection, groups=2).array
    np.testing.assert_allclose(fixed[0, :2, 0], projection[0] @ (x[0, :2, 0] - mean[0]))


def test_decorrelated_statistics():
    x, mean, projection = uniform(20, 4), np.zeros((2, 2)), np.zeros((2, 2, 2))
    F.decorrelated_batch_normalization(
        x, groups=2, running_mean=mean, running_projection=projection, decay=0.5
    )
    np.testing.assert_allclose(mean.ravel(), 0.5 * x.mean(0))
    cov = np.cov(x[:, :2].T, bias=True) + 2e-5 * np.eye(2)
    np.testing.assert_allclose(projection[0] @ projection[0], np.linalg.inv(cov) * (0.5 * 20 / 19) ** 2)


def test_layer_and_group():
    x, g, b = uniform(4, 6), uniform(6, seed=1), uniform(6, seed=2)
    check(F.layer_normalization, [x, g, b], lambda x, g, b: normalized(x, 1, 1e-5) * g + b, tolerances=LOOSE)
    x = uniform(2, 6, 3, 2)

    def expected(x, g, b):
        y = normalized(x.reshape(2, 3, -1), 2, 1e-5).reshape(x.shape)
        return y * g[:, None, None] + b[:, None, None]

    check(lambda x, g, b: F.group_normalization(x, 3, g, b), [x, g, b], expected, tolerances=LOOSE)
    with pytest.raises(ValueError):
        F.group_normalization(x, 4, g, b)
    with pytest.raises(TypeError):
        F.group_normalization(x, 2.0, g, b)
    check(
        F.rms_normalization,
        [x, uniform(2, seed=1)],
        lambda x, g: g * x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5),
        tolerances=LOOSE,
    )


@pytest.mark.parametrize("axis", [1, (1, 2)])
def test_normalize(axis):
    x = uniform(2, 3, 4)
    check(
        lambda x: F.normalize(x, axis=axis),
        [x],
        lambda x: x / (np.sqrt((x**2).sum(axis, keepdims=True)) + 1e-5),
        tolerances=LOOSE,
    )


def test_normalize_zeros():
    x = kudari.Variable(np.zeros((2, 3)))
    F.sum(F.normalize(x)).backward()
    np.testing.assert_allclose(x.grad, 1e5)


def test_local_response():
    x = uniform(2, 7, 3) * 3

    def expected(x):
        padded = np.pad(x**2, ((0, 0), (2, 2), (0, 0)))
        total = sum(padded[:, i : i + 7] for i in range(5))
        return x / (2 + 0.1 * total) ** 0.75

    check(lambda x: F.local_response_normalization(x, alpha=0.1), [x], expected, tolerances=LOOSE)
