#!/usr/bin/env python3
"""Makes the values that kudari's metrics are compared with: metrics.json.

Each is written out by its definition, as scikit-learn documents it: pairs are counted one by one, sets are sets.
"""

import math

import mpmath
import numpy as np
from common import VERSIONS, Given, digits, eighths, some, write
from scipy.special import logsumexp
from scipy.stats import ttest_ind

CASES = []


def case(name, inputs, value, **args):
    """A case whose value is a number or a list of numbers."""
    values = value if isinstance(value, list) else [value]
    CASES.append({"f": name, "x": [x.json for x in inputs], **args, "y": " ".join(digits(np.float64(v)) for v in values)})


def labels(count, classes, shift=0):
    """Labels 0 to classes − 1 in random order."""
    return Given(np.random.default_rng([count, classes, shift]).integers(0, classes, count))


def top_k():
    for shape, k in [((9, 5), 1), ((9, 5), 2), ((9, 5), 3), ((9, 5), 5), ((1, 3), 1), ((40, 7), 3)]:
        y, t = some(*shape), labels(shape[0], shape[1], shift=4)
        right = [int(label) in np.argsort(-row, kind="stable")[:k] for row, label in zip(y.values, t.values)]
        case("top_k_accuracy", [y, t], sum(right) / len(right), k=k)
    # Equal outputs: the first of them counts as the larger one, as for argmax.
    y, t = Given([[1.0, 1.0, 1.0, 0.0], [2.0, 2.0, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0]]), Given([1, 3, 2])
    case("top_k_accuracy", [y, t], 1 / 3, k=2)
    case("top_k_accuracy", [y, t], 1.0, k=3)


def scores_of(predicted, t, classes):
    rows = []
    for c in range(classes):
        found, there = {i for i, p in enumerate(predicted) if p == c}, {i for i, l in enumerate(t) if l == c}
        precision = len(found & there) / len(found) if found else 0.0
        recall = len(found & there) / len(there) if there else 0.0
        # From the sets again (Sørensen and Dice), not from precision and recall.
        f1 = 2 * len(found & there) / (len(found) + len(there)) if found or there else 0.0
        rows.append((precision, recall, f1, len(there), bool(found or there)))
    seen = [row for row in rows if row[4]]
    average = [sum(row[i] for row in seen) / len(seen) for i in range(3)]
    micro = sum(p == l for p, l in zip(predicted, t)) / len(t)
    return [x for row in rows for x in row[:4]] + average + [micro] * 3


def class_scores():
    for count, classes, of_predicted in [(30, 4, 4), (50, 7, 5), (12, 2, 2), (5, 6, 6), (1, 3, 3), (100, 3, 1)]:
        t, p = labels(count, classes), labels(count, of_predicted, shift=4)
        case("class_scores", [p, t], scores_of(p.values.astype(int), t.values.astype(int), classes), classes=classes)
    t = Given([0, 0, 1, 1, 2, 2, 2, 2])
    p = Given([0, 1, 1, 1, 2, 2, 0, 4])
    case("class_scores", [p, t], scores_of(p.values.astype(int), t.values.astype(int), 5), classes=5)


def roc_auc():
    def add(y, t):
        ahead, behind = y.values.ravel()[t.values == 1], y.values.ravel()[t.values == 0]
        won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in ahead for b in behind)
        case("roc_auc", [y, t], won / (len(ahead) * len(behind)))

    add(some(20), labels(20, 2))
    add(some(61, shift=4), labels(61, 2, shift=2))
    add(Given(shape=[50], rule=[29, 6, 2.0, 4]), labels(50, 2))  # six values only: many ties
    add(Given([0.5, 0.5, 0.5]), Given([0, 1, 1]))
    add(Given([[0.1], [0.9]]), Given([0, 1]))
    add(Given([0.9, 0.1]), Given([0, 1]))
    add(Given([0.0, -0.0, 1e300, -1e300, math.inf, -math.inf]), Given([1, 0, 1, 0, 0, 1]))


