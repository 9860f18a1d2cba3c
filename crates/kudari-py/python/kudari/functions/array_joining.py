"""Arrays put together and taken apart."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import as_array, constant, need, need_axis, refuse
from kudari.functions.array_indexing import _without_gradient, get_item, take
from kudari.functions.array_shapes import _as_new, expand_dims, reshape


def _need_alike(where, xs):
    """Raises InvalidType unless there is one array at least, and all have one type and one number of axes."""
    need(where, len(xs) > 0, "no arrays", "at least one")
    first = xs[0]
    for x in xs[1:]:
        need(where, x.dtype == first.dtype, f"{first.dtype} and {x.dtype}", "arrays of one type")
        need(where, x.ndim == first.ndim, f"shapes {first.shape} and {x.shape}", "the same number of axes")


def _joined(where, xs, axis):
    if len(xs) and _without_gradient(xs[0]) is None:
        return _core.concatenate(xs, axis)
    _need_alike(where, xs)
    axis = need_axis(where, xs[0], axis)
    try:
        return constant(numpy.concatenate([as_array(x) for x in xs], axis))
    except ValueError:
        refuse(
            where,
            f"shapes {', '.join(str(x.shape) for x in xs)}",
            f"shapes that differ along axis {axis} alone",
        )


def concat(xs, axis=1):
    """One behind the other along ``axis``."""
    if not isinstance(axis, int):
        raise TypeError("concat: axis must be an int")
    return _joined("concat", xs, axis)


def stack(xs, axis=0):
    """One behind the other along a new axis."""
    _need_alike("stack", xs)
    first = xs[0]
    for x in xs[1:]:
        need("stack", x.shape == first.shape, f"shapes {first.shape} and {x.shape}", "the same shape")
    return _joined("stack", [expand_dims(x, axis) for x in xs], axis)


def hstack(xs):
    """Side by side: along the second axis, or the only one."""
    _need_alike("hstack", xs)
    xs = [reshape(x, (1,)) if x.ndim == 0 else x for x in xs]
    return _joined("hstack", xs, min(xs[0].ndim - 1, 1))


def vstack(xs):
    """One below the other: along the first axis, before which rows get one."""
    _need_alike("vstack", xs)
    return _joined("vstack", [reshape(x, (1, x.size)) if x.ndim < 2 else x for x in xs], 0)


def dstack(xs):
    """One behind the other along the third axis, which matrices and rows get."""
    _need_alike("dstack", xs)

    def deep(x):
        shape = (*(1,) * (x.ndim < 2), *(x.shape or (1,)), *(1,) * (x.ndim < 3))
        return reshape(x, shape)

    return _joined("dstack", [deep(x) for x in xs], 2)


def split_axis(x, indices_or_sections, axis, force_tuple=True):
    """Parts along ``axis``: so many of the same size, or cut before the given indices.

    A tuple of variables.
    """
    cuts = as_array(indices_or_sections) if hasattr(indices_or_sections, "dtype") else indices_or_sections
    if isinstance(cuts, numpy.ndarray) and cuts.ndim == 0:
        cuts = int(cuts)
    if isinstance(cuts, (int, numpy.integer)):
        if cuts < 1:
            raise ValueError(f"split_axis: {cuts} parts\n  expected: at least one")
        axis = need_axis("split_axis", x, axis)
        size = x.shape[axis]
        need("split_axis", size % cuts == 0, f"{size} in {cuts} parts", "a number of parts that divides it")
        cuts = [size // cuts * i for i in range(1, int(cuts))]
    else:
        cuts = _checked_cuts(cuts)
        axis = need_axis("split_axis", x, axis)
        size = x.shape[axis]
        if cuts:
            need(
                "split_axis",
                cuts[-1] <= size,
                f"a cut before {cuts[-1]} of {size}",
                "no index behind the end",
            )
    front = (slice(None),) * axis
    bounds = [0, *cuts, None]
    parts = tuple(_as_new(x, get_item(x, (*front, slice(a, b)))) for a, b in zip(bounds, bounds[1:]))
    return parts if force_tuple or len(parts) != 1 else parts[0]


def _checked_cuts(cuts):
    is_row = isinstance(cuts, (list, tuple)) or isinstance(cuts, numpy.ndarray) and cuts.ndim == 1
    if not is_row:
        raise TypeError(
            f"split_axis: indices_or_sections is {type(cuts).__name__}\n  expected: an int, or a list of ints"
        )
    cuts = [int(cut) for cut in cuts]
    if config.debug and any(a > b for a, b in zip(cuts, cuts[1:])):
        raise ValueError("split_axis: the indices must be sorted")
    return cuts


def separate(x, axis=0):
    """The parts of size 1 along ``axis``, without it: a tuple of variables."""
    axis = need_axis("separate", x, axis)
    front = (slice(None),) * axis
    return tuple(get_item(x, (*front, i)) for i in range(x.shape[axis]))


def pad(x, pad_width, mode, **keywords):
    """More numbers around, as ``numpy.pad`` does; modes constant, edge, reflect, symmetric and wrap."""
    array = as_array(x)
    need("pad", array.dtype.kind == "f", f"an array of {array.dtype}", "float16, float32 or float64")
    if mode == "constant":
        value = keywords.get("constant_values", 0)
        if numpy.ndim(value) == 0 and set(keywords) <= {"constant_values"}:
            widths = numpy.broadcast_to(numpy.asarray(pad_width), (array.ndim, 2))
            return _core.pad(x, widths.tolist(), "constant", float(value))
    # Where each number comes from; what comes from nowhere is a constant.
    places = numpy.arange(array.size).reshape(array.shape)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return take(x, numpy.pad(places, pad_width, mode, **keywords))
    if mode != "constant":
        raise ValueError(
            f"pad: mode {mode!r}\n  expected: 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'"
        )
    filled = numpy.pad(numpy.zeros(array.shape, array.dtype), pad_width, mode, **keywords)
    widths = numpy.broadcast_to(numpy.asarray(pad_width), (array.ndim, 2))
    return _core.add(_core.pad(x, widths.tolist(), "constant", 0.0), constant(filled))


def pad_sequence(xs, length=None, padding=0):
    """Sequences one below the other, filled up with ``padding`` to the longest, or to ``length``."""
    _need_alike("pad_sequence", xs)
    first = xs[0]
    for x in xs:
        need("pad_sequence", x.ndim > 0, "a number", "sequences")
        need(
            "pad_sequence",
            x.shape[1:] == first.shape[1:],
            f"elements of {first.shape[1:]} and {x.shape[1:]}",
            "one shape",
        )
    longest = max(len(x) for x in xs)
    length = longest if length is None else length
    need("pad_sequence", longest <= length, f"a sequence of {longest}", f"at most length={length}")
    rest = [[0, 0]] * (first.ndim - 1)
    if first.dtype.kind == "f":
        rows = [
            x if len(x) == length else _core.pad(x, [[0, length - len(x)], *rest], "constant", padding)
            for x in xs
        ]
        return _core.stack(rows, 0)
    rows = [numpy.pad(as_array(x), [[0, length - len(x)], *rest], constant_values=padding) for x in xs]
    return constant(numpy.stack(rows))


def transpose_sequence(xs):
    """The i-th elements of all sequences together, for every i.

    The sequences are sorted by length, longest first.
    """
    if not len(xs):
        return ()
    for before, behind in zip(xs, xs[1:]):
        fits = len(before) >= len(behind) and before.shape[1:] == behind.shape[1:]
        need(
            "transpose_sequence",
            fits,
            f"shapes {before.shape} and {behind.shape}",
            "sequences sorted, longest first",
        )
    columns = range(len(xs[0]))
    return tuple(stack([get_item(x, i) for x in xs if len(x) > i]) for i in columns)
