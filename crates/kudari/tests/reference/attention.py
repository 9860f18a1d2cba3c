#!/usr/bin/env python3
"""Makes attention.json: scaled dot-product attention by PyTorch.

    python attention.py

Made with the versions that stand in the file; common.py says in which form.
"""

import numpy as np
import torch
import torch.nn.functional as F
from common import Given, case, rule_values, some, write_cases, written


def sixteenths(*shape, shift=0):
    """Numbers between −1.5 and 1.5: scores then do not decide everything for one key."""
    return Given(shape=shape, rule=[37 + shift, 97, 48.0, 32])


def seen_by(queries, keys):
    """A mask of no particular order, in which every query sees something."""
    numbers = np.arange(queries * keys).reshape(queries, keys)
    mask = (numbers * 7 + numbers // keys) % 5 < 3
    mask[:, 0] = True
    return mask


def both(q, k, v, causal=False, mask=None, added=None, scale=None):
    args = {"causal": causal}
    given = None
    if mask is not None:
        args["mask"], given = {**written(mask), "b": True}, torch.tensor(mask)
    if added is not None:
        args["mask"] = written(added)
    if scale is not None:
        args["scale"] = scale

    def compute(q, k, v):
        bias = torch.tensor(added).to(q.dtype) if added is not None else given
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=causal, scale=scale)

    case("attention", [sixteenths(*q), sixteenths(*k, shift=6), some(*v, shift=2)], compute, args)


def joined(samples, places, heads, depth, causal):
    def compute(x):
        q, k, v = x.reshape(samples, places, 3, heads, depth).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return y.transpose(1, 2).reshape(samples, places, heads * depth)

    case("self_attention", [sixteenths(samples, places, 3 * heads * depth)], compute, {"heads": heads, "causal": causal})


both((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6))
both((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1))
both((2, 2, 5, 3), (2, 2, 5, 3), (2, 2, 5, 3), causal=True)
both((1, 2, 3, 3), (1, 2, 6, 3), (1, 2, 6, 2), causal=True)
both((1, 2, 6, 3), (1, 2, 3, 3), (1, 2, 3, 2), causal=True, scale=0.3)
both((2, 2, 4, 3), (2, 2, 5, 3), (2, 2, 5, 2), mask=seen_by(4, 5))
both((2, 1, 4, 3), (2, 1, 5, 3), (2, 1, 5, 2), mask=np.array([[[[True, True, True, False, False]]], [[[True] * 5]]]))
both((1, 2, 3, 2), (1, 2, 4, 2), (1, 2, 4, 3), added=rule_values((2, 3, 4), [11, 23, 11.0, 8]))
# More queries and keys than a block holds.
both((1, 1, 67, 2), (1, 1, 131, 2), (1, 1, 131, 1))
both((1, 1, 131, 1), (1, 1, 131, 1), (1, 1, 131, 1), causal=True)
both((1, 1, 66, 1), (1, 1, 130, 1), (1, 1, 130, 1), mask=seen_by(66, 130))
# Large scores: the largest is taken out first. Their gradients carry the rounding of the scores, here as in PyTorch.
large = Given([[[[300.0], [-300.0], [0.0]]]])
case("attention", [large, Given([[[[1.0], [2.0], [-1.0]]]]), Given([[[[1.0], [2.0], [3.0]]]])],
     lambda q, k, v: torch.softmax(q @ k.transpose(-1, -2), -1) @ v, {"causal": False, "scale": 1.0}, gradients=False)  # fmt: skip
for samples, places, heads, depth, causal in [(2, 5, 2, 3, True), (1, 4, 3, 1, False), (1, 1, 1, 2, True), (2, 3, 1, 4, False)]:
    joined(samples, places, heads, depth, causal)
write_cases("attention.json")
