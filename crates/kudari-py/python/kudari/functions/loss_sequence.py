"""Losses of sequences: conditional random fields, connectionist temporal classification."""

import collections.abc

import numpy

from kudari import _core
from kudari.functions._checks import as_array, check_word, need, need_axes, need_integers
from kudari.functions.array_indexing import get_item, select_item
from kudari.functions.array_joining import concat, split_axis, stack
from kudari.functions.array_shapes import expand_dims, reshape
from kudari.functions.math_reductions import logsumexp
from kudari.functions.math_reductions import max as largest


def _steps(alpha, xs, combine):
    """Goes along transposed sequences.

    Those that have ended are set aside and come back behind the others.
    """
    ended = []
    for x in xs:
        if len(alpha) > len(x):
            alpha, rest = split_axis(alpha, [len(x)], 0)
            ended.append(rest)
        alpha = combine(alpha, x)
    return concat([alpha, *ended[::-1]], 0) if ended else alpha


def crf1d(cost, xs, ys, reduce="mean"):
    """−log of the probability of label sequences under a linear-chain conditional random field.

    ``cost`` (labels, labels) scores transitions; ``xs`` are, for every step, scores (samples, labels) and
    ``ys`` labels (samples,). Sequences are sorted, longest first, so that later steps may have fewer samples.
    """
    check_word("crf1d", "reduce", reduce, ("mean", "no"))
    classes, samples = cost.shape[0], len(xs[0])
    need("crf1d", xs[0].shape[1] == classes, f"{xs[0].shape[1]} scores, {classes} labels in cost", "as many")

    def all_paths(alpha, x):
        return _core.add(logsumexp(_core.add(expand_dims(alpha, 2), cost), 1), x)

    ys = [as_array(y) for y in ys]
    transitions = reshape(cost, (classes * classes,))

    def this_path(score, step):
        x, y, before = step
        moves = get_item(transitions, before[: len(y)] * classes + y)
        return _core.add(score, _core.add(select_item(x, y), moves))

    norm = logsumexp(_steps(xs[0], xs[1:], all_paths), 1)
    score = _steps(select_item(xs[0], ys[0]), [_Step(step) for step in zip(xs[1:], ys[1:], ys)], this_path)
    loss = _core.sub(norm, score)
    return _core.mul(_core.sum(loss, None, False), 1 / samples) if reduce == "mean" else loss


class _Step(tuple):
    """Scores, labels and the labels before them; as long as there are samples."""

    def __len__(self):
        return len(self[0])

    def __iter__(self):
        return (self[i] for i in range(3))


def argmax_crf1d(cost, xs):
    """The best score of each sequence, and its labels as a list with an array for every step.

    Arguments as of ``crf1d``.
    """
    cost = as_array(cost)
    alpha = as_array(xs[0])
    pointers, ended = [], []
    for x in map(as_array, xs[1:]):
        ended.append(alpha[len(x) :])
        scores = alpha[: len(x), :, None] + cost
        pointers.append(scores.argmax(1))
        alpha = scores.max(1) + x
    path = [alpha.argmax(1).astype(numpy.int32)]
    for pointer, rest in zip(pointers[::-1], ended[::-1]):
        before = pointer[numpy.arange(len(pointer)), path[-1]]
        path.append(numpy.concatenate([before, rest.argmax(1)]).astype(numpy.int32))

    def best(alpha, x):
        return _core.add(largest(_core.add(expand_dims(alpha, 2), cost), 1), x)

    return largest(_steps(xs[0], xs[1:], best), 1), path[::-1]


def connectionist_temporal_classification(
    x, t, blank_symbol, input_length=None, label_length=None, reduce="mean"
):
    """−log of the probability that scores say a sequence of labels, blanks and repetitions left out.

    ``x`` is a list with scores (samples, classes) for every step, ``t`` labels (samples, longest);
    ``input_length`` and ``label_length`` say how many steps and labels of each sample count.
    """
    where = "connectionist_temporal_classification"
    if not isinstance(x, collections.abc.Sequence):
        raise TypeError(
            f"{where}: x is {type(x).__name__}\n  expected: a list or tuple with scores for every step"
        )
    if not isinstance(blank_symbol, int):
        raise TypeError(
            f"{where}: blank_symbol is {type(blank_symbol).__name__}\n  expected: an int from 0 on"
        )
    check_word(where, "reduce", reduce, ("mean", "no"))
    need_axes(where, x[0], 2)
    need(
        where,
        0 <= blank_symbol < x[0].shape[1],
        f"blank_symbol {blank_symbol}",
        f"one of {x[0].shape[1]} classes",
    )
    need_axes(where, t, 2)
    need_integers(where, t)
    samples = len(x[0])
    steps = [len(x)] * samples if input_length is None else as_array(input_length).tolist()
    labels = [t.shape[1]] * samples if label_length is None else as_array(label_length).tolist()
    need(
        where,
        len(t) == len(steps) == len(labels) == samples,
        f"{samples} samples, {len(t)} label sequences",
        "as many",
    )
    logarithms = _core.log_softmax(stack(x), 2)
    loss = _core.ctc(logarithms, as_array(t), steps, labels, blank_symbol, "no")
    return _core.mean(loss, None, False) if reduce == "mean" else loss
