#!/usr/bin/env python3
"""Makes the reference values that tests/reference compares kudari with.

Run it with any working directory; it writes functions.json and arrays.json beside itself (common.py says
in which form):

    python generate.py

Made with Python 3.11, PyTorch 2.15.0, NumPy 2.4.6 and mpmath 1.3.0; the versions used stand in every file. Other
versions of PyTorch change last digits, other versions of NumPy may print arrays differently (2.4 writes f32 numbers
from a million on in powers of ten, 2.3 did not).
"""

import itertools
import math

import common
import mpmath
import numpy as np
import torch
import torch.nn.functional as F
from common import INF, NAN, VERSIONS, Given, eighths, exact, rule_values, some, text, write, write_cases, written


def case(name, *what, each=None, **others):
    """A case; the values of elementwise functions are compared number by number."""
    if each is None and (name in UNARY or name in BINARY) and name not in LOSES_DIGITS:
        each = "value"
    common.case(name, *what, each=each, **others)


def clip(x):
    # Not clamp alone: its derivative is 0 at both ends, kudari's is 1 there.
    return torch.where((x >= -0.5) & (x <= 1.0), x, x.detach().clamp(-0.5, 1.0))


def sign(x):
    # PyTorch gives 0 for NaN, NumPy and kudari NaN.
    return torch.where(torch.isnan(x), x, torch.sign(x))


def step(x):
    # Through sign, which has a derivative (zero) in PyTorch.
    return torch.sign(x).clamp(min=0.0)


def softplus(x):
    # Not F.softplus, which returns x from 20 on and is wrong by 2e-9 there.
    return torch.logaddexp(x, torch.zeros_like(x))


UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs,
    "sign": sign, "sin": torch.sin, "cos": torch.cos, "erf": torch.erf, "clip": clip, "identity": lambda x: x * 1,
    "step": step, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1), "softplus": softplus, "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow, "maximum": torch.maximum,
    "minimum": torch.minimum,
}  # fmt: skip
# In the left tail 1 + erf and 1 + tanh are differences of nearly equal numbers, in PyTorch as in kudari.
LOSES_DIGITS = ["gelu", "gelu_tanh"]
UNARY_ARGS = {"clip": {"low": -0.5, "high": 1.0}, "leaky_relu": {"slope": 0.1}}


def unary_cases():
    for name, f in UNARY.items():
        positive = name in ("log", "sqrt")
        args = UNARY_ARGS.get(name)
        # 37 numbers: two vectors of 16 and a rest of 5.
        for shape, shift in [((37,), 0), ((3, 5), 4), ((2, 1, 3), 6)]:
            case(name, [some(*shape, positive=positive, shift=shift)], f, args)
        case(name, [Given(0.75)], f, args)
        edges = [0.0, 1e-30, 1e-3, 30.0, 100.0] if positive else [0.0, -0.0, 1e-3, -1e-3, 30.0, -30.0, 100.0, -100.0, 1e-30]
        if name == "exp":
            edges = [0.0, -0.0, 1e-3, -1e-3, 30.0, -30.0, 88.5]
        if name in ("sigmoid", "silu"):
            # Where e^−x is infinite PyTorch has 0 for a denormal number: see exact_cases.
            edges = [-80.0 if x == -100.0 else x for x in edges]
        case(name, [Given(edges)], f, args)
        # PyTorch's f32 gelu gives NaN for infinity, its f64 gelu infinity.
        dtypes = ["f64"] if name == "gelu" else ["f64", "f32"]
        case(name, [Given([NAN, INF, -INF])], f, args, gradients=False, dtypes=dtypes)
    case("log", [Given([0.0, -1.0, 1.0])], torch.log)
    case("sqrt", [Given([-1.0, 4.0])], torch.sqrt)
    # The maximum of equal numbers gives each half of the gradient: ReLU's derivative at 0 is then ½.
    half = [Given([0.0, -0.0, 1.5, -1.5, 1e-30, -1e-30])]
    case("relu", half, lambda x: torch.maximum(x, torch.zeros_like(x)), {"kink": 0.5})
    case("clip", [Given([-0.5, 1.0, -0.75, 1.25, 0.0])], clip, UNARY_ARGS["clip"])
    case("exp", [Given([709.5, -700.0])], torch.exp, dtypes=["f64"])
    case("exp", [Given([710.0, -760.0, 100.0])], torch.exp, gradients=False)


