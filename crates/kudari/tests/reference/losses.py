#!/usr/bin/env python3
"""Makes losses.json: reference values of the losses with options, from PyTorch. common.py says in which form.

    python losses.py
"""

import math

import mpmath
import numpy as np
import torch
import torch.nn.functional as F
from common import Given, case, rule_values, some, write_cases, written

REDUCTIONS = ["mean", "sum", "none"]
SHAPES = [(2, 3), (5,), (), (37,), (3, 1, 4), (1, 1)]


def reduce(terms, reduction, count):
    return {"mean": lambda: terms.sum() / count, "sum": terms.sum, "none": lambda: terms}[reduction]()


def probabilities(*shape):
    """Numbers from 0 to 1."""
    return Given(shape=shape, rule=[31, 65, 0.0, 64])


def inside(*shape):
    """Numbers between 0 and 1, without both."""
    return Given(shape=shape, rule=[37, 97, -1.0, 100])


def pairs(name, f, args, x, t, shapes=SHAPES, count=None):
    """A loss of outputs and targets with every reduction: f gives the terms."""
    for i, shape in enumerate(shapes):
        for reduction in REDUCTIONS if i == 0 else [REDUCTIONS[i % 3]]:
            divisor = math.prod(shape) if count is None else count(shape)
            of = lambda x, t: reduce(f(x, t), reduction, divisor)  # noqa: E731
            case(name, [x(*shape), t(*shape)], of, {**args, "reduction": reduction})


def samples(shape):
    return shape[0] if shape else 1


def shifted(*shape):
    return some(*shape, shift=6)


def regression_cases():
    pairs("squared_error", lambda y, t: (y - t) ** 2, {}, some, shifted)
    pairs("absolute_error", lambda y, t: (y - t).abs(), {}, some, shifted)
    case("absolute_error", [Given([1.0, 2.0]), Given([1.0, 3.0])], F.l1_loss, {"reduction": "mean"})
    kinks = [[0.0, 0.5, -0.5, 1.0, -1.0, 1e-3, 1000.0, -1000.0], [0.0] * 8]
    for delta in [1.0, 0.25]:
        of = lambda y, t: F.huber_loss(y, t, reduction="none", delta=delta)  # noqa: E731
        pairs("huber", of, {"delta": delta}, some, shifted)
        case("huber", [Given(k) for k in kinks], of, {"delta": delta, "reduction": "none"}, each=True)
        of = lambda y, t: F.smooth_l1_loss(y, t, reduction="none", beta=delta)  # noqa: E731
        pairs("smooth_l1", of, {"beta": delta}, some, shifted)
        case("smooth_l1", [Given(k) for k in kinks], of, {"beta": delta, "reduction": "none"}, each=True)

    def log_cosh(y, t):
        d = y - t
        return torch.logaddexp(d, -d) - math.log(2.0)

    pairs("log_cosh", log_cosh, {}, some, shifted)
    case("log_cosh", [Given(k) for k in kinks], log_cosh, {"reduction": "none"})
    # The difference of large numbers loses the digits of small errors; this form has them.
    small = [Given([1e-6, -1e-4, 0.01, 0.1, -0.3, 0.49]), Given([0.0] * 6)]
    case("log_cosh", small, lambda y, t: 0.5 * torch.log1p(torch.sinh(y - t) ** 2), {"reduction": "none"}, each=True)

    counts = lambda *shape: Given(shape=shape, rule=[5, 7, 0.0, 1])  # noqa: E731
    pairs("poisson_nll", lambda x, t: F.poisson_nll_loss(x, t, reduction="none"), {}, some, counts)
    case("poisson_nll", [Given([-50.0, 20.0, 0.0]), Given([3.0, 0.0, 0.0])], F.poisson_nll_loss, {"reduction": "mean"})

    variances = lambda *shape: some(*shape, positive=True)  # noqa: E731
    for shape, full, reduction in [((2, 3), False, "mean"), ((2, 3), True, "sum"), ((5,), True, "none"), ((), True, "mean"),
                                   ((3, 1, 4), False, "none"), ((1, 1), False, "sum"), ((37,), True, "mean")]:  # fmt: skip
        args = {"full": full, "epsilon": 1e-6, "reduction": reduction}
        of = lambda y, t, v: F.gaussian_nll_loss(y, t, v, full=full, reduction=reduction)  # noqa: E731
        case("gaussian_nll", [some(*shape), shifted(*shape), variances(*shape)], of, args)
    # Variances below the least one.
    low = [Given([1.0, 0.5, -0.25]), Given([1.0, 0.25, 0.5]), Given([0.0, 0.01, 0.125])]
    of = lambda y, t, v: F.gaussian_nll_loss(y, t, v, eps=0.0625, reduction="none")  # noqa: E731
    case("gaussian_nll", low, of, {"full": False, "epsilon": 0.0625, "reduction": "none"})


