"""Affine functions and convolutions against sums over windows."""

import itertools

import numpy as np
import pytest
from function_checks import check, check_gradients, uniform

import kudari.functions as F
from kudari.utils.type_check import InvalidType

LOOSE = {"float16": 5e-2, "float32": 1e-4, "float64": 1e-10}


def test_linear():
    x, w, b = uniform(4, 3), uniform(2, 3, seed=1), uniform(2, seed=2)
    check(F.linear, [x, w, b], lambda x, w, b: x @ w.T + b)
    check(F.linear, [x, w], lambda x, w: x @ w.T)
    check(F.linear, [uniform(4, 3, 1), w], lambda x, w: x[..., 0] @ w.T)
    check(lambda x, w: F.linear(x, w, n_batch_axes=2), [uniform(2, 4, 3), w], lambda x, w: x @ w.T)
    assert F.linear(np.zeros((0, 3), "f"), w.astype("f")).shape == (0, 2)


def test_linear_refuses():
    x, w = np.ones((4, 3), "f"), np.ones((2, 3), "f")
    for wrong in [
        (x, w[:, :2]),
        (x.astype("i"), w),
        (x[0], w),
        (np.ones((4, 3, 3), "f"), w),
        (x, w, np.ones(3, "f")),
    ]:
        with pytest.raises(InvalidType):
            F.linear(*wrong)
    with pytest.raises(ValueError):
        F.linear(x, w, n_batch_axes=0)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_embed_id(dtype):
    x = np.array([[0, 3], [3, -1]], dtype)
    check(lambda w: F.embed_id(x, w, ignore_label=-1), [uniform(4, 2)], lambda w: w[x] * (x != -1)[..., None])
    check(lambda w: F.embed_id(x[0], w), [uniform(4, 2)], lambda w: w[x[0]])
    with pytest.raises(InvalidType):
        F.embed_id(np.ones(2, "f"), uniform(4, 2))


def test_bilinear():
    shapes = [(4, 2), (4, 3), (2, 3, 5), (2, 5), (3, 5), (5,)]
    arrays = [uniform(*shape, seed=i) for i, shape in enumerate(shapes)]

    def expected(e1, e2, w, v1=0, v2=0, b=0):
        return np.einsum("ni,nj,ijk->nk", e1, e2, w) + (e1 @ v1 + e2 @ v2 + b if np.ndim(v1) else 0)

    check(F.bilinear, arrays, expected, tolerances=LOOSE)
    check(F.bilinear, arrays[:3], expected, tolerances=LOOSE)
    with pytest.raises(ValueError):
        F.bilinear(*arrays[:4])


def test_shift():
    x = uniform(2, 9, 4, 5)
    y = F.shift(x, ksize=3, dilate=1).array
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    np.testing.assert_array_equal(y[:, 0], padded[:, 0, 2:, 2:])
    np.testing.assert_array_equal(y[:, 1], padded[:, 1, 2:, 1:-1])
    np.testing.assert_array_equal(y[:, 8], x[:, 8])
    check_gradients(F.shift, [x])
    with pytest.raises(ValueError):
        F.shift(x, ksize=2)


def test_local_convolution_2d():
    x, w, b = uniform(2, 3, 5, 4), uniform(4, 2, 3, 3, 2, 2, seed=1), uniform(4, 2, 3, seed=2)

    def expected(x, w, b):
        y = np.empty((2, 4, 2, 3))
        for i, j in np.ndindex(2, 3):
            y[:, :, i, j] = np.einsum("nckl,ockl->no", x[:, :, 2 * i : 2 * i + 2, j : j + 2], w[:, i, j])
        return y + b

    check(
        lambda x, w, b: F.local_convolution_2d(x, w, b, stride=(2, 1)), [x, w, b], expected, tolerances=LOOSE
    )


