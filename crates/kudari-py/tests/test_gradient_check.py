"""gradient_check and kudari.testing: right gradients pass, wrong ones fail and say so."""

import unittest

import numpy as np
import pytest

import kudari
import kudari.functions as F
import kudari.links as L
from kudari import gradient_check, testing
from kudari.testing import attr, condition


class Cube(kudari.FunctionNode):
    """x^3, with a gradient that is right for factor 3 alone."""

    def __init__(self, factor=3.0):
        super().__init__()
        self.factor = factor

    def forward(self, inputs):
        self.retain_inputs((0,))
        return (np.asarray(inputs[0] * inputs[0] * inputs[0]),)

    def backward(self, indexes, grad_outputs):
        (x,) = self.get_retained_inputs()
        return (grad_outputs[0] * x * x * self.factor,)


def cube(x):
    return Cube().apply((x,))[0]


def wrong_cube(x):
    return Cube(2.9).apply((x,))[0]


@pytest.fixture(autouse=True)
def _seed():
    np.random.seed(0)


def random(*shape, dtype="f"):
    return np.random.uniform(-1, 1, shape).astype(dtype)


def test_numerical_grad_of_a_polynomial():
    x, gy = random(2, 3, dtype="d"), random(2, 3, dtype="d")
    original = x.copy()
    (gx,) = gradient_check.numerical_grad(lambda: (x**3,), (x,), (gy,))
    np.testing.assert_allclose(gx, 3 * x**2 * gy, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(x, original)


def test_numerical_grad_of_two_outputs_and_five_points():
    x = np.array([0.5, 2.0])
    (gx,) = gradient_check.numerical_grad(
        lambda: (np.sin(x), x.sum()), (x,), (None, 2.0), detect_nondifferentiable=True, eps=1e-2
    )
    np.testing.assert_allclose(gx, [2, 2])
    (gx,) = gradient_check.numerical_grad(
        lambda: (np.exp(x),), (x,), (np.ones(2),), detect_nondifferentiable=True, eps=1e-2
    )
    # The error of five points is of the fourth order.
    np.testing.assert_allclose(gx, np.exp(x), rtol=1e-8)


def test_numerical_grad_refuses_integers():
    with pytest.raises(RuntimeError, match="float"):
        gradient_check.numerical_grad(lambda: (np.zeros(2),), (np.zeros(2, int),), (np.ones(2),))


@pytest.mark.parametrize("at,has_kink", [(1e-4, True), (0.5, False), (-0.5, False)])
def test_kinks_are_detected(at, has_kink):
    x = np.array([at])

    def check():
        gradient_check.numerical_grad(lambda: (abs(x),), (x,), (np.ones(1),), detect_nondifferentiable=True)

    if has_kink:
        with pytest.raises(gradient_check.NondifferentiableError, match="quadratic misses"):
            check()
    else:
        check()


def test_the_edge_of_the_domain_is_a_kink():
    x = np.array([1e-4])
    with np.errstate(invalid="ignore"), pytest.raises(gradient_check.NondifferentiableError, match="finite"):
        gradient_check.numerical_grad(
            lambda: (np.log(x),), (x,), (np.ones(1),), detect_nondifferentiable=True
        )


def test_check_forward():
    x = random(3)
    gradient_check.check_forward(cube, x, x**3)
    with pytest.raises(AssertionError):
        gradient_check.check_forward(cube, x, x**2)
    with pytest.raises(AssertionError, match="float64"):
        gradient_check.check_forward(cube, x, (x**3).astype("d"))


@pytest.mark.parametrize("shape", [(3, 2), (), (0, 2)])
def test_check_backward_of_a_right_gradient(shape):
    gradient_check.check_backward(cube, random(*shape), random(*shape), dtype="d")


def test_check_backward_of_a_wrong_gradient():
    with pytest.raises(AssertionError, match="gradients \\(numeric\\)"):
        gradient_check.check_backward(wrong_cube, random(3, 2), random(3, 2), dtype="d")


def test_check_backward_of_a_loss_and_its_parameters():
    link = L.Linear(3, 2)
    x = random(4, 3)
    gradient_check.check_backward(
        lambda v: F.sum(cube(link(v))), x, None, params=(link.W, link.b), dtype="d", atol=1e-4
    )
    assert link.W.dtype == np.float32
    with pytest.raises(ValueError, match="y_grad"):
        gradient_check.check_backward(cube, x, None)


def test_check_backward_says_what_does_not_fit():
    x = random(3)
    with pytest.raises(ValueError, match=r"\(3,\):float32.*\n.*\(2,\):float32"):
        gradient_check.check_backward(cube, x, random(2))
    with pytest.raises(ValueError, match="equally as many"):
        gradient_check.check_backward(cube, x, (x, x))
    with pytest.raises(ValueError, match="no_grads"):
        gradient_check.check_backward(cube, x, x, no_grads=[True, False])
    with pytest.raises(ValueError, match="float type"):
        gradient_check.check_backward(cube, x, x, dtype=np.int32)


def test_integer_inputs_are_left_out():
    labels = np.array([0, 2, 1])
    gradient_check.check_backward(
        lambda x, t: F.softmax_cross_entropy(x, t), (random(3, 4), labels), None, dtype="d", atol=1e-4
    )


def test_check_double_backward():
    x, gy, ggx = random(3, 2), random(3, 2), random(3, 2)
    gradient_check.check_double_backward(cube, x, gy, ggx, dtype="d")

    class OnceDifferentiable(Cube):
        def backward(self, indexes, grad_outputs):
            (x,) = self.get_retained_inputs()
            return (kudari.Variable(grad_outputs[0].array * x.array**2 * 3),)

    with pytest.raises((AssertionError, RuntimeError)):
        gradient_check.check_double_backward(
            lambda v: OnceDifferentiable().apply((v,))[0], x, gy, ggx, dtype="d"
        )


def test_assert_allclose_shows_the_worst_element():
    testing.assert_allclose(np.float32(1), 1.00001)
    with pytest.raises(AssertionError) as raised:
        testing.assert_allclose(np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.5, 5.1]))
    assert "i: (1,)" in str(raised.value).replace("np.int64(1)", "1")
    assert "absolute error[i]: 0.5" in str(raised.value)


