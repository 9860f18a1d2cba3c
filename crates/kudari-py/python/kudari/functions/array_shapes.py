"""Other shapes and types of the same numbers."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import (
    as_array,
    as_variable,
    constant,
    need,
    need_axis,
    need_floats,
    refuse,
    size_of,
)
from kudari.functions.array_indexing import _without_gradient, get_item, take


def reshape(x, shape):
    """The same numbers in another shape, of which one size may be −1."""
    shape = tuple(shape)
    if x.shape == shape:
        return as_variable(x)
    if shape.count(-1) > 1:
        raise AssertionError(f"reshape: {shape} has two unknown sizes\n  expected: at most one −1")
    array = _without_gradient(x)
    if array is None:
        return _core.reshape(x, shape)
    known = size_of(size for size in shape if size >= 0)
    fits = array.size == known if -1 not in shape else known and array.size % known == 0
    need("reshape", fits, f"shape {array.shape} to {shape}", "the same number of elements")
    return constant(array.reshape(shape))


def flatten(x):
    """The same numbers along one axis."""
    return reshape(x, (x.size,))


def expand_dims(x, axis):
    """A new axis of size 1 before ``axis``."""
    axis, count = int(axis), x.ndim
    need(
        "expand_dims",
        -count - 1 <= axis <= count,
        f"axis {axis} for shape {x.shape}",
        f"from {-count - 1} to {count}",
    )
    axis %= count + 1
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def squeeze(x, axis=None):
    """Without axes of size 1: all of them, or those that are given."""
    if isinstance(axis, int):
        axis = (axis,)
    elif axis is not None and not (isinstance(axis, tuple) and all(isinstance(a, int) for a in axis)):
        raise TypeError("squeeze: axis must be None, an int or a tuple of ints")
    if axis is None:
        dropped = {i for i, size in enumerate(x.shape) if size == 1}
    else:
        dropped = {need_axis("squeeze", x, a) for a in axis}
    if any(x.shape[i] != 1 for i in dropped):
        raise ValueError(f"squeeze: axis {axis} of shape {x.shape} has another size than 1")
    return _as_new(x, reshape(x, tuple(size for i, size in enumerate(x.shape) if i not in dropped)))


def _as_new(x, y):
    """y, but never x itself: a function's result is a variable of its own."""
    return _core.identity(x) if y is x else y


def transpose(x, axes=None):
    """The axes in another order, backward by default."""
    if axes is None:
        axes = range(x.ndim)[::-1]
    array = _without_gradient(x)
    return _core.permute(x, axes) if array is None else constant(array.transpose(axes))


