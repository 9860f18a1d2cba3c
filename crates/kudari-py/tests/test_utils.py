"""utils, backend and backends: type checks in words, sizes of convolutions, patches, devices."""

import warnings

import numpy as np
import pytest

import kudari
from kudari import backend, utils
from kudari.backends import cuda, intel64
from kudari.utils import argument, cache, conv, conv_nd, precision, type_check


def test_a_condition_knows_its_text_and_its_value():
    x, y = type_check.Variable(3, "x"), type_check.Variable(2, "y")
    assert str(x + y * 2) == "x + y * 2"
    assert str((x + y) * 2) == "(x + y) * 2"
    assert str(x - (y - 1)) == "x - (y - 1)"
    assert str(x**y**2) == "x ** y ** 2"
    assert str((x**y) ** 2) == "(x ** y) ** 2"
    assert str(-x.shape[0:2, ...]) == "-x.shape[0:2, ...]"
    assert (x**y).eval() == 9
    assert (7 - x).eval() == 4
    assert (x + 1 == y * 2).eval() is True


def test_a_condition_is_no_bool():
    x = type_check.Variable(3, "x")
    with pytest.raises(RuntimeError, match="type_check.expect"):
        bool(x == 3)


def test_expect_says_what_was_expected_and_what_came():
    types = type_check.get_types((np.zeros((2, 3), "f"),), "in_types", False)
    type_check.expect(types.size() == 1, types[0].ndim == 2, types[0].dtype.kind == "f")
    with pytest.raises(type_check.InvalidType) as raised:
        type_check.expect(types[0].shape[1] == 4)
    assert "Expect: in_types[0].shape[1] == 4" in str(raised.value)
    assert "Actual: 3 != 4" in str(raised.value)


def test_argname_gives_inputs_their_names():
    types = type_check.get_types((np.zeros(2), np.zeros(3)), "in_types", False)
    type_check.argname(types, ("x", "t"))
    with pytest.raises(type_check.InvalidType, match=r"Expect: x.shape == t.shape"):
        type_check.expect(types[0].shape == types[1].shape)
    with pytest.raises(type_check.InvalidType, match="1 argument"):
        type_check.argname(types, ("x",))


def test_light_mode_uses_plain_values_and_check_forward_says_the_words():
    class Square:
        label = "Square"

        def check_type_forward(self, in_types):
            type_check.argname(in_types, ("x",))
            type_check.expect(in_types[0].ndim == 2, type_check.prod(in_types[0].shape) == 6)

    type_check.check_forward(Square(), (np.zeros((2, 3)),))
    with type_check.light_mode:
        assert type_check.eval(type_check.make_variable(5, "n")) == 5
    assert not type_check.in_light_mode()
    with pytest.raises(type_check.InvalidType) as raised:
        type_check.check_forward(Square(), (np.zeros((2, 2)),))
    assert "Square (Forward)" in str(raised.value)
    assert "prod(x.shape) == 6" in str(raised.value)
    assert "4 != 6" in str(raised.value)


def test_expect_broadcast_shapes():
    types = type_check.get_types((np.zeros((2, 1)), np.zeros((3,))), "x", False)
    type_check.expect_broadcast_shapes(types[0].shape, types[1].shape)
    with pytest.raises(type_check.InvalidType, match=r"x\[0\].shape = \(2, 1\)"):
        type_check.expect_broadcast_shapes(types[0].shape, (4, 2))


@pytest.mark.parametrize("size,k,s,p,d", [(7, 3, 2, 0, 1), (8, 3, 2, 1, 1), (10, 3, 3, 2, 2)])
@pytest.mark.parametrize("cover_all", [False, True])
def test_output_lengths_count_the_places_of_the_kernel(size, k, s, p, d, cover_all):
    last_start = size + 2 * p - (k - 1) * d - 1
    fitting = len(range(0, last_start + 1, s))
    uncovered = last_start - (fitting - 1) * s > 0
    assert utils.get_conv_outsize(size, k, s, p, cover_all, d) == fitting + (cover_all and uncovered)
    back = utils.get_deconv_outsize(fitting, k, s, p, False, d)
    assert back == (fitting - 1) * s + (k - 1) * d + 1 - 2 * p