def classification_cases():
    bce = lambda p, t: F.binary_cross_entropy(p, t, reduction="none")  # noqa: E731
    pairs("binary_cross_entropy", bce, {}, inside, probabilities)
    ends = [Given([0.0, 0.0, 1.0, 1.0, 0.0, 1e-20]), Given([0.0, 1.0, 0.0, 1.0, 0.25, 1.0])]

    def bounded(p):
        # PyTorch's slope is divided by 1e-12 rounded to f32, kudari's by 1e-12.
        t = torch.tensor(ends[1].values).to(p.dtype)
        slope = ((p - t) / (p * (1 - p)).clamp(min=1e-12)).detach()
        return bce(p.detach(), t) + slope * (p - p.detach())

    case("binary_cross_entropy", ends[:1], bounded, {"target": ends[1].json, "reduction": "none"})

    weighted = lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(2.5).to(x.dtype), reduction="none")  # noqa: E731
    pairs("sigmoid_cross_entropy", weighted, {"weight": 2.5}, some, probabilities)
    extreme = [1000.0, -1000.0, 100.0, -100.0, 30.0, -30.0, 0.0, 1e-3]
    for t in [0.0, 1.0]:
        case("sigmoid_cross_entropy", [Given(extreme), Given([t] * 8)], weighted, {"weight": 2.5, "reduction": "none"})
    for alpha, gamma in [(0.25, 2.0), (0.5, 0.0), (1.0, 1.0), (0.0, 5.0), (0.75, 0.5)]:

        def focal(x, t):
            yes = alpha * torch.sigmoid(-x) ** gamma * -F.logsigmoid(x)
            no = (1 - alpha) * torch.sigmoid(x) ** gamma * -F.logsigmoid(-x)
            return t * yes + (1 - t) * no

        args = {"alpha": alpha, "gamma": gamma}
        pairs("focal", focal, args, some, probabilities)
        if gamma >= 1.0 or gamma == 0.0:
            for t in [0.0, 1.0]:
                case("focal", [Given(extreme), Given([t] * 8)], focal, {**args, "reduction": "none"})

    signs = lambda *shape: Given(shape=shape, rule=[1, 2, 0.5, 0.5])  # noqa: E731
    for name, power in [("hinge", 1), ("squared_hinge", 2)]:
        of = lambda x, t: F.relu(1 - x * t) ** power  # noqa: E731
        pairs(name, of, {}, some, signs, count=samples)
        case(name, [Given([1.0, -1.0, 0.0, 1000.0, -1000.0]), Given([1.0, -1.0, 1.0, 1.0, 1.0])], of, {"reduction": "none"})
        for shape, labels in [((3, 4), [3, 0, 1]), ((2, 2, 3), [[0, 2], [1, 1]]), ((1, 1), [0])]:
            labels = np.array(labels, dtype=np.int64)
            t = 2 * F.one_hot(torch.tensor(labels), shape[-1]) - 1
            for reduction in REDUCTIONS:
                with_labels = lambda x: reduce(of(x, t), reduction, shape[0])  # noqa: E731
                case(name, [some(*shape)], with_labels, {"labels": written(labels), "reduction": reduction})

    pairs("kl_divergence", lambda x, t: F.kl_div(x, t, reduction="none"), {}, some, inside, count=samples)
    of = lambda x, t: F.kl_div(F.log_softmax(x, -1), t, reduction="batchmean")  # noqa: E731
    case("kl_divergence", [some(3, 4), inside(3, 4)], of, {"log_softmax": True, "reduction": "mean"})

    def with_zeros(x, t):
        present = t > 0
        return torch.where(present, torch.where(present, t, 1.0) * (torch.where(present, t, 1.0).log() - x), 0.0)

    zeros = [Given([[-0.5, -3.0, -1000.0], [0.0, -1.0, -2.0]]), Given([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])]
    # PyTorch's slope by a target of 0 is NaN; kudari's is 0, as this one's.
    case("kl_divergence", zeros, with_zeros, {"reduction": "none"})
    # What is impossible and not wanted costs nothing.
    never = [Given([[-math.inf, 0.0]])]
    t = Given([[0.0, 1.0]])
    of = lambda x: with_zeros(x, torch.tensor(t.values).to(x.dtype)).sum()  # noqa: E731
    case("kl_divergence", never, of, {"target": t.json, "reduction": "mean"}, gradients=False)


