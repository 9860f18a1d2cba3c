#!/usr/bin/env python3
"""Makes arrange.json: reference values of the functions that put numbers into other places, sort them, or multiply them by
Einstein's sum convention.

    python arrange.py

Made with the versions that stand in the file.
"""

import numpy as np
import torch
import torch.nn.functional as F
from common import INF, NAN, Given, case, eighths, some, write_cases


def pad_cases():
    """By NumPy's rules of padding, as picked indices, so that PyTorch finds the gradients of any axes."""
    layouts = [((5,), [[2, 3]]), ((3, 4), [[1, 0], [2, 3]]), ((2, 3, 4), [[0, 0], [2, 1]]), ((4, 1, 3), [[3, 3], [0, 0], [1, 2]]),
               ((2, 3, 5, 4), [[0, 0], [0, 0], [2, 2], [1, 3]]), ((3, 37), [[0, 0], [36, 5]])]  # fmt: skip
    for shape, widths in layouts:
        whole = widths + [[0, 0]] * (len(shape) - len(widths))
        args = {"widths": widths}
        flat = [w for pair in reversed(whole) for w in pair]
        for value in [0.0, -1.5]:
            case("pad", [some(*shape)], lambda x: F.pad(x, flat, value=value), {**args, "mode": "constant", "value": value})
        for mode in ["reflect", "edge"]:
            numbers = torch.tensor(np.pad(np.arange(np.prod(shape)).reshape(shape), whole, mode))
            case("pad", [some(*shape)], lambda x: x.reshape(-1)[numbers], {**args, "mode": mode})
    args = {"widths": [[1, 2]], "mode": "constant", "value": 1.0}
    case("pad", [Given([INF, NAN, -0.0])], lambda x: F.pad(x, (1, 2), value=1.0), args)


def moving_cases():
    for shape, axes in [((5,), [0]), ((3, 4), [1]), ((2, 3, 4), [0, -1]), ((2, 1, 3), []), ((0, 3), [0]), ((37, 2), [0])]:
        case("flip", [some(*shape)], lambda x: x.flip(axes or list(range(len(shape)))), {"axes": axes})
    for shape, shifts, axes in [((5,), [2], [0]), ((3, 4), [-1], [1]), ((2, 3, 4), [7, -9], [-1, 1]), ((4, 3), [1, 2], [0, 0]), ((0, 3), [1], [0]), ((37,), [16], [0])]:
        case("roll", [some(*shape)], lambda x: x.roll(shifts, axes), {"shifts": shifts, "axes": axes})
    for shape, count, axis in [((5,), 2, 0), ((3, 4), 3, 1), ((2, 3, 4), 2, -2), ((4, 1), 5, 1), ((3,), 0, 0), ((3, 37), 2, 0)]:
        case("repeat", [some(*shape)], lambda x: x.repeat_interleave(count, axis), {"count": count, "axis": axis})
    for shape, counts in [((5,), [2]), ((3, 4), [2, 3]), ((2, 3, 4), [3]), ((2, 3), [2, 1, 2]), ((), [3]), ((2, 3), [1, 0]), ((37,), [3])]:
        case("tile", [some(*shape)], lambda x: x.tile(counts), {"counts": counts})
    for shape, offset in [((4, 4), 0), ((3, 5), 1), ((5, 3), -2), ((2, 3, 4), -1), ((2, 1, 1, 3), 2), ((3, 3), 7), ((0, 3), 0)]:
        case("tril", [some(*shape)], lambda x: x.tril(offset), {"offset": offset})
        case("triu", [some(*shape)], lambda x: x.triu(offset), {"offset": offset})
    # What is masked is 0, whatever it was.
    masked = Given([[1.0, NAN, INF], [2.0, 3.0, -INF], [NAN, 4.0, 5.0]])
    case("tril", [masked], torch.tril, {"offset": 0}, gradients=False)
    case("triu", [masked], torch.triu, {"offset": 0}, gradients=False)
    for shape, offset, axes in [((4, 4), 0, [0, 1]), ((3, 5), 1, [0, 1]), ((5, 3), -2, [0, 1]), ((2, 3, 4), -1, [1, -1]), ((4, 2, 3, 2), 1, [2, 0]), ((3, 3), 5, [0, 1])]:
        case("diagonal", [some(*shape)], lambda x: x.diagonal(offset, *axes), {"offset": offset, "axes": axes})


