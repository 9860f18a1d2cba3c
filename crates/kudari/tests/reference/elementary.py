#!/usr/bin/env python3
"""Makes elementary.json: reference values of the elementary functions and activation functions that generate.py does not have.

    python elementary.py

Made with the versions that stand in the file.
"""

import common
import mpmath as mp
import torch
import torch.nn.functional as F
from common import INF, NAN, Given, exact, some, write_cases

ONE = mp.mpf(1)
# The nearest f64 to SELU's numbers: its scale, and the scale times its α.
SCALE, SCALE_ALPHA = mp.mpf(1.0507009873554805), mp.mpf(1.7580993408473766)


def case(*what, **others):
    """Values are compared number by number, unless said otherwise."""
    common.case(*what, **{"each": "value", **others})


def within(bound):
    """Numbers of a rule between minus and plus a bound."""
    return lambda shape, shift: Given(shape=shape, rule=[37 + shift, 97, 48.0, 48.0 / bound])


def everywhere(shape, shift):
    return some(*shape, shift=shift)


def positive(shape, shift):
    return some(*shape, shift=shift, positive=True)


def above_minus_one(shape, shift):
    return Given(shape=shape, rule=[37 + shift, 97, 12.0, 16])


def above_one(shape, shift):
    return Given(shape=shape, rule=[37 + shift, 97, -17.0, 16])


def sigma(x):
    return ONE / (ONE + mp.exp(-x))


def mish_slope(x):
    t = mp.tanh(mp.log1p(mp.exp(x)))
    return t + x * sigma(x) * (1 - t * t)


def gelu_tanh(x):
    return x * sigma(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))


def linear_unit(scale, alpha, width):
    """An exponential linear unit: scale · x above 0, else alpha · (e^(x/width) − 1), and its slope."""
    value = lambda x: scale * x if x > 0 else alpha * mp.expm1(x / width)  # noqa: E731
    slope = lambda x: scale if x > 0 else alpha / width * mp.exp(x / width)  # noqa: E731
    return value, slope


