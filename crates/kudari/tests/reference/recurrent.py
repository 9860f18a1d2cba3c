#!/usr/bin/env python3
"""Makes recurrent.json: recurrent networks by PyTorch, one layer in one direction and stacks of layers.

    python recurrent.py

Made with the versions that stand in the file; common.py says in which form.
"""

import torch
from common import CASES, UPSTREAM, VERSIONS, Given, case, rule_values, some, text, write
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def small(*shape, shift=0):
    """Numbers from −0.75 to 0.75, between which gates are not saturated."""
    return Given(shape=shape, rule=[37 + shift, 97, 48.0, 64])


def module(kind, inputs, units, relu=False, **options):
    extra = {"nonlinearity": "relu"} if relu else {}
    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    return kinds[kind](inputs, units, batch_first=True, **extra, **options)


def apply(net, parameters, x, states, lengths):
    """The results at all places, zeros behind a sample's end, and the last states."""
    places = x.shape[1]
    if lengths:
        x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, last = functional_call(net, parameters, (x, states if len(states) > 1 else states[0]))
    if lengths:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=places)
    return y, (last if isinstance(last, tuple) else (last,))


def one(kind, samples, places, inputs, units, biases=True, relu=False, reverse=False, lengths=None):
    """One layer in one direction: results and last states side by side along the axis of places."""
    rows, count = GATES[kind] * units, 2 if kind == "lstm" else 1
    given = [some(samples, places, inputs), *(small(samples, units, shift=3 * i) for i in range(count))]
    given += [small(rows, inputs, shift=1), small(rows, units, shift=2)]
    given += [small(rows, shift=4), small(rows, shift=5)] if biases else []
    net = module(kind, inputs, units, relu, bias=biases, bidirectional=reverse)
    names = ["weight_ih_l0", "weight_hh_l0"] + (["bias_ih_l0", "bias_hh_l0"] if biases else [])

    def compute(x, *rest):
        states, parameters = [s[None] for s in rest[:count]], dict(zip(names, rest[count:]))
        if reverse:
            # PyTorch goes backwards only beside going forwards: those numbers are 0 and not looked at.
            backwards = {f"{name}_reverse": p for name, p in parameters.items()}
            parameters = {name: torch.zeros_like(p) for name, p in parameters.items()} | backwards
            states = [torch.cat([torch.zeros_like(s), s]) for s in states]
        y, last = apply(net, parameters, x, states, lengths)
        y = y[..., units:] if reverse else y
        return torch.cat([y, *(state[-1][:, None] for state in last)], 1)

    args = {"relu": relu, "reverse": reverse} | ({"lengths": lengths} if lengths else {})
    case(kind, given, compute, args)


def stack(kind, layers, both, samples, places, inputs, units, lengths=None):
    """Several layers: results, last states, and the gradients by x, first states and parameters, in PyTorch's order."""
    net = module(kind, inputs, units, num_layers=layers, bidirectional=both)
    parameters = [(name, small(*p.shape, shift=i)) for i, (name, p) in enumerate(net.named_parameters())]
    count, directions = 2 if kind == "lstm" else 1, 2 if both else 1
    states = [small(layers * directions, samples, units, shift=20 + i) for i in range(count)]
    x = some(samples, places, inputs)
    given = [x, *states, *(p for _, p in parameters)]
    entry = {"f": kind, "layers": layers, "both": both, "units": units, "x": [g.json for g in given], "lengths": lengths}
    for dtype, kind_of in [("f64", torch.float64), ("f32", torch.float32)]:
        v = [torch.tensor(g.values).to(kind_of).requires_grad_(True) for g in given]
        named = {name: p for (name, _), p in zip(parameters, v[1 + count :])}
        results = apply(net, named, v[0], v[1 : 1 + count], lengths)
        results = [results[0], *results[1]]
        upstream = [torch.tensor(rule_values(tuple(y.shape), UPSTREAM)).to(kind_of) for y in results]
        found = torch.autograd.grad(results, v, upstream)
        entry[dtype] = {"y": [text(y.detach().numpy()) for y in results], "g": [text(g.numpy()) for g in found]}
    return entry


for kind in GATES:
    one(kind, 2, 3, 2, 2)
    one(kind, 3, 5, 4, 3, reverse=True)
    one(kind, 1, 1, 1, 1)
    one(kind, 4, 1, 3, 2, biases=False)
    one(kind, 4, 4, 2, 3, lengths=[4, 1, 3, 2])
    one(kind, 3, 6, 1, 5, lengths=[2, 6, 5], reverse=True)
    one(kind, 2, 7, 5, 17)
    one(kind, 18, 2, 3, 2, lengths=[2, 1] * 9)
one("rnn", 3, 4, 2, 3, relu=True)
one("rnn", 3, 4, 3, 5, relu=True, reverse=True, lengths=[1, 4, 2])

stacks = []
for kind in GATES:
    stacks.append(stack(kind, 2, False, 3, 4, 3, 2))
    stacks.append(stack(kind, 1, True, 2, 3, 2, 3))
    stacks.append(stack(kind, 2, True, 3, 5, 2, 3, lengths=[3, 5, 1]))
write("recurrent.json", {"versions": VERSIONS, "upstream": UPSTREAM}, {"cases": CASES, "stacks": stacks})