def convolved(x, w, b, stride, pad, dilate, groups, cover_all=False):
    """The definition, for any number of axes; stride, pad and dilate are numbers."""
    axes = x.ndim - 2
    ends = pad + stride - 1 if cover_all else pad
    sizes = [n + 2 * pad - dilate * (k - 1) - 1 for n, k in zip(x.shape[2:], w.shape[2:])]
    outs = [(n + (stride - 1 if cover_all else 0)) // stride + 1 for n in sizes]
    x = np.pad(x, [(0, 0), (0, 0)] + [(pad, ends)] * axes)
    y = np.zeros((len(x), len(w), *outs))
    per_group, outputs = x.shape[1] // groups, len(w) // groups
    for g in range(groups):
        for place in itertools.product(*map(range, w.shape[2:])):
            window = tuple(
                slice(p * dilate, p * dilate + (o - 1) * stride + 1, stride) for p, o in zip(place, outs)
            )
            part = x[(slice(None), slice(g * per_group, (g + 1) * per_group), *window)]
            filters = w[(slice(g * outputs, (g + 1) * outputs), slice(None), *place)]
            y[:, g * outputs : (g + 1) * outputs] += np.einsum("nc...,oc->no...", part, filters)
    return y + (0 if b is None else b.reshape(-1, *[1] * axes))


OPTIONS = [(1, 0, 1, 1), (2, 1, 1, 1), (1, 1, 2, 1), (2, 1, 1, 2)]


@pytest.mark.parametrize("stride, pad, dilate, groups", OPTIONS)
@pytest.mark.parametrize("cover_all", [False, True])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_convolutions(stride, pad, dilate, groups, cover_all, axes):
    x, b = uniform(2, 4, *[6, 5, 5][:axes]), uniform(2, seed=2)
    w = uniform(2, 4 // groups, *[3, 2, 2][:axes], seed=1)
    options = dict(stride=stride, pad=pad, dilate=dilate, groups=groups, cover_all=cover_all)
    check(
        lambda x, w, b: F.convolution_nd(x, w, b, **options),
        [x, w, b],
        lambda x, w, b: convolved(x, w, b, **options),
        order=1 if axes == 3 else 2,
        tolerances=LOOSE,
    )
    if axes == 2:
        np.testing.assert_allclose(F.convolution_2d(x, w, b, **options).array, convolved(x, w, b, **options))


@pytest.mark.parametrize("stride, pad, dilate, groups", OPTIONS)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_deconvolutions_are_the_gradients_of_convolutions(stride, pad, dilate, groups, axes):
    w = uniform(2, 4 // groups, *[3, 2, 2][:axes], seed=1)
    big = uniform(2, 4, *[7, 5, 6][:axes])
    options = dict(stride=stride, pad=pad, dilate=dilate, groups=groups)
    small = uniform(*F.convolution_nd(big, w, **options).shape, seed=2)
    y = F.deconvolution_nd(small, w, outsize=big.shape[2:], **options)
    assert y.shape == big.shape
    # <deconvolution(small), big> = <small, convolution(big)>
    np.testing.assert_allclose((y.array * big).sum(), (small * convolved(big, w, None, **options)).sum())
    check_gradients(lambda x, w, b: F.deconvolution_nd(x, w, b, **options), [small, w, uniform(4)], order=1)


def test_convolutions_with_names_of_their_own():
    x, w = uniform(2, 3, 6, 5), uniform(2, 3, 3, 3, seed=1)
    depthwise = F.depthwise_convolution_2d(x, w).array
    for c, m in np.ndindex(3, 2):
        np.testing.assert_allclose(
            depthwise[:, 2 * c + m],
            convolved(x[:, c : c + 1], w[m : m + 1, c : c + 1], None, 1, 0, 1, 1)[:, 0],
        )
    dilated = F.dilated_convolution_2d(x, w[:, :, :2, :2].copy(), dilate=2).array
    np.testing.assert_allclose(dilated, convolved(x, w[:, :, :2, :2], None, 1, 0, 2, 1))
    with pytest.raises(ValueError):
        F.convolution_1d(x, w)
    with pytest.raises(ValueError):
        F.deconvolution_3d(x, w)


def test_convolutions_refuse():
    x, w = uniform(2, 3, 6, 5), uniform(2, 3, 3, 3, seed=1)
    for wrong in [(x[0], w), (x, w[:, :2]), (x, w, uniform(3)), (x.astype(int), w)]:
        with pytest.raises(InvalidType):
            F.convolution_2d(*wrong)
    with pytest.raises(RuntimeError):
        F.convolution_2d(x[:, :, :2], w)
    with pytest.raises(ValueError):
        F.convolution_2d(x, w, dilate=0)
    with pytest.raises(ValueError, match="deterministic"):
        F.convolution_2d(x, w, deterministic=True)
    with pytest.raises(InvalidType):
        F.deconvolution_2d(x, w[:, :, :, :2].transpose(1, 0, 2, 3), outsize=(20, 20))
