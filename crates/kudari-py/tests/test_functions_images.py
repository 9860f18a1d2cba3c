"""Windows, blocks and places of pixels."""

import numpy as np
from function_checks import check, check_gradients, uniform

import kudari.functions as F


def windows(x, k, s, p, d=1):
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = [(n - d * (k - 1) - 1) // s + 1 for n in x.shape[2:]]
    y = np.empty((*x.shape[:2], k, k, *out))
    for i, j in np.ndindex(k, k):
        y[:, :, i, j] = x[:, :, i * d : i * d + out[0] * s : s, j * d : j * d + out[1] * s : s]
    return y.reshape(len(x), -1, *out)


def test_im2col():
    x = uniform(2, 3, 6, 5)
    check(lambda x: F.im2col(x, 3, stride=2, pad=1), [x], lambda x: windows(x, 3, 2, 1))
    check(lambda x: F.im2col(x, 2, dilate=2), [x], lambda x: windows(x, 2, 1, 0, 2))


def test_blocks():
    x = uniform(2, 3, 4, 6)
    check(lambda x: F.depth2space(F.space2depth(x, 2), 2), [x], lambda x: x)
    y = F.space2depth(x, 2)
    assert y.shape == (2, 12, 2, 3)
    np.testing.assert_array_equal(y.array[:, 3:6], x[:, :, ::2, 1::2])


def test_resize_images():
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    np.testing.assert_allclose(
        F.resize_images(x, (3, 3)).array[0, 0], [[0, 1, 2], [1.5, 2.5, 3.5], [3, 4, 5]]
    )
    np.testing.assert_allclose(
        F.resize_images(x, (2, 6), align_corners=False).array[0, 0, 0], [0, 0.25, 0.75, 1.25, 1.75, 2]
    )
    np.testing.assert_allclose(F.resize_images(x, (4, 3), mode="nearest").array[0, 0], x[0, 0].repeat(2, 0))
    check_gradients(lambda x: F.resize_images(x, (5, 4)), [uniform(2, 2, 3, 6)])


def test_spatial_transformer():
    x = uniform(2, 3, 4, 5)
    same = np.array([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    grid = F.spatial_transformer_grid(same, (4, 5))
    np.testing.assert_allclose(grid.array[0, :, 0, 0], [-1, -1])
    check(
        lambda x: F.spatial_transformer_sampler(x, grid.array.astype(x.dtype)),
        [x],
        lambda x: x,
        tolerances={"float16": 1e-1, "float32": 1e-5, "float64": 1e-12},
    )
    outside = F.spatial_transformer_sampler(x, np.full((2, 2, 1, 1), 3.0))
    np.testing.assert_array_equal(outside.array, 0)
    check_gradients(
        lambda x, t: F.spatial_transformer_sampler(x, F.spatial_transformer_grid(t, (3, 2))),
        [x, same * 0.7 + 0.11],
    )


def test_deformable_convolution_without_offsets_is_a_convolution():
    x, w = uniform(2, 3, 5, 6), uniform(4, 3, 3, 2, seed=1)
    y = F.convolution_2d(x, w, stride=1, pad=1)
    offset = np.zeros((2, 12, *y.shape[2:]))
    z = F.deformable_convolution_2d_sampler(x, offset, w, stride=1, pad=1)
    np.testing.assert_allclose(z.array, y.array, atol=1e-12)
    check_gradients(
        lambda x, o, w: F.deformable_convolution_2d_sampler(x, o, w, pad=1), [x, offset + 0.3, w], order=1
    )