def swapaxes(x, axis1, axis2):
    """Two axes exchanged."""
    order = list(range(x.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def rollaxis(x, axis, start=0):
    """One axis moved before the axis ``start``."""
    for name, given in [("axis", axis), ("start", start)]:
        if not isinstance(given, int):
            raise TypeError(f"rollaxis: {name} must be an int")
    axis, count = need_axis("rollaxis", x, axis), x.ndim
    need(
        "rollaxis",
        -count <= start <= count,
        f"start {start} for shape {x.shape}",
        f"from {-count} to {count}",
    )
    start = start + count if start < 0 else start
    order = [i for i in range(count) if i != axis]
    order.insert(start - (start > axis), axis)
    return transpose(x, order)


def moveaxis(x, source, destination):
    """Axes moved to other places; the others keep their order."""
    source = (source,) if isinstance(source, int) else source
    destination = (destination,) if isinstance(destination, int) else destination
    need_floats("moveaxis", x)
    for axes in (source, destination):
        for axis in axes:
            if not isinstance(axis, int):
                raise TypeError("moveaxis: source and destination are ints or tuples of ints")
    if len(source) != len(destination):
        raise ValueError(f"moveaxis: {len(source)} axes to {len(destination)} places")
    source = [need_axis("moveaxis", x, axis) for axis in source]
    destination = [need_axis("moveaxis", x, axis) for axis in destination]
    if len(set(source)) < len(source) or len(set(destination)) < len(destination):
        raise ValueError("moveaxis: an axis occurs twice")
    order = [i for i in range(x.ndim) if i not in source]
    for place, axis in sorted(zip(destination, source)):
        order.insert(place, axis)
    return transpose(x, order)


def broadcast_to(x, shape):
    """Repeated along new axes in front and those of size 1."""
    shape = tuple(shape)
    if x.shape == shape:
        return as_variable(x)
    array = _without_gradient(x)
    if array is None:
        return _core.broadcast_to(x, shape)
    try:
        return constant(numpy.broadcast_to(array, shape))
    except ValueError:
        refuse("broadcast_to", f"shape {array.shape} to {shape}", "sizes that are 1 or the same")


def broadcast(*args):
    """All arguments with the shape that they have together."""
    if len(args) == 1:
        return as_variable(args[0])
    shapes = [x.shape for x in args]
    try:
        shape = numpy.broadcast_shapes(*shapes)
    except ValueError:
        refuse("broadcast", f"shapes {', '.join(map(str, shapes))}", "sizes that are 1 or the same")
    need("broadcast", args, "no arguments", "at least one")
    return tuple(_as_new(x, broadcast_to(x, shape)) for x in args)


def cast(x, typ):
    """The numbers as another type."""
    typ = numpy.dtype(typ)
    if x.dtype == typ and (not config.enable_backprop or isinstance(x, numpy.ndarray)):
        return as_variable(x)
    array = as_array(x)
    if array.dtype.kind != "f" or typ.kind != "f":
        return constant(array.astype(typ, copy=False))
    return _core.identity(x) if array.dtype == typ else _core.to_dtype(x, typ.name)


def flip(x, axis):
    """Backward along an axis."""
    if not isinstance(axis, int):
        raise TypeError("flip: axis must be an int")
    axis = need_axis("flip", x, axis)
    array = _without_gradient(x)
    return _core.flip(x, [axis]) if array is None else constant(numpy.flip(array, axis))


def fliplr(a):
    """Backward along the second axis."""
    need_floats("fliplr", a)
    return flip(a, 1)


def flipud(a):
    """Backward along the first axis."""
    need_floats("flipud", a)
    return flip(a, 0)


def tile(x, reps):
    """The whole so many times along each axis."""
    if isinstance(reps, int):
        reps = (reps,)
    elif not (isinstance(reps, tuple) and all(isinstance(r, int) for r in reps)):
        raise TypeError(f"tile: reps must be an int or a tuple of ints, not {type(reps).__name__}")
    if any(r < 0 for r in reps):
        raise ValueError(f"tile: reps {reps}\n  expected: no number below 0")
    x = as_variable(x)
    array = _without_gradient(x)
    if array is not None:
        return constant(numpy.tile(array, reps))
    axes = max(len(reps), x.ndim)
    reps = (1,) * (axes - len(reps)) + reps
    wide = _as_new(x, reshape(x, (1,) * (axes - x.ndim) + x.shape))
    if 0 in reps or x.size == 0:
        return take(x, numpy.empty([r * s for r, s in zip(reps, wide.shape)], int))
    return _core.tile(wide, reps)


def repeat(x, repeats, axis=None):
    """Every number so many times along ``axis``; a tuple tells for every number.

    Without an axis, of the flat array.
    """
    if isinstance(repeats, int):
        repeats = (repeats,)
    elif not (isinstance(repeats, tuple) and all(isinstance(r, int) for r in repeats)):
        raise TypeError("repeat: repeats must be an int or a tuple of ints")
    if any(r < 0 for r in repeats):
        raise ValueError(f"repeat: repeats {repeats}\n  expected: no number below 0")
    if axis is not None and (not isinstance(axis, int) or isinstance(axis, bool)):
        raise TypeError("repeat: axis must be an int or None")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    places = numpy.repeat(numpy.arange(x.shape[axis]), repeats)
    return get_item(x, (*(slice(None),) * (axis % x.ndim), places))


def copy(x, dst):
    """A copy on another device, of which there is one: the CPU."""
    if isinstance(dst, int) and dst >= 0:
        raise RuntimeError(
            f"copy to GPU {dst}: kudari for Python computes on the CPU\n  expected: -1 or '@numpy'"
        )
    array = _without_gradient(x)
    return _core.identity(x) if array is None else constant(array.copy())
