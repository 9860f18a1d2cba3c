"""Links that connect and activate, against NumPy formulas."""

import kudari
import kudari.functions as F
import kudari.links as L
import numpy as np
import pytest
from kudari import initializers

from link_helpers import RNG, close, convolved, randomized, sigmoid, uniform


class TestLinear:
    def test_is_an_affine_map(self):
        link, x = randomized(L.Linear(3, 2)), uniform(4, 3)
        close(link(x), x @ link.W.array.T + link.b.array)

    def test_joins_the_axes_after_the_batch(self):
        link, x = randomized(L.Linear(6, 2)), uniform(4, 2, 3)
        close(link(x), x.reshape(4, 6) @ link.W.array.T + link.b.array)
        close(L.Linear(3, 2, initialW=1)(x, n_batch_axes=2), np.stack([x.sum(-1)] * 2, -1))

    @pytest.mark.parametrize("link", [L.Linear(2), L.Linear(None, 2)])
    def test_learns_its_size(self, link):
        assert link.W.array is None and link.b.shape == (2,)
        x = uniform(4, 5)
        y = link(x)
        assert link.W.shape == (2, 5) and y.shape == (4, 2)
        assert np.abs(link.W.array).max() < 5 / np.sqrt(5)

    def test_first_values(self):
        W = np.arange(6).reshape(2, 3)
        link = L.Linear(3, 2, initialW=W, initial_bias=np.array([7, 8]))
        np.testing.assert_array_equal(link.W.array, W)
        np.testing.assert_array_equal(link.b.array, [7, 8])
        assert link.W.dtype == np.float32
        assert (L.Linear(3, 2, False, 5, initializers.One()).b.array == 1).all()
        assert (L.Linear(3, 2).b.array == 0).all()
        assert L.Linear(3, 2, nobias=True).b is None
        with kudari.using_config("dtype", np.float64):
            assert L.Linear(3, 2).W.dtype == np.float64
        with pytest.raises(TypeError, match="list"):
            L.Linear(3, 2, initialW=[1, 2])

    def test_from_params(self):
        W, b = uniform(2, 3), uniform(2)
        link = L.Linear.from_params(W, b)
        np.testing.assert_array_equal(link.W.array, W)
        np.testing.assert_array_equal(link.b.array, b)
        with pytest.raises(ValueError, match="out_size"):
            L.Linear.from_params(W, uniform(3))

    def test_wrong_sizes_are_refused(self):
        with pytest.raises(kudari.utils.type_check.InvalidType):
            L.Linear(3, 2)(uniform(4, 5))