@pytest.mark.parametrize("cover_all", [False, True])
def test_im2col_takes_the_patches_and_col2im_is_its_transpose(cover_all):
    rng = np.random.default_rng(0)
    img = rng.normal(size=(2, 3, 6, 7))
    kh, kw, sy, sx, ph, pw, dy, dx = 2, 3, 2, 3, 1, 2, 2, 1
    col = conv.im2col_cpu(img, kh, kw, sy, sx, ph, pw, -1.0, cover_all, dy, dx)
    for index in np.ndindex(col.shape):
        n, c, ky, kx, oy, ox = index
        y, x = oy * sy + ky * dy - ph, ox * sx + kx * dx - pw
        inside = 0 <= y < 6 and 0 <= x < 7
        assert col[index] == (img[n, c, y, x] if inside else -1.0)
    zero_padded = conv.im2col_cpu(img, kh, kw, sy, sx, ph, pw, 0, cover_all, dy, dx)
    other = rng.normal(size=col.shape)
    back = conv.col2im_cpu(other, sy, sx, ph, pw, 6, 7, dy, dx)
    assert np.isclose((zero_padded * other).sum(), (img * back).sum())


def test_im2col_nd_in_one_dimension():
    img = np.arange(5.0).reshape(1, 1, 5)
    col = conv_nd.im2col_nd_cpu(img, (2,), (2,), (0,))
    np.testing.assert_array_equal(col[0, 0], [[0, 2], [1, 3]])
    with pytest.raises(AssertionError, match="positive"):
        conv_nd.im2col_nd_cpu(img, (9,), (1,), (0,))


def test_parse_kwargs_names_the_function_and_the_arguments():
    def f(**kwargs):
        return argument.parse_kwargs(kwargs, ("a", 1), ("b", 2), old="old is gone")

    assert f(b=5) == (1, 5)
    with pytest.raises(TypeError, match=r"f\(\) got unexpected keyword argument\(s\) 'd', 'e'"):
        f(e=1, d=2)
    with pytest.raises(ValueError, match="old is gone"):
        f(old=1)


def test_sum_to_undoes_broadcasting():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(utils.sum_to(x, (3, 1)), x.sum(axis=(0, 2), keepdims=True)[0])
    assert utils.sum_to(x, (2, 3, 4)) is x
    with pytest.raises(TypeError, match="functions.sum_to"):
        utils.sum_to(kudari.Variable(x), (3, 1))


def test_force_array_and_force_type():
    assert utils.force_array(2.5, np.float32).dtype == np.float32
    assert utils.force_array(np.float16(1)).shape == ()
    x = np.zeros(3, "f")
    assert utils.force_array(x) is x
    assert utils.force_type(np.dtype("f"), 1.5).dtype == np.float32
    assert utils.size_of_shape((2, 3, 4)) == 24
    assert utils.size_of_shape(()) == 1


def test_final_methods_are_guarded():
    class Base(utils.enable_final()):
        @utils.final
        def run(self):
            return 1

        @utils.final(action=DeprecationWarning)
        def old(self):
            return 2

    with pytest.raises(TypeError, match="'run' is final"):
        type(Base)("Child", (Base,), {"run": lambda self: 3})
    with pytest.warns(DeprecationWarning, match="old"):
        type(Base)("Child", (Base,), {"old": lambda self: 3})


