"""Optimizers against the formulas of their papers, written out in NumPy."""

import pickle

import numpy as np
import pytest
from kudari import optimizers

from link_helpers import linked

GRADIENTS = [
    np.array(g) for g in ([0.5, -2.0, 1e-3], [0.25, 1.0, -1e-3], [-0.125, 3.0, 0.0], [1.0, -1.0, 2.0])
]
START = np.array([1.0, -0.5, 0.25])


def sgd(p, g, s, t):
    return p - 0.1 * g


def momentum(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - 0.1 * g
    return p + s["v"]


def corrected_momentum(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - g
    return p + 0.1 * s["v"]


def nesterov(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - 0.1 * g
    return p + 0.64 * s["v"] - 1.8 * 0.1 * g


def ada_grad(p, g, s, t):
    s["h"] = s.get("h", 0) + g * g
    return p - 0.1 * g / (np.sqrt(s["h"]) + 1e-8)


def ada_delta(p, g, s, t):
    s["msg"] = 0.95 * s.get("msg", 0) + 0.05 * g * g
    dx = np.sqrt((s.get("msdx", 0) + 1e-6) / (s["msg"] + 1e-6)) * g
    s["msdx"] = 0.95 * s.get("msdx", 0) + 0.05 * dx * dx
    return p - dx


def rmsprop(p, g, s, t):
    s["ms"] = 0.99 * s.get("ms", 0) + 0.01 * g * g
    return p - 0.1 * g / (np.sqrt(s["ms"]) + 1e-8)


def rmsprop_inside(p, g, s, t):
    s["ms"] = 0.99 * s.get("ms", 0) + 0.01 * g * g
    return p - 0.1 * g / np.sqrt(s["ms"] + 1e-8)


def rmsprop_graves(p, g, s, t):
    s["n"] = 0.95 * s.get("n", 0) + 0.05 * g * g
    s["g"] = 0.95 * s.get("g", 0) + 0.05 * g
    s["d"] = 0.9 * s.get("d", 0) - 0.1 * g / np.sqrt(s["n"] - s["g"] ** 2 + 1e-4)
    return p + s["d"]


def smorms3(p, g, s, t):
    mem = s.get("mem", 1)
    r = 1 / (mem + 1)
    s["g"] = (1 - r) * s.get("g", 0) + r * g
    s["g2"] = (1 - r) * s.get("g2", 0) + r * g * g
    x = s["g"] ** 2 / (s["g2"] + 1e-16)
    s["mem"] = 1 + mem * (1 - x)
    return p - g * np.minimum(x, 0.1) / (np.sqrt(s["g2"]) + 1e-16)


def adam_moments(g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g * g
    return 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)


def adam(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - rate * s["m"] / (np.sqrt(s["v"]) + 1e-8)


def adam_w(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - 0.5 * (rate * s["m"] / (np.sqrt(s["v"]) + 1e-8) + 0.2 * p)


def ams_grad(p, g, s, t):
    rate = adam_moments(g, s, t)
    s["vhat"] = np.maximum(s.get("vhat", 0), s["v"])
    return p - rate * s["m"] / (np.sqrt(s["vhat"]) + 1e-8)


def bounded(rate, t):
    return np.clip(rate, 0.1 * (1 - 1 / (0.001 * t + 1)), 0.1 * (1 + 1 / (0.001 * t)))


def ada_bound(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - bounded(rate / (np.sqrt(s["v"]) + 1e-8), t) * s["m"]


def ams_bound(p, g, s, t):
    rate = adam_moments(g, s, t)
    s["vhat"] = np.maximum(s.get("vhat", 0), s["v"])
    return p - bounded(rate / (np.sqrt(s["vhat"]) + 1e-8), t) * s["m"]


def msvag(p, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g * g
    m, v = s["m"] / (1 - 0.9**t), s["v"] / (1 - 0.9**t)
    rho = min(0.1**2 * (1 - 0.9 ** (2 * t)) / ((1 - 0.9**t) ** 2 * (1 - 0.9**2)), 0.9999)
    variance = (v - m * m) / (1 - rho)
    factor = np.clip(m * m / np.where(m == 0, 1, m * m + rho * variance), 0, 1)
    return p - 0.1 * m * factor


CASES = [
    (optimizers.SGD, {"lr": 0.1}, sgd),
    (optimizers.MomentumSGD, {"lr": 0.1, "momentum": 0.8}, momentum),
    (optimizers.CorrectedMomentumSGD, {"lr": 0.1, "momentum": 0.8}, corrected_momentum),
    (optimizers.NesterovAG, {"lr": 0.1, "momentum": 0.8}, nesterov),
    (optimizers.AdaGrad, {"lr": 0.1}, ada_grad),
    (optimizers.AdaDelta, {}, ada_delta),
    (optimizers.RMSprop, {"lr": 0.1}, rmsprop),
    (optimizers.RMSprop, {"lr": 0.1, "eps_inside_sqrt": True}, rmsprop_inside),
    (optimizers.RMSpropGraves, {"lr": 0.1}, rmsprop_graves),
    (optimizers.SMORMS3, {"lr": 0.1}, smorms3),
    (optimizers.Adam, {"alpha": 0.1}, adam),
    (optimizers.AdamW, {"alpha": 0.1, "eta": 0.5, "weight_decay_rate": 0.2}, adam_w),
    (optimizers.AMSGrad, {"alpha": 0.1}, ams_grad),
    (optimizers.AdaBound, {"alpha": 0.1}, ada_bound),
    (optimizers.AMSBound, {"alpha": 0.1}, ams_bound),
    (optimizers.MSVAG, {}, msvag),
]


def expected_path(rule):
    state, p, path = {}, START, []
    for t, g in enumerate(GRADIENTS, 1):
        p = rule(p, g, state, t)
        path.append(p)
    return path


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-9), (np.float32, 2e-4), (np.float16, 1e-2)])
@pytest.mark.parametrize("make, settings, rule", CASES)
def test_steps_follow_the_formula(make, settings, rule, dtype, tolerance):
    link = linked(START.astype(dtype))
    optimizer = make(**settings).setup(link)
    for g, expected in zip(GRADIENTS, expected_path(rule)):
        link.w.grad = g.astype(dtype)
        optimizer.update()
        np.testing.assert_allclose(link.w.array, expected, rtol=tolerance, atol=tolerance)
    assert link.w.dtype == dtype


@pytest.mark.parametrize("make, settings, rule", CASES)
def test_arrays_with_gaps_get_the_same_steps(make, settings, rule):
    wide = np.zeros((3, 2))
    wide[:, 0] = START
    link = linked(wide[:, 0])
    optimizer = make(**settings).setup(link)
    for g, expected in zip(GRADIENTS, expected_path(rule)):
        link.w.grad = g.copy()
        optimizer.update()
        np.testing.assert_allclose(wide[:, 0], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(wide[:, 1], 0)


@pytest.mark.parametrize("shape", [(), (1, 0, 2), (2, 3)])
@pytest.mark.parametrize("make, settings, rule", CASES)
def test_every_shape_is_updated(make, settings, rule, shape):
    link = linked(np.ones(shape, np.float32))
    optimizer = make(**settings).setup(link)
    for _ in range(2):
        link.w.grad = np.ones(shape, np.float32)
        optimizer.update()
    assert link.w.shape == shape and (link.w.array != 1).all()


@pytest.mark.parametrize("make, settings, rule", CASES)
def test_pickled_optimizers_go_on_alike(make, settings, rule):
    link = linked(START.copy())
    optimizer = make(**settings).setup(link)
    link.w.grad = GRADIENTS[0]
    optimizer.update()
    twin = pickle.loads(pickle.dumps(optimizer))
    for method in (optimizer, twin):
        method.target.w.grad = GRADIENTS[1]
        method.update()
    np.testing.assert_array_equal(twin.target.w.array, link.w.array)
    assert twin.target.w is not link.w
