"""Sequential: a list of layers that is called as one."""

import copy
import functools
import pickle

import kudari.functions as F
import kudari.links as L
import numpy as np
import pytest
from kudari import Sequential


def layers():
    return L.Linear(3, 4), F.relu, L.Linear(4, 2)


def test_calls_one_after_the_other():
    first, relu, last = layers()
    x = np.array([[1, -2, 3]], np.float32)
    expected = np.maximum(x @ first.W.array.T + first.b.array, 0) @ last.W.array.T + last.b.array
    np.testing.assert_allclose(Sequential(first, relu, last)(x).array, expected, rtol=1e-5, atol=1e-6)


def test_tuples_become_arguments():
    model = Sequential(lambda x, y: (x + y, x * y), lambda s, p: s - p)
    assert model(3, 4) == 7 - 12
    with pytest.raises(RuntimeError, match="any layer"):
        Sequential()(1)


def test_behaves_as_a_list():
    first, relu, last = layers()
    model = Sequential(first, relu)
    model.append(last)
    assert list(model) == [first, relu, last] and list(reversed(model)) == [last, relu, first]
    assert len(model) == 3 and model[-1] is last and model[0:2] == [first, relu]
    assert relu in model and F.sigmoid not in model
    assert model.index(last) == 2 and model.index(last, 1) == 1 and model.count(relu) == 1
    assert model.count_by_layer_type("Linear") == 2 and model.count_by_layer_type("relu") == 1
    assert model.pop() is last and len(model) == 2
    model.insert(0, F.tanh)
    assert list(model) == [F.tanh, first, relu]
    model[0] = last
    assert list(model) == [last, first, relu] and (last.name, first.name) == ("0", "1")
    model.remove(last)
    del model[1]
    assert list(model) == [first] and first.name == "0"
    model.clear()
    assert len(model) == 0 and list(model.params()) == []


def test_joins():
    first, relu, last = layers()
    joined = Sequential(first) + Sequential(relu, last)
    assert list(joined) == [first, relu, last]
    joined += Sequential(relu)
    assert len(joined) == 4
    joined.extend([last])
    assert joined[-1] is last
    with pytest.raises(ValueError, match="Linear"):
        joined + first
    nested = Sequential(Sequential(first, Sequential(relu)), last)
    assert list(nested.flatten()) == [first, relu, last]


def test_refuses_what_it_cannot_do():
    model = Sequential(*layers())
    with pytest.raises(ValueError, match="callable"):
        model.append(3)
    with pytest.raises(ValueError, match="less than 3"):
        model[3] = F.relu
    with pytest.raises(IndexError, match="Index out of range"):
        model.insert(5, F.relu)
    with pytest.raises(ValueError, match="no layer"):
        model.remove(F.tanh)
    with pytest.raises(ValueError, match="Linear"):
        model.copyparams(L.Linear(3, 2))


def test_parameters_are_those_of_the_links():
    model = Sequential(*layers())
    assert [name for name, _ in model.namedparams()] == ["/0/W", "/0/b", "/1/W", "/1/b"]
    model.remove_by_layer_type("relu")
    assert len(model) == 2
    model.remove_by_layer_type("Linear")
    assert len(model) == 0 and list(model.links(skipself=True)) == []


def test_copies():
    model = Sequential(*layers())
    shared, deep, fresh = model.copy(), model.copy("copy"), model.copy("init")
    assert shared[0].W.array is model[0].W.array
    np.testing.assert_array_equal(deep[0].W.array, model[0].W.array)
    assert deep[0].W.array is not model[0].W.array
    assert not np.array_equal(fresh[0].W.array, model[0].W.array)
    fresh.copyparams(model)
    np.testing.assert_array_equal(fresh[2].W.array, model[2].W.array)
    again = copy.deepcopy(model)
    assert again[0] is next(again.children())


def test_pickle_without_lambdas():
    model = Sequential(L.Linear(3, 2), functools.partial(F.leaky_relu, slope=0.1))
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model))(x).array, model(x).array)
    with pytest.raises(ValueError, match="lambda"):
        pickle.dumps(Sequential(lambda x: x))


def test_repr_shows_the_layers():
    model = Sequential(
        Sequential(L.Linear(3), L.Linear(3, 2)),
        lambda x: F.leaky_relu(x, slope=0.2),
    )
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): Linear(in_size=None, out_size=3, nobias=False),\n"
        "    (1): Linear(in_size=3, out_size=2, nobias=False),\n"
        "  ),\n"
        "  (1): lambda x: F.leaky_relu(x, slope=0.2),\n"
        ")"
    )
