"""What the scripts that make reference values share: how arrays are written, and what a case is.

An array in the files is {"s": shape, "d": "numbers with spaces between them"} or, if its numbers follow a rule,
{"s": shape, "r": [a, m, o, d]} with element i (in row-major order) equal to ((i·a) mod m − o) / d.
The upstream gradient of every function is the rule UPSTREAM, in which no number is 0.
"""

import json
import math
import pathlib
import platform

import mpmath
import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
UPSTREAM = [5, 13, 6.5, 4]
VERSIONS = {
    "python": platform.python_version(),
    "torch": torch.__version__,
    "numpy": np.__version__,
    "mpmath": mpmath.__version__,
}
NAN, INF = math.nan, math.inf
mpmath.mp.dps = 60
torch.set_num_threads(1)


# How arrays are written.


def rule_values(shape, rule):
    a, m, o, d = rule
    i = np.arange(math.prod(shape), dtype=np.float64)
    return (((i * a) % m - o) / d).reshape(shape)


class Given:
    """An input: its f64 values and how they stand in the file."""

    def __init__(self, values=None, shape=None, rule=None):
        if rule:
            self.values = rule_values(shape, rule)
            self.json = {"s": list(shape), "r": rule}
        else:
            self.values = np.array(values, dtype=np.float64)
            self.json = {"s": list(self.values.shape), "d": text(self.values)}


def text(array):
    """All numbers of an array with the digits that identify them in its type."""
    array = np.asarray(array)
    if array.dtype.kind == "f":
        return " ".join(digits(x) for x in array.ravel())
    return " ".join(str(int(x)) for x in array.ravel())


def digits(x):
    if not math.isfinite(x):
        return str(x)
    if x == 0 or 1e-4 <= abs(x) < 1e8:
        return np.format_float_positional(x, trim="-")
    return np.format_float_scientific(x, trim="-", exp_digits=1)


def written(array):
    return {"s": list(array.shape), "d": text(array)}


def some(*shape, positive=False, shift=0):
    """Numbers from −3 to 3 in sixteenths, or from 1/16 to 6."""
    return Given(shape=shape, rule=[37 + shift, 97, -1.0 if positive else 48.0, 16])


def eighths(*shape, shift=0):
    """Numbers whose products are exact in f32."""
    return Given(shape=shape, rule=[29 + shift, 41, 20.0, 8])


def write(name, content, lists):
    """One case a line, so that changes are readable."""
    lines = [f'"{key}": {json.dumps(value)}' for key, value in content.items()]
    for key, cases in lists.items():
        lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")
    path = HERE / name
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{name}: {path.stat().st_size / 1000:.1f} kB, " + ", ".join(f"{len(c)} {k}" for k, c in lists.items()))


# Functions.

CASES = []


def case(name, inputs, compute, args=None, gradients=True, dtypes=("f64", "f32"), each=None):
    """One case: the result of `compute`, and the gradients by all inputs (or none of them).

    `each` says what is compared relative to each number instead of the largest one: True for everything, "value" for the
    values (PyTorch's gradients lose digits, and so do sums).
    """
    entry = {"f": name, **({"each": each} if each else {}), **({"args": args} if args else {}), "x": [x.json for x in inputs]}
    for dtype in dtypes:
        torch_type = torch.float64 if dtype == "f64" else torch.float32
        x = [torch.tensor(i.values).to(torch_type).requires_grad_(gradients) for i in inputs]
        y = compute(*x)
        entry["s"] = list(y.shape)
        entry[dtype] = {"y": text(y.detach().numpy())}
        if args and "to" in args:
            # The result has another type than the case, in which its digits are read.
            entry[dtype]["y"] = text(y.detach().numpy().astype(np.float64))
        if gradients:
            upstream = torch.tensor(rule_values(tuple(y.shape), UPSTREAM)).to(y.dtype)
            found = torch.autograd.grad(y, x, upstream)
            entry[dtype]["g"] = [text(g.numpy()) for g in found]
    if entry.get("f32") == entry.get("f64"):
        entry["f32"] = "same"  # everything was exact
    CASES.append(entry)


def exact(name, values, value, slope, dtype, compute, args=None, each=True):
    """A case of an elementwise function whose values come from 60-digit arithmetic, to be compared number by number (with
    `each` of "value" the gradients only relative to the largest one).

    PyTorch must agree with them relative to the largest one.
    """
    kind = np.float64 if dtype == "f64" else np.float32
    points = np.array(values, dtype=kind)
    upstream = rule_values(points.shape, UPSTREAM)
    y = np.array([float(value(mpmath.mpf(float(x)))) for x in points]).astype(kind)
    g = np.array([float(slope(mpmath.mpf(float(x))) * mpmath.mpf(u)) for x, u in zip(points, upstream)]).astype(kind)
    x = torch.tensor(points).requires_grad_(True)
    z = compute(x)
    gx = torch.autograd.grad(z, [x], torch.tensor(upstream.astype(kind)))[0]
    for ours, theirs in [(y, z.detach().numpy()), (g, gx.numpy())]:
        largest = np.abs(ours).max()
        assert np.abs(ours - theirs).max() <= (1e-13 if dtype == "f64" else 2e-6) * largest, (name, ours, theirs)
    given = {"s": list(points.shape), "d": text(points)}
    arguments = {"args": args} if args else {}
    CASES.append({"f": name, "each": each, **arguments, "x": [given], "s": given["s"], dtype: {"y": text(y), "g": [text(g)]}})


def write_cases(name):
    """Writes the cases made since the last call."""
    write(name, {"versions": VERSIONS, "upstream": UPSTREAM}, {"cases": CASES})
    CASES.clear()