def test_experimental_warns_unless_switched_off(monkeypatch):
    with pytest.warns(FutureWarning, match="thing is experimental"):
        utils.experimental("thing")
    monkeypatch.setattr(kudari, "disable_experimental_feature_warning", True, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        utils.experimental("thing")


def test_walker_alias_draws_with_the_given_probabilities():
    np.random.seed(0)
    sampler = utils.WalkerAlias([5, 3, 4, 1, 2])
    drawn = sampler.sample((300, 100))
    assert drawn.shape == (300, 100)
    assert drawn.dtype == np.int32
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 30000 * 15, [5, 3, 4, 1, 2], atol=0.15)


def test_coo_matrix_round_trip_and_order():
    dense = np.array([[0, 2, 0], [-1, 0, 0]], "f")
    coo = utils.to_coo(dense, ldnz=4)
    np.testing.assert_array_equal(coo.row, [0, 1, -1, -1])
    np.testing.assert_array_equal(coo.col, [1, 0, -1, -1])
    np.testing.assert_array_equal(coo.data.array, [2, -1, 0, 0])
    assert (coo.order, coo.shape) == ("C", (2, 3))
    np.testing.assert_array_equal(coo.to_dense(), dense)
    batch = np.stack([dense, dense[::-1]])
    np.testing.assert_array_equal(utils.to_coo(batch).to_dense(), batch)
    assert utils.get_order(np.array([1, 0]), np.array([0, 1])) == "F"
    assert utils.get_order(np.array([1, 0, 1]), np.array([0, 1, 0])) == "other"
    with pytest.raises(ValueError, match="order"):
        utils.CooMatrix(coo.data.array, coo.row, coo.col, (2, 3), order="D")


def test_cached_property_is_kept_apart_for_graphs():
    class Model:
        calls = 0

        @cache.cached_property
        def y(self):
            self.calls += 1
            return self.calls

    model = Model()
    assert (model.y, model.y) == (1, 1)
    with kudari.no_backprop_mode():
        assert model.y == 2
    assert model.y == 1
    with pytest.raises(AttributeError, match="readonly"):
        model.y = 3


def test_half_precision_is_computed_in_single():
    class Doubler:
        @precision._fp16_mixed_precision_helper
        def forward(self, arrays):
            assert all(x.dtype != np.float16 for x in arrays)
            return tuple(2 * x for x in arrays)

    (y,) = Doubler().forward((np.ones(2, np.float16),))
    assert y.dtype == np.float16
    y, _ = Doubler().forward((np.ones(2, np.float16), np.ones(2, np.float32)))
    assert y.dtype == np.float32


def test_the_cpu_is_the_device_for_every_name_of_it():
    cpu = backend.CpuDevice()
    for name in ("@numpy", -1, "-1", cpu):
        assert backend.get_device(name) == cpu
    assert backend.get_device_from_array(np.zeros(1)) == cpu
    assert backend.get_array_module(np.zeros(1)) is np
    with backend.using_device("@numpy"):
        pass
    with pytest.raises(RuntimeError, match="using_device"), cpu:
        pass


@pytest.mark.parametrize("name", [0, "0", "@cupy:0", "@intel64", "native:0"])
def test_devices_that_are_not_there_say_so(name):
    with pytest.raises(RuntimeError, match="not available"):
        backend.get_device(name)


@pytest.mark.parametrize("name,error", [("@nothing", ValueError), (1.5, TypeError), (None, TypeError)])
def test_what_is_no_device(name, error):
    with pytest.raises(error):
        backend.get_device(name)


def test_sending_to_the_cpu():
    x = np.zeros(2)
    sent = backend.CpuDevice().send((x, None, x))
    assert sent[0] is x
    assert sent[1] is None
    assert sent[2] is x
    assert cuda.to_cpu(x) is x
    with pytest.raises(TypeError):
        cuda.to_cpu(object())
    with pytest.raises(RuntimeError, match="CUDA is not available"):
        cuda.to_gpu(x)
    assert not cuda.available
    assert not intel64.is_ideep_available()
    dst = np.zeros(2)
    backend.copyto(dst, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(dst, [1, 2])