class TestConvolutions:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"stride": 2, "pad": 1},
            {"nobias": True},
            {"dilate": 2},
            {"groups": 2},
            {"stride": (2, 2), "pad": (1, 1)},
        ],
    )
    def test_convolution_2d(self, options):
        link, x = randomized(L.Convolution2D(4, 6, 3, **options)), uniform(2, 4, 7, 6)
        plain = {k: v[0] if isinstance(v, tuple) else v for k, v in options.items() if k != "nobias"}
        close(link(x), convolved(x, link.W.array, None if link.b is None else link.b.array, **plain), 1e-4)

    def test_learns_its_channels(self):
        link = L.Convolution2D(5, 3)
        assert link(uniform(1, 4, 5, 5)).shape == (1, 5, 3, 3) and link.W.shape == (5, 4, 3, 3)
        assert L.Convolution2D(None, 5, (3, 2))(uniform(1, 4, 5, 5)).shape == (1, 5, 3, 4)

    def test_from_params(self):
        W, b, x = uniform(6, 2, 3, 3), uniform(6), uniform(1, 4, 5, 5)
        close(L.Convolution2D.from_params(W, b, groups=2)(x), convolved(x, W, b, groups=2), 1e-4)
        with pytest.raises(ValueError, match="out_channels"):
            L.Convolution2D.from_params(W, uniform(5))

    def test_refuses_what_does_not_fit(self):
        with pytest.raises(ValueError, match="output channels"):
            L.Convolution2D(4, 5, 3, groups=2)
        with pytest.raises(ValueError, match="input channels"):
            L.Convolution2D(3, 4, 3, groups=2)
        with pytest.raises(ValueError, match="deterministic"):
            L.Convolution2D(3, 4, 3, deterministic=True)
        with pytest.raises(TypeError, match="wscale"):
            L.Convolution2D(3, 4, 3, wscale=1)

    def test_repr(self):
        assert repr(L.Convolution2D(3, 4, 5)) == (
            "Convolution2D(in_channels=3, out_channels=4, ksize=5, stride=(1, 1), pad=(0, 0), nobias=False, "
            "dilate=(1, 1), groups=1)"
        )

    def test_deconvolution_is_the_transpose(self):
        link, x, y = (
            randomized(L.Deconvolution2D(3, 4, 3, stride=2, pad=1)),
            uniform(2, 3, 4, 4),
            uniform(2, 4, 7, 7),
        )
        out = link(x).array - link.b.array.reshape(1, -1, 1, 1)
        # <deconvolution(x), y> = <x, convolution(y)> with the same weight.
        W = link.W.array
        assert out.shape == y.shape
        assert (out * y).sum() == pytest.approx(
            (x * convolved(y, W, None, stride=2, pad=1)).sum(), rel=1e-3, abs=1e-3
        )
        sized = L.Deconvolution2D(None, 4, 3, stride=2, pad=1, outsize=(8, 8))
        assert sized(x).shape == (2, 4, 8, 8)

    def test_depthwise_convolution(self):
        link, x = randomized(L.DepthwiseConvolution2D(3, 2, 3, pad=1)), uniform(2, 3, 5, 4)
        W = link.W.array.transpose(1, 0, 2, 3).reshape(6, 1, 3, 3)
        close(link(x), convolved(x, W, link.b.array, pad=1, groups=3), 1e-4)
        assert L.DepthwiseConvolution2D(None, 2, 3)(x).shape == (2, 6, 3, 2)

    def test_dilated_convolution(self):
        link, x = randomized(L.DilatedConvolution2D(3, 2, 3, pad=2, dilate=2)), uniform(2, 3, 6, 7)
        close(link(x), convolved(x, link.W.array, link.b.array, pad=2, dilate=2), 1e-4)

    def test_inception(self):
        link, x = L.Inception(3, 2, 3, 4, 2, 3, 5), uniform(2, 3, 6, 6)
        y = link(x)
        assert y.shape == (2, 2 + 4 + 3 + 5, 6, 6)
        close(y.array[:, :2], np.maximum(convolved(x, link.conv1.W.array, link.conv1.b.array), 0), 1e-4)

    @pytest.mark.parametrize(
        "out1, pool, proj_pool, stride, channels",
        [
            (2, "max", 3, 1, 2 + 4 + 5 + 3),
            (2, "avg", 3, 1, 2 + 4 + 5 + 3),
            (0, "max", None, 2, 4 + 5 + 3),
        ],
    )
    def test_inception_with_normalization(self, out1, pool, proj_pool, stride, channels):
        link = L.InceptionBN(3, out1, 2, 4, 3, 5, pool, proj_pool, stride)
        y = link(uniform(2, 3, 6, 6))
        assert y.shape == (2, channels, 6 // stride, 6 // stride)
        assert y.array[:, : out1 + 4 + 5].min() == 0

    def test_mlp_convolution(self):
        link, x = randomized(L.MLPConvolution2D(3, (4, 2), 3, activation=F.relu)), uniform(2, 3, 5, 5)
        hidden = np.maximum(convolved(x, link[0].W.array, link[0].b.array), 0)
        close(link(x), convolved(hidden, link[1].W.array, link[1].b.array), 1e-4)
        assert L.MLPConvolution2D((4, 2), 3)(x).shape == (2, 2, 3, 3)
        with pytest.raises(ValueError, match="wscale"):
            L.MLPConvolution2D(3, (4, 2), 3, wscale=1)


class TestOtherConnections:
    def test_bias(self):
        link, x = randomized(L.Bias(1, (3,))), uniform(2, 3, 4)
        close(link(x), x + link.b.array[:, None])
        y = uniform(3)
        close(L.Bias(1)(x, y), x + y[:, None])
        with pytest.raises(AssertionError):
            link(x, y)

    def test_scale(self):
        link, x = randomized(L.Scale(1, (3,), bias_term=True)), uniform(2, 3, 4)
        close(link(x), x * link.W.array[:, None] + link.bias.b.array[:, None])
        y = uniform(3, 4)
        close(L.Scale(1)(x, y), x * y)
        with pytest.raises(ValueError, match="bias_shape"):
            L.Scale(1, bias_term=True)

    def test_bilinear(self):
        link, e1, e2 = randomized(L.Bilinear(3, 4, 2)), uniform(5, 3), uniform(5, 4)
        W, V1, V2, b = (getattr(link, name).array for name in ("W", "V1", "V2", "b"))
        close(link(e1, e2), np.einsum("bi,bj,ijk->bk", e1, e2, W) + e1 @ V1 + e2 @ V2 + b)
        plain = L.Bilinear(3, 4, 2, nobias=True, initialW=W)
        close(plain(e1, e2), np.einsum("bi,bj,ijk->bk", e1, e2, W))
        with pytest.raises(AssertionError, match="shape"):
            L.Bilinear(3, 4, 3, initialW=W)
        with pytest.raises(ValueError, match="tuple"):
            L.Bilinear(3, 4, 2, initial_bias=1)

    def test_embed_id(self):
        link = L.EmbedID(5, 3, ignore_label=-1)
        y = link(np.array([[1, -1], [4, 1]], np.int32))
        np.testing.assert_array_equal(
            y.array, [[link.W.array[1], [0, 0, 0]], [link.W.array[4], link.W.array[1]]]
        )
        W = uniform(5, 3)
        np.testing.assert_array_equal(L.EmbedID.from_params(W).W.array, W)

    def test_highway(self):
        link, x = randomized(L.Highway(3, activate=F.tanh)), uniform(4, 3)
        gate = sigmoid(x @ link.transform.W.array.T + link.transform.b.array)
        plain = np.tanh(x @ link.plain.W.array.T + link.plain.b.array)
        close(link(x), gate * plain + (1 - gate) * x)
        assert (L.Highway(3).transform.b.array == -1).all()

    def test_parameter(self):
        array = uniform(2, 3)
        link = L.Parameter(array)
        np.testing.assert_array_equal(link().array, array)
        assert [name for name, _ in link.namedparams()] == ["/W"]


class TestActivations:
    def test_maxout(self):
        link, x = randomized(L.Maxout(3, 2, 4)), uniform(5, 3)
        layers = (x @ link.linear.W.array.T + link.linear.b.array).reshape(5, 2, 4)
        close(link(x), layers.max(axis=2))
        W, b = uniform(2, 4, 3), uniform(2, 4)
        close(L.Maxout(3, 2, 4, W, b)(x), (np.einsum("bi,opi->bop", x, W) + b).max(axis=2))
        assert L.Maxout(3, 2, 4, initial_bias=None).linear.b is None

        def by_position(array):
            array[...] = np.arange(array.size).reshape(2, 4, 3)

        np.testing.assert_array_equal(
            L.Maxout(3, 2, 4, by_position).linear.W.array, np.arange(24).reshape(8, 3)
        )
        with pytest.raises(ValueError, match="initialW.ndim"):
            L.Maxout(3, 2, 4, uniform(8, 3))

    def test_prelu(self):
        x = np.array([[-2, 3]], np.float32)
        close(L.PReLU()(x), [[-0.5, 3]])
        assert L.PReLU((2,), 0.5).W.shape == (2,)

    def test_swish(self):
        link, x = L.Swish(None, 2.0), uniform(4, 3)
        close(link(x), x * sigmoid(2 * x))
        assert link.beta.shape == (3,)
        assert L.Swish(()).beta.array == 1

    def test_simplified_dropconnect(self):
        link, x = randomized(L.SimplifiedDropconnect(3, 2, ratio=0.25)), uniform(4, 3)
        mask = RNG.randint(0, 2, (4, 2, 3)).astype(bool)
        expected = np.einsum("bi,boi->bo", x, link.W.array * mask / 0.75) + link.b.array
        close(link(x, mask=mask), expected)
        with kudari.using_config("train", False):
            close(link(x, train=False), x @ link.W.array.T + link.b.array)


def test_repr_tells_sizes():
    assert repr(L.EmbedID(5, 3)) == "EmbedID(in_size=5, out_size=3, ignore_label=None)"
    assert repr(L.Deconvolution2D(3, 4, 3)) == (
        "Deconvolution2D(out_channels=4, ksize=3, stride=(1, 1), pad=(0, 0), dilate=(1, 1), groups=1, nobias=False)"
    )
    assert repr(L.Convolution1D(3, 4, 3, nobias=True)) == (
        "Convolution1D(out_channels=4, ksize=(3,), stride=1, pad=0, dilate=(1,), groups=1, nobias=True)"
    )
    assert repr(L.LayerNormalization()) == "LayerNormalization(size=None, eps=1e-06)"
    assert repr(L.GroupNormalization(2, 4)) == "GroupNormalization(groups=2, size=4, eps=1e-05)"
    assert repr(L.PReLU((3,))) == "PReLU(shape=(3,))"