def exact_cases():
    mp = mpmath
    one = mp.mpf(1)

    def sigma(x):
        return one / (one + mp.exp(-x))

    def sigma_slope(x):
        return sigma(x) * sigma(-x)

    common = [0.0, 1e-3, -1e-3, 0.3, -0.3, 0.6, -0.7, 2.5, -2.5, 9.0, -9.0, 17.0, -17.0]
    wide = {"f64": [30.0, -30.0, 100.0, -100.0, 700.0, -700.0], "f32": [30.0, -30.0, 80.0, -80.0]}
    curves = {
        "exp": (mp.exp, mp.exp),
        "sigmoid": (sigma, sigma_slope),
        "tanh": (mp.tanh, lambda x: 4 * sigma_slope(2 * x)),
        "softplus": (lambda x: mp.log1p(mp.exp(x)), sigma),
        "silu": (lambda x: x * sigma(x), lambda x: sigma(x) + x * sigma_slope(x)),
        "sin": (mp.sin, mp.cos),
        "cos": (mp.cos, lambda x: -mp.sin(x)),
    }
    for dtype in ["f64", "f32"]:
        for name, (value, slope) in curves.items():
            # The slope of tanh underflows in f32 from 44 on.
            far = [x for x in wide[dtype] if abs(x) < {"tanh": 45 if dtype == "f32" else 350}.get(name, 1e9)]
            exact(name, common + far, value, slope, dtype, UNARY[name])
        near = [0.0, 1e-3, -1e-3, 0.3, -0.6, 0.9, -1.2, 2.0, -3.0]
        exact("erf", near, mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), dtype, torch.erf)
        positive = [1e-30, 1e-3, 0.5, 0.999, 1.001, 2.0, 30.0, 1e6, 1e30]
        exact("log", positive, mp.log, lambda x: 1 / x, dtype, torch.log)
        exact("sqrt", positive, mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), dtype, torch.sqrt)
    # silu multiplies the sigmoid's denormal number, and with it that one's rounding: compared relative to the largest.
    for name, each in [("sigmoid", "value"), ("silu", False)]:
        exact(name, [0.5, -88.0, -89.0, -95.0, -100.0], *curves[name], "f32", UNARY[name], each=each)
    exact("exp", [708.0, 709.75, -708.0], mp.exp, mp.exp, "f64", torch.exp)
    exact("exp", [87.0, 88.7, -87.0], mp.exp, mp.exp, "f32", torch.exp)


def binary_cases():
    shapes = [[(3, 5), (3, 5)], [(3, 5), (5,)], [(), (3,)], [(2, 1, 3), (4, 1)], [(1,), (1, 1)], [(37,), (37,)]]
    for name, f in BINARY.items():
        for a, b in shapes:
            # A divisor that is never 0 and a positive base.
            x = some(*a, positive=name == "pow")
            y = Given(shape=b, rule=[31, 71, 35.5, 16]) if name == "div" else some(*b, shift=6)
            case(name, [x, y], f)
    # Ties, and sizes that differ widely.
    case("maximum", [Given([1.0, 2.0, 2.0, 0.0]), Given([1.0, 3.0, 1.0, -0.0])], torch.maximum)
    case("minimum", [Given([1.0, 2.0, 2.0, 0.0]), Given([[1.0], [2.0]])], torch.minimum)
    case("add", [Given([1e20, 1e-20, 0.1]), Given([1.0, 1.0, 0.2])], torch.add)
    case("mul", [Given([1e20, 1e-20, 0.1]), Given([1e15, 1e-10, 0.2])], torch.mul)
    case("div", [Given([1.0, -1.0, 0.0]), Given([0.0, 0.0, 0.0])], torch.div, gradients=False)
    # The derivative by the exponent is not asked for at negative bases, as the function's notes say.
    case("pow", [Given([-2.0, -2.0, 0.0, 0.0, -0.5]), Given([2.0, 3.0, 0.0, 2.0, -3.0])], torch.pow, gradients=False)
    case("pow", [Given([-2.0, 0.5]), Given([0.5, 0.5])], torch.pow, gradients=False)
    case("pow", [Given([0.0, 0.0, 2.0]), Given([2.0, 1.5, 3.0])], torch.pow)
    for name in ["maximum", "minimum"]:
        case(name, [Given([NAN, 1.0, INF, -INF]), Given([1.0, NAN, 3.0, 3.0])], BINARY[name], gradients=False)


def over(f, args, rank):
    """A PyTorch reduction over axes; none means all of them."""
    axes = [a % rank for a in args["axes"]] or list(range(rank))
    return lambda x: f(x, axes, args["keep"]) if rank else f(x.reshape(1), [0], False)


