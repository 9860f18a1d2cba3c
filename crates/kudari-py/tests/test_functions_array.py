"""Functions that move numbers, against NumPy."""

import numpy as np
import pytest
from function_checks import apart, check, uniform

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

X = uniform(3, 4, 5)

ITEMS = [
    1,
    -1,
    slice(1, 3),
    slice(None, None, -1),
    slice(4, 0, -2),
    (1, 2, 3),
    (0, slice(None), -1),
    (slice(1, 1),),
    (None, 1),
    (Ellipsis, 2),
    (Ellipsis, None),
    (1, Ellipsis, slice(None, None, -3)),
    (slice(None), None, slice(3, None, -1)),
    (),
    [0, 2, 0],
    np.array([[2, 1], [0, -1]]),
    (np.array([0, 2]), np.array([1, 3])),
    (slice(None), np.array([3, 3, 0])),
    (1, np.array([0, 2])),
    X[:, 0, 0] > 0,
    (X > 0.2,),
    (slice(None), np.array([True, False, True, False])),
    [slice(0, 2), 1],
    (np.array([0, 1]), None, slice(1, 3)),
    np.zeros((0,), int),
]


@pytest.mark.parametrize("item", ITEMS, ids=str)
def test_get_item(item):
    index = tuple(item) if isinstance(item, list) and not all(isinstance(i, int) for i in item) else item
    check(lambda x: F.get_item(x, item), [X], lambda x: x[index], dtypes=("float32", "float64"))


def test_get_item_of_others():
    whole = np.arange(6, dtype="int32").reshape(2, 3)
    y = F.get_item(kudari.Variable(whole), (1, slice(None, None, -1)))
    assert y.dtype == "int32"
    np.testing.assert_array_equal(y.array, [5, 4, 3])
    for wrong in [3, (0, 0, 0, 0), (slice(None), 4), np.array([3])]:
        with pytest.raises(IndexError):
            F.get_item(X, wrong)


