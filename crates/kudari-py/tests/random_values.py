"""Arrays and arguments of every kind, right and wrong, drawn for `random_calls`."""

import tempfile

import numpy

from kudari import Variable, functions

# Mostly what a function can calculate with, so that many calls go all the way.
USUAL_TYPES = ["float32"] * 6 + ["float64"] * 2 + ["float16"]
OTHER_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "complex64",
               "complex128", ">f4", ">f8", ">i4", ">f2", "longdouble", "object", "S3", "U2", "M8[s]",
               [("a", "f4"), ("b", "i2")]]
USUAL_SHAPES = [(2, 3), (2, 3), (2, 3), (3, 3), (3, 4), (2,), (3,), (2, 3, 4), (1, 3), (2, 2, 5, 5),
                (2, 4, 4), ()]
OTHER_SHAPES = [(0,), (0, 3), (2, 0, 3), (1,), (1, 1, 1), (2, 1, 2, 1, 2, 1), (1, 2, 1, 2, 1, 2, 1), (70, 70),
                (1,) * 9]
LAYOUTS = ["negative", "step", "transposed", "broadcast", "read-only", "unaligned", "mapped", "fortran",
           "part", "subclass"]
HUGE = [2**31, 2**40, 2**62, 2**63 - 1, 2**64, -2**63, -2**31]


class Derived(numpy.ndarray):
    """A NumPy array of a derived class."""


def shape(rng):
    return rng.choice(USUAL_SHAPES if rng.random() < 0.85 else OTHER_SHAPES)


def dtype(rng):
    return numpy.dtype(rng.choice(USUAL_TYPES if rng.random() < 0.85 else OTHER_TYPES))


def numbers(rng, shape, dtype):
    """An array of these, contiguous."""
    count = int(numpy.prod(shape))
    values = numpy.array([rng.choice([0, 1, -1, 2, 0.5, rng.uniform(-2, 2)]) for _ in range(min(count, 50))])
    values = numpy.resize(values, shape) if count else numpy.zeros(shape)
    if dtype.kind in "SUMV":
        return numpy.zeros(shape, dtype)
    if dtype.kind == "u":
        values = abs(values)
    if rng.random() < 0.03 and dtype.kind == "f" and count:
        values = numpy.where(values > 0.5, rng.choice([numpy.nan, numpy.inf, 1e30]), values)
    with numpy.errstate(all="ignore"):
        return values.astype(dtype)


def lying(array, layout):
    """The same numbers, or some of them, lying in memory in another way."""
    if layout == "negative" and array.ndim:
        return array[::-1]
    if layout == "step" and array.ndim:
        return numpy.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "transposed":
        return array.T
    if layout == "broadcast":
        return numpy.broadcast_to(array[:1] if array.ndim else array, array.shape)
    if layout == "read-only":
        array.flags.writeable = False
    if layout == "unaligned" and not array.dtype.hasobject:
        memory = numpy.zeros(array.nbytes + 1, numpy.uint8)
        shifted = memory[1:].view(array.dtype).reshape(array.shape)
        shifted[...] = array
        return shifted
    if layout == "mapped" and array.size and not array.dtype.hasobject:
        with tempfile.TemporaryFile() as file:
            mapped = numpy.memmap(file, array.dtype, "w+", shape=array.shape)
        mapped[...] = array
        return mapped
    if layout == "fortran":
        return numpy.asfortranarray(array)
    if layout == "part":
        return numpy.stack([array, array], axis=-1)[..., 1]
    if layout == "subclass":
        return array.view(Derived)
    return array


def array(rng, shape_wanted=None, dtype_wanted=None):
    wanted = shape(rng) if shape_wanted is None else shape_wanted
    kind = dtype(rng) if dtype_wanted is None else numpy.dtype(dtype_wanted)
    made = numpy.asarray(numbers(rng, wanted, kind))
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        made = numpy.asanyarray(lying(made, rng.choice(LAYOUTS)))
    return made


def variable(rng, *wanted):
    name = rng.choice([None, "x", "名"])
    return Variable(array(rng, *wanted), name=name, requires_grad=rng.random() < 0.8)


def junk(rng):
    """What a function has no use for, most of the time."""
    return rng.choice([
        None, True, -1, 0, 3, 1.5, float("nan"), 1j, "mean", "", "\ud800", "a\0b", b"x", (), (1, 2), [],
        [[1], 2], {}, {"axis": 0}, object(), slice(None), ..., range(3), iter((1, 2)), numpy.float32(2),
        numpy.int8(-3),
        numpy.bool_(True), numpy.dtype("f4"), numpy.float64, Variable, Variable(), functions.relu,
        lambda *x: x, rng.choice(HUGE), (rng.choice(HUGE), 2),
    ])


def integers(rng, limit):
    shape = rng.choice([(2,), (2,), (3,), (2, 3), (), (0,)])
    kind = rng.choice(["int32", "int64", "int8", "uint8"])
    made = numpy.array([rng.randrange(limit) for _ in range(int(numpy.prod(shape)))], kind).reshape(shape)
    return lying(made, rng.choice(LAYOUTS))


# What arguments of these names are, where they are right.
SMALL = [0, 1, -1, 2, (0,), (0, 1), None]
WORDS = ["mean", "sum", "no", "add", "L1", "L2", "slogsumexp", "along_second_axis", "sum_along_second_axis",
         "constant", "edge", "reflect", "float16", "float32", "float64", "i,ij->j", "ij,jk->ik", "ij->ji"]
SHAPES = [(2, 3), (3, 2), (6,), (-1,), (), ((1, 1), (0, 2)), (2, 2), 4, [[1, 0], [0, 1]]]
SLICES = [0, (0, 1), slice(None, None, -1), ..., None, [0, 1], ((0, None, 1), (0, 2, 1)), ((-1, None, 2),)]
VALUES = {
    "axis axes axis1 axis2 start source destination": SMALL,
    "ksize stride pad outsize dilate size n width count times reps repeats": [1, 2, 3, 0, (1, 1), (2, 2), 2],
    "shape sizes counts pad_width widths newshape": SHAPES,
    "reduce mode norm kind name subscripts typ dtype": WORDS,
    "keepdims nobias normalize return_mask descending transa transb cover_all lower": [True, False],
    "order shifts indices_or_sections": [(1, 0), (0, 1), (0,), 1, 2, (2, 0, 1), [1]],
    "slices": SLICES,
    "groups": [1, 1, 2, 3],
    "t indices labels condition ids target": ["integers"],
    "xs operands hx cx ws bs": ["variables"],
    "slope alpha beta delta eps ratio gamma margin value momentum decay lr z x_min x_max": [0.0, 0.5, 1, -2],
}
NAMED = {name: values for names, values in VALUES.items() for name in names.split()}