def test_parameterize_makes_classes_with_names_and_values():
    @testing.parameterize(*testing.product({"a": [1, 2], "b,c": [(3, 4)]}))
    class Example(unittest.TestCase):
        def test_sum(self):
            assert self.a + self.b == self.c or self.a == 2

    cases = Example.classes
    assert [(case.a, case.b, case.c) for case in cases] == [(1, 3, 4), (2, 3, 4)]
    assert cases[0].__name__ == "Example_param_0_{a=1, b=3, c=4}"
    for case in cases:
        assert globals().pop(case.__name__) is case
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
        assert result.testsRun == 1
        assert result.wasSuccessful()


def test_product_of_lists_of_dicts():
    assert testing.product([[{"a": 1}, {"a": 2}], [{"b": 3}]]) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]
    with pytest.raises(TypeError, match="list of lists"):
        testing.product([{"a": 1}])


@testing.inject_backend_tests(None, [{}, {"use_cuda": True}])
@testing.parameterize({"dtype": np.float16}, {"dtype": np.float32})
class TestCube(testing.FunctionTestCase):
    def setUp(self):
        if self.dtype == np.float16:
            self.check_forward_options = {"atol": 1e-3, "rtol": 1e-2}
            self.check_backward_options = {"atol": 1e-2, "rtol": 1e-2}
            self.check_double_backward_options = {"atol": 1e-2, "rtol": 1e-2}

    def generate_inputs(self):
        return (random(2, 3, dtype=self.dtype),)

    def forward(self, inputs, device):
        return (cube(inputs[0]),)

    def forward_expected(self, inputs):
        return ((inputs[0].astype("d") ** 3).astype(self.dtype),)


@testing.inject_backend_tests(None, [{}])
class TestLinear(testing.LinkTestCase):
    param_names = ("W", "b")

    def generate_params(self):
        return random(2, 3), random(2)

    def create_link(self, initializers):
        return L.Linear(3, 2, initialW=initializers[0], initial_bias=initializers[1])

    def generate_inputs(self):
        return (random(4, 3),)

    def forward_expected(self, link, inputs):
        return (inputs[0] @ link.W.array.T + link.b.array,)