def weighted_cases():
    def both(shape, labels=None, rows=None, x=None, **options):
        """Both functions with the same target and options."""
        classes = shape[-1]
        lead = shape[:-1]
        count = max(math.prod(lead), 1)
        if rows is None:
            target = np.array(labels, dtype=np.int64)
            t = torch.tensor(target.reshape(-1))
            target = {**written(target), "i": True}
        else:
            t = torch.tensor(np.array(rows, dtype=np.float64).reshape(-1, classes))
            target = written(np.array(rows, dtype=np.float64))
        weights, ignored = options.get("weights"), options.get("ignored")
        smoothing, reduction = options.get("smoothing", 0.0), options.get("reduction", "mean")
        args = {"target": target, "reduction": reduction, "smoothing": smoothing}
        args |= {"weights": weights} if weights else {}
        args |= {"ignored": ignored} if ignored is not None else {}
        nothing = rows is None and ignored is not None and bool((t == ignored).all())

        def of(x):
            flat = x.reshape(count, classes)
            weight = torch.tensor(weights).to(x.dtype) if weights else None
            goal = t if rows is None else t.to(x.dtype)
            if nothing and reduction == "mean":
                return flat.sum() * 0  # PyTorch's is 0/0
            y = F.cross_entropy(flat, goal, weight, ignore_index=-100 if ignored is None else ignored,
                                reduction=reduction, label_smoothing=smoothing)  # fmt: skip
            return y.reshape(lead) if reduction == "none" else y

        inputs = [x or some(*shape)]
        case("softmax_cross_entropy", inputs, of, args)
        # Of log-probabilities the logarithm of their softmax is themselves.
        if x is None:
            case("negative_log_likelihood", inputs, of, {**args, "log_softmax": True})

    weights = [0.5, 2.0, 0.0, 1.25]
    labels = [3, -100, 0, 1, 1, 2, -100]
    for reduction in REDUCTIONS:
        both((3, 4), labels=[3, 0, 1], reduction=reduction)
        both((3, 4), labels=[3, 0, 1], weights=weights, reduction=reduction)
        both((7, 4), labels=labels, ignored=-100, reduction=reduction)
        both((7, 4), labels=labels, ignored=-100, weights=weights, smoothing=0.1, reduction=reduction)
        both((3, 4), labels=[2, 2, 2], ignored=2, reduction=reduction)
        both((2, 2, 4), labels=[[1, 3], [0, 3]], smoothing=0.25, ignored=3, reduction=reduction)
        both((2, 3), rows=[[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]], weights=weights[:3], smoothing=0.2, reduction=reduction)
    both((1, 1), labels=[0])
    both((5, 37), labels=[36, 0, 16, 15, 31], ignored=15)
    both((3,), labels=1, smoothing=1.0)
    extreme = Given([[0.0, -200.0], [1000.0, -1000.0], [1e4, 0.0], [-88.0, 88.0]])
    both((4, 2), labels=[1, 1, 0, 0], x=extreme, weights=[0.5, 1.5], ignored=-1)
    both((4, 2), labels=[1, 1, 0, 0], x=extreme, smoothing=0.1, reduction="none")
    # Without log_softmax any numbers will do.
    for shape, labels, reduction in [((3, 4), [3, 0, 1], "mean"), ((5, 2), [1, 0, 0, 1, -1], "none"), ((1, 1), [0], "sum")]:
        t = np.array(labels, dtype=np.int64)
        args = {"target": {**written(t), "i": True}, "ignored": -1, "smoothing": 0.0, "reduction": reduction}
        of = lambda x: F.nll_loss(x, torch.tensor(t), ignore_index=-1, reduction=reduction)  # noqa: E731
        case("negative_log_likelihood", [some(*shape)], of, args)


