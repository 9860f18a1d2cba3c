"""Cells of recurrent networks: what becomes of states in one step."""

from kudari import _core
from kudari.functions._checks import need, need_floats
from kudari.functions.array_indexing import get_item
from kudari.functions.array_joining import concat
from kudari.functions.array_shapes import reshape


def _gates(where, x, state, count):
    """The inputs of the gates, which lie next to each other for each unit."""
    need_floats(where, x)
    fits = (
        x.ndim > 1
        and state.ndim == x.ndim
        and x.shape[1] == count * state.shape[1]
        and x.shape[2:] == state.shape[2:]
    )
    need(
        where,
        fits and len(x) <= len(state),
        f"state of shape {state.shape}, x of {x.shape}",
        f"{count} gates for each unit",
    )
    need_floats(where, x, state)
    gates = reshape(x, (len(x), state.shape[1], count, *x.shape[2:]))
    return [get_item(gates, (slice(None), slice(None), i)) for i in range(count)]


def _remembered(c_prev, a, i, f):
    """tanh(a)·sigmoid(i) + sigmoid(f)·c_prev"""
    return _core.add(_core.mul(_core.tanh(a), _core.sigmoid(i)), _core.mul(_core.sigmoid(f), c_prev))


def lstm(c_prev, x):
    """One step of long short-term memory: the new cells and outputs.

    x (samples, 4 × units) are the inputs of candidate, input gate, forget gate and output gate, next to each
    other for each unit. If x has fewer samples than ``c_prev``, the cells of the others stay.
    """
    a, i, f, o = _gates("lstm", x, c_prev, 4)
    count = len(x)
    rest = get_item(c_prev, slice(count, None)) if count < len(c_prev) else None
    c = _remembered(c_prev if rest is None else get_item(c_prev, slice(None, count)), a, i, f)
    h = _core.mul(_core.sigmoid(o), _core.tanh(c))
    return (c if rest is None else concat([c, rest], 0)), h


def slstm(c_prev1, c_prev2, x1, x2):
    """One step of an LSTM with two children.

    Each has its own gates, the outputs of the output gates' inputs are added.
    """
    need(
        "slstm",
        c_prev1.shape == c_prev2.shape,
        f"states of {c_prev1.shape} and {c_prev2.shape}",
        "the same shape",
    )
    need("slstm", x1.shape == x2.shape, f"x1 of {x1.shape}, x2 of {x2.shape}", "the same shape")
    need("slstm", len(x1) == len(c_prev1), f"{len(x1)} inputs, {len(c_prev1)} states", "as many")
    a1, i1, f1, o1 = _gates("slstm", x1, c_prev1, 4)
    a2, i2, f2, o2 = _gates("slstm", x2, c_prev2, 4)
    c = _core.add(_remembered(c_prev1, a1, i1, f1), _remembered(c_prev2, a2, i2, f2))
    return c, _core.mul(_core.sigmoid(_core.add(o1, o2)), _core.tanh(c))


def tree_lstm(*inputs):
    """One step of an LSTM with any number of children.

    Cells of each, then x (samples, (3 + children) × units).

    x are the inputs of candidate, input gate and output gate, then of a forget gate for each child, one
    behind the other.
    """
    *cells, x = inputs
    need("tree_lstm", len(cells) > 0, "no cells", "the cells of one child at least, and x")
    need_floats("tree_lstm", x, *cells)
    count = 3 + len(cells)
    for c in cells:
        fits = (
            c.ndim == x.ndim > 1
            and len(x) == len(c)
            and x.shape[1] == count * c.shape[1]
            and x.shape[2:] == c.shape[2:]
        )
        need("tree_lstm", fits, f"cells of shape {c.shape}, x of {x.shape}", f"{count} gates for each unit")
    gates = reshape(x, (len(x), count, x.shape[1] // count, *x.shape[2:]))
    a, i, o, *forget = (get_item(gates, (slice(None), k)) for k in range(count))
    total = _core.mul(_core.tanh(a), _core.sigmoid(i))
    for f, c in zip(forget, cells):
        total = _core.add(total, _core.mul(_core.sigmoid(f), c))
    return total, _core.mul(_core.sigmoid(o), _core.tanh(total))
