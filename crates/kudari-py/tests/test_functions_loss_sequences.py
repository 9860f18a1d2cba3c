"""Losses of sequences and of sampled classes, against sums over all possibilities."""

import numpy as np
import pytest
from function_checks import apart, check, check_gradients, uniform

import kudari.functions as F

WIDE = {"float16": 3e-2, "float32": 1e-4, "float64": 1e-9}


def paths(steps, classes):
    return np.ndindex(*[classes] * steps)


@pytest.mark.parametrize("reduce", ["mean", "no"])
def test_crf1d(reduce):
    cost, xs = uniform(3, 3), [uniform(n, 3, seed=n + i) for i, n in enumerate([3, 3, 1])]
    ys = [np.array([0, 2, 1]), np.array([1, 1, 0]), np.array([2])]

    def expected(cost, *xs):
        losses = []
        for b, steps in enumerate([3, 2, 2]):

            def score(path):
                moves = sum(cost[i, j] for i, j in zip(path, path[1:]))
                return moves + sum(xs[k][b, label] for k, label in enumerate(path))

            total = sum(np.exp(score(path)) for path in paths(steps, 3))
            losses.append(np.log(total) - score([int(y[b]) for y in ys[:steps]]))
        return np.mean(losses) if reduce == "mean" else np.array(losses)

    check(
        lambda cost, *xs: F.crf1d(cost, xs, ys, reduce=reduce),
        [cost, *xs],
        expected,
        dtypes=("float32", "float64"),
    )


def test_argmax_crf1d():
    cost, xs = uniform(3, 3), [uniform(n, 3, seed=n + i) * 2 for i, n in enumerate([2, 2, 1])]
    score, best = F.argmax_crf1d(cost, xs)
    for b, steps in enumerate([3, 2]):

        def value(path):
            return sum(cost[i, j] for i, j in zip(path, path[1:])) + sum(
                xs[k][b, y] for k, y in enumerate(path)
            )

        top = max(paths(steps, 3), key=value)
        assert [int(best[k][b]) for k in range(steps)] == list(top)
        assert abs(float(score.array[b]) - value(top)) < 1e-12


def test_connectionist_temporal_classification():
    xs, t = [uniform(2, 3, seed=s) for s in range(4)], np.array([[0, 1], [1, 0]], "int32")

    def said(path):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        return [c for c in merged if c != 2]

    def expected(*xs):
        losses = []
        for b, steps in enumerate([4, 3]):
            p = np.stack([np.exp(x[b]) / np.exp(x[b]).sum() for x in xs])
            total = sum(
                np.prod([p[k, c] for k, c in enumerate(path)])
                for path in paths(steps, 3)
                if said(path) == list(t[b])
            )
            losses.append(-np.log(total))
        return np.mean(losses)

    lengths = np.array([4, 3], "i")
    check(
        lambda *xs: F.connectionist_temporal_classification(xs, t, 2, lengths),
        xs,
        expected,
        order=1,
        dtypes=("float32", "float64"),
        tolerances=WIDE,
    )
    with pytest.raises(TypeError):
        F.connectionist_temporal_classification(np.zeros((4, 2, 3), "f"), t, 2)


def test_black_out():
    x, w = uniform(2, 3), uniform(5, 3, seed=1)
    t, samples = np.array([1, 4]), np.array([[0, 2], [3, 3]])

    def expected(x, w):
        losses = []
        for b in range(2):
            scores = np.exp([w[k] @ x[b] for k in (t[b], *samples[b])])
            p = scores / scores.sum()
            losses.append(-np.log(p[0]) - np.log(1 - p[1:]).sum())
        return np.mean(losses)

    check(lambda x, w: F.black_out(x, t, w, samples), [x, w], expected, tolerances=WIDE)


def test_negative_sampling():
    x, w, t = uniform(3, 2), uniform(4, 2, seed=1), np.array([1, -1, 3], "i")

    def sampler(shape):
        return np.arange(np.prod(shape)).reshape(shape) % 4

    def expected(x, w):
        total = 0
        for b in (0, 2):
            k = sampler((3, 3))[b]
            k[0] = t[b]
            signs = np.array([-1, 1, 1])
            total += np.log(1 + np.exp(signs * (w[k] @ x[b]))).sum()
        return total

    check(lambda x, w: F.negative_sampling(x, t, w, sampler, 2), [x, w], expected, tolerances=WIDE)


def test_discriminative_loss_of_separate_objects():
    labels = np.array([[[1, 1, 2, 2]]])
    embeddings = np.array([[[[0, 0, 9, 9]], [[1, 1, 1, 1]]]], float)
    spread, near, size = F.discriminative_margin_based_clustering_loss(embeddings, labels, 0.5, 2.0, 2)
    assert float(spread.array) == 0 and float(near.array) == 0
    np.testing.assert_allclose(size.array, 0.001 * (0 + 1 + 9 + 1) / 2)
    check_gradients(
        lambda e: F.discriminative_margin_based_clustering_loss(e, labels, 0.1, 6.0, 2),
        [apart(1, 2, 1, 4, seed=3)],
    )