def regression():
    rows = [(some(13), some(13, shift=2)), (some(6, 3), some(6, 3, shift=4)), (some(5, 1), some(5, shift=2)),
            (eighths(40), eighths(40, shift=2)), (Given([1e6 + 1, 1e6 + 2]), Given([1e6 + 1.5, 1e6 + 2.25])),
            (Given([2.0]), Given([3.5]))]  # fmt: skip
    for y, t in rows:
        a, b = y.values, t.values.reshape(y.values.shape)
        case("mean_absolute_error", [y, t], np.abs(a - b).mean())
        case("root_mean_squared_error", [y, t], math.sqrt(((a - b) ** 2).mean()))
        if a.shape[0] > 1:
            a, b = a.reshape(a.shape[0], -1), b.reshape(a.shape[0], -1)
            columns = [1 - ((u - v) ** 2).sum() / ((v - v.mean()) ** 2).sum() for u, v in zip(a.T, b.T)]
            case("r_squared", [y, t], np.mean(columns))


def perplexity():
    rows = [(some(12, 5), labels(12, 5)), (some(1, 9), labels(1, 9)), (Given([[0.0] * 8] * 3), labels(3, 8)),
            (Given([[1000.0, 999.0], [-1000.0, -1003.0]]), Given([1, 0])), (some(2, 3, 4), Given([[0, 3, 1], [2, 2, 0]]))]  # fmt: skip
    for y, t in rows:
        flat, label = y.values.reshape(-1, y.values.shape[-1]), t.values.astype(int).ravel()
        surprise = [logsumexp(row) - row[l] for row, l in zip(flat, label)]
        case("perplexity", [y, t], math.exp(np.mean(surprise)))


def welch_test():
    """The probability from 40-digit arithmetic, its logarithm too so that small ones are compared by their digits; SciPy agrees."""
    rows = [([0.9712, 0.9745, 0.9698], [0.9731, 0.9702, 0.9744, 0.9729]), ([1.0, 2.0], [1.5, 4.0]), ([1.0, 1.0, 1.0], [1.0, 1.25]),
            ([0.1, 0.2, 0.3], [10.1, 10.2, 10.25]), ([1e-3, 2e-3], [-1e3, 1e3, 5e2]), (some(50), some(61, shift=4)),
            (some(300), Given(shape=[7], rule=[41, 97, 40.0, 7])), (some(4000), Given(shape=[3000], rule=[37, 97, 47.0, 16])),
            ([5e8, 5e8 + 1, 5e8 + 3], [5e8 + 2, 5e8 + 4])]  # fmt: skip
    for a, b in [[g if isinstance(g, Given) else Given(g) for g in row] for row in rows]:
        inputs, a, b = [a, b], a.values, b.values
        found = ttest_ind(a, b, equal_var=False)
        with mpmath.workdps(40):
            groups = [[mpmath.mpf(float(v)) for v in group] for group in (a, b)]
            means = [mpmath.fsum(group) / len(group) for group in groups]
            errors = [mpmath.fsum((v - m) ** 2 for v in g) / (len(g) - 1) / len(g) for g, m in zip(groups, means)]
            t = (means[0] - means[1]) / mpmath.sqrt(sum(errors))
            degrees = sum(errors) ** 2 / sum(e**2 / (len(g) - 1) for e, g in zip(errors, groups))
            p = mpmath.betainc(degrees / 2, 0.5, 0, degrees / (degrees + t**2), regularized=True)
            log = mpmath.log(p)
        for ours, scipy in [(t, found.statistic), (degrees, found.df), (p, found.pvalue)]:
            assert abs(float(ours) - scipy) <= 1e-7 * abs(scipy), (a, b, ours, scipy)
        case("welch_test", inputs, [float(t), float(degrees), float(p), float(log)])


def holm():
    for p in [[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.2], [0.9, 0.6], [1e-9, 1.0, 0.0, 0.3, 0.02]]:
        # By the definition: hypotheses are rejected in the order of their p until the first that is not; the adjusted value is the level at
        # which it begins to be rejected.
        order = sorted(range(len(p)), key=lambda i: p[i])
        adjusted = [max(min(1.0, (len(p) - k) * p[j]) for k, j in enumerate(order[: order.index(i) + 1])) for i in range(len(p))]
        case("holm", [Given(p)], adjusted)


if __name__ == "__main__":
    for make in [top_k, class_scores, roc_auc, regression, perplexity, welch_test, holm]:
        make()
    write("metrics.json", {"versions": VERSIONS}, {"cases": CASES})
