"""Losses of distances between embeddings."""

from kudari import _core
from kudari.functions._checks import as_array, check_word, need, need_axes, need_same


def _reduced(loss, reduce):
    return _core.mean(loss, None, False) if reduce == "mean" else loss


def _squared_distance(x, y):
    return _core.sum(_core.square(_core.sub(x, y)), [1], False)


def contrastive(x0, x1, y, margin=1, reduce="mean"):
    """½(y·d² + (1 − y)·max(margin − d, 0)²) for the distance d of each pair.

    Y is 1 for pairs that are alike, else 0.
    """
    if margin <= 0:
        raise ValueError(f"contrastive: margin is {margin}\n  expected: a number above 0")
    check_word("contrastive", "reduce", reduce, ("mean", "no"))
    need_same("contrastive", x0, x1)
    need_axes("contrastive", x0, 2)
    need_axes("contrastive", y, 1)
    need("contrastive", y.dtype.kind == "i", f"y of {y.dtype}", "an integer type")
    need(
        "contrastive", len(x0) == len(y) > 0, f"{len(x0)} pairs and {len(y)} labels", "as many, at least one"
    )
    squared = _squared_distance(x0, x1)
    # The root has no derivative at 0: there the distance counts as this small constant.
    nearest = 2.5e-5 if x0.dtype == "float16" else 1e-14
    short = _core.relu(_core.sub(margin, _core.sqrt(_core.maximum(squared, nearest))))
    alike = as_array(y).astype(x0.dtype)
    loss = _core.add(_core.mul(squared, alike), _core.mul(_core.square(short), 1 - alike))
    return _reduced(_core.mul(loss, 0.5), reduce)


def triplet(anchor, positive, negative, margin=0.2, reduce="mean"):
    """max(|a − p|² − |a − n|² + margin, 0) of each triple of rows."""
    if margin <= 0:
        raise ValueError(f"triplet: margin is {margin}\n  expected: a number above 0")
    check_word("triplet", "reduce", reduce, ("mean", "no"))
    need_same("triplet", anchor, positive)
    need_same("triplet", anchor, negative)
    need("triplet", len(anchor) > 0, f"shape {anchor.shape}", "at least one sample")
    apart = _core.sub(_squared_distance(anchor, positive), _squared_distance(anchor, negative))
    return _reduced(_core.relu(_core.add(apart, margin)), reduce)
