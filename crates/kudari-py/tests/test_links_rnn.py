"""Recurrent links against NumPy loops over their steps."""

import kudari
import kudari.links as L
import numpy as np
import pytest

from link_helpers import close, randomized, sigmoid, uniform


def interleaved(gates):
    """a, i, f, o, which stand next to each other for each unit."""
    return gates.reshape(len(gates), -1, 4).transpose(2, 0, 1)


def lstm_step(c, gates):
    a, i, f, o = interleaved(gates)
    c = np.tanh(a) * sigmoid(i) + sigmoid(f) * c
    return c, sigmoid(o) * np.tanh(c)


def lstm_gates(link, h, x):
    return x @ link.upward.W.array.T + link.upward.b.array + h @ link.lateral.W.array.T


class TestLSTM:
    def test_keeps_its_state(self):
        link = randomized(L.LSTM(3, 2))
        c = h = np.zeros((4, 2), np.float32)
        for _ in range(3):
            x = uniform(4, 3)
            c, h = lstm_step(c, lstm_gates(link, h, x))
            close(link(x), h)
        close(link.c, c)
        link.reset_state()
        assert link.h is None and link.c is None

    def test_stateless(self):
        link, c, h, x = randomized(L.StatelessLSTM(3, 2)), uniform(4, 2), uniform(4, 2), uniform(4, 3)
        for actual, expected in zip(link(c, h, x), lstm_step(c, lstm_gates(link, h, x))):
            close(actual, expected)
        zeros = np.zeros((4, 2), np.float32)
        for actual, expected in zip(link(None, None, x), lstm_step(zeros, lstm_gates(link, zeros, x))):
            close(actual, expected)

    def test_smaller_batches_keep_the_rest(self):
        link, x = randomized(L.LSTM(3, 2)), uniform(4, 3)
        before = link(x).array.copy()
        assert link(x[:2]).shape == (2, 2)
        close(link.h.array[2:], before[2:])
        assert link.h.shape == (4, 2)
        with pytest.raises(TypeError, match="batch size"):
            link(uniform(5, 3))

    def test_first_values(self):
        link = L.LSTM(3, 2)
        np.testing.assert_array_equal(
            interleaved(link.upward.b.array[None])[:, 0], [[0, 0], [0, 0], [1, 1], [0, 0]]
        )
        assert link.lateral.b is None and link.lateral.W.array.std() > 0
        link = L.LSTM(3, 2, lateral_init=5, upward_init=6, bias_init=7, forget_bias_init=8)
        assert (link.lateral.W.array == 5).all() and (link.upward.W.array == 6).all()
        np.testing.assert_array_equal(link.upward.b.array, [7, 7, 8, 7] * 2)

    def test_learns_its_size(self):
        for link in (L.LSTM(2), L.LSTM(None, 2)):
            assert link(uniform(4, 3)).shape == (4, 2)
            assert link.upward.W.shape == (8, 3) and link.upward.W.array.std() > 0

    def test_set_state(self):
        link, c, h, x = randomized(L.LSTM(3, 2)), uniform(4, 2), uniform(4, 2), uniform(4, 3)
        link.set_state(kudari.Variable(c), kudari.Variable(h))
        close(link(x), lstm_step(c, lstm_gates(link, h, x))[1])
        with pytest.raises(AssertionError, match="Variable"):
            link.set_state(c, h)

    def test_peephole(self):
        link = randomized(L.StatefulPeepholeLSTM(3, 2))
        c = h = np.zeros((4, 2), np.float32)
        for _ in range(2):
            x = uniform(4, 3)
            a, i, f, o = interleaved(lstm_gates(link, h, x))
            i, f = sigmoid(i + c @ link.peep_i.W.array.T), sigmoid(f + c @ link.peep_f.W.array.T)
            c = np.tanh(a) * i + f * c
            h = sigmoid(o + c @ link.peep_o.W.array.T) * np.tanh(c)
            close(link(x), h)

    def test_zoneout_of_nothing_is_an_lstm(self):
        link, x = randomized(L.StatefulZoneoutLSTM(3, 2, c_ratio=0, h_ratio=0)), uniform(4, 3)
        zeros = np.zeros((4, 2), np.float32)
        c, h = lstm_step(zeros, lstm_gates(link, zeros, x))
        close(link(x), h)
        close(link(x), lstm_step(c, lstm_gates(link, h, x))[1])
        with pytest.raises(ValueError, match="train"):
            L.StatefulZoneoutLSTM(3, 2, train=True)

    def test_zoneout_of_everything_stands_still(self):
        link = randomized(L.StatefulZoneoutLSTM(3, 2, c_ratio=1, h_ratio=1))
        c, h = uniform(4, 2), uniform(4, 2)
        link.set_state(kudari.Variable(c), kudari.Variable(h))
        close(link(uniform(4, 3)), h)
        close(link.c, c)