# One divided by α must be exact: PyTorch calculates it in f32 for CELU.
ALPHA, CEILING = 0.5, 1.5
ARGS = {"elu": {"alpha": ALPHA}, "celu": {"alpha": ALPHA}, "clipped_relu": {"ceiling": CEILING}}
UNARY = {
    "expm1": (torch.expm1, everywhere),
    "exp2": (torch.exp2, everywhere),
    "log1p": (torch.log1p, above_minus_one),
    "log2": (torch.log2, positive),
    "log10": (torch.log10, positive),
    "rsqrt": (torch.rsqrt, positive),
    "tan": (torch.tan, within(1.5)),
    "asin": (torch.asin, within(0.96)),
    "acos": (torch.acos, within(0.96)),
    "atan": (torch.atan, everywhere),
    "sinh": (torch.sinh, everywhere),
    "cosh": (torch.cosh, everywhere),
    "asinh": (torch.asinh, everywhere),
    "acosh": (torch.acosh, above_one),
    "atanh": (torch.atanh, within(0.96)),
    "relu6": (F.relu6, within(9.0)),
    "clipped_relu": (lambda x: F.hardtanh(x, 0.0, CEILING), everywhere),
    "elu": (lambda x: F.elu(x, ALPHA), everywhere),
    "selu": (F.selu, everywhere),
    "celu": (lambda x: F.celu(x, ALPHA), everywhere),
    "log_sigmoid": (F.logsigmoid, everywhere),
    # Not F.hardsigmoid, whose slope is the f32 nearest to 1/6 for f64 too.
    "hard_sigmoid": (lambda x: F.hardtanh(x / 6 + 0.5, 0.0, 1.0), within(6.0)),
    "hard_swish": (F.hardswish, within(6.0)),
    "mish": (F.mish, everywhere),
    # By way of f64: PyTorch's f32 values lose digits in the left tail.
    "normal_cdf": (lambda x: torch.special.ndtr(x.double()).to(x.dtype), everywhere),
}
# Functions of generate.py whose left tail PyTorch computes by subtraction.
TAILS = {"erf": torch.erf, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh")}


def unary_cases():
    for name, (f, numbers) in UNARY.items():
        args = ARGS.get(name)
        # 37 numbers: two vectors of 16 and a rest of 5; shapes with sizes of 1 and without an element.
        for shape, shift in [((37,), 0), ((3, 5), 4), ((2, 1, 3), 6), ((0, 3), 0)]:
            case(name, [numbers(shape, shift)], f, args)
        case(name, [Given(1.25 if name == "acosh" else 0.75)], f, args)
        case(name, [Given([NAN, INF, -INF])], f, args, gradients=False)
    # Ends of domains, and kinks.
    for name in ["asin", "acos", "atanh"]:
        case(name, [Given([-1.0, 1.0, -1.5, 1.5])], UNARY[name][0], gradients=False)
    case("acosh", [Given([1.0, 0.5, -2.0])], torch.acosh, gradients=False)
    for name in ["log2", "log10", "rsqrt"]:
        case(name, [Given([0.0, -1.0])], UNARY[name][0], gradients=False)
    case("log1p", [Given([-1.0, -1.5])], torch.log1p, gradients=False)
    case("log2", [Given([0.125, 1.0, 1024.0])], torch.log2)
    case("exp2", [Given([-3.0, 0.0, 10.0, 126.0])], torch.exp2)
    case("exp2", [Given([200.0, -200.0])], torch.exp2, gradients=False)
    for name in ["relu6", "clipped_relu", "hard_sigmoid", "hard_swish", "elu", "selu", "celu"]:
        bends = Given([0.0, -0.0, 3.0, -3.0, 6.0, CEILING, 1e-30, -1e-30, 1e30, -1e30])
        case(name, [bends], UNARY[name][0], ARGS.get(name))


def exact_cases():
    near = [0.0, 1e-3, -1e-3, 1e-6, 0.3, -0.3, 0.6, -0.7, 2.5, -2.5, 9.0, -9.0]
    far = {"f64": [30.0, -30.0, 300.0, -300.0], "f32": [30.0, -30.0, 80.0, -80.0]}
    inner = [0.0, 1e-3, -1e-3, 1e-6, 0.3, -0.3, 0.75, -0.9, 0.99, -0.99]
    above = [1e-30, 1e-3, 0.5, 0.999, 1.001, 2.0, 30.0, 1e6, 1e30]
    root = lambda x: mp.sqrt((1 - x) * (1 + x))  # noqa: E731
    for dtype in ["f64", "f32"]:
        wide = near + far[dtype]
        curves = {
            "expm1": (wide, mp.expm1, mp.exp),
            "exp2": (wide, lambda x: mp.power(2, x), lambda x: mp.log(2) * mp.power(2, x)),
            "log1p": (inner + above, mp.log1p, lambda x: 1 / (1 + x)),
            "log2": (above, lambda x: mp.log(x, 2), lambda x: 1 / (x * mp.log(2))),
            "log10": (above, lambda x: mp.log(x, 10), lambda x: 1 / (x * mp.log(10))),
            "rsqrt": ([1e-12, *above[1:]], lambda x: 1 / mp.sqrt(x), lambda x: -1 / (2 * x * mp.sqrt(x))),
            "tan": (inner + [1.5, -1.5, 10.0], mp.tan, lambda x: mp.sec(x) ** 2),
            "asin": (inner, mp.asin, lambda x: 1 / root(x)),
            "acos": (inner, mp.acos, lambda x: -1 / root(x)),
            "atan": (wide + [1e10], mp.atan, lambda x: 1 / (1 + x * x)),
            "sinh": (wide, mp.sinh, mp.cosh),
            "cosh": (wide, mp.cosh, mp.sinh),
            # PyTorch's f32 slope of acosh comes from x² − 1.
            "acosh": ([1.001 if dtype == "f64" else 1.25, 1.5, 2.0, 30.0, 1e10], mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1))),
            "asinh": (wide + [1e10, -1e10], mp.asinh, lambda x: 1 / mp.sqrt(x * x + 1)),
            "atanh": (inner, mp.atanh, lambda x: 1 / ((1 - x) * (1 + x))),
            "selu": (wide, *linear_unit(SCALE, SCALE_ALPHA, ONE)),
            "log_sigmoid": (wide, lambda x: -mp.log1p(mp.exp(-x)), lambda x: sigma(-x)),
            "mish": (wide, lambda x: x * mp.tanh(mp.log1p(mp.exp(x))), mish_slope),
        }
        for name, (points, value, slope) in curves.items():
            exact(name, points, value, slope, dtype, UNARY[name][0])
        # In f64 the exponent's rounding costs as many digits as x² has: no far tail.
        tail = near[:-2] + ([-5.0, 5.0, -8.0, -10.0, -12.5, 12.5] if dtype == "f32" else [])
        curves = {
            "normal_cdf": (tail, mp.ncdf, mp.npdf),
            "erf": (near[:-2], mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
            "gelu": (tail, lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x)),
            "gelu_tanh": ([x for x in tail if abs(x) < 9], gelu_tanh, lambda x: mp.diff(gelu_tanh, x)),
        }
        for name, (points, value, slope) in curves.items():
            exact(name, points, value, slope, dtype, TAILS.get(name, torch.special.ndtr), each="value")
    units = {"elu": linear_unit(ONE, mp.mpf(ALPHA), ONE), "celu": linear_unit(ONE, mp.mpf(ALPHA), mp.mpf(ALPHA))}
    for name, (value, slope) in units.items():
        exact(name, near + [-30.0, 300.0], value, slope, "f64", UNARY[name][0], ARGS[name])