def reduction_cases():
    table = {
        "sum": lambda x, a, k: torch.sum(x, a, k),
        "mean": lambda x, a, k: torch.mean(x, a, k),
        "variance": lambda x, a, k: torch.var(x, a, correction=0, keepdim=k),
        "max": lambda x, a, k: torch.amax(x, a, k),
        "min": lambda x, a, k: torch.amin(x, a, k),
        "logsumexp": lambda x, a, k: torch.logsumexp(x, a, k),
    }
    layouts = [((3, 5), [], False), ((3, 5), [0], True), ((2, 3, 4), [0, -1], False), ((2, 3, 4), [1], False), ((7,), [-1], True),
               ((1, 5), [0], False), ((4, 1, 3), [1], True), ((2, 37), [-1], False), ((37, 2), [0], False), ((), [], False)]  # fmt: skip
    for name, f in table.items():
        for shape, axes, keep in layouts:
            args = {"axes": axes, "keep": keep}
            case(name, [some(*shape)], over(f, args, len(shape)), args)
    flat, rows = {"axes": [], "keep": False}, {"axes": [1], "keep": False}
    ties = Given([[2.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    for name in ["max", "min"]:
        case(name, [ties], over(table[name], rows, 2), rows)
        case(name, [ties], over(table[name], flat, 2), flat)
        case(name, [Given([[NAN, 1.0], [INF, -INF]])], over(table[name], rows, 2), rows, gradients=False)
    huge = Given([[1000.0, 1000.0, 999.0], [-1000.0, -1000.5, -1001.0], [1000.0, -1000.0, 0.0], [88.0, 89.0, 90.0]])
    case("logsumexp", [huge], over(table["logsumexp"], rows, 2), rows)
    case("logsumexp", [Given([[-INF, 0.0], [2.0, -INF]])], over(table["logsumexp"], rows, 2), rows)
    case("logsumexp", [Given([[-INF, -INF], [INF, 0.0]])], over(table["logsumexp"], rows, 2), rows, gradients=False)
    # A variance that a formula like mean x² − (mean x)² would lose.
    case("variance", [Given([[1000.0, 1000.25, 1000.5], [4096.0, 4097.0, 4095.0]])], over(table["variance"], rows, 2), rows)


def softmax_cases():
    for name, f in {"softmax": F.softmax, "log_softmax": F.log_softmax}.items():
        for shape, axis in [((3, 4), -1), ((5,), 0), ((2, 3, 4), 1), ((4, 1), -1), ((7, 10), 1), ((2, 37), -1)]:
            case(name, [some(*shape)], lambda x: f(x, axis), {"axis": axis})
        huge = Given([[1000.0, 1000.0, -1000.0], [1e4, 0.0, -1e4], [88.0, -88.0, 0.0], [-1e4, -1e4, -1e4]])
        case(name, [huge], lambda x: f(x, -1), {"axis": -1})
        case(name, [Given([[-INF, 0.0, 1.0]])], lambda x: f(x, -1), {"axis": -1})
        # Large logits close to each other keep their digits.
        near = Given([[1000.0, 1000.5, 999.0], [-4000.25, -4000.0, -4000.125]])
        case(name, [near], lambda x: f(x, -1), {"axis": -1}, each=True)


def product_cases():
    for a, b in [((3, 4), (4, 5)), ((1, 1), (1, 1)), ((7,), (7,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 1, 2, 3), (2, 3, 2)),
                 ((5, 1), (1, 7)), ((4, 2, 3), (3, 5)), ((2, 3), (2, 3, 2))]:  # fmt: skip
        case("matmul", [some(*a), some(*b, shift=6)], torch.matmul)
    case("matmul", [eighths(9, 33), eighths(33, 17, shift=2)], torch.matmul)
    for x in [(5, 3), (3,), (2, 2, 3), (1, 3)]:
        case("linear", [some(*x), some(4, 3, shift=6), some(4, shift=2)], F.linear)
    case("linear", [some(5, 3), some(2, 3, shift=6)], F.linear)
    case("linear", [eighths(9, 33), eighths(17, 33, shift=2), eighths(17, shift=6)], F.linear)


def convolution_cases():
    def options(stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
        return {"stride": list(stride), "padding": list(padding), "dilation": list(dilation), "groups": groups}

    def both(x, w, numbers=some, bias=True, **given):
        args = options(**given)
        inputs = [numbers(*x), numbers(*w, shift=6)] + ([numbers(w[0], shift=2)] if bias else [])
        case("conv2d", inputs, lambda x, w, b=None: F.conv2d(x, w, b, **args), args)

    both((2, 3, 7, 5), (4, 3, 3, 3))
    both((2, 3, 7, 5), (4, 3, 3, 3), bias=False)
    both((1, 1, 1, 1), (1, 1, 1, 1))
    both((2, 5, 4, 3), (7, 5, 1, 1))
    both((2, 2, 8, 9), (3, 2, 3, 2), stride=(2, 3))
    both((1, 3, 5, 6), (2, 3, 5, 3), padding=(2, 1))
    both((1, 3, 5, 6), (2, 3, 2, 3), padding=(3, 4))
    both((2, 2, 9, 8), (3, 2, 3, 3), dilation=(2, 3), padding=(1, 2))
    both((2, 2, 9, 9), (3, 2, 2, 4), dilation=(3, 1), padding=(0, 2), stride=(2, 2))
    both((2, 6, 5, 5), (4, 3, 3, 3), groups=2, padding=(1, 1))
    both((1, 5, 6, 6), (5, 1, 3, 3), groups=5, padding=(1, 1), stride=(2, 1))
    both((1, 3, 6, 6), (6, 1, 3, 3), groups=3)
    both((1, 33, 5, 7), (17, 33, 3, 3), numbers=eighths, padding=(1, 1))
    both((3, 1, 12, 12), (8, 1, 5, 5), numbers=eighths)
    for x, w, padding, stride, dilation, groups in [((2, 3, 9), (4, 3, 3), 1, 2, 1, 1), ((1, 4, 11), (4, 1, 4), 0, 1, 2, 4)]:
        args = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        case("conv2d", [some(*x), some(*w, shift=6), some(w[0], shift=2)], lambda x, w, b: F.conv1d(x, w, b, **args), args)

    def back(x, w, bias=True, output_padding=(0, 0), **given):
        args = options(**given)
        inputs = [some(*x), some(*w, shift=6)] + ([some(w[1] * args["groups"], shift=2)] if bias else [])
        of = lambda x, w, b=None: F.conv_transpose2d(x, w, b, output_padding=output_padding, **args)  # noqa: E731
        case("conv_transpose2d", inputs, of, {**args, "output_padding": list(output_padding)})

    back((2, 4, 5, 3), (4, 3, 3, 3))
    back((2, 4, 5, 3), (4, 3, 3, 3), bias=False)
    back((1, 3, 4, 5), (3, 2, 3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))
    back((1, 3, 4, 5), (3, 2, 2, 3), stride=(2, 3), padding=(1, 0), output_padding=(0, 2))
    back((2, 4, 3, 3), (4, 3, 2, 3), groups=2, stride=(1, 2), dilation=(3, 2), output_padding=(2, 1))
    back((1, 4, 3, 3), (4, 1, 3, 3), groups=4)


    for x, z, w, given in [((2, 3, 5, 4), (2, 2, 3, 3), (2, 3, 3, 2), {}), ((1, 4, 7, 5), (1, 6, 4, 4), (6, 2, 3, 2), {"stride": (2, 1), "padding": (1, 0), "groups": 2})]:  # fmt: skip
        args = options(**given)
        of = lambda x, z: torch.nn.grad.conv2d_weight(x, w, z, **args)  # noqa: E731
        case("conv2d_weight_gradient", [some(*x), some(*z, shift=6)], of, {**args, "w": list(w)})


def pooling_cases():
    table = {
        "max_pool2d": lambda x, size, stride, padding: F.max_pool2d(x, size, stride, padding),
        "average_pool2d": lambda x, size, stride, padding: F.avg_pool2d(x, size, stride, padding),
    }
    for name, f in table.items():
        for shape, size, stride, padding in [((2, 3, 6, 4), (2, 2), (2, 2), (0, 0)), ((1, 2, 7, 5), (3, 3), (2, 2), (1, 1)),
                                             ((2, 1, 5, 8), (2, 3), (1, 2), (1, 0)), ((1, 37, 5, 5), (3, 2), (1, 1), (0, 1)),
                                             ((1, 16, 4, 4), (4, 4), (4, 4), (0, 0)), ((2, 2, 5, 5), (2, 2), (3, 3), (0, 0))]:  # fmt: skip
            args = {"size": list(size), "stride": list(stride), "padding": list(padding)}
            case(name, [some(*shape)], lambda x: f(x, size, stride, padding), args)
        args = {"size": [2, 2], "stride": [1, 1], "padding": [0, 0]}
        odd = Given([[[[1.0, NAN, 2.0], [INF, 0.0, -INF], [3.0, -INF, -INF]]]])
        case(name, [odd], lambda x: f(x, (2, 2), (1, 1), (0, 0)), args, gradients=False)
        # Their derivatives, which are functions of the gradient.
        picture = some(2, 3, 7, 5)
        args = {"size": [3, 2], "stride": [2, 2], "padding": [1, 0]}

        def spread(g):
            x = torch.tensor(picture.values).to(g.dtype).requires_grad_(True)
            return torch.autograd.grad(f(x, (3, 2), (2, 2), (1, 0)), x, g, create_graph=True)[0]

        def picked(v):
            g = torch.zeros((2, 3, 4, 2), dtype=v.dtype, requires_grad=True)
            return torch.autograd.grad(spread(g), g, v, create_graph=True)[0]

        name = {"max_pool2d": "max_pool2d_scatter", "average_pool2d": "average_pool2d_spread"}[name]
        case(name, [some(2, 3, 4, 2, shift=2)], spread, {**args, "picture": picture.json})
        if f is table["max_pool2d"]:
            case("max_pool2d_pick", [some(2, 3, 7, 5, shift=2)], picked, {**args, "picture": picture.json})
    adaptive = {"adaptive_max_pool2d": F.adaptive_max_pool2d, "adaptive_average_pool2d": F.adaptive_avg_pool2d}
    for name, f in adaptive.items():
        for shape, size in [((2, 3, 6, 4), (3, 2)), ((1, 2, 7, 5), (3, 4)), ((2, 1, 5, 8), (2, 3)), ((1, 70, 2, 3), (1, 2)),
                            ((1, 2, 3, 2), (5, 4)), ((1, 1, 17, 17), (1, 1)), ((1, 2, 1, 9), (1, 4)), ((2, 2, 3, 4), (3, 4)),
                            ((0, 2, 5, 4), (2, 2))]:  # fmt: skip
            case(name, [some(*shape)], lambda x: f(x, size), {"size": list(size)})
        odd = Given([[[[1.0, NAN, 2.0], [INF, 0.0, -INF], [3.0, -INF, -INF]]]])
        case(name, [odd], lambda x: f(x, (2, 2)), {"size": [2, 2]}, gradients=False)
    equal = Given([[[[2.0, 2.0, 1.0], [2.0, 1.0, 1.0], [0.0, -0.0, 1.0]]]])
    case("adaptive_max_pool2d", [equal], lambda x: F.adaptive_max_pool2d(x, (2, 2)), {"size": [2, 2]})
    wide = some(2, 3, 7, 5)

    def parted(g):
        x = torch.tensor(wide.values).to(g.dtype).requires_grad_(True)
        return torch.autograd.grad(F.adaptive_avg_pool2d(x, (3, 2)), x, g, create_graph=True)[0]

    case("adaptive_average_pool2d_spread", [some(2, 3, 3, 2, shift=2)], parted, {"size": [3, 2], "picture": wide.json})
    # Equal numbers: the first has the gradient.
    args = {"size": [2, 2], "stride": [1, 1], "padding": [0, 0]}
    ties = Given([[[[2.0, 2.0, 1.0], [2.0, 1.0, 1.0], [0.0, -0.0, 1.0]]]])
    case("max_pool2d", [ties], lambda x: F.max_pool2d(x, (2, 2), (1, 1)), args)
    below = Given([[[[-2.0, -3.0], [-4.0, -1.0]]]])
    padded = {"size": [2, 2], "stride": [1, 1], "padding": [1, 1]}
    case("max_pool2d", [below], lambda x: F.max_pool2d(x, (2, 2), (1, 1), (1, 1)), padded)


def shape_cases():
    for shape, sizes in [((2, 3, 2), [2, -1]), ((6,), [3, 2]), ((1, 1), []), ((4, 3), [2, 6])]:
        case("reshape", [some(*shape)], lambda x: x.reshape(sizes), {"sizes": sizes})
    for shape, order in [((2, 3), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((2, 1, 3, 2), [-1, 1, 0, 2])]:
        case("permute", [some(*shape)], lambda x: x.permute(order), {"order": order})
    for shape in [(4,), (3, 1), (), (2, 1, 4)]:
        case("broadcast_to", [some(*shape)], lambda x: x.expand(2, 3, 4), {"shape": [2, 3, 4]})
        case("sum_to", [some(2, 3, 4)], lambda x: x.sum_to_size(shape), {"shape": list(shape)})
    picks = [((7, 5), [[1, None, 2], [1, 4, 1]]), ((7, 5), [[0, None, 3]]), ((5,), [[-3, -1, 1]]), ((2, 3, 4), [[0, 1, 1], [0, None, 2]])]
    for shape, slices in picks:
        place = tuple(slice(*s) for s in slices)
        args = {"slices": slices}
        case("slice", [some(*shape)], lambda x: x[place], args)
        small = tuple(np.zeros(shape)[place].shape)

        def embed(x):
            zeros = torch.zeros(shape, dtype=x.dtype)
            zeros[place] = x
            return zeros

        case("embed", [some(*small)], embed, {**args, "shape": list(shape)})
    for axis, shapes in [(0, [(2, 3), (1, 3), (4, 3)]), (-1, [(2, 3), (2, 1)]), (1, [(2, 2, 2), (2, 3, 2)])]:
        case("concatenate", [some(*s, shift=i) for i, s in enumerate(shapes)], lambda *x: torch.cat(x, axis), {"axis": axis})
    for axis in [0, 1, -1]:
        case("concatenate", [some(2, 3), some(2, 3, shift=1)], lambda *x: torch.stack(x, axis), {"axis": axis, "stack": True})
    case("to_dtype", [some(2, 3)], lambda x: x.double(), {"to": "f64"})
    case("to_dtype", [Given([0.1, 1 / 3, 1e-30, -2e20, 1e-50])], lambda x: x.float(), {"to": "f32"})


def indexing_cases():
    def indices(values):
        values = np.array(values, dtype=np.int64)
        return torch.tensor(values), written(values)

    for shape, axis, values in [((4, 3), 1, [[0], [2], [1], [0]]), ((4, 3), 0, [[3, 0, 3], [0, 0, 1]]), ((5,), -1, [4, 4, 0, 2, 4, 1]),
                                ((2, 3, 2), 1, [[[2, 0]], [[1, 1]]])]:  # fmt: skip
        at, json_at = indices(values)
        case("gather", [some(*shape)], lambda x: x.gather(axis, at), {"axis": axis, "indices": json_at})
        to = lambda x: torch.zeros(shape, dtype=x.dtype).scatter_add(axis, at, x)  # noqa: E731
        case("scatter_add", [some(*at.shape)], to, {"axis": axis, "indices": json_at, "shape": list(shape)})
    mask = np.array([[True, False, True], [False, False, True]])
    for a, b in [((2, 3), (2, 3)), ((3,), (2, 1)), ((2, 3), ()), ((4, 2, 3), (1,))]:
        args = {"condition": written(mask)}
        case("choose", [some(*a), some(*b, shift=6)], lambda x, y: torch.where(torch.tensor(mask), x, y), args)


def loss_cases():
    differences = {
        "sum_squared_error": lambda y, t: 0.5 * ((y - t) ** 2).sum(),
        "mean_squared_error": F.mse_loss,
        "mean_absolute_error": F.l1_loss,
        "sigmoid_cross_entropy": F.binary_cross_entropy_with_logits,
    }
    for name, f in differences.items():
        for shape in [(2, 3), (5,), (), (37,), (3, 1, 4)]:
            t = Given(shape=shape, rule=[31, 65, 0.0, 64]) if name == "sigmoid_cross_entropy" else some(*shape, shift=6)
            case(name, [some(*shape), t], f)
    case("mean_absolute_error", [Given([1.0, 2.0]), Given([1.0, 3.0])], F.l1_loss)
    logits = [30.0, -30.0, 100.0, -100.0, 1000.0, -1000.0, 0.0, 1e-3]
    for t in [0.0, 1.0, 0.25]:
        case("sigmoid_cross_entropy", [Given(logits), Given([t] * 8)], differences["sigmoid_cross_entropy"])

    def both(shape, labels=None, rows=None, x=None, epsilons=(0.0, 1e-7)):
        """Both cross-entropies with the same target."""
        classes = shape[-1]
        if rows is None:
            target = np.array(labels, dtype=np.int64)
            args = {"target": {**written(target), "i": True}}
            t = F.one_hot(torch.tensor(target.reshape(shape[:-1])), classes).double()
        else:
            target = np.array(rows, dtype=np.float64)
            args = {"target": written(target)}
            t = torch.tensor(target)
        count = max(math.prod(shape[:-1]), 1)

        def by_softmax(x):
            if rows is None:
                return F.cross_entropy(x.reshape(-1, classes), torch.tensor(target.reshape(-1)))
            return -(t.to(x.dtype) * F.log_softmax(x, -1)).sum() / count

        case("softmax_cross_entropy", [x or some(*shape)], by_softmax, args)
        for epsilon in epsilons:
            # Only where the target is not 0, so that 0 · ln 0 is 0.
            f = lambda p: -(t.to(p.dtype)[t != 0] * torch.log(p[t != 0] + epsilon)).sum() / count  # noqa: E731
            case("cross_entropy", [Given(shape=shape, rule=[37, 97, -1.0, 100])], f, {**args, "epsilon": epsilon})

    both((2, 3), labels=[2, 0])
    both((2, 3), labels=[[1], [2]])
    both((2, 3), rows=[[0.5, 0.5, 0.0], [0.0, 0.25, 1.0]])
    both((2, 2, 4), labels=[[0, 1], [3, 2]])
    both((3,), labels=1)
    both((17, 10), labels=[(7 * i) % 10 for i in range(17)], epsilons=(1e-7,))
    both((5, 37), labels=[36, 0, 16, 15, 31], epsilons=())
    both((4, 2), labels=[1, 1, 0, 0], x=Given([[0.0, -200.0], [1000.0, -1000.0], [1e4, 0.0], [-88.0, 88.0]]), epsilons=())
    zero = {"target": {**written(np.array([1, 0])), "i": True}, "epsilon": 1e-7}
    impossible = Given([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    case("cross_entropy", [impossible], lambda p: -torch.log(p[[0, 1], [1, 0]] + 1e-7).sum() / 2, zero)


def functions():
    for make in [unary_cases, exact_cases, binary_cases, reduction_cases, softmax_cases, product_cases, convolution_cases, pooling_cases,
                 shape_cases, indexing_cases, loss_cases]:  # fmt: skip
        make()
    write_cases("functions.json")


# Arrays.

KINDS = {"f64": np.float64, "f32": np.float32, "i64": np.int64, "bool": np.bool_}


def printed():
    cases = []

    def add(values, *kinds, shape=None):
        for kind in kinds or ["f64"]:
            array = np.array(values).astype(KINDS[kind])
            array = array if shape is None else array.reshape(shape)
            cases.append({"dtype": kind, "x": written(array), "text": str(array)})

    def follow(shape, rule, kind="f64"):
        array = rule_values(shape, rule).astype(KINDS[kind])
        cases.append({"dtype": kind, "x": {"s": list(shape), "r": rule}, "text": str(array)})

    both = ("f64", "f32")
    add([[1, 2.5], [-3.125, 4]], *both)
    add([0.1, 1 / 3, 2 / 3], *both)
    add([1e-5, 1], *both)
    add([1234.5678, 0.5], *both)
    add([1000.0, 1.0], *both)
    add([1000.5, 1.0], *both)
    add([999999.0, 1e6], *both)
    add([123456.0, 1000.0], *both)
    add([99999999.0, 1e6], *both)
    add([1e8, 1e6], *both)
    add([0.0001, 0.05], *both)
    add([0.00012345678, 0.05], *both)
    add([9.9e-5, 0.05], *both)
    add([1e100, -1e-5, 0.0])
    add([1e-300, 1e-310, 5e-324])
    add([1e38, 1e-38, 3.4028235e38], "f32")
    add([123456789.123456789, -0.1])
    add([[NAN, 1, INF], [-INF, 1.25, 0]], *both)
    add([NAN, INF])
    add([NAN, -INF])
    add([NAN])
    add([INF, 1e-10, -1e10], *both)
    add([-0.0, 0.0, 1.0], *both)
    add([0.0, 0.0])
    add([0.123456785, 0.123456775, 0.999999999, 9.9999999999], *both)
    add([0.5, 0.25, 100.0, -17.75], *both)
    for value in [3.0, -0.0, 0.1, 1 / 3, 1e-4, 9.9e-5, 999999.0, 1e6, 1.5e15, 1e16, 1e22, 1e-10, NAN, -INF, 123456789.0, 1.2345e30, 2.0**-24]:
        add(value, *both)
    add(7, "i64")
    add(-(2**62) + 1, "i64")
    add(1, "bool")
    add(0, "bool")
    add([1, 1], "bool")
    add([[1, 0], [0, 0]], "bool")
    add([0] * 30, "bool")
    add([2**53 + 1, -1, 9007199254740995], "i64")
    add([[[1, 2]], [[3, -40]]], "i64")
    add(list(range(40)), *both, "i64")
    add([[-i * i for i in range(30)], list(range(30))], "i64")
    add([[[i / 8 for i in range(20)]]], *both)
    for kind in both:
        follow((3, 14), [37, 101, 50.0, 7], kind)
        follow((2, 2, 2, 9), [37, 101, 50.0, 300], kind)
        follow((1001,), [37, 1009, 500.0, 7], kind)
        follow((40, 40), [37, 1009, 500.0, 1024], kind)
        follow((7, 11, 13), [37, 1009, 500.0, 1], kind)
    follow((1001,), [1, 5000, 0.0, 1], "i64")
    follow((1000,), [1, 5000, 0.0, 1], "i64")
    follow((5, 400), [37, 1009, 500.0, 1], "i64")
    follow((400, 5), [37, 1009, 500.0, 1], "i64")
    follow((2, 2, 600), [37, 1009, 500.0, 1e6])
    follow((1100,), [1, 2, 0.0, 1], "bool")
    follow((7, 1, 150), [37, 1009, 0.0, 1e-12])
    for shape in [(0,), (0, 3), (2, 0)]:
        add([], shape=shape)
    # Numbers so long that few fit into a line, or none.
    add([[[[[[1 / 3, 1e-9, -1e200, 2 / 3, 5, 7, 1 / 7]]]]]])
    return cases


def operations():
    cases = []

    def add(name, inputs, result, args=None, kind="f64"):
        inputs = [np.asarray(x) for x in inputs]
        result = np.asarray(result)
        kinds = {"f": {4: "f32", 8: "f64"}, "i": {8: "i64"}, "b": {1: "bool"}}
        typed = lambda a: {"dtype": kinds[a.dtype.kind][a.dtype.itemsize], **written(a)}  # noqa: E731
        cases.append({"op": name, **({"args": args} if args else {}), "x": [typed(x) for x in inputs], "y": typed(result)})

    def numbers(*shape, kind=np.float64, shift=0, divisor=8):
        return rule_values(shape, [37 + shift, 97, 48.0, divisor]).astype(kind)

    for kind in [np.float64, np.float32]:
        for a, b in [((2, 3), (3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((3,), (3,)), ((2, 0), (0, 3))]:
            x, y = numbers(*a, kind=kind), numbers(*b, kind=kind, shift=2)
            add("matmul", [x, y], x @ y)
    x = numbers(2, 3, 4)
    for axes, keep in [((0,), False), ((1,), True), ((0, 2), False), ((0, 1, 2), False)]:
        args = {"axes": list(axes), "keep": keep}
        for kind in [np.float64, np.float32, np.int64]:
            values = numbers(2, 3, 4, kind=kind, divisor=1)
            for name, f in {"sum": np.sum, "max": np.max, "min": np.min}.items():
                add(name, [values], f(values, axis=axes, keepdims=keep), args)
        add("mean", [x], np.mean(x, axis=axes, keepdims=keep), args)
    odd = np.array([[1.0, 3.0, 3.0], [NAN, 5.0, NAN], [-INF, INF, INF], [0.0, -0.0, 0.0], [2.0, NAN, 1.0]])
    for name, f in {"argmax": np.argmax, "argmin": np.argmin}.items():
        for axis in [0, 1, -1]:
            add(name, [odd], f(odd, axis=axis), {"axis": axis})
        for axis in [0, 1, 2]:
            add(name, [x], f(x, axis=axis), {"axis": axis})
        long = numbers(3, 101, kind=np.int64, divisor=1)
        add(name, [long], f(long, axis=1), {"axis": 1})
    for name, f in {"max": np.max, "min": np.min}.items():
        add(name, [odd], f(odd, axis=1), {"axes": [1], "keep": False})
    at = np.array([2, 0, 2, 1])
    for axis in [0, 1]:
        square = numbers(3, 3, kind=np.int64, divisor=1)
        add("take", [square, at], np.take(square, at, axis), {"axis": axis})
    deep = np.array([[[0, 1, 2, 0]], [[2, 2, 1, 0]]])
    add("gather", [x, deep], np.take_along_axis(x, deep, 1), {"axis": 1})
    for axis in [0, 1, -1]:
        add("concatenate", [x, x], np.concatenate([x, x], axis), {"axis": axis})
        add("stack", [x[0], x[1]], np.stack([x[0], x[1]], axis), {"axis": axis})
    flags = [np.array([[True], [False]]), np.array([True, False, True])]
    add("concatenate", [flags[1], flags[1]], np.concatenate([flags[1], flags[1]]), {"axis": 0})
    a, b = np.array([[1.0], [NAN], [2.0]]), np.array([1.0, 2.0, -INF])
    comparisons = {"equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
                   "greater": np.greater, "greater_equal": np.greater_equal}  # fmt: skip
    for name, f in comparisons.items():
        add(name, [a, b], f(a, b))
    add("choose", [flags[0], b, b * 2], np.where(flags[0], b, b * 2))
    big = np.array([2**62, -(2**62), 3], dtype=np.int64)
    for name, f in {"add": np.add, "sub": np.subtract, "mul": np.multiply}.items():
        add(name, [big, np.array([[2**62], [-7]])], f(big, np.array([[2**62], [-7]])))
        add(name, [x, x[0, 0]], f(x, x[0, 0]))
    add("linspace", [], np.linspace(-1.0, 2.0, 11), {"first": -1.0, "last": 2.0, "count": 11})
    add("eye", [], np.eye(4), {"count": 4})
    add("to_i64", [np.array([1.9, -1.9, 0.5, -0.0, 1e15])], np.array([1.9, -1.9, 0.5, -0.0, 1e15]).astype(np.int64))
    return cases


if __name__ == "__main__":
    functions()
    with np.errstate(all="ignore"):
        write("arrays.json", {"versions": VERSIONS}, {"printed": printed(), "operations": operations()})