def linear(link, x):
    return x @ link.W.array.T + link.b.array


def gru_step(link, h, x):
    r = sigmoid(linear(link.W_r, x) + linear(link.U_r, h))
    z = sigmoid(linear(link.W_z, x) + linear(link.U_z, h))
    return z * np.tanh(linear(link.W, x) + linear(link.U, r * h)) + (1 - z) * h


class TestGRU:
    def test_stateless(self):
        link, h, x = randomized(L.StatelessGRU(3, 2)), uniform(4, 2), uniform(4, 3)
        close(link(h, x), gru_step(link, h, x))

    @pytest.mark.parametrize("make", [L.GRU, L.StatefulGRU])
    def test_keeps_its_state(self, make):
        link = make(3, 2)
        h, first, second = uniform(4, 2), uniform(4, 3), uniform(4, 3)
        link.set_state(kudari.Variable(h))
        h = gru_step(link, h, first)
        close(link(first), h)
        close(link(second), gru_step(link, h, second))
        link.reset_state()
        close(link(first), gru_step(link, np.zeros((4, 2), np.float32), first))

    def test_takes_x_alone(self):
        with pytest.raises(ValueError, match="StatelessGRU"):
            L.GRU(3, 2)(uniform(4, 2), uniform(4, 3))

    def test_minimal_gated_unit(self):
        link, x = randomized(L.StatefulMGU(3, 2)), uniform(4, 3)
        h = np.zeros((4, 2), np.float32)
        for _ in range(2):
            f = sigmoid(linear(link.W_f, np.hstack([h, x])))
            h = f * np.tanh(linear(link.W_h, np.hstack([f * h, x]))) + (1 - f) * h
            close(link(x), h)
        stateless = L.StatelessMGU(3, 2)
        stateless.copyparams(link)
        link.set_state(kudari.Variable(h))
        close(stateless(h, x), link(x).array)


class TestTrees:
    def test_nary(self):
        link = randomized(L.NaryTreeLSTM(3, 2, n_ary=2))
        cs, hs, x = [uniform(4, 2), uniform(4, 2)], [uniform(4, 2), uniform(4, 2)], uniform(4, 3)
        gates = linear(link.W_x, x) + hs[0] @ link.W_h1.W.array.T + hs[1] @ link.W_h2.W.array.T
        a, i, o, f1, f2 = np.split(gates, 5, axis=1)
        c = sigmoid(i) * np.tanh(a) + sigmoid(f1) * cs[0] + sigmoid(f2) * cs[1]
        for actual, expected in zip(link(*cs, *hs, x), (c, sigmoid(o) * np.tanh(c))):
            close(actual, expected)
        assert link(None, None, None, None, x)[0].shape == (4, 2)
        with pytest.raises(ValueError, match="None"):
            link(None, None, None, None, None)

    def test_child_sum_does_not_mind_the_order(self):
        link = randomized(L.ChildSumTreeLSTM(3, 2))
        cs, hs, x = [uniform(4, 2), uniform(4, 2)], [uniform(4, 2), uniform(4, 2)], uniform(4, 3)
        x_aio, x_f = np.split(linear(link.W_x, x), [6], axis=1)
        a, i, o = np.split((hs[0] + hs[1]) @ link.W_h_aio.W.array.T + x_aio, 3, axis=1)
        f = [sigmoid(h @ link.W_h_f.W.array.T + x_f) for h in hs]
        c = sigmoid(i) * np.tanh(a) + f[0] * cs[0] + f[1] * cs[1]
        close(link(*cs, *hs, x)[0], c)
        close(link(*cs[::-1], *hs[::-1], x)[1], sigmoid(o) * np.tanh(c))
        a, i, o = np.split(x_aio, 3, axis=1)
        close(link(x)[0], sigmoid(i) * np.tanh(a))


