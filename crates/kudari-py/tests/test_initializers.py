"""Initializers against the formulas of their papers, drawn with the same seed."""

import kudari
import numpy as np
import pytest
from kudari import initializers
from kudari.initializer import get_fans


def drawn(initializer, shape, dtype=np.float64):
    np.random.seed(7)
    array = np.empty(shape, dtype=dtype)
    initializer(array)
    return array


def test_fans_count_the_kernel():
    assert get_fans((2, 1)) == (1, 2)
    assert get_fans((2, 3, 4, 5)) == (60, 40)
    with pytest.raises(ValueError, match="two axes"):
        get_fans((3,))
    with pytest.raises(ValueError, match="tuple"):
        get_fans([3, 4])


@pytest.mark.parametrize(
    "initializer, deviation",
    [
        (initializers.Normal(), 0.05),
        (initializers.Normal(0.3), 0.3),
        (initializers.LeCunNormal(), np.sqrt(1 / 12)),
        (initializers.LeCunNormal(scale=2), 2 * np.sqrt(1 / 12)),
        (initializers.GlorotNormal(), np.sqrt(2 / (12 + 8))),
        (initializers.HeNormal(), np.sqrt(2 / 12)),
        (initializers.HeNormal(fan_option="fan_out"), np.sqrt(2 / 8)),
    ],
)
def test_normal_ones_scale_numpys_draws(initializer, deviation):
    np.random.seed(7)
    expected = np.random.normal(0, 1, (2, 3, 4)) * deviation
    np.testing.assert_allclose(drawn(initializer, (2, 3, 4)), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "initializer, bound",
    [
        (initializers.Uniform(), 0.05),
        (initializers.LeCunUniform(), np.sqrt(3 / 12)),
        (initializers.GlorotUniform(), np.sqrt(6 / (12 + 8))),
        (initializers.HeUniform(scale=0.5), 0.5 * np.sqrt(6 / 12)),
    ],
)
def test_uniform_ones_scale_numpys_draws(initializer, bound):
    np.random.seed(7)
    expected = (2 * np.random.uniform(0, 1, (2, 3, 4)) - 1) * bound
    np.testing.assert_allclose(drawn(initializer, (2, 3, 4)), expected, rtol=1e-12, atol=1e-15)


def test_own_generator_leaves_the_global_one_alone():
    np.random.seed(1)
    expected_next = np.random.random_sample()
    np.random.seed(1)
    array = np.empty((2, 2))
    initializers.HeNormal(rng=np.random.RandomState(5))(array)
    assert np.random.random_sample() == expected_next
    np.testing.assert_allclose(array, np.random.RandomState(5).normal(size=(2, 2)))


def test_unknown_fan_option():
    with pytest.raises(ValueError, match="fan_in"):
        drawn(initializers.HeNormal(fan_option="both"), (2, 2))


@pytest.mark.parametrize(
    "shape, inner", [((4, 3), "columns"), ((3, 4), "rows"), ((6, 2, 3), "rows"), ((3, 4, 5), "rows")]
)
def test_orthogonal_rows_or_columns(shape, inner):
    matrix = drawn(initializers.Orthogonal(scale=1.5), shape).reshape(shape[0], -1)
    product = matrix @ matrix.T if inner == "rows" else matrix.T @ matrix
    np.testing.assert_allclose(product, 1.5**2 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_modes_refuse_shapes():
    with pytest.raises(ValueError, match="embedding"):
        drawn(initializers.Orthogonal(mode="embedding"), (2, 3))
    with pytest.raises(ValueError, match="projection"):
        drawn(initializers.Orthogonal(mode="projection"), (3, 2))
    with pytest.raises(ValueError, match="basis"):
        drawn(initializers.Orthogonal(mode="basis"), (3, 2))
    with pytest.raises(ValueError, match="Invalid mode"):
        initializers.Orthogonal(mode="square")
    with pytest.raises(ValueError, match="no elements"):
        drawn(initializers.Orthogonal(), (0, 2))
    assert abs(drawn(initializers.Orthogonal(scale=2), ())) == 2


def test_constants():
    np.testing.assert_array_equal(drawn(initializers.Constant(3), (2,)), [3, 3])
    np.testing.assert_array_equal(
        drawn(initializers.Constant(np.array([1.5, 2.5])), (2,), np.float32), [1.5, 2.5]
    )
    np.testing.assert_array_equal(drawn(initializers.Zero(), (2,)), [0, 0])
    np.testing.assert_array_equal(drawn(initializers.One(), (2,)), [1, 1])
    assert np.isnan(drawn(initializers.NaN(), (2,))).all()
    np.testing.assert_array_equal(drawn(initializers.Identity(scale=2), (2, 2)), [[2, 0], [0, 2]])
    with pytest.raises(ValueError, match="square"):
        drawn(initializers.Identity(), (2, 3))
    with pytest.raises(ValueError, match="list"):
        initializers.Constant([1, 2])


def test_upsampling_filter_is_a_tent():
    even = drawn(initializers.UpsamplingDeconvFilter(), (2, 2, 4))
    np.testing.assert_array_equal(even[0, 0], [0.25, 0.75, 0.75, 0.25])
    np.testing.assert_array_equal(even[0, 1], [0, 0, 0, 0])
    odd = drawn(initializers.UpsamplingDeconvFilter(), (2, 1, 3, 3))
    np.testing.assert_array_equal(odd[1, 0], np.outer([0.5, 1, 0.5], [0.5, 1, 0.5]))
    with pytest.raises(ValueError, match="same"):
        drawn(initializers.UpsamplingDeconvFilter(), (1, 1, 3, 4))
    with pytest.raises(ValueError, match="cubic"):
        initializers.UpsamplingDeconvFilter("cubic")


def test_downsampling_filter_sums_to_one():
    kernel = drawn(initializers.DownsamplingConvFilter(), (1, 1, 4, 4))
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel[0, 0, 0], np.array([0.25, 0.75, 0.75, 0.25]) * 0.25 / 4)


def test_generate_array_chooses_the_dtype():
    assert initializers.generate_array(initializers.Zero(), (2, 3)).dtype == np.float32
    assert initializers.generate_array(initializers.Zero(np.float64), ()).dtype == np.float64
    assert initializers.generate_array(initializers.Zero(), (), dtype=np.float16).dtype == np.float16
    with kudari.using_config("dtype", np.float64):
        assert initializers.generate_array(initializers.Zero(), (2,)).dtype == np.float64
    with pytest.raises(ValueError, match="dtype mismatch"):
        initializers.generate_array(initializers.Zero(np.float64), (), dtype=np.float32)


def test_an_initializer_refuses_another_dtype():
    with pytest.raises(AssertionError, match="float64"):
        drawn(initializers.Normal(dtype=np.float32), (2,))


def test_what_a_links_argument_means():
    assert isinstance(initializers._get_initializer(None), initializers.LeCunNormal)
    assert initializers._get_initializer(3).fill_value == 3
    one = initializers.One()
    assert initializers._get_initializer(one) is one
    with pytest.raises(TypeError, match="str"):
        initializers._get_initializer(object.__new__(type("str", (), {})))


def test_repr_tells_the_settings():
    assert repr(initializers.HeNormal(fan_option="fan_out")) == "HeNormal(fan_option='fan_out', scale=1.0)"