SHAPES = {
    "reshape": (lambda x: F.reshape(x, (4, -1)), lambda x: x.reshape(4, -1)),
    "flatten": (F.flatten, np.ravel),
    "expand_dims": (lambda x: F.expand_dims(x, -2), lambda x: np.expand_dims(x, -2)),
    "squeeze": (lambda x: F.squeeze(F.expand_dims(x, 1)), lambda x: x),
    "squeeze_axis": (lambda x: F.squeeze(F.expand_dims(x, 3), axis=-1), lambda x: x),
    "transpose": (F.transpose, np.transpose),
    "transpose_axes": (lambda x: F.transpose(x, (1, -1, 0)), lambda x: x.transpose(1, 2, 0)),
    "swapaxes": (lambda x: F.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
    "rollaxis": (lambda x: F.rollaxis(x, 2, 1), lambda x: np.rollaxis(x, 2, 1)),
    "rollaxis_back": (lambda x: F.rollaxis(x, 0, 3), lambda x: np.rollaxis(x, 0, 3)),
    "moveaxis": (lambda x: F.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0))),
    "broadcast_to": (lambda x: F.broadcast_to(x, (2, 3, 4, 5)), lambda x: np.broadcast_to(x, (2, 3, 4, 5))),
    "sum_to": (lambda x: F.sum_to(x, (3, 1, 5)), lambda x: x.sum(1, keepdims=True)),
    "flip": (lambda x: F.flip(x, 1), lambda x: np.flip(x, 1)),
    "fliplr": (F.fliplr, np.fliplr),
    "flipud": (F.flipud, np.flipud),
    "tile": (lambda x: F.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3))),
    "tile_more": (lambda x: F.tile(x, (2, 1, 1, 2)), lambda x: np.tile(x, (2, 1, 1, 2))),
    "tile_fewer": (lambda x: F.tile(x, 2), lambda x: np.tile(x, 2)),
    "repeat": (lambda x: F.repeat(x, 2, axis=1), lambda x: x.repeat(2, 1)),
    "repeat_each": (lambda x: F.repeat(x, (2, 0, 1), axis=0), lambda x: x.repeat((2, 0, 1), 0)),
    "repeat_flat": (lambda x: F.repeat(x, 2), lambda x: x.repeat(2)),
    "diagonal": (lambda x: F.diagonal(x, 1, 0, 2), lambda x: x.diagonal(1, 0, 2)),
    "pad": (
        lambda x: F.pad(x, ((1, 0), (0, 2), (1, 1)), "constant", constant_values=2.0),
        lambda x: np.pad(x, ((1, 0), (0, 2), (1, 1)), constant_values=2.0),
    ),
    "pad_values": (
        lambda x: F.pad(x, 1, "constant", constant_values=((1, 2), (3, 4), (5, 6))),
        lambda x: np.pad(x, 1, constant_values=((1, 2), (3, 4), (5, 6))),
    ),
    "pad_reflect": (lambda x: F.pad(x, (2, 1), "reflect"), lambda x: np.pad(x, (2, 1), "reflect")),
    "pad_wrap": (lambda x: F.pad(x, 2, "wrap"), lambda x: np.pad(x, 2, "wrap")),
    "cast": (lambda x: F.cast(F.cast(x, "float64"), x.dtype), lambda x: x),
    "permutate": (lambda x: F.permutate(x, np.array([2, 0, 1])), lambda x: x[[2, 0, 1]]),
    "permutate_back": (lambda x: F.permutate(x, np.array([2, 0, 1]), inv=True), lambda x: x[[1, 2, 0]]),
    "roll": (lambda x: F.roll(x, 2, 1), lambda x: np.roll(x, 2, 1)),
    "tril": (F.tril, np.tril),
    "triu": (F.triu, np.triu),
    "as_strided": (
        lambda x: F.as_strided(F.reshape(x, (60,)), (3, 4), (2, 5)),
        lambda x: x.ravel()[np.arange(3)[:, None] * 2 + np.arange(4) * 5],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    function, expected = SHAPES[name]
    check(function, [X], expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.reshape(x, (2, 3)),
        lambda x: F.transpose(x),
        lambda x: F.expand_dims(x, 0),
        lambda x: F.flip(x, 0),
        lambda x: F.concat([x, x], 0),
        lambda x: F.stack([x, x]),
        lambda x: F.tile(x, 2),
        lambda x: F.repeat(x, 2, 0),
        lambda x: F.broadcast_to(x, (2, 3, 2)),
        lambda x: F.swapaxes(x, 0, 1),
        lambda x: F.diagonal(x),
    ],
)
def test_whole_numbers_keep_their_type(function):
    assert function(np.arange(6, dtype="int16").reshape(3, 2)).dtype == "int16"


def test_shapes_refuse():
    with pytest.raises(InvalidType):
        F.reshape(X, (7, 7))
    with pytest.raises(InvalidType):
        F.reshape(np.arange(6), (4,))
    with pytest.raises(InvalidType):
        F.expand_dims(X, 5)
    with pytest.raises(ValueError):
        F.squeeze(X, 0)
    with pytest.raises(InvalidType):
        F.broadcast_to(X, (3, 4, 6))
    with pytest.raises(TypeError):
        F.flip(X, 1.0)
    with pytest.raises(ValueError):
        F.tile(X, -1)
    with pytest.raises(InvalidType):
        F.rollaxis(X, 3)


def test_broadcast():
    a, b = uniform(3, 1), uniform(1, 4, seed=1)
    check(F.broadcast, [a, b], lambda a, b: tuple(np.broadcast_arrays(a, b)))
    with pytest.raises(InvalidType):
        F.broadcast(np.ones(2, "f"), np.ones(3, "f"))


JOINS = {
    "concat": (lambda *xs: F.concat(xs), lambda *xs: np.concatenate(xs, 1)),
    "concat_axis": (lambda *xs: F.concat(xs, axis=-1), lambda *xs: np.concatenate(xs, -1)),
    "stack": (lambda *xs: F.stack(xs, axis=-1), lambda *xs: np.stack(xs, -1)),
    "vstack": (lambda *xs: F.vstack(xs), lambda *xs: np.vstack(xs)),
    "hstack": (lambda *xs: F.hstack(xs), lambda *xs: np.hstack(xs)),
    "dstack": (lambda *xs: F.dstack(xs), lambda *xs: np.dstack(xs)),
}


