"""Parts of arrays: slices, indices, choices."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import (
    as_array,
    as_variable,
    constant,
    need,
    need_axes,
    need_axis,
    need_integers,
    refuse,
    size_of,
)


def _without_gradient(x):
    """The array if it holds no floating-point numbers, else None.

    Such arrays NumPy moves, keeping their type.
    """
    array = as_array(x)
    return array if array.dtype.kind != "f" else None


def _as_tuple(slices):
    if isinstance(slices, list):
        return (slices,) if all(isinstance(s, int) for s in slices) else tuple(slices)
    return slices if isinstance(slices, tuple) else (slices,)


def _check_ellipses(slices):
    if config.debug and sum(s is Ellipsis for s in slices) > 1:
        raise ValueError("only one Ellipsis is allowed")


def get_item(x, slices):
    """x[slices]: numbers, slices with any step, None, Ellipsis, arrays of indices or of truth values."""
    if type(slices) is not tuple:
        slices = _as_tuple(slices)
    y = _core.item(x, slices)
    if y is not None:
        return y
    _check_ellipses(slices)
    array = _without_gradient(x)
    if array is not None:
        return constant(array[slices])
    rows = slices[0] if slices else None
    if len(slices) == 1 and isinstance(rows, (list, numpy.ndarray)) and x.ndim > 1 and x.size:
        rows = numpy.asarray(rows)
        if rows.dtype.kind in "iu":
            return _rows(x, rows)
    return take(x, numpy.asarray(numpy.arange(x.size).reshape(x.shape)[slices]))


def _rows(x, rows):
    """x[rows] for an array of indices."""
    length = x.shape[0]
    if rows.size and (rows.min() < -length or rows.max() >= length):
        raise IndexError(f"indices from {rows.min()} to {rows.max()} for {length} rows")
    table = _core.reshape(x, (length, size_of(x.shape[1:])))
    return _core.reshape(_core.embedding(table, rows % length), (*rows.shape, *x.shape[1:]))


def take(x, places):
    """The numbers at these places, counted through the whole of x from 0.

    Every selection of numbers can be said so.
    """
    if places.size == 0:
        return _core.reshape(
            _core.slice(_core.reshape(x, (-1,) if x.size else (0,)), [(0, 0, 1)]), places.shape
        )
    column = _core.reshape(x, (x.size, 1))
    return _core.reshape(_core.embedding(column, places), places.shape)


def put(x, places, shape):
    """Zeros of this shape to which the numbers of x are added at these places: the gradient of ``take``."""
    if x.size == 0:
        return constant(numpy.zeros(shape, x.dtype))
    column = _core.reshape(x, (x.size, 1))
    return _core.reshape(
        _core.add_rows(column, numpy.ascontiguousarray(places).ravel(), size_of(shape)), shape
    )


def scatter_add(a, slices, b):
    """a with b added at a[slices], where an index may occur several times; b has the shape of a[slices]."""
    slices = _as_tuple(slices)
    _check_ellipses(slices)
    given = sum(s is not None and s is not Ellipsis for s in slices)
    need("scatter_add", given <= a.ndim, f"{given} indices for shape {a.shape}", "at most one for each axis")
    places = numpy.asarray(numpy.arange(a.size).reshape(a.shape)[slices])
    if places.shape != b.shape:
        raise ValueError(
            f"scatter_add: b of shape {b.shape} at places of shape {places.shape}\n  expected: the same shape"
        )
    return _core.add(a, put(b, places, a.shape))


def select_item(x, t):
    """y[i] = x[i, t[i]] for labels t of shape (samples,)."""
    need_axes("select_item", x, 2)
    need_axes("select_item", t, 1)
    need_integers("select_item", t)
    need("select_item", len(x) == len(t), f"{len(x)} rows and {len(t)} labels", "as many labels as rows")
    t, classes = as_array(t), x.shape[1]
    if config.debug and t.size and (t.min() < 0 or t.max() >= classes):
        raise ValueError(
            f"select_item: labels from {t.min()} to {t.max()}\n  expected: from 0 to {classes - 1}"
        )
    return get_item(x, (numpy.arange(t.size), t))


def permutate(x, indices, axis=0, inv=False):
    """y[i] = x[indices[i]] along ``axis``; with ``inv`` y[indices[i]] = x[i]."""
    if indices.dtype.kind != "i" or indices.ndim != 1:
        raise ValueError("permutate: indices must be whole numbers along one axis")
    indices = as_array(indices)
    if config.debug:
        _check_permutation(indices)
    axis = need_axis("permutate", x, axis)
    if inv:
        places = numpy.empty_like(indices)
        places[indices] = numpy.arange(len(indices))
        indices = places
    return get_item(x, (*(slice(None),) * axis, indices))


def _check_permutation(indices):
    for i in indices:
        if not 0 <= i < len(indices):
            raise ValueError(f"permutate: index {i} is out of bounds")
    if len(numpy.unique(indices)) < len(indices):
        raise ValueError("permutate: an index occurs twice")


def where(condition, x, y):
    """x where the condition is True, y elsewhere; shapes are broadcast."""
    condition = as_array(condition)
    if not isinstance(condition, numpy.ndarray) or condition.dtype != numpy.bool_:
        refuse(
            "where", f"a condition of type {getattr(condition, 'dtype', type(condition))}", "an array of bool"
        )
    x, y = as_variable(x), as_variable(y)
    need(
        "where", x.dtype == y.dtype, f"{x.dtype} and {y.dtype}", "arrays of one type; convert one with F.cast"
    )
    if x.dtype.kind != "f":
        return constant(numpy.where(condition, x.array, y.array))
    return _core.choose(condition, x, y)


def diagonal(x, offset=0, axis1=0, axis2=1):
    """The diagonal of two axes, as the last axis of the result."""
    axis1, axis2 = need_axis("diagonal", x, axis1), need_axis("diagonal", x, axis2)
    array = _without_gradient(x)
    if array is not None:
        return constant(array.diagonal(offset, axis1, axis2))
    return _core.diagonal(x, offset, axis1, axis2)


def as_strided(x, shape, strides, storage_offset=None):
    """A view of the memory under x with any shape and strides, in elements; it starts at ``storage_offset``.

    Raises ValueError where it would leave the memory. Gradients reach the elements that belong to x.
    """
    array = as_array(x)
    base = array
    while isinstance(base.base, numpy.ndarray):
        base = base.base
    size = array.itemsize
    behind = (array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // size
    offset = behind if storage_offset is None else storage_offset
    ranges = [(stride * (count - 1)) for count, stride in zip(shape, strides)]
    first, last = offset + sum(min(r, 0) for r in ranges), offset + sum(max(r, 0) for r in ranges)
    if 0 not in shape and (first < 0 or (last + 1) * size > base.nbytes):
        raise ValueError(
            "as_strided: out of the memory of x\n  choose smaller strides, a smaller shape or another offset"
        )
    memory = numpy.ndarray(shape, array.dtype, base, offset * size, [s * size for s in strides])
    if array.dtype.kind != "f":
        return constant(memory.copy())
    cells = numpy.arange(base.size)
    own = numpy.ndarray(
        array.shape, cells.dtype, cells, behind * 8, [s // size * 8 for s in array.strides]
    ).ravel()
    wanted = numpy.ndarray(shape, cells.dtype, cells, offset * 8, [s * 8 for s in strides]).copy()
    owners = numpy.bincount(own, minlength=base.size)
    numbers = put(x, own, (base.size,))
    if owners.max(initial=0) > 1:
        # Elements of x that lie at the same place share what comes from it.
        numbers = _core.mul(numbers, (1 / numpy.maximum(owners, 1)).astype(array.dtype))
    y = take(numbers, wanted)
    is_own = owners[wanted] > 0
    return y if is_own.all() else _core.choose(is_own, y, constant(memory))
