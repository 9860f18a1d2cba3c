#!/usr/bin/env python3
"""Makes normalization.json: normalisations and embeddings by PyTorch.

    python normalization.py

Made with the versions that stand in the file; common.py says in which form.
"""

import numpy as np
import torch
import torch.nn.functional as F
from common import Given, case, some, write_cases, written


def rows(name, x, axes, scale, epsilon=1e-5):
    """Layer or RMS normalisation over the last axes, with weight (and bias) or without."""
    shape = x[len(x) - axes :]
    inputs = [some(*x)]
    if scale:
        inputs.append(some(*shape, shift=6))
    if scale and name == "layer_norm":
        inputs.append(some(*shape, shift=2))
    f = F.layer_norm if name == "layer_norm" else F.rms_norm
    # One number by itself is always its own mean: the gradient by it is 0, and PyTorch's a rounding error.
    gradients = shape != (1,)
    case(name, inputs, lambda x, *scales: f(x, list(shape), *scales, eps=epsilon), {"axes": axes, "epsilon": epsilon}, gradients)


def batch(x, scale=True, epsilon=1e-5):
    channels = x[1]
    # With this shift x does not run alike with the upstream gradient: what is left after the means are taken off is not small.
    inputs = [some(*x, shift=5)] + ([some(channels, shift=6), some(channels, shift=2)] if scale else [])
    f = lambda x, w=None, b=None: F.batch_norm(x, None, None, w, b, training=True, eps=epsilon)  # noqa: E731
    case("batch_norm", inputs, f, {"epsilon": epsilon})


def embeddings():
    def indices(values):
        values = np.array(values, dtype=np.int64)
        return torch.tensor(values), written(values)

    for shape, values in [((5, 3), [4, 0, 4, 1]), ((4, 2), [[0, 1, 1], [3, 3, 3]]), ((3, 2, 2), [2, 2]), ((2, 1), [[[1]]]), ((1, 4), [0, 0, 0])]:
        at, json_at = indices(values)
        case("embedding", [some(*shape)], lambda t: t[at], {"indices": json_at})
        picked = tuple(at.shape) + shape[1:]

        def add(g):
            zeros = torch.zeros(shape, dtype=g.dtype)
            return zeros.index_add(0, at.reshape(-1), g.reshape(-1, *shape[1:]))

        case("add_rows", [some(*picked)], add, {"indices": json_at, "rows": shape[0]})


for name in ["layer_norm", "rms_norm"]:
    for x, axes in [((3, 5), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((7,), 1), ((4, 1), 1), ((1, 37), 1), ((5, 33), 1), ((2, 2, 1, 16), 3)]:
        rows(name, x, axes, True)
    rows(name, (3, 5), 1, False)
    rows(name, (3, 5), 1, True, epsilon=0.5)
    # A row of equal numbers, whose variance is 0.
    flat = [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]
    f = F.layer_norm if name == "layer_norm" else F.rms_norm
    case(name, [Given(flat)], lambda x: f(x, [3], eps=1e-3), {"axes": 1, "epsilon": 1e-3})
for x in [(4, 3), (2, 3, 4, 5), (3, 1, 2, 2), (5, 17), (2, 4, 7), (1, 2, 3, 3), (40, 33)]:
    batch(x)
batch((4, 3), scale=False)
batch((2, 3, 2, 2), epsilon=0.5)
embeddings()
write_cases("normalization.json")
