"""Recurrent cells and networks against their equations."""

import numpy as np
import pytest
from function_checks import check, check_gradients, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

LOOSE = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(c, x):
    a, i, f, o = (x.reshape(len(x), -1, 4)[..., k] for k in range(4))
    new = np.tanh(a) * sigmoid(i) + sigmoid(f) * c[: len(x)]
    return np.concatenate([new, c[len(x) :]]), sigmoid(o) * np.tanh(new)


def test_lstm():
    check(F.lstm, [uniform(3, 2), uniform(3, 8, seed=1)], lstm, tolerances=LOOSE)
    check(F.lstm, [uniform(3, 2), uniform(2, 8, seed=1)], lstm, tolerances=LOOSE)
    with pytest.raises(InvalidType):
        F.lstm(uniform(3, 2), uniform(3, 6))
    with pytest.raises(InvalidType):
        F.lstm(uniform(2, 2), uniform(3, 8))


def test_lstm_with_two_children():
    def expected(c1, c2, x1, x2):
        (a1, i1, f1, o1), (a2, i2, f2, o2) = (
            [x.reshape(3, -1, 4)[..., k] for k in range(4)] for x in (x1, x2)
        )
        c = np.tanh(a1) * sigmoid(i1) + sigmoid(f1) * c1 + np.tanh(a2) * sigmoid(i2) + sigmoid(f2) * c2
        return c, sigmoid(o1 + o2) * np.tanh(c)

    arrays = [uniform(3, n, seed=s) for s, n in enumerate([2, 2, 8, 8])]
    check(F.slstm, arrays, expected, tolerances=LOOSE)


def test_tree_lstm():
    def expected(c1, c2, x):
        a, i, o, f1, f2 = np.split(x, 5, 1)
        c = np.tanh(a) * sigmoid(i) + sigmoid(f1) * c1 + sigmoid(f2) * c2
        return c, sigmoid(o) * np.tanh(c)

    check(
        F.tree_lstm,
        [uniform(3, 2), uniform(3, 2, seed=1), uniform(3, 10, seed=2)],
        expected,
        tolerances=LOOSE,
    )


UNITS, COUNTS = 2, [3, 3, 1]


def parameters(gates, layers, directions):
    ws, bs = [], []
    for k in range(layers * directions):
        inputs = 4 if k < directions else UNITS * directions
        half = gates // 2
        ws.append([uniform(UNITS, inputs if g < half else UNITS, seed=10 * k + g) for g in range(gates)])
        bs.append([uniform(UNITS, seed=100 + 10 * k + g) for g in range(gates)])
    return ws, bs


def rnn_step(x, h, c, w, b):
    return np.tanh(x @ w[0].T + b[0] + h @ w[1].T + b[1]), c


def gru_step(x, h, c, w, b):
    r = sigmoid(x @ w[0].T + b[0] + h @ w[3].T + b[3])
    z = sigmoid(x @ w[1].T + b[1] + h @ w[4].T + b[4])
    new = np.tanh(x @ w[2].T + b[2] + r * (h @ w[5].T + b[5]))
    return (1 - z) * new + z * h, c


def lstm_step(x, h, c, w, b):
    i, f, a, o = (x @ w[k].T + b[k] + h @ w[k + 4].T + b[k + 4] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
    return sigmoid(o) * np.tanh(c), c


def run(step, layers, directions, hx, cx, ws, bs, xs):
    """Sample by sample and layer by layer, as the equations say."""
    hy, cy, ys = np.empty_like(hx), np.empty_like(hx), [np.empty((n, UNITS * directions)) for n in COUNTS]
    for sample in range(3):
        sequence = [x[sample] for x in xs if len(x) > sample]
        for layer in range(layers):
            both = []
            for d in range(directions):
                k = layer * directions + d
                h, c, out = hx[k, sample], cx[k, sample], []
                for x in sequence[::-1] if d else sequence:
                    h, c = step(x, h, c, ws[k], bs[k])
                    out.append(h)
                hy[k, sample], cy[k, sample] = h, c
                both.append(out[::-1] if d else out)
            sequence = [np.concatenate(parts) for parts in zip(*both)]
        for y, value in zip(ys, sequence):
            y[sample] = value
    return hy, cy, ys


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_n_step(kind, layers, directions):
    step, gates = {"rnn": (rnn_step, 2), "gru": (gru_step, 6), "lstm": (lstm_step, 8)}[kind]
    function = getattr(F, f"n_step_{'bi' if directions == 2 else ''}{kind}")
    ws, bs = parameters(gates, layers, directions)
    hx, cx = uniform(layers * directions, 3, UNITS, seed=1), uniform(layers * directions, 3, UNITS, seed=2)
    xs = [uniform(n, 4, seed=5 + i) for i, n in enumerate(COUNTS)]
    hy, cy, ys = run(step, layers, directions, hx, cx, ws, bs, xs)
    states = [hx, cx] if kind == "lstm" else [hx]
    with kudari.using_config("train", False):
        *last, outputs = function(layers, 0.5, *states, ws, bs, xs)
    for got, wanted in zip([*last, *outputs], [hy, *([cy] if kind == "lstm" else []), *ys]):
        np.testing.assert_allclose(got.array, wanted, rtol=1e-10)
    if layers == 1:
        check_gradients(
            lambda h, x: function(layers, 0.0, *([h, cx] if kind == "lstm" else [h]), ws, bs, [x, *xs[1:]])[
                0
            ],
            [hx, xs[0]],
            order=1,
        )


def test_n_step_refuses():
    ws, bs = parameters(2, 1, 1)
    with pytest.raises(ValueError):
        F.n_step_rnn(1, 0.0, uniform(1, 3, 2), ws, bs, [uniform(3, 5)])
    with pytest.raises(ValueError):
        F.n_step_rnn(1, 0.0, uniform(1, 3, 2), ws, bs, [uniform(3, 4)], activation="sigmoid")
    with pytest.raises(ValueError, match="using_config"):
        F.n_step_rnn(1, 0.0, uniform(1, 3, 2), ws, bs, [uniform(3, 4)], train=True)


def test_dropout_between_layers():
    ws, bs = parameters(2, 2, 1)
    arguments = uniform(2, 3, 2), ws, bs, [uniform(3, 4)]
    plain = F.n_step_rnn(2, 0.0, *arguments)[0].array
    np.random.seed(0)
    assert not np.allclose(F.n_step_rnn(2, 0.5, *arguments)[0].array, plain)
