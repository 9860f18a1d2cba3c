"""Losses against their formulas."""

import math

import numpy as np
import pytest
from function_checks import apart, check, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

WIDE = {"float16": 3e-2, "float32": 1e-4, "float64": 1e-9}


def log_softmax(x):
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def at_labels(table, t):
    """The numbers of (samples, classes, …) at labels (samples, …), 0 where they are −1."""
    picked = np.take_along_axis(table, np.maximum(t, 0)[:, None], 1)[:, 0]
    return np.where(t == -1, 0, picked)


@pytest.mark.parametrize("label_dtype", ["int8", "int16", "int32", "int64", "uint8"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
def test_softmax_cross_entropy(label_dtype, shape):
    t = np.random.RandomState(1).randint(0, 3, shape[:1] + shape[2:]).astype(label_dtype)
    if label_dtype != "uint8":
        t.flat[0] = -1
    counted = max((t != -1).sum(), 1)
    x = uniform(*shape)
    check(
        lambda x: F.softmax_cross_entropy(x, t),
        [x],
        lambda x: -at_labels(log_softmax(x), t.astype(int)).sum() / counted,
    )
    check(
        lambda x: F.softmax_cross_entropy(x, t, normalize=False),
        [x],
        lambda x: -at_labels(log_softmax(x), t.astype(int)).sum() / len(x),
    )
    check(
        lambda x: F.softmax_cross_entropy(x, t, reduce="no"),
        [x],
        lambda x: -at_labels(log_softmax(x), t.astype(int)),
    )


def test_softmax_cross_entropy_with_weights():
    t, weight = np.array([2, 0, -1, 1]), np.array([0.5, 1.0, 3.0])

    def expected(x):
        return -at_labels(log_softmax(x) * weight, t).sum() / 3

    check(
        lambda x: F.softmax_cross_entropy(x, t, class_weight=weight.astype(x.dtype)),
        [uniform(4, 3)],
        expected,
    )
    with pytest.raises(ValueError):
        F.softmax_cross_entropy(uniform(4, 3), t, class_weight=weight[None])
    with pytest.raises(ValueError):
        F.softmax_cross_entropy(uniform(4, 3), t, class_weight=kudari.Variable(weight))


def test_softmax_cross_entropy_with_shares():
    x, t = uniform(3, 4), np.array([[0.1, 0.2, 0.3, 0.4]] * 3)
    check(
        lambda x: F.softmax_cross_entropy(x, t.astype(x.dtype)),
        [x],
        lambda x: -(t * log_softmax(x)).sum() / 3,
    )
    divergence = F.softmax_cross_entropy(x, F.softmax(x).array, soft_target_loss="kl-divergence")
    np.testing.assert_allclose(divergence.array, 0, atol=1e-6)


def test_softmax_cross_entropy_of_confident_mistakes():
    loss = F.softmax_cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))
    assert float(loss.array) == 1000


def test_softmax_cross_entropy_refuses():
    x = uniform(2, 3)
    with pytest.raises(InvalidType):
        F.softmax_cross_entropy(x, np.zeros(3, int))
    with pytest.raises(InvalidType):
        F.softmax_cross_entropy(np.zeros((2, 3), int), np.zeros(2, int))
    with pytest.raises(ValueError):
        F.softmax_cross_entropy(x, np.array([0, 3]))
    with pytest.raises(ValueError):
        F.softmax_cross_entropy(x, np.zeros(2, int), reduce="sum")


def test_softmax_cross_entropy_tells_its_probabilities():
    x = kudari.Variable(uniform(2, 3))
    loss = F.softmax_cross_entropy(x, np.array([0, 1]))
    assert loss.creator.label == "SoftmaxCrossEntropy"
    np.testing.assert_allclose(loss.creator.y.sum(1), 1)
    assert F.softmax_cross_entropy(x, np.array([0, 1]), cache_score=False).creator.y is None


def test_sigmoid_cross_entropy():
    t = np.array([[1, 0, -1], [0, 1, 1]], "int32")
    terms = [lambda x: np.where(t == 1, np.log(1 + np.exp(-x)), np.where(t == 0, np.log(1 + np.exp(x)), 0))]
    check(lambda x: F.sigmoid_cross_entropy(x, t), [uniform(2, 3)], lambda x: terms[0](x).sum() / 5)
    check(
        lambda x: F.sigmoid_cross_entropy(x, t, normalize=False),
        [uniform(2, 3)],
        lambda x: terms[0](x).sum() / 2,
    )
    check(lambda x: F.sigmoid_cross_entropy(x, t, reduce="no"), [uniform(2, 3)], terms[0])


