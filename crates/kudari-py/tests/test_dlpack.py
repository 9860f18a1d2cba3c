import gc

import kudari
import numpy as np
import pytest
from kudari import Parameter, Variable
from kudari._dlpack import from_dlpack


class Lender:
    """Another library's array: nothing but the two methods of the protocol."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **settings):
        return self._array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def read_by_numpy(x):
    return (getattr(np, "from_dlpack", None) or np._from_dlpack)(x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_what_comes_in_is_shared(dtype):
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    x = from_dlpack(Lender(array))
    assert isinstance(x, Variable)
    assert np.shares_memory(x.array, array)
    array[1, 2] = 50
    np.testing.assert_array_equal(x.array, [[0, 1, 2], [3, 4, 50]])
    assert x.dtype == dtype


@pytest.mark.parametrize("view", [lambda a: a[::2], lambda a: a.T, lambda a: a[:, ::-1], lambda a: a[0, 0]])
def test_what_goes_out_is_shared(view):
    array = np.arange(12.0).reshape(4, 3)
    x = Variable(np.asarray(view(array)))
    seen = read_by_numpy(x)
    np.testing.assert_array_equal(seen, x.array)
    assert np.shares_memory(seen, x.array)


def test_results_of_functions_go_out():
    x = Variable(np.array([1.0, 2.0]))
    y = x * 3
    seen = read_by_numpy(y)
    del y
    gc.collect()
    np.testing.assert_array_equal(seen, [3, 6])


def test_memory_outlives_its_lender():
    x = from_dlpack(Lender(np.full(1000, 7.0)))
    gc.collect()
    assert x.array.sum() == 7000


def test_gradients_of_what_came_in():
    x = from_dlpack(Lender(np.array([1.0, 2.0])))
    y = x * x
    y.grad = np.array([1.0, 10.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 40])


def test_the_device_is_the_cpu():
    assert tuple(Variable(np.zeros(2)).__dlpack_device__()) == (1, 0)


def test_what_cannot_be_shared():
    with pytest.raises(TypeError, match="list has no __dlpack__"):
        from_dlpack([1, 2])
    with pytest.raises(BufferError, match="without a shape"):
        Parameter().__dlpack__()


def test_torch():
    torch = pytest.importorskip("torch")
    tensor = torch.arange(3.0)
    x = kudari.from_dlpack(tensor)
    tensor[0] = 5
    np.testing.assert_array_equal(x.array, [5, 1, 2])
    back = torch.from_dlpack(x)
    back[1] = 8
    np.testing.assert_array_equal(x.array, [5, 8, 2])
