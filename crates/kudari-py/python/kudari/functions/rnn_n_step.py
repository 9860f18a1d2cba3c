"""Recurrent networks of several layers over transposed sequences.

For every step the inputs of those that still go on.

``xs`` is a list with inputs (samples, units) for every step, samples sorted by length, longest first. ``hx``
(and ``cx``) are the states (layers × directions, samples, units) at the beginning. ``ws`` and ``bs`` hold,
for every layer and direction, the weights and biases of the gates: first those of the input, then those of
the state.
"""

from kudari import _core
from kudari.functions._checks import check_word
from kudari.functions.array_joining import concat, separate, split_axis, stack
from kudari.functions.array_shapes import reshape
from kudari.functions.connection import linear
from kudari.functions.noise import dropout
from kudari.functions.rnn import lstm
from kudari.utils import argument


def n_step_rnn(n_layers, dropout_ratio, hx, ws, bs, xs, activation="tanh", **kwargs):
    """h' = tanh(or relu)(W₀x + W₁h): the last states and, for every step, the outputs of the last layer."""
    return _plain(n_layers, dropout_ratio, hx, ws, bs, xs, activation, False, kwargs)


def n_step_birnn(n_layers, dropout_ratio, hx, ws, bs, xs, activation="tanh", **kwargs):
    """``n_step_rnn`` in both directions; outputs of both stand side by side."""
    return _plain(n_layers, dropout_ratio, hx, ws, bs, xs, activation, True, kwargs)


def n_step_lstm(n_layers, dropout_ratio, hx, cx, ws, bs, xs, **kwargs):
    """Long short-term memory with eight weights.

    Input, forget, candidate and output gate, for input and state.

    Returns the last states, the last cells and, for every step, the outputs of the last layer.
    """
    return _long_short(n_layers, dropout_ratio, hx, cx, ws, bs, xs, False, kwargs)


def n_step_bilstm(n_layers, dropout_ratio, hx, cx, ws, bs, xs, **kwargs):
    """``n_step_lstm`` in both directions; outputs of both stand side by side."""
    return _long_short(n_layers, dropout_ratio, hx, cx, ws, bs, xs, True, kwargs)


def n_step_gru(n_layers, dropout_ratio, hx, ws, bs, xs, **kwargs):
    """Gated recurrent units with six weights: reset, update and candidate, for input and state."""
    return _gated(n_layers, dropout_ratio, hx, ws, bs, xs, False, kwargs)


def n_step_bigru(n_layers, dropout_ratio, hx, ws, bs, xs, **kwargs):
    """``n_step_gru`` in both directions; outputs of both stand side by side."""
    return _gated(n_layers, dropout_ratio, hx, ws, bs, xs, True, kwargs)


def _check(xs, ws, kwargs):
    if kwargs:
        argument.check_unexpected_kwargs(
            kwargs, train="there is no argument train\n  use kudari.using_config('train', ...)"
        )
        argument.assert_kwargs_empty(kwargs)
    inputs, expected = xs[0].shape[1], ws[0][0].shape[1]
    if inputs != expected:
        raise ValueError(f"inputs of {inputs} units, weights for {expected}\n  expected: as many")


def _plain(n_layers, dropout_ratio, hx, ws, bs, xs, activation, both_ways, kwargs):
    _check(xs, ws, kwargs)
    check_word("n_step_rnn", "activation", activation, ("tanh", "relu"))
    squash = _core.tanh if activation == "tanh" else _core.relu

    def step(x, h, c, w, b):
        return squash(_core.add(linear(x, w[0], b[0]), linear(h, w[1], b[1]))), None

    hy, _, ys = _layers(step, n_layers, dropout_ratio, hx, None, ws, bs, xs, both_ways)
    return hy, ys


def _interleaved(parameters):
    """Parameters of four gates next to each other for each unit, as ``lstm`` wants them."""
    together = stack(parameters, 1)
    return reshape(together, (together.shape[0] * together.shape[1], *together.shape[2:]))


def _long_short(n_layers, dropout_ratio, hx, cx, ws, bs, xs, both_ways, kwargs):
    _check(xs, ws, kwargs)
    # Candidate, input, forget and output gate are the order of ``lstm``; the weights come as input, forget,
    # candidate, output.
    order = (2, 0, 1, 3)

    def gates(parameters):
        return [[_interleaved([p[i + k] for i in order]) for k in (0, 4)] for p in parameters]

    def step(x, h, c, w, b):
        c, h = lstm(c, _core.add(linear(x, w[0], b[0]), linear(h, w[1], b[1])))
        return h, c

    return _layers(step, n_layers, dropout_ratio, hx, cx, gates(ws), gates(bs), xs, both_ways)


def _gated(n_layers, dropout_ratio, hx, ws, bs, xs, both_ways, kwargs):
    _check(xs, ws, kwargs)

    def gates(parameters):
        return [[concat(list(p[k : k + 3]), 0) for k in (0, 3)] for p in parameters]

    def step(x, h, c, w, b):
        x_r, x_z, x_h = split_axis(linear(x, w[0], b[0]), 3, 1)
        h_r, h_z, h_h = split_axis(linear(h, w[1], b[1]), 3, 1)
        r, z = _core.sigmoid(_core.add(x_r, h_r)), _core.sigmoid(_core.add(x_z, h_z))
        candidate = _core.tanh(_core.add(x_h, _core.mul(r, h_h)))
        return _core.add(_core.mul(_core.sub(1, z), candidate), _core.mul(z, h)), None

    hy, _, ys = _layers(step, n_layers, dropout_ratio, hx, None, gates(ws), gates(bs), xs, both_ways)
    return hy, ys


def _layers(step, n_layers, dropout_ratio, hx, cx, ws, bs, xs, both_ways):
    """All layers one after the other: the last states, the last cells or None, the outputs."""
    directions = 2 if both_ways else 1
    hx = separate(hx)
    cells = separate(cx) if cx is not None else [None] * len(hx)
    last_h, last_c, outputs = [], [], list(xs)
    for layer in range(n_layers):
        inputs, ways = outputs, []
        for direction in range(directions):
            k = layer * directions + direction
            given = inputs if layer == 0 else [dropout(x, dropout_ratio) for x in inputs]
            h, c, ys = _one_way(step, given[::-1] if direction else given, hx[k], cells[k], ws[k], bs[k])
            last_h.append(h)
            last_c.append(c)
            ways.append(ys[::-1] if direction else ys)
        outputs = [concat(list(both), 1) for both in zip(*ways)] if both_ways else ways[0]
    return stack(last_h), (stack(last_c) if cx is not None else None), tuple(outputs)


def _one_way(step, xs, h, c, w, b):
    """One layer in one direction; the states of sequences that have ended, or not begun, wait."""
    outputs = []
    for x in xs:
        count = len(x)
        waits = len(h) > count
        if waits:
            h, h_rest = split_axis(h, [count], 0)
            if c is not None:
                c, c_rest = split_axis(c, [count], 0)
        h, c = step(x, h, c, w, b)
        outputs.append(h)
        if waits:
            h = concat([h, h_rest], 0)
            if c is not None:
                c = concat([c, c_rest], 0)
    return h, c, outputs