def embedding_cases():
    for shape, together in [((4, 3), [1, 0, 0, 1]), ((1, 1), [1]), ((1, 1), [0]), ((3, 7), [0, 1, 0]), ((5, 2), [0] * 5)]:
        for reduction in REDUCTIONS:
            t = np.array(together, dtype=np.int64)
            vectors = [some(*shape), shifted(*shape)]
            signs = 2 * t - 1
            for margin in [0.0, -0.5]:
                of = lambda a, b: F.cosine_embedding_loss(a, b, torch.tensor(signs), margin, reduction=reduction)  # noqa: E731
                args = {"target": written(signs), "margin": margin, "reduction": reduction}
                # Vectors of one number have a cosine of ±1 and no slope but rounding.
                case("cosine_embedding", vectors, of, args, gradients=shape[1] > 1)
            for margin in [1.0, 4.0]:

                def contrastive(a, b):
                    d = torch.linalg.vector_norm(a - b, dim=-1)
                    y = torch.tensor(t).to(a.dtype)
                    terms = 0.5 * y * d**2 + 0.5 * (1 - y) * F.relu(margin - d) ** 2
                    return reduce(terms, reduction, len(t))

                args = {"target": written(t), "margin": margin, "reduction": reduction}
                case("contrastive", vectors, contrastive, args)
            for margin in [1.0, 0.25]:
                of = lambda a, p, n: F.triplet_margin_loss(a, p, n, margin, reduction=reduction)  # noqa: E731
                case("triplet", [*vectors, some(*shape, shift=4)], of, {"margin": margin, "reduction": reduction})
    # Vectors of zeros, and large ones.
    a = Given([[0.0, 0.0], [1.0, 2.0], [1000.0, -1000.0], [1e-3, 0.0]])
    b = Given([[1.0, 0.5], [2.0, 0.5], [-1000.0, 900.5], [-1e-3, 0.5]])
    for signs in [[1, 1, 1, 1], [-1, -1, -1, 1]]:

        def of(a, b):
            # PyTorch's own 1e-12 is rounded to f32.
            length = lambda x: (x * x).sum(-1) + 1e-12  # noqa: E731
            cosine = (a * b).sum(-1) / (length(a) * length(b)).sqrt()
            return torch.where(torch.tensor(signs) == 1, 1 - cosine, F.relu(cosine + 0.25))

        case("cosine_embedding", [a, b], of, {"target": written(np.array(signs)), "margin": -0.25, "reduction": "none"})
    of = lambda a, b: reduce(0.5 * torch.stack([((a - b)[0] ** 2).sum(), F.relu(1 - (a - b)[1].abs().sum()) ** 2]), "mean", 2)  # noqa: E731
    # PyTorch's absolute value has the slope 0 at 0.
    case("contrastive", [Given([[1.0, 2.0], [0.5, 0.5]]), Given([[1.0, 2.0], [0.5, 0.5]])], of,
         {"target": written(np.array([1, 0])), "margin": 1.0, "reduction": "mean"})  # fmt: skip
    of = lambda a, p, n: F.triplet_margin_loss(a, p, n, reduction="none")  # noqa: E731
    case("triplet", [a, a, b], of, {"margin": 1.0, "reduction": "none"})
    case("triplet", [a, b, a], of, {"margin": 1.0, "reduction": "none"})