def test_hinge():
    x, t = apart(3, 4), np.array([1, 3, 0], "int16")
    signs = np.ones((3, 4))
    signs[np.arange(3), t] = -1
    check(lambda x: F.hinge(x, t), [x], lambda x: np.maximum(0, 1 + signs * x).sum() / 3)
    check(lambda x: F.hinge(x, t, norm="L2", reduce="no"), [x], lambda x: np.maximum(0, 1 + signs * x) ** 2)
    with pytest.raises(NotImplementedError):
        F.hinge(x, t, norm="L3")


PAIRS = {
    "squared_error": (F.squared_error, lambda x, y: (x - y) ** 2),
    "absolute_error": (F.absolute_error, lambda x, y: abs(x - y)),
    "mean_squared_error": (F.mean_squared_error, lambda x, y: ((x - y) ** 2).mean()),
    "mean_absolute_error": (F.mean_absolute_error, lambda x, y: abs(x - y).mean()),
    "huber": (
        lambda x, y: F.huber_loss(x, y, 0.6),
        lambda x, y: np.where(abs(x - y) < 0.6, (x - y) ** 2 / 2, 0.6 * (abs(x - y) - 0.3)).sum(1),
    ),
    "smooth_l1": (
        F.smooth_l1,
        lambda x, y: np.where(abs(x - y) < 1, (x - y) ** 2 / 2, abs(x - y) - 0.5).mean(),
    ),
    "log_cosh": (F.log_cosh, lambda x, y: np.log(np.cosh(x - y)).mean()),
    "poisson_nll": (F.poisson_nll, lambda x, y: (np.exp(x) - y * x).mean()),
    "gaussian_kl_divergence": (
        F.gaussian_kl_divergence,
        lambda m, v: ((m * m + np.exp(v) - v - 1) / 2).sum(),
    ),
    "bernoulli_nll": (F.bernoulli_nll, lambda x, y: (np.log(1 + np.exp(y)) - x * y).sum()),
    "cross_covariance": (
        F.cross_covariance,
        lambda x, y: (((x - x.mean(0)).T @ (y - y.mean(0)) / len(x)) ** 2).sum() / 2,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name):
    function, expected = PAIRS[name]
    check(function, [apart(4, 3), apart(4, 3, seed=1) / 2 + 0.05], expected, tolerances=WIDE)


@pytest.mark.parametrize(
    "name", ["squared_error", "absolute_error", "mean_squared_error", "mean_absolute_error", "huber"]
)
def test_pairs_refuse(name):
    function = PAIRS[name][0]
    for x, y in [((4, 3), (3,)), ((4, 3), (4, 2))]:
        with pytest.raises(InvalidType):
            function(np.ones(x, "f"), np.ones(y, "f"))
    with pytest.raises(InvalidType):
        function(np.ones((4, 3), "f"), np.ones((4, 3), "d"))
    with pytest.raises(InvalidType):
        function(np.ones((4, 3), "i"), np.ones((4, 3), "i"))


def test_gaussian_nll():
    check(
        F.gaussian_nll,
        [uniform(3), uniform(3, seed=1), uniform(3, seed=2)],
        lambda x, m, v: (0.5 * math.log(2 * math.pi) + v / 2 + (x - m) ** 2 / (2 * np.exp(v))).sum(),
    )


def test_decov():
    def expected(h):
        c = (h - h.mean(0)).T @ (h - h.mean(0)) / len(h)
        np.fill_diagonal(c, 0)
        return (c**2).sum() / 2

    check(F.decov, [uniform(5, 3)], expected)


def test_contrastive():
    a, b, y = uniform(4, 2), uniform(4, 2, seed=1), np.array([1, 0, 0, 1])
    d = np.sqrt(((a - b) ** 2).sum(1))
    assert (abs(d - 1) > 0.01).all()

    def expected(a, b):
        d = np.sqrt(((a - b) ** 2).sum(1))
        return np.mean((y * d**2 + (1 - y) * np.maximum(1 - d, 0) ** 2) / 2)

    check(lambda a, b: F.contrastive(a, b, y), [a, b], expected)
    x = kudari.Variable(a)
    assert np.isfinite(kudari.grad([F.contrastive(x, a.copy(), y)], [x])[0].array).all()
    with pytest.raises(ValueError):
        F.contrastive(a, b, y, margin=0)


def test_triplet():
    def expected(a, p, n):
        return np.maximum(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 0.2, 0).mean()

    check(F.triplet, [uniform(4, 3, seed=s) for s in range(3)], expected)
    with pytest.raises(InvalidType):
        F.triplet(*[np.zeros((0, 3), "f")] * 3)


def test_focal_loss_of_gamma_0_is_half_the_cross_entropy():
    x, t = uniform(3, 2), np.array([[1, 0], [0, 1], [1, 1]])
    half = F.focal_loss(x, t.astype(float), alpha=0.5, gamma=0.0)
    np.testing.assert_allclose(half.array * 2, F.sigmoid_cross_entropy(x, t).array)