def cumsum_cases():
    for shape, axis in [((5,), 0), ((3, 4), 1), ((2, 3, 4), -2), ((37, 2), 0), ((4, 1), -1), ((0, 3), 0), ((2, 0), 1)]:
        case("cumsum", [some(*shape)], lambda x: x.cumsum(axis), {"axis": axis})
    case("cumsum", [Given([1.0, INF, 2.0, -INF, 1.0, NAN, 0.0])], lambda x: x.cumsum(0), {"axis": 0}, gradients=False)
    case("cumsum", [Given([1e8, 1.0, 1.0, -1e8, 0.5])], lambda x: x.cumsum(0), {"axis": 0})


def order_cases():
    """Values with many equal ones, by a stable sort; what stands where is compared by the gradients."""
    for shape, axis in [((6,), 0), ((3, 7), 1), ((4, 3, 2), 0), ((2, 5, 3), -2), ((3, 37), 1), ((2, 1), -1), ((0, 3), 1)]:
        few = Given(shape=shape, rule=[37, 5, 2.0, 2])
        for numbers in [some(*shape), few]:
            for descending in [False, True]:
                args = {"axis": axis, "descending": descending}
                case("sort", [numbers], lambda x: x.sort(dim=axis, descending=descending, stable=True).values, args)
        for count in {1, (shape[axis] + 1) // 2, shape[axis]}:
            for largest in [False, True]:
                args = {"axis": axis, "count": count, "largest": largest}
                case("top_k", [some(*shape)], lambda x: x.topk(count, axis, largest).values, args)
    odd = Given([2.0, NAN, -INF, 0.0, INF, NAN, -1.0])
    for descending in [False, True]:
        case("sort", [odd], lambda x: x.sort(dim=0, descending=descending, stable=True).values, {"axis": 0, "descending": descending}, gradients=False)
        case("top_k", [odd], lambda x: x.topk(4, 0, descending).values, {"axis": 0, "count": 4, "largest": descending}, gradients=False)


def einsum_cases():
    for text, *shapes in [
        ("ij,jk->ik", (3, 4), (4, 5)), ("ij,jk", (3, 4), (4, 5)), ("ij,kj->ki", (3, 4), (5, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
        ("bij,bjk->kbi", (2, 3, 4), (2, 4, 2)), ("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 2, 4)), ("i,j->ij", (3,), (4,)), ("i,i", (5,), (5,)),
        ("ij,ij->i", (3, 4), (3, 4)), ("ij,ij->ij", (3, 4), (3, 4)), ("ij->ji", (3, 4)), ("ij->", (3, 4)), ("ij->j", (3, 4)), ("ii->i", (4, 4)),
        ("ii", (4, 4)), ("iij->j", (3, 3, 4)), ("ba", (3, 4)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("i,ij,j", (3,), (3, 4), (4,)),
        ("a,b,c,d->dcba", (2,), (3,), (2,), (3,)), ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)), ("i...,i...->...", (3, 2, 4), (3, 1, 4)),
        ("...,...", (3, 4), (4,)), ("ij,k->i", (3, 4), (5,)), ("ij,j->ij", (3, 1), (4,)), ("bijk,bl->bil", (2, 3, 4, 2), (2, 5)), (" i j , j -> i ", (3, 4), (4,)),
        ("ij,jk->ik", (2, 0), (0, 3)), ("bi,oi,i->bo", (3, 4), (5, 4), (4,)), ("aab,bc->ac", (2, 2, 3), (3, 4)),
    ]:  # fmt: skip
        case("einsum", [some(*shape, shift=6 * i) for i, shape in enumerate(shapes)], lambda *x: torch.einsum(text, *x), {"text": text})
    case("einsum", [eighths(9, 33), eighths(33, 17, shift=2)], lambda *x: torch.einsum("ij,jk->ki", *x), {"text": "ij,jk->ki"})


if __name__ == "__main__":
    pad_cases()
    moving_cases()
    cumsum_cases()
    order_cases()
    einsum_cases()
    write_cases("arrange.json")
