"""What the tests of functions share: results and gradients against NumPy, for all types and strides."""

import numpy as np

import kudari
import kudari.functions as F

TOLERANCES = {"float16": 2e-2, "float32": 2e-5, "float64": 1e-12}


def as_tuple(outputs):
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


def turned(array):
    """The same numbers with negative strides, and not next to each other."""
    wide = np.zeros([2 * size for size in array.shape], array.dtype)
    view = wide[(..., *(slice(None, None, -2) for _ in array.shape))]
    view[...] = array
    return view


def check(function, arrays, expected, order=2, dtypes=("float16", "float32", "float64"), tolerances=None):
    """Results in every type, on strided arrays too, inputs unchanged.

    Gradients up to this order against differences.
    """
    arrays = [np.asarray(a) for a in arrays]
    for dtype in dtypes:
        inputs = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        wanted = as_tuple(expected(*[a.astype("float64") if a.dtype.kind == "f" else a for a in inputs]))
        tolerance = (tolerances or TOLERANCES)[dtype]
        for given in (inputs, [turned(a) for a in inputs]):
            kept = [a.copy() for a in given]
            outputs = as_tuple(function(*[kudari.Variable(a) for a in given]))
            assert len(outputs) == len(wanted)
            for y, e in zip(outputs, wanted):
                assert y.dtype == dtype
                assert y.shape == np.shape(e)
                np.testing.assert_allclose(y.array.astype("float64"), e, rtol=tolerance, atol=tolerance)
            for a, before in zip(given, kept):
                np.testing.assert_array_equal(a, before)
        plain = as_tuple(function(*inputs))
        np.testing.assert_array_equal(
            plain[0].array, as_tuple(function(*map(kudari.Variable, inputs)))[0].array
        )
    if order:
        check_gradients(function, arrays, order)


def check_gradients(function, arrays, order=2, eps=1e-5, tolerance=2e-5):
    """Gradients by all floating-point inputs, along one random direction, in float64."""
    random = np.random.RandomState(0)
    arrays = [a.astype("float64") if a.dtype.kind == "f" else a for a in map(np.asarray, arrays)]
    places = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    weights = [random.uniform(0.5, 1.5, y.shape) for y in as_tuple(function(*arrays))]

    def total(*floats):
        given = list(arrays)
        for i, x in zip(places, floats):
            given[i] = x
        terms = [F.sum(y * w) for y, w in zip(as_tuple(function(*given)), weights)]
        return sum(terms[1:], terms[0])

    _check_along_line(total, [arrays[i] for i in places], random, order, eps, tolerance)


def _check_along_line(total, points, random, order, eps, tolerance):
    directions = [random.uniform(-1, 1, p.shape) for p in points]

    def slope(*floats):
        gradients = kudari.grad([total(*floats)], list(floats), enable_double_backprop=True)
        terms = [F.sum(g * d) for g, d in zip(gradients, directions) if g is not None]
        # Of what is linear in all inputs no gradient of the gradient is left.
        return sum(terms[1:], terms[0]) if terms else kudari.Variable(np.zeros(()))

    def at(shift, f):
        return float(
            f(*[kudari.Variable(np.asarray(p + shift * d)) for p, d in zip(points, directions)]).array
        )

    difference = (at(eps, total) - at(-eps, total)) / (2 * eps)
    assert abs(at(0, slope) - difference) < tolerance * max(1, abs(difference)), (at(0, slope), difference)
    if order > 1:
        _check_along_line(slope, points, random, order - 1, eps, 20 * tolerance)


def uniform(*shape, low=-1.0, high=1.0, seed=0):
    """Random numbers, the same in every run."""
    return np.random.RandomState(seed).uniform(low, high, shape)


def apart(*shape, seed=0):
    """Different numbers in random order, none near 0 and none near another: for functions with kinks."""
    count = int(np.prod(shape))
    return np.random.RandomState(seed).permutation((np.arange(count) - count / 2 + 0.25) / 4).reshape(shape)