@testing.inject_backend_tests(None, [{}])
class TestLinearInitializers(testing.LinkInitializersTestCase):
    param_names = ("W", "b")

    def generate_params(self):
        return random(2, 3), random(2)

    def create_link(self, initializers):
        return L.Linear(3, 2, initialW=initializers[0], initial_bias=initializers[1])

    def generate_inputs(self):
        return (random(4, 3),)

    def get_initializers(self):
        return [kudari.initializers.Constant(2), 3], [testing.InitializerArgument(None, 0), 1]


@testing.unary_math_function_unittest(F.exp)
class TestExp(unittest.TestCase):
    pass


def run_case(case_class, method):
    result = unittest.TestResult()
    case_class(method).run(result)
    return result


def test_function_test_case_fails_for_wrong_functions():
    class Wrong(testing.FunctionTestCase):
        function = staticmethod(wrong_cube)

        def generate_inputs(self):
            return (random(2, 3),)

        def forward(self, inputs, device):
            return (self.function(inputs[0]),)

        def forward_expected(self, inputs):
            return (inputs[0] ** 3,)

    class Wronger(Wrong):
        @staticmethod
        def function(x):
            x.array[...] = 0
            return cube(x)

    config = testing.BackendConfig({})
    for wrong, method, text in [
        (Wrong, "test_backward", "backward is not implemented correctly"),
        (Wronger, "test_forward", "Input arrays have been modified"),
    ]:
        with pytest.raises(testing.FunctionTestError, match=text):
            getattr(wrong(method), method)(config)
    Wrong("test_forward").test_forward(config)


def test_condition_counts_successes():
    class Flaky(unittest.TestCase):
        runs = 0

        @condition.retry(3)
        def test_retry(self):
            type(self).runs += 1
            assert self.runs == 3

        @condition.repeat(2)
        def test_repeat(self):
            type(self).runs += 1
            assert self.runs < 5

    assert run_case(Flaky, "test_retry").wasSuccessful()
    assert Flaky.runs == 3
    result = run_case(Flaky, "test_repeat")
    assert "Fail: 1, Success: 1" in result.failures[0][1]


def test_fix_random_gives_the_same_numbers_and_restores_the_state():
    class Fixed(unittest.TestCase):
        drawn = []

        @testing.fix_random()
        def test_draw(self):
            self.drawn.append(np.random.rand())

    np.random.seed(7)
    first = np.random.rand()
    np.random.seed(7)
    assert run_case(Fixed, "test_draw").wasSuccessful()
    assert np.random.rand() == first
    assert run_case(Fixed, "test_draw").wasSuccessful()
    assert Fixed.drawn[0] == Fixed.drawn[1]


def test_assert_warns_and_requirements():
    import warnings

    with testing.assert_warns(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    with pytest.raises(AssertionError, match="UserWarning"), testing.assert_warns(UserWarning):
        pass

    @testing.with_requires("numpy>=1.0")
    def present():
        return "ran"

    @testing.with_requires("no-such-package>=1.0")
    def absent():
        return "ran"

    assert present() == "ran"
    with pytest.raises(unittest.SkipTest):
        absent()


def test_generate_matrix_has_the_singular_values():
    a = testing.generate_matrix((4, 3, 2), singular_values=[2.0, 0.5])
    np.testing.assert_allclose(np.linalg.svd(a, compute_uv=False), np.tile([2.0, 0.5], (4, 1)))
    with pytest.raises(ValueError, match="negative"):
        testing.generate_matrix((2, 2), singular_values=-1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnknownMarkWarning")
def test_gpu_tests_are_skipped():
    class OnGpu(unittest.TestCase):
        @attr.gpu
        def test_it(self):
            raise AssertionError

    assert len(run_case(OnGpu, "test_it").skipped) == 1


def test_mock_updater_counts_epochs():
    trainer = testing.get_trainer_with_mock_updater((4, "iteration"), iter_per_epoch=2)
    trainer.run()
    assert (trainer.updater.iteration, trainer.updater.epoch) == (4, 2)


def test_save_and_load_npz():
    source, target = L.Linear(3, 2), L.Linear(3, 2)
    testing.save_and_load_npz(source, target)
    np.testing.assert_array_equal(source.W.array, target.W.array)