def ctc_in_60_digits(logits, labels):
    """−ln P of the labels and the gradient by the logits of one sample [steps, classes]; the blank is 0."""
    e = [[mpmath.exp(mpmath.mpf(float(x))) for x in row] for row in logits]
    p = [[x / mpmath.fsum(row) for x in row] for row in e]
    states = [0] + [k for label in labels for k in (int(label), 0)]
    steps, count = len(p), len(states)

    def ways(s):
        return [s] + [s - 1] * (s >= 1) + [s - 2] * (s >= 2 and states[s] != 0 and states[s] != states[s - 2])

    # Without logarithms: α counts the step's own class, β does not.
    alpha = [[p[0][k] if s < 2 else mpmath.mpf(0) for s, k in enumerate(states)]]
    for t in range(1, steps):
        alpha.append([mpmath.fsum(alpha[-1][r] for r in ways(s)) * p[t][k] for s, k in enumerate(states)])
    beta = [[mpmath.mpf(s >= count - 2) for s in range(count)]]
    for t in range(steps - 1, 0, -1):
        ahead = [b * p[t][k] for b, k in zip(beta[0], states)]
        beta.insert(0, [mpmath.fsum(ahead[r] for r in range(count) if s in ways(r)) for s in range(count)])
    whole = mpmath.fsum(alpha[-1][-2:])
    shares = [[mpmath.fsum(a * b for a, b, s in zip(alpha[t], beta[t], states) if s == k) / whole for k in range(len(p[0]))]
              for t in range(steps)]  # fmt: skip
    gradient = [[float(p[t][k] - shares[t][k]) for k in range(len(p[0]))] for t in range(steps)]
    return float(-mpmath.log(whole)), np.array(gradient)


def ctc_cases():
    def both(shape, labels, inputs, targets, x=None, blank=0, zero_infinity=False, reductions=REDUCTIONS):
        labels = np.array(labels, dtype=np.int64)
        for reduction in reductions:
            # In f64 for either type: PyTorch's f32 loses digits over the steps.
            def of(x):
                y = F.ctc_loss(F.log_softmax(x.double(), -1), torch.tensor(labels), torch.tensor(inputs), torch.tensor(targets),
                               blank, reduction, zero_infinity)  # fmt: skip
                return y.to(x.dtype)

            args = {"labels": written(labels), "inputs": inputs, "targets": targets, "blank": blank, "reduction": reduction}
            case("ctc", [x or some(*shape)], of, {**args, "zero_infinity": zero_infinity})

    both((6, 2, 4), [[1, 2, 3], [3, 3, 1]], [6, 5], [3, 2])
    both((5, 3, 3), [[1, 1, 2], [2, 1, 0], [0, 0, 0]], [5, 4, 5], [3, 2, 0])
    both((1, 1, 2), [[1]], [1], [1])
    both((4, 1, 2), [[0, 0]], [4], [2], blank=1)
    both((3, 2, 4), [[1, 1, 1], [2, 3, 1]], [3, 3], [3, 3], zero_infinity=True)

    def precisely(given, labels, inputs, targets):
        """The mean, where PyTorch's logarithms lose digits: over many steps, and at large logits."""
        labels = np.array(labels, dtype=np.int64)
        value, slope = 0.0, np.zeros_like(given.values)
        for n, (row, steps, length) in enumerate(zip(labels, inputs, targets)):
            loss, gradient = ctc_in_60_digits(given.values[:steps, n], row[:length])
            value += loss / length / len(labels)
            slope[:steps, n] = gradient / length / len(labels)

        def of(x):
            like = torch.tensor(slope).to(x.dtype)
            return (value + (like * (x - x.detach())).sum()).to(x.dtype)

        x = torch.tensor(given.values, requires_grad=True)
        theirs = F.ctc_loss(F.log_softmax(x, -1), torch.tensor(labels), torch.tensor(inputs), torch.tensor(targets))
        assert abs(theirs.item() / value - 1) < 1e-12
        assert np.abs(torch.autograd.grad(theirs, x)[0].numpy() - slope).max() < 1e-11 * np.abs(slope).max()
        args = {"labels": written(labels), "inputs": inputs, "targets": targets, "blank": 0, "reduction": "mean"}
        case("ctc", [given], of, {**args, "zero_infinity": False})

    rows = [[(3 * i + n) % 4 + 1 for i in range(11)] for n in range(3)]
    precisely(some(40, 3, 5), rows, [40, 33, 23], [11, 7, 11])
    precisely(Given(1000.0 * rule_values((5, 1, 3), [37, 97, 48.0, 48])), [[1, 2]], [5], [2])


def main():
    for make in [regression_cases, classification_cases, weighted_cases, embedding_cases, ctc_cases]:
        make()
    write_cases("losses.json")


if __name__ == "__main__":
    main()