JOIN_SHAPES = [(name, shape) for name in JOINS for shape in [(), (3,), (2, 3), (2, 3, 2)]]


@pytest.mark.parametrize("name, shape", [(n, s) for n, s in JOIN_SHAPES if len(s) > 1 or "concat" not in n])
def test_joins(name, shape):
    function, expected = JOINS[name]
    check(function, [uniform(*shape, seed=s) for s in range(3)], expected)


@pytest.mark.parametrize("name", JOINS)
def test_joins_refuse(name):
    function = JOINS[name][0]
    for other in [np.ones((3, 3), "f"), np.ones((2, 3), "d"), np.ones((2, 3, 1), "f")]:
        if name == "vstack" and other.shape == (3, 3):
            continue
        with pytest.raises(InvalidType):
            function(np.ones((2, 3), "f"), other)


def test_parts():
    check(lambda x: F.split_axis(x, 2, 1), [X], lambda x: tuple(np.split(x, 2, 1)))
    check(lambda x: F.split_axis(x, [1, 1, 3], 2), [X], lambda x: tuple(np.split(x, [1, 1, 3], 2)))
    check(lambda x: F.separate(x, 1), [X], lambda x: tuple(x[:, i] for i in range(4)))
    assert isinstance(F.split_axis(X, 1, 0, force_tuple=False), kudari.Variable)
    with pytest.raises(InvalidType):
        F.split_axis(X, 2, 2)
    with pytest.raises(TypeError):
        F.split_axis(X, 0.5, 0)


def test_sequences():
    a, b = uniform(3, 2), uniform(1, 2, seed=1)
    check(
        lambda a, b: F.pad_sequence([a, b], 4, -1.0),
        [a, b],
        lambda a, b: np.stack([np.pad(x, ((0, 4 - len(x)), (0, 0)), constant_values=-1) for x in (a, b)]),
    )
    check(
        lambda a, b: F.transpose_sequence([a, b]),
        [a, b],
        lambda a, b: (np.stack([a[0], b[0]]), a[1:2], a[2:3]),
    )
    np.testing.assert_array_equal(F.pad_sequence([np.array([1, 2]), np.array([3])]).array, [[1, 2], [3, 0]])


def test_choices():
    condition = np.array([[True], [False], [True]])
    check(
        lambda x, y: F.where(condition, x, y),
        [uniform(3, 4), uniform(4, seed=1)],
        lambda x, y: np.where(condition, x, y),
    )
    mask = np.array([[True, False, False], [True, True, False]])
    for wanted in (mask.T, mask[::-1, ::-2].T):
        x, y = uniform(*wanted.shape), uniform(*wanted.shape, seed=1)
        np.testing.assert_array_equal(F.where(wanted, x, y).array, np.where(wanted, x, y))
    assert float(F.where(np.array(True), np.array(2.0), np.array(3.0)).array) == 2
    t = np.array([1, 0, 3], "int8")
    check(lambda x: F.select_item(x, t), [uniform(3, 4)], lambda x: x[np.arange(3), t])
    with pytest.raises(InvalidType):
        F.where(np.ones((3, 1)), X, X)
    with kudari.using_config("debug", True), pytest.raises(ValueError):
        F.select_item(uniform(3, 2), t)


def test_scatter_add():
    index = (np.array([0, 2, 0]), slice(1, 3))

    def expected(a, b):
        a = a.copy()
        np.add.at(a, index, b)
        return a

    check(lambda a, b: F.scatter_add(a, index, b), [uniform(3, 4), uniform(3, 2, seed=1)], expected)
    with pytest.raises(ValueError):
        F.scatter_add(uniform(3, 4), index, uniform(2))


def test_as_strided_stays_in_memory():
    with pytest.raises(ValueError):
        F.as_strided(uniform(6), (2, 4), (3, 1))


def test_sorting():
    check(lambda x: F.sort(x, axis=1)[0], [apart(3, 4)], lambda x: np.sort(x, 1))
    values, places = F.top_k(np.array([3.0, 1.0, 2.0]), 2)
    assert values.array.tolist() == [3, 2] and places.tolist() == [0, 2]
