"""Losses between two arrays of numbers, and of how samples are spread."""

import numpy

from kudari import _core
from kudari.functions._checks import as_array, check_word, need, need_axes, need_floats, need_same
from kudari.functions.array_shapes import expand_dims
from kudari.functions.math_matrices import matmul


def squared_error(x0, x1):
    """(x0 − x1)², number by number."""
    need_same("squared_error", x0, x1)
    return _core.square(_core.sub(x0, x1))


def squared_difference(x1, x2):
    """The same as ``squared_error``."""
    return squared_error(x1, x2)


def absolute_error(x0, x1):
    """|x0 − x1|, number by number."""
    need_same("absolute_error", x0, x1)
    return _core.abs(_core.sub(x0, x1))


def mean_squared_error(x0, x1):
    """The mean of (x0 − x1)²."""
    return _core.mean_squared_error(x0, x1)


def mean_absolute_error(x0, x1):
    """The mean of |x0 − x1|."""
    return _core.mean_absolute_error(x0, x1)


def huber_loss(x, t, delta, reduce="sum_along_second_axis"):
    """½d² for |d| < delta, delta·(|d| − ½delta) beyond, d = x − t; ``reduce='no'`` leaves every number."""
    check_word("huber_loss", "reduce", reduce, ("sum_along_second_axis", "no"))
    need_same("huber_loss", x, t)
    loss = _core.huber(x, t, delta, "no")
    return _core.sum(loss, [1], False) if reduce != "no" else loss


def _centered(x):
    return _core.sub(x, _core.mean(x, [0], True))


def _half_squared_sum(x):
    return _core.mul(_core.sum(_core.square(x), None, False), 0.5)


def cross_covariance(y, z, reduce="half_squared_sum"):
    """Half the sum of the squared covariances of the columns of y and z.

    With ``reduce='no'`` the covariances.
    """
    check_word("cross_covariance", "reduce", reduce, ("half_squared_sum", "no"))
    need_floats("cross_covariance", y, z)
    need_axes("cross_covariance", y, 2)
    need_axes("cross_covariance", z, 2)
    need("cross_covariance", len(y) == len(z), f"{len(y)} and {len(z)} samples", "as many")
    covariance = _core.mul(matmul(_centered(y), _centered(z), transa=True), 1 / len(y))
    return covariance if reduce == "no" else _half_squared_sum(covariance)


def decov(h, reduce="half_squared_sum"):
    """Half the sum of the squared covariances of different columns of h.

    With ``reduce='no'`` these covariances.
    """
    check_word("decov", "reduce", reduce, ("half_squared_sum", "no"))
    need_floats("decov", h)
    need_axes("decov", h, 2)
    centered = _centered(h)
    covariance = _core.mul(matmul(centered, centered, transa=True), 1 / len(h))
    covariance = _core.mul(covariance, 1 - numpy.eye(h.shape[1], dtype=h.dtype))
    return covariance if reduce == "no" else _half_squared_sum(covariance)


def discriminative_margin_based_clustering_loss(
    embeddings, labels, delta_v, delta_d, max_embedding_dim, norm=1, alpha=1.0, beta=1.0, gamma=0.001
):
    """Pulls pixels to the mean of their object and the means apart.

    (spread, nearness of means, size of means).

    ``embeddings`` are (samples, ``max_embedding_dim``, height, width), ``labels`` (samples, height, width)
    with 1 for the first object; norm is 1 or 2.
    """
    where, classes = "discriminative_margin_based_clustering_loss", max_embedding_dim
    if classes <= 0:
        raise ValueError(f"{where}: max_embedding_dim is {classes}\n  expected: a number above 0")
    if norm not in (1, 2):
        raise ValueError(f"{where}: norm is {norm}\n  expected: 1 or 2")
    if embeddings.shape[1] != classes:
        raise AssertionError(
            f"{where}: embeddings of shape {embeddings.shape}\n  expected: {classes} channels"
        )

    def length(x, axes):
        return (
            _core.sum(_core.abs(x), axes, False)
            if norm == 1
            else _core.sqrt(_core.sum(_core.square(x), axes, False))
        )

    # masks: (objects, samples, 1, height, width)
    samples = len(embeddings)
    masks = numpy.stack([(as_array(labels) == c + 1)[:, None] for c in range(classes)])
    shares = (masks / numpy.maximum(masks.sum((2, 3, 4), keepdims=True), 1)).astype(embeddings.dtype)
    every = expand_dims(embeddings, 0)
    means = _core.sum(_core.mul(every, shares), [3, 4], False)
    size = _core.sum(length(means, [1, 2]), None, False) * (1 / (classes * samples))
    apart = _core.sub(expand_dims(expand_dims(means, 3), 4), every)
    spread = _core.square(_core.relu(length(_core.mul(apart, masks.astype(embeddings.dtype)), [2]) - delta_v))
    counts = numpy.maximum(masks.sum((1, 2, 3, 4)), 1).astype(embeddings.dtype)
    spread = _core.sum(_core.div(_core.sum(spread, [1, 2, 3], False), counts), None, False) * (1 / classes)
    first, second = numpy.triu_indices(classes, 1)
    between = length(_core.sub(means[first], means[second]), [2])
    near = _core.sum(_core.square(_core.relu(2 * delta_d - between)), None, False)
    near = near * (1 / max(len(first) * samples, 1))
    return spread * alpha, near * beta, size * gamma