def learnt_cases():
    """PReLU, maxout, and softmin."""
    for x, slope in [((4, 3), (3,)), ((2, 3, 5), (3,)), ((2, 3, 2, 4), (3,)), ((5, 1), (1,)), ((7,), (1,)), ((37, 2), ()), ((0, 3), (3,))]:
        case("prelu", [some(*x), some(*slope, shift=6)], lambda x, a: F.prelu(x, a.reshape(-1)), each=None)
    edges = Given([[0.0, -0.0, 1e-30, -1e-30, 100.0, -100.0]])
    case("prelu", [edges, Given([0.25, -0.5, 2.0, 2.0, 2.0, 0.125])], F.prelu)
    case("prelu", [Given([[NAN], [INF], [-INF]]), Given([0.25])], F.prelu, gradients=False)
    for shape, pool, axis in [((4, 6), 3, 1), ((4, 6), 2, -1), ((6, 5), 2, 0), ((2, 4, 3, 2), 4, 1), ((3, 37), 1, 1), ((0, 4), 2, 1)]:
        place = axis % len(shape)
        case("maxout", [some(*shape)], lambda x: x.unflatten(place, (shape[place] // pool, pool)).amax(place + 1), {"pool": pool, "axis": axis})
    ties = Given([[2.0, 2.0, 1.0, 3.0], [0.0, -0.0, -1.0, -1.0]])
    case("maxout", [ties], lambda x: x.unflatten(1, (2, 2)).amax(2), {"pool": 2, "axis": 1})
    odd = Given([[NAN, 2.0, -INF, 3.0], [INF, 1.0, -INF, -INF]])
    case("maxout", [odd], lambda x: x.unflatten(1, (2, 2)).amax(2), {"pool": 2, "axis": 1}, gradients=False)
    for shape, axis in [((3, 4), -1), ((5,), 0), ((2, 3, 4), 1), ((4, 1), -1), ((2, 37), -1)]:
        case("softmin", [some(*shape)], lambda x: F.softmin(x, axis), {"axis": axis}, each=None)
    huge = Given([[1000.0, 1000.0, -1000.0], [1e4, 0.0, -1e4], [88.0, -88.0, 0.0], [INF, 0.0, 1.0]])
    case("softmin", [huge], lambda x: F.softmin(x, -1), {"axis": -1}, each=None)


if __name__ == "__main__":
    unary_cases()
    exact_cases()
    learnt_cases()
    write_cases("elementary.json")
