"""What all optimizers share: updates from a loss, hyperparameters, loss scaling, snapshots."""

import copy

import kudari
import numpy as np
import pytest
from kudari import optimizers
from kudari.link import Chain, Link
from kudari.optimizer import GradientMethod, Hyperparameter, Optimizer, UpdateRule
from kudari.serializer import Deserializer

from link_helpers import linked

GRADIENTS = [np.array(g) for g in ([0.5, -2.0, 1e-3], [0.25, 1.0, -1e-3], [-0.125, 3.0, 0.0])]


def test_read_only_gradients_are_enough():
    link = linked(np.array([1.0, 2.0]))
    gradient = np.array([1.0, 1.0])
    gradient.flags.writeable = False
    link.w.grad = gradient
    optimizers.SGD(lr=0.5).setup(link).update()
    np.testing.assert_array_equal(link.w.array, [0.5, 1.5])


def test_update_with_a_loss_function():
    link = linked(np.array([3.0, -4.0]))
    optimizer = optimizers.SGD(lr=0.1).setup(link)

    def loss(factor):
        return (link.w * link.w * factor)[0] + (link.w * link.w * factor)[1]

    optimizer.update(loss, 1.0)
    np.testing.assert_allclose(link.w.array, [3.0 * 0.8, -4.0 * 0.8])
    assert optimizer.t == 1 and link.w.update_rule.t == 1


def test_parameters_without_gradient_or_values_stay():
    link = Link()
    with link.init_scope():
        link.known = kudari.Parameter(np.ones(2, np.float32))
        link.unknown = kudari.Parameter()
    link.cleargrads()
    optimizers.MomentumSGD(lr=1).setup(link).update()
    np.testing.assert_array_equal(link.known.array, [1, 1])
    assert link.unknown.array is None
    np.testing.assert_array_equal(link.known.grad, [0, 0])


def test_hyperparameters_are_inherited():
    link = Chain(a=Link(w=(2,)), b=Link(w=(2,)))
    optimizer = optimizers.MomentumSGD(lr=0.5).setup(link)
    assert optimizer.lr == 0.5 and link.a.w.update_rule.hyperparam.momentum == 0.9
    link.a.w.update_rule.hyperparam.lr = 0.25
    optimizer.lr = 1.0
    assert link.a.w.update_rule.hyperparam.lr == 0.25 and link.b.w.update_rule.hyperparam.lr == 1.0
    assert link.a.w.update_rule.hyperparam.get_dict() == {"lr": 0.25, "momentum": 0.9}
    assert repr(link.b.w.update_rule.hyperparam) == "Hyperparameter(lr=1.0, momentum=0.9)"
    assert repr(optimizer) == "MomentumSGD(lr=1.0, momentum=0.9)"
    with pytest.raises(AttributeError, match="alpha"):
        link.a.w.update_rule.hyperparam.alpha
    assert copy.deepcopy(optimizer.hyperparam).get_dict() == optimizer.hyperparam.get_dict()
    assert Hyperparameter(optimizer.hyperparam).parent is optimizer.hyperparam


def test_rules_have_defaults_of_their_own():
    rule = optimizers.adam.AdamRule(beta1=0.5)
    assert (rule.hyperparam.beta1, rule.hyperparam.beta2, rule.hyperparam.alpha) == (0.5, 0.999, 0.001)
    with pytest.raises(RuntimeError, match="not been started"):
        rule.alpha_t
    adam_optimizer = optimizers.Adam().setup(linked(np.ones(1)))
    adam_optimizer.t = 1
    assert adam_optimizer.alpha_t == pytest.approx(0.001 * np.sqrt(0.001) / 0.1)
    with pytest.warns(DeprecationWarning, match="alpha_t"):
        assert adam_optimizer.lr == adam_optimizer.alpha_t


@pytest.mark.parametrize("make", [optimizers.RMSprop, optimizers.Adam])
def test_too_small_eps_is_refused(make):
    link = linked(np.ones(2, np.float32))
    link.w.grad = np.ones(2, np.float32)
    with pytest.raises(ValueError, match="eps"):
        make(eps=1e-60).setup(link).update()


def test_float32_twin_keeps_small_steps():
    link = linked(np.ones(1, np.float16))
    optimizer = optimizers.SGD(lr=1e-4)
    optimizer.use_fp32_update()
    optimizer.setup(link)
    for _ in range(10):
        link.w.grad = np.ones(1, np.float16)
        optimizer.update()
    assert link.w.array[0] == np.float16(0.999) and link.w.dtype == np.float16