SEQUENCES = [uniform(length, 3) for length in (2, 4, 1, 4)]


def run_layer(step, state, xs, reverse=False):
    """The outputs of a layer over one sequence, and its last state."""
    ys = []
    for x in xs[::-1] if reverse else xs:
        state = step(state, x)
        ys.append(state[0] if isinstance(state, tuple) else state)
    return np.array(ys[::-1] if reverse else ys), state


def rnn_step(weights, activation):
    w0, w1, b0, b1 = weights
    return lambda h, x: activation(w0 @ x + b0 + w1 @ h + b1)


def gru_like_step(weights):
    w, b = weights[:6], weights[6:]

    def step(h, x):
        r = sigmoid(w[0] @ x + b[0] + w[3] @ h + b[3])
        z = sigmoid(w[1] @ x + b[1] + w[4] @ h + b[4])
        return (1 - z) * np.tanh(w[2] @ x + b[2] + r * (w[5] @ h + b[5])) + z * h

    return step


def lstm_like_step(weights):
    w, b = weights[:8], weights[8:]

    def step(state, x):
        h, c = state
        i, f, a, o = (w[k] @ x + b[k] + w[k + 4] @ h + b[k + 4] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
        return sigmoid(o) * np.tanh(c), c

    return step


def relu(x):
    return np.maximum(x, 0)


CASES = [
    (L.NStepRNNTanh, lambda w: rnn_step(w, np.tanh)),
    (L.NStepBiRNNTanh, lambda w: rnn_step(w, np.tanh)),
    (L.NStepRNNReLU, lambda w: rnn_step(w, relu)),
    (L.NStepBiRNNReLU, lambda w: rnn_step(w, relu)),
    (L.NStepGRU, gru_like_step),
    (L.NStepBiGRU, gru_like_step),
    (L.NStepLSTM, lstm_like_step),
    (L.NStepBiLSTM, lstm_like_step),
]


@pytest.mark.parametrize("make, step_of", CASES)
def test_layers_over_sequences(make, step_of):
    link = randomized(make(2, 3, 2, 0.0))
    states = [uniform(2 * link.direction, 4, 2) for _ in range(link.n_cells)]
    *finals, ys = link(*(state.copy() for state in states), SEQUENCES)
    for index, xs in enumerate(SEQUENCES):
        for layer in range(2):
            outputs = []
            for direction in range(link.direction):
                row = layer * link.direction + direction
                weights = [
                    getattr(link[row], f"{kind}{j}").array for kind in "wb" for j in range(link.n_weights)
                ]
                state = tuple(state[row, index] for state in states)
                out, last = run_layer(
                    step_of(weights), state if len(state) > 1 else state[0], xs, direction == 1
                )
                outputs.append(out)
                last = last if isinstance(last, tuple) else (last,)
                for final, value in zip(finals, last):
                    close(final.array[row, index], value, 1e-4)
            xs = np.concatenate(outputs, axis=1)
        close(ys[index], xs, 1e-4)


@pytest.mark.parametrize("make, step_of", CASES)
def test_states_start_at_zeros(make, step_of):
    link = make(1, 3, 2, 0.5)
    nothing = [None] * link.n_cells
    zeros = [np.zeros((link.direction, 4, 2), np.float32)] * link.n_cells
    with kudari.using_config("train", False):
        for one, other in zip(link(*nothing, SEQUENCES)[-1], link(*zeros, SEQUENCES)[-1]):
            np.testing.assert_array_equal(one.array, other.array)
    assert all((b.array == 0).all() for layer in link.bs for b in layer)
    twin = link.copy("copy")
    assert twin.ws[0][0] is twin[0].w0


def test_old_arguments_are_refused():
    with pytest.raises(ValueError, match="Bi in its name"):
        L.NStepLSTM(1, 3, 2, 0.0, use_bi_direction=True)
    with pytest.raises(AssertionError, match="list"):
        L.NStepLSTM(1, 3, 2, 0.0)(None, None, uniform(2, 3))
