"""Products of matrices, linear algebra and transforms against NumPy."""

import numpy as np
import pytest
from function_checks import check, check_gradients, uniform

import kudari.functions as F
from kudari.utils.sparse import to_coo
from kudari.utils.type_check import InvalidType

MATRICES = {
    "matrices": ((2, 3), (3, 4), {}),
    "both transposed": ((3, 2), (4, 3), {"transa": True, "transb": True}),
    "stacks": ((5, 2, 3), (5, 3, 4), {}),
    "stack and matrix": ((5, 2, 3), (3, 4), {}),
    "vectors": ((3,), (3,), {}),
    "matrix and vector": ((2, 3), (3,), {}),
    "vector and stack": ((3,), (5, 3, 4), {}),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matmul(name):
    a, b, options = MATRICES[name]

    def expected(a, b):
        a = a.swapaxes(-1, -2) if options.get("transa") else a
        return a @ (b.swapaxes(-1, -2) if options.get("transb") else b)

    check(lambda a, b: F.matmul(a, b, **options), [uniform(*a), uniform(*b, seed=1)], expected)


def test_matmul_of_two_types():
    y = F.matmul(np.ones((2, 3), "float16"), np.ones((3, 2), "float32"))
    assert y.dtype == "float32"
    with pytest.raises(InvalidType):
        F.matmul(np.ones((2, 3), "f"), np.ones((2, 3), "f"))


@pytest.mark.parametrize("axes", [0, 1, 2, ([0, 2], [1, 0]), (2, 0)], ids=str)
def test_tensordot(axes):
    a, b = uniform(3, 2, 2), uniform(2, 2, 3, seed=1)
    if axes == ([0, 2], [1, 0]):
        b = uniform(2, 3, 4, seed=1)
    check(lambda a, b: F.tensordot(a, b, axes=axes), [a, b], lambda a, b: np.tensordot(a, b, axes))


EINSUMS = [
    "ij,jk->ik",
    "ij,jk",
    "ii->i",
    "iij->ij",
    "ij->",
    "...i,ij->...j",
    "i,j,k->kji",
    "ij,ij->j",
    "iji,j->ij",
]


@pytest.mark.parametrize("text", EINSUMS)
def test_einsum(text):
    sizes = {"i": 3, "j": 2, "k": 4}
    inputs = text.split("->")[0].split(",")
    arrays = [
        uniform(*((2,) if "..." in t else ()), *[sizes[c] for c in t.replace(".", "")], seed=n)
        for n, t in enumerate(inputs)
    ]
    check(
        lambda *xs: F.einsum(text, *xs),
        arrays,
        lambda *xs: np.einsum(text, *xs),
        dtypes=("float32", "float64"),
    )


def test_einsum_with_lists_and_what_it_refuses():
    a, b = uniform(2, 3), uniform(3, 4)
    np.testing.assert_allclose(F.einsum(a, [0, 1], b, [1, 2], [2, 0]).array, (a @ b).T)
    for wrong in ["ij,jk->il", "i.j,jk", "ij->jk->k", "ij", "i1,jk"]:
        with pytest.raises(ValueError):
            F.einsum(wrong, a, b)
    with pytest.raises(InvalidType):
        F.einsum("ij,ik", a, b)


def test_linear_algebra():
    a = uniform(3, 3) + 2 * np.eye(3)
    tolerances = {"float16": 5e-2, "float32": 1e-4, "float64": 1e-10}
    check(F.inv, [a], np.linalg.inv, tolerances=tolerances)
    check(F.det, [a], np.linalg.det, tolerances=tolerances)
    check(F.batch_inv, [np.stack([a, a.T])], np.linalg.inv, tolerances=tolerances)
    check(F.batch_det, [np.stack([a, a.T])], np.linalg.det, tolerances=tolerances)
    check(
        lambda x: F.cholesky(F.matmul(x, x, transb=True)),
        [a],
        lambda a: np.linalg.cholesky(a @ a.T),
        dtypes=("float32", "float64"),
        tolerances=tolerances,
    )
    with pytest.raises(ValueError):
        F.inv(np.ones((2, 2)))
    with pytest.raises(InvalidType):
        F.det(np.ones((2, 3)))


def test_fourier():
    def parts(y):
        return y.real, y.imag

    x = [uniform(2, 5), uniform(2, 5, seed=1)]
    check(lambda *x: F.fft(x), x, lambda r, i: parts(np.fft.fft(r + 1j * i)))
    check(lambda *x: F.ifft(x), x, lambda r, i: parts(np.fft.ifft(r + 1j * i)))


@pytest.mark.parametrize("transa", [False, True])
@pytest.mark.parametrize("stack", [(), (2,)])
def test_sparse_matmul(transa, stack):
    a = np.where(uniform(*stack, 3, 4) > 0, uniform(*stack, 3, 4, seed=1), 0)
    b = uniform(*stack, *((3, 2) if transa else (4, 2)), seed=2)
    expected = (a.swapaxes(-1, -2) if transa else a) @ b
    np.testing.assert_allclose(F.sparse_matmul(to_coo(a), b, transa=transa).array, expected)
    turned = F.sparse_matmul(b.swapaxes(-1, -2).copy(), to_coo(a), transb=not transa)
    np.testing.assert_allclose(turned.array, expected.swapaxes(-1, -2))
    coo = to_coo(a)
    product = F.CooMatMul(coo.row, coo.col, coo.shape, transa=transa)
    check_gradients(lambda d, b: product.apply((d, b))[0], [coo.data.array, b])
    with pytest.raises(ValueError):
        F.sparse_matmul(a, b)
