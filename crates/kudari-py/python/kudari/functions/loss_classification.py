"""Losses between outputs and labels."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import (
    Variable,
    as_array,
    as_variable,
    check_word,
    need,
    need_axes,
    need_floats,
    need_integers,
    refuse,
)
from kudari.functions._creators import Creator


class SoftmaxCrossEntropy(Creator):
    """The creator of a softmax cross-entropy.

    ``y`` are the probabilities, None with ``cache_score=False``.
    """

    def __init__(self, cache_score):
        self._cache_score = cache_score

    @property
    def y(self):
        """The probabilities, computed when they are asked for."""
        return _core.softmax(as_array(self._inputs[0]), 1).array if self._cache_score else None


def softmax_cross_entropy(
    x,
    t,
    normalize=True,
    cache_score=True,
    class_weight=None,
    ignore_label=-1,
    reduce="mean",
    enable_double_backprop=False,
    soft_target_loss="cross-entropy",
):
    """−log softmax(x) at the label t of each sample.

    x is (samples, classes, …), t the labels (samples, …), or a share of every class in the shape of x. Labels
    that are ``ignore_label`` do not count. The mean divides by the labels that count, or by the samples with
    ``normalize=False``; ``reduce='no'`` leaves the loss of every label. ``class_weight`` has a weight for
    every class. ``soft_target_loss`` is 'cross-entropy' or 'kl-divergence'. ``cache_score`` and
    ``enable_double_backprop`` change no number: the gradients can always be differentiated again.
    """
    is_usual = reduce == "mean" and normalize and class_weight is None and soft_target_loss == "cross-entropy"
    if is_usual and t.dtype.kind == "i" and not config.debug:
        labels, shape = as_array(t), x.shape
        if len(shape) == 2 and labels.shape == shape[:1] != (0,):
            # What almost every program asks for: the engine checks the rest.
            loss = _core.softmax_cross_entropy(x, labels, None, ignore_label)
            return SoftmaxCrossEntropy(cache_score)._created(loss, x, t)
    check_word(
        "softmax_cross_entropy", "soft_target_loss", soft_target_loss, ("cross-entropy", "kl-divergence")
    )
    check_word("softmax_cross_entropy", "reduce", reduce, ("mean", "no"))
    if class_weight is not None:
        _check_class_weight(class_weight)
    need_floats("softmax_cross_entropy", x)
    if t.dtype.kind == "f":
        return _soft_cross_entropy(x, t, reduce, soft_target_loss)
    need_integers("softmax_cross_entropy", t)
    fits = t.ndim == x.ndim - 1 and t.shape == x.shape[:1] + x.shape[2:]
    need(
        "softmax_cross_entropy",
        fits,
        f"x of shape {x.shape}, t of {t.shape}",
        "labels of the shape of x without axis 1",
    )
    loss = _hard_cross_entropy(x, as_array(t), normalize, class_weight, ignore_label, reduce)
    return SoftmaxCrossEntropy(cache_score)._created(loss, x, t)


def _check_class_weight(class_weight):
    if isinstance(class_weight, Variable):
        raise ValueError("softmax_cross_entropy: class_weight is a variable\n  expected: a NumPy array")
    if class_weight.ndim != 1 or class_weight.dtype.kind != "f":
        what = f"class_weight of {class_weight.dtype} and shape {class_weight.shape}"
        raise ValueError(
            f"softmax_cross_entropy: {what}\n  expected: floating-point numbers, one for each class"
        )


def _hard_cross_entropy(x, t, normalize, class_weight, ignore_label, reduce):
    if config.debug and not ((0 <= t) & (t < x.shape[1]) | (t == ignore_label)).all():
        raise ValueError(
            f"softmax_cross_entropy: a label is not from 0 to {x.shape[1] - 1} and not {ignore_label}"
        )
    if x.ndim > 2:
        x = _core.permute(x, [0, *range(2, x.ndim), 1])
    if t.size == 0:
        nothing = _core.sum(_core.mul(x, 0.0), [-1], False)
        return nothing if reduce == "no" else _core.sum(nothing, None, False)
    if reduce == "no":
        return _core.softmax_cross_entropy(x, t, class_weight, ignore_label, 0.0, "no")
    if normalize and class_weight is None:
        return _core.softmax_cross_entropy(x, t, None, ignore_label, 0.0, "mean")
    # The sum may be too large for float16 though the mean is not.
    is_half = x.dtype == "float16"
    wide = _core.to_dtype(x, "float32") if is_half else x
    count = max(int((t != ignore_label).sum()), 1) if normalize else len(x)
    total = _core.softmax_cross_entropy(wide, t, class_weight, ignore_label, 0.0, "sum")
    loss = _core.mul(total, 1 / count)
    return _core.to_dtype(loss, "float16") if is_half else loss


def _soft_cross_entropy(x, t, reduce, soft_target_loss):
    need(
        "softmax_cross_entropy",
        x.shape == t.shape,
        f"x of shape {x.shape}, t of {t.shape}",
        "shares of the shape of x",
    )
    t = as_array(t).astype(x.dtype)
    loss = _core.neg(_core.mul(_core.log_softmax(x, 1), t))
    if soft_target_loss == "kl-divergence":
        loss = _core.add(loss, t * numpy.log(t + 1e-7))
    loss = _core.sum(loss, [1], False)
    return _core.mean(loss, None, False) if reduce == "mean" else loss


def sigmoid_cross_entropy(x, t, normalize=True, reduce="mean"):
    """log(1 + exp(−x)) where t is 1, log(1 + exp(x)) where it is 0; where it is −1 nothing counts.

    The mean divides by the labels that count, or by the samples with ``normalize=False``.
    """
    check_word("sigmoid_cross_entropy", "reduce", reduce, ("mean", "no"))
    need_floats("sigmoid_cross_entropy", x)
    need_integers("sigmoid_cross_entropy", t)
    need("sigmoid_cross_entropy", x.shape == t.shape, f"shapes {x.shape} and {t.shape}", "the same shape")
    t = as_array(t)
    counts = t != -1
    loss = _core.sub(_core.softplus(x), _core.mul(as_variable(x), t.astype(x.dtype)))
    if not counts.all():
        loss = _core.mul(loss, counts.astype(x.dtype))
    if reduce == "no":
        return loss
    divisor = max(int(counts.sum()) if normalize else len(x), 1)
    if x.dtype == "float16":
        wide = _core.sum(_core.to_dtype(loss, "float32"), None, False)
        return _core.to_dtype(_core.mul(wide, 1 / divisor), "float16")
    return _core.mul(_core.sum(loss, None, False), 1 / divisor)


def hinge(x, t, norm="L1", reduce="mean"):
    """max(0, 1 − x) at the label, max(0, 1 + x) at all others, squared with ``norm='L2'``.

    The mean is over samples.
    """
    if norm not in ("L1", "L2"):
        raise NotImplementedError(f"hinge: norm={norm!r}\n  expected: 'L1' or 'L2'")
    check_word("hinge", "reduce", reduce, ("mean", "no"))
    need_floats("hinge", x)
    need_integers("hinge", t)
    need_axes("hinge", x, 2)
    need_axes("hinge", t, 1)
    need("hinge", len(x) == len(t), f"{len(x)} samples and {len(t)} labels", "as many")
    signs = numpy.ones(x.shape, x.dtype)
    signs[numpy.arange(len(x)), as_array(t)] = -1
    loss = _core.relu(_core.add(_core.mul(as_variable(x), signs), 1.0))
    if norm == "L2":
        loss = _core.square(loss)
    if reduce == "no":
        return loss
    return _core.mul(_core.sum(loss, None, False), 1 / max(len(x), 1))


def black_out(x, t, W, samples, reduce="mean"):
    """Tells the label from sampled other classes.

    The rows of W at t and at ``samples``, times x, through a softmax.

    x is (samples, units), t the labels, W (classes, units), ``samples`` (samples, others).
    """
    check_word("black_out", "reduce", reduce, ("mean", "no"))
    classes = numpy.concatenate([as_array(t)[:, None], as_array(samples)], 1)
    rows = _core.reshape(_core.embedding(W, classes), (*classes.shape, W.shape[1]))
    scores = _core.log_softmax(
        _core.sum(_core.mul(rows, _core.reshape(x, (len(x), 1, x.shape[1]))), [2], False), 1
    )
    label, others = scores[:, 0], scores[:, 1:]
    loss = _core.neg(_core.add(label, _core.sum(_core.log(_core.sub(1, _core.exp(others))), [1], False)))
    return _core.mean(loss, None, False) if reduce == "mean" else loss


def negative_sampling(x, t, W, sampler, sample_size, reduce="sum", **kwargs):
    """Tells the row of W at the label from ``sample_size`` rows that ``sampler`` draws: Σ log(1 + exp(∓w·x)).

    Labels −1 do not count. ``sampler(shape)`` gives an array of classes. With ``return_samples=True`` the
    classes that were compared are returned as well, the label's first.
    """
    from kudari.utils import argument

    return_samples = False
    if kwargs:
        (return_samples,) = argument.parse_kwargs(kwargs, ("return_samples", False))
    check_word("negative_sampling", "reduce", reduce, ("sum", "no"))
    need_floats("negative_sampling", x, W)
    need_axes("negative_sampling", x, 2)
    need_axes("negative_sampling", W, 2)
    need_axes("negative_sampling", t, 1)
    if t.dtype.kind != "i":
        refuse("negative_sampling", f"labels of {t.dtype}", "an integer type")
    need("negative_sampling", len(x) == len(t), f"{len(x)} samples and {len(t)} labels", "as many")
    t = as_array(t)
    samples = sampler((len(t), sample_size + 1))
    samples[:, 0] = t
    counts = t != -1
    rows = _core.reshape(
        _core.embedding(W, numpy.where(counts[:, None], samples, 0)), (*samples.shape, W.shape[1])
    )
    scores = _core.sum(_core.mul(rows, _core.reshape(x, (len(x), 1, x.shape[1]))), [2], False)
    signs = numpy.where(numpy.arange(sample_size + 1) == 0, -1, 1)
    terms = _core.softplus(_core.mul(scores, signs.astype(x.dtype)))
    loss = _core.mul(_core.sum(terms, [1], False), counts.astype(x.dtype))
    if reduce == "sum":
        loss = _core.sum(loss, None, False)
    return (loss, samples) if return_samples else loss
