"""Poolings against the numbers of each window."""

import itertools

import numpy as np
import pytest
from function_checks import apart, check, check_gradients, uniform

import kudari.functions as F
from kudari.utils.type_check import InvalidType


def pooled(x, reduce, k, s, p, cover_all, fill):
    """``reduce`` of each window; k, s and p are numbers."""
    axes = x.ndim - 2
    outs = [(n + 2 * p - k + (s - 1 if cover_all else 0)) // s + 1 for n in x.shape[2:]]
    x = np.pad(x, [(0, 0), (0, 0)] + [(p, p + s)] * axes, constant_values=fill)
    y = np.empty((*x.shape[:2], *outs))
    for place in itertools.product(*map(range, outs)):
        window = x[(slice(None), slice(None), *(slice(i * s, i * s + k) for i in place))]
        y[(slice(None), slice(None), *place)] = reduce(window, tuple(range(2, x.ndim)))
    return y


@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 6, 7), (1, 2, 4, 5, 4)])
@pytest.mark.parametrize("k, s, p", [(2, 2, 0), (3, 2, 1), (3, 1, 1)])
def test_nd(shape, k, s, p):
    x = apart(*shape) / 20
    for cover_all in (False, True):
        check(
            lambda x: F.max_pooling_nd(x, k, s, p, cover_all=cover_all),
            [x],
            lambda x: pooled(x, np.max, k, s, p, cover_all, -np.inf),
        )
    check(lambda x: F.average_pooling_nd(x, k, s, p), [x], lambda x: pooled(x, np.mean, k, s, p, False, 0))
    check(
        lambda x: F.average_pooling_nd(x, k, s, p, pad_value=None),
        [x],
        lambda x: pooled(x, np.nanmean, k, s, p, False, np.nan),
    )


def test_max_pooling_tells_places_and_upsampling_takes_them():
    x = apart(2, 3, 4, 6)
    y, places = F.max_pooling_2d(x, 2, return_indices=True)
    np.testing.assert_array_equal(places[0, 0, 0, 0], x[0, 0, :2, :2].ravel().argmax())
    up = F.upsampling_2d(y, places, 2, outsize=(4, 6))
    largest = F.max_pooling_2d(x, 2).array.repeat(2, 2).repeat(2, 3)
    np.testing.assert_array_equal(up.array, np.where(x == largest, x, 0))
    check_gradients(lambda y: F.upsampling_2d(y, places, 2, outsize=(4, 6)), [y.array])


def test_names_for_numbers_of_axes():
    x = uniform(1, 2, 6)
    np.testing.assert_array_equal(F.max_pooling_1d(x, 2).array, F.max_pooling_nd(x, 2).array)
    np.testing.assert_array_equal(F.average_pooling_1d(x, 2).array, F.average_pooling_nd(x, 2).array)
    for function in (F.max_pooling_2d, F.max_pooling_3d, F.average_pooling_3d, F.unpooling_3d):
        with pytest.raises(ValueError):
            function(x, 2)
    with pytest.raises(InvalidType):
        F.max_pooling_1d(x.astype(int), 2)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 3, 4)])
@pytest.mark.parametrize("k, s, p", [(2, 2, 0), (3, 2, 1)])
def test_unpooling_is_the_gradient_of_sums_of_windows(shape, k, s, p):
    x = uniform(*shape)
    y = F.unpooling_nd(x, k, s, p, cover_all=False)
    big = uniform(*y.shape, seed=1)
    sums = pooled(big, np.sum, k, s, p, False, 0)
    np.testing.assert_allclose((y.array * big).sum(), (x * sums).sum())
    check_gradients(lambda x: F.unpooling_nd(x, k, s, p, cover_all=False), [x])


def test_unpooling_2d():
    x = uniform(1, 1, 2, 2)
    np.testing.assert_array_equal(F.unpooling_2d(x, 2, cover_all=False).array, x.repeat(2, 2).repeat(2, 3))


def test_spatial_pyramid_pooling_2d():
    x = apart(2, 3, 4, 4)
    y = F.spatial_pyramid_pooling_2d(x, 2, "max")
    assert y.shape == (2, 15, 1, 1)
    np.testing.assert_array_equal(y.array[:, :3, 0, 0], x.max((2, 3)))
    np.testing.assert_array_equal(y.array[:, 3, 0, 0], x[:, 0, :2, :2].max((1, 2)))
    with pytest.raises(ValueError):
        F.spatial_pyramid_pooling_2d(x, 2)


X = apart(2, 2, 6, 8) / 10
ROIS = np.array([[1, 2, 5, 6], [0, 0, 6, 8]], float)
SAMPLES = np.array([1, 0], "int32")


def test_regions_at_whole_pixels():
    y = F.roi_max_pooling_2d(X, ROIS, SAMPLES, 2, 1.0)
    np.testing.assert_array_equal(y.array[0, :, 0, 0], X[1, :, 1:3, 2:4].max((1, 2)))
    np.testing.assert_array_equal(y.array[1, :, 1, 1], X[0, :, 3:6, 4:8].max((1, 2)))
    y = F.roi_average_pooling_2d(X, ROIS, SAMPLES, (2, 1), 1.0)
    np.testing.assert_allclose(y.array[0, :, 1, 0], X[1, :, 3:5, 2:6].mean((1, 2)))
    old = np.array([[1, 2, 1, 5, 4]], float)
    y = F.roi_pooling_2d(X, old, 2, 2, 1.0)
    np.testing.assert_array_equal(y.array[0, :, 0, 1], X[1, :, 1:3, 4:6].max((1, 2)))
    for function in (F.roi_max_pooling_2d, F.roi_average_pooling_2d):
        check_gradients(lambda x: function(x, ROIS, SAMPLES, 2, 0.7), [X])
        with pytest.raises(TypeError):
            function(X, ROIS, SAMPLES, 0, 1.0)


def test_regions_outside_of_the_picture_are_empty():
    outside = np.array([[20, 20, 24, 24]], float)
    assert (F.roi_max_pooling_2d(X, outside, SAMPLES[:1], 1, 1.0).array == -np.inf).all()
    assert (F.roi_average_pooling_2d(X, outside, SAMPLES[:1], 1, 1.0).array == 0).all()


def test_regions_between_pixels():
    # One point at the middle of each part: of the region (1, 2)–(3, 4) in 2 × 2 parts these are (1.5, 2.5),
    # (1.5, 3.5), …
    region = np.array([[1, 2, 3, 4]], float)
    between = (X[1, :, 1:-1, 2:-1] + X[1, :, 2:, 2:-1] + X[1, :, 1:-1, 3:] + X[1, :, 2:, 3:]) / 4
    for function in (F.roi_average_align_2d, F.roi_max_align_2d):
        y = function(X, region, SAMPLES[:1], 2, 1.0, sampling_ratio=1)
        np.testing.assert_allclose(y.array[0], between[:, :2, :2])
        check_gradients(lambda x: function(x, ROIS, SAMPLES, 2, 0.7, sampling_ratio=2), [X])
        with pytest.raises(TypeError):
            function(X, ROIS, SAMPLES, 2, 1.0, sampling_ratio=0)


def test_adaptive_and_global():
    check(
        lambda x: F.adaptive_average_pooling_2d(x, (2, 3)),
        [uniform(2, 3, 4, 6)],
        lambda x: x.reshape(2, 3, 2, 2, 3, 2).mean((3, 5)),
    )
    assert F.global_average_pooling_2d(X).array.size == 4
    np.testing.assert_allclose(F.global_max_pooling_2d(X).array.ravel(), X.max((2, 3)).ravel())