def test_loss_scaling_undoes_itself():
    link = linked(np.array([2.0]))
    optimizer = optimizers.SGD(lr=0.5).setup(link)
    optimizer.loss_scaling(scale=1000)
    optimizer.update(lambda: (link.w * 3)[0])
    np.testing.assert_allclose(link.w.array, [2.0 - 0.5 * 3])
    with pytest.raises(ValueError, match="positive"):
        optimizer.loss_scaling(scale=0)
    with pytest.raises(ValueError, match="interval"):
        optimizer.loss_scaling(interval=0)


def test_moving_loss_scale_skips_overflows():
    link = linked(np.array([2.0]))
    optimizer = optimizers.SGD(lr=0.5).setup(link)
    optimizer.loss_scaling(interval=2)
    link.w.grad = np.array([0.0])
    optimizer.update()
    optimizer.update()
    assert optimizer._loss_scale == 4.0
    link.w.grad = np.array([np.inf])
    with pytest.warns(UserWarning, match="/w"):
        optimizer.update()
    assert link.w.array[0] == 2.0 and optimizer._loss_scale == 2.0
    link.w.grad = np.array([0.0])
    optimizer.update()
    assert optimizer._loss_scale == pytest.approx(2.0 * np.sqrt(2))


def test_epochs():
    optimizer = Optimizer()
    optimizer.new_epoch()
    assert optimizer.epoch == 1
    with pytest.raises(RuntimeError, match="auto=True"):
        optimizer.new_epoch(auto=True)
    optimizer.use_auto_new_epoch = True
    optimizer.new_epoch(auto=True)
    assert optimizer.epoch == 2
    with pytest.raises(RuntimeError, match="duplicated"):
        optimizer.new_epoch()


def test_setup_needs_a_link():
    with pytest.raises(TypeError, match="int"):
        optimizers.SGD().setup(3)
    with pytest.raises(RuntimeError, match="set up"):
        optimizers.SGD().add_hook(lambda opt: None, "hook")


def test_own_rule():
    class HalvingRule(UpdateRule):
        def update_core_cpu(self, param):
            param.array[...] /= 2

    class Halving(GradientMethod):
        def create_update_rule(self):
            return HalvingRule(self.hyperparam)

    link = linked(np.array([8.0]))
    optimizer = Halving().setup(link)
    optimizer.update()
    optimizer.update()
    assert link.w.array[0] == 2.0


class Saved(Deserializer):
    """What an optimizer wrote, read back."""

    def __init__(self, into=None, path=""):
        self.into = {} if into is None else into
        self.path = path

    def __getitem__(self, key):
        return Saved(self.into, self.path + key.strip("/") + "/")

    def __call__(self, key, value):
        return self.into[self.path + key]

    def write(self):
        return Written(self.into)


class Written:
    """A serializer into a dictionary."""

    def __init__(self, into, path=""):
        self.into = into
        self.path = path

    def __getitem__(self, key):
        return Written(self.into, self.path + key.strip("/") + "/")

    def __call__(self, key, value):
        self.into[self.path + key] = copy.deepcopy(value)
        return value


def test_resumed_training_goes_on_alike():
    saved = Saved()
    first, second = linked(np.array([1.0, -0.5, 0.25])), linked(np.array([1.0, -0.5, 0.25]))
    optimizer = optimizers.Adam(alpha=0.1).setup(first)
    for g in GRADIENTS[:2]:
        first.w.grad = g.copy()
        optimizer.update()
    optimizer.new_epoch()
    optimizer.serialize(saved.write())
    assert sorted(saved.into) == ["epoch", "t", "w/m", "w/t", "w/v"]
    second.w.array[...] = first.w.array
    resumed = optimizers.Adam(alpha=0.1).setup(second)
    resumed.serialize(saved)
    assert (resumed.t, resumed.epoch, second.w.update_rule.t) == (2, 1, 2)
    for link, method in ((first, optimizer), (second, resumed)):
        link.w.grad = GRADIENTS[2].copy()
        method.update()
    np.testing.assert_array_equal(first.w.array, second.w.array)


def test_a_snapshot_without_state_is_refused():
    rule = optimizers.Adam().setup(linked(np.ones(2))).target.w.update_rule
    with pytest.raises(KeyError, match="m"):
        rule.serialize(Saved({"t": 3}))
    rule.enabled = False
    rule.serialize(Saved({"t": 3}))
    assert rule.t == 3 and rule.state is None


def test_an_update_before_setup_says_what_to_do():
    with pytest.raises(RuntimeError, match="not set up.\\nCall its setup"):
        optimizers.SGD().update()
