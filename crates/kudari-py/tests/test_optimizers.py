"""Optimizers and their hooks against the formulas of their papers, written out in NumPy."""

import copy
import pickle

import numpy as np
import pytest

import kudari
from kudari import optimizer_hooks, optimizers
from kudari.link import Chain, Link
from kudari.optimizer import GradientMethod, Hyperparameter, Optimizer, UpdateRule
from kudari.serializer import Deserializer

GRADIENTS = [
    np.array(g) for g in ([0.5, -2.0, 1e-3], [0.25, 1.0, -1e-3], [-0.125, 3.0, 0.0], [1.0, -1.0, 2.0])
]
START = np.array([1.0, -0.5, 0.25])


def sgd(p, g, s, t):
    return p - 0.1 * g


def momentum(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - 0.1 * g
    return p + s["v"]


def corrected_momentum(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - g
    return p + 0.1 * s["v"]


def nesterov(p, g, s, t):
    s["v"] = 0.8 * s.get("v", 0) - 0.1 * g
    return p + 0.64 * s["v"] - 1.8 * 0.1 * g


def ada_grad(p, g, s, t):
    s["h"] = s.get("h", 0) + g * g
    return p - 0.1 * g / (np.sqrt(s["h"]) + 1e-8)


def ada_delta(p, g, s, t):
    s["msg"] = 0.95 * s.get("msg", 0) + 0.05 * g * g
    dx = np.sqrt((s.get("msdx", 0) + 1e-6) / (s["msg"] + 1e-6)) * g
    s["msdx"] = 0.95 * s.get("msdx", 0) + 0.05 * dx * dx
    return p - dx


def rmsprop(p, g, s, t):
    s["ms"] = 0.99 * s.get("ms", 0) + 0.01 * g * g
    return p - 0.1 * g / (np.sqrt(s["ms"]) + 1e-8)


def rmsprop_inside(p, g, s, t):
    s["ms"] = 0.99 * s.get("ms", 0) + 0.01 * g * g
    return p - 0.1 * g / np.sqrt(s["ms"] + 1e-8)


def rmsprop_graves(p, g, s, t):
    s["n"] = 0.95 * s.get("n", 0) + 0.05 * g * g
    s["g"] = 0.95 * s.get("g", 0) + 0.05 * g
    s["d"] = 0.9 * s.get("d", 0) - 0.1 * g / np.sqrt(s["n"] - s["g"] ** 2 + 1e-4)
    return p + s["d"]


def smorms3(p, g, s, t):
    mem = s.get("mem", 1)
    r = 1 / (mem + 1)
    s["g"] = (1 - r) * s.get("g", 0) + r * g
    s["g2"] = (1 - r) * s.get("g2", 0) + r * g * g
    x = s["g"] ** 2 / (s["g2"] + 1e-16)
    s["mem"] = 1 + mem * (1 - x)
    return p - g * np.minimum(x, 0.1) / (np.sqrt(s["g2"]) + 1e-16)


def adam_moments(g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g * g
    return 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)


def adam(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - rate * s["m"] / (np.sqrt(s["v"]) + 1e-8)


def adam_w(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - 0.5 * (rate * s["m"] / (np.sqrt(s["v"]) + 1e-8) + 0.2 * p)


def ams_grad(p, g, s, t):
    rate = adam_moments(g, s, t)
    s["vhat"] = np.maximum(s.get("vhat", 0), s["v"])
    return p - rate * s["m"] / (np.sqrt(s["vhat"]) + 1e-8)


def bounded(rate, t):
    return np.clip(rate, 0.1 * (1 - 1 / (0.001 * t + 1)), 0.1 * (1 + 1 / (0.001 * t)))


def ada_bound(p, g, s, t):
    rate = adam_moments(g, s, t)
    return p - bounded(rate / (np.sqrt(s["v"]) + 1e-8), t) * s["m"]


def ams_bound(p, g, s, t):
    rate = adam_moments(g, s, t)
    s["vhat"] = np.maximum(s.get("vhat", 0), s["v"])
    return p - bounded(rate / (np.sqrt(s["vhat"]) + 1e-8), t) * s["m"]


def msvag(p, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g * g
    m, v = s["m"] / (1 - 0.9**t), s["v"] / (1 - 0.9**t)
    rho = min(0.1**2 * (1 - 0.9 ** (2 * t)) / ((1 - 0.9**t) ** 2 * (1 - 0.9**2)), 0.9999)
    variance = (v - m * m) / (1 - rho)
    factor = np.clip(m * m / np.where(m == 0, 1, m * m + rho * variance), 0, 1)
    return p - 0.1 * m * factor


CASES = [
    (optimizers.SGD, {"lr": 0.1}, sgd),
    (optimizers.MomentumSGD, {"lr": 0.1, "momentum": 0.8}, momentum),
    (optimizers.CorrectedMomentumSGD, {"lr": 0.1, "momentum": 0.8}, corrected_momentum),
    (optimizers.NesterovAG, {"lr": 0.1, "momentum": 0.8}, nesterov),
    (optimizers.AdaGrad, {"lr": 0.1}, ada_grad),
    (optimizers.AdaDelta, {}, ada_delta),
    (optimizers.RMSprop, {"lr": 0.1}, rmsprop),
    (optimizers.RMSprop, {"lr": 0.1, "eps_inside_sqrt": True}, rmsprop_inside),
    (optimizers.RMSpropGraves, {"lr": 0.1}, rmsprop_graves),
    (optimizers.SMORMS3, {"lr": 0.1}, smorms3),
    (optimizers.Adam, {"alpha": 0.1}, adam),
    (optimizers.AdamW, {"alpha": 0.1, "eta": 0.5, "weight_decay_rate": 0.2}, adam_w),
    (optimizers.AMSGrad, {"alpha": 0.1}, ams_grad),
    (optimizers.AdaBound, {"alpha": 0.1}, ada_bound),
    (optimizers.AMSBound, {"alpha": 0.1}, ams_bound),
    (optimizers.MSVAG, {}, msvag),
]


def linked(array):
    link = Link()
    with link.init_scope():
        link.w = kudari.Parameter(array)
    return link


def expected_path(rule):
    state, p, path = {}, START, []
    for t, g in enumerate(GRADIENTS, 1):
        p = rule(p, g, state, t)
        path.append(p)
    return path


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-9), (np.float32, 2e-4), (np.float16, 1e-2)])
@pytest.mark.parametrize("make, settings, rule", CASES)
def test_steps_follow_the_formula(make, settings, rule, dtype, tolerance):
    link = linked(START.astype(dtype))
    optimizer = make(**settings).setup(link)
    for g, expected in zip(GRADIENTS, expected_path(rule)):
        link.w.grad = g.astype(dtype)
        optimizer.update()
        np.testing.assert_allclose(link.w.array, expected, rtol=tolerance, atol=tolerance)
    assert link.w.dtype == dtype


@pytest.mark.parametrize("make, settings, rule", CASES)
def test_arrays_with_gaps_get_the_same_steps(make, settings, rule):
    wide = np.zeros((3, 2))
    wide[:, 0] = START
    link = linked(wide[:, 0])
    optimizer = make(**settings).setup(link)
    for g, expected in zip(GRADIENTS, expected_path(rule)):
        link.w.grad = g.copy()
        optimizer.update()
        np.testing.assert_allclose(wide[:, 0], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(wide[:, 1], 0)


@pytest.mark.parametrize("shape", [(), (1, 0, 2), (2, 3)])
@pytest.mark.parametrize("make, settings, rule", CASES)
def test_every_shape_is_updated(make, settings, rule, shape):
    link = linked(np.ones(shape, np.float32))
    optimizer = make(**settings).setup(link)
    for _ in range(2):
        link.w.grad = np.ones(shape, np.float32)
        optimizer.update()
    assert link.w.shape == shape and (link.w.array != 1).all()


@pytest.mark.parametrize("make, settings, rule", CASES)
def test_pickled_optimizers_go_on_alike(make, settings, rule):
    link = linked(START.copy())
    optimizer = make(**settings).setup(link)
    link.w.grad = GRADIENTS[0]
    optimizer.update()
    twin = pickle.loads(pickle.dumps(optimizer))
    for method in (optimizer, twin):
        method.target.w.grad = GRADIENTS[1]
        method.update()
    np.testing.assert_array_equal(twin.target.w.array, link.w.array)
    assert twin.target.w is not link.w


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


def test_hooks_come_before_and_after():
    link, seen = linked(np.array([1.0])), []
    optimizer = optimizers.SGD(lr=1).setup(link)
    optimizer.add_hook(lambda opt: seen.append(("after", float(link.w.array[0]))), "after", timing="post")
    optimizer.add_hook(lambda opt: seen.append(("before", float(link.w.array[0]))), "before")

    def each(rule, param):
        seen.append((rule is link.w.update_rule, param is link.w))

    each.call_for_each_param = True
    optimizer.add_hook(each)
    link.w.update_rule.add_hook(lambda rule, param: seen.append("rule"), "rule")
    link.w.grad = np.array([1.0])
    optimizer.update()
    assert seen == [("before", 1.0), (True, True), "rule", ("after", 0.0)]
    for name in ("before", "after", "each"):
        optimizer.remove_hook(name)
    link.w.update_rule.remove_hook("rule")
    optimizer.update()
    assert len(seen) == 4


def test_hooks_are_checked():
    optimizer = optimizers.SGD().setup(linked(np.ones(1)))
    optimizer.add_hook(optimizer_hooks.WeightDecay(0.1))
    with pytest.raises(KeyError, match="WeightDecay"):
        optimizer.add_hook(optimizer_hooks.WeightDecay(0.1))
    with pytest.raises(TypeError, match="callable"):
        optimizer.add_hook(1)
    with pytest.raises(ValueError, match="during"):
        optimizer.add_hook(lambda opt: None, "x", timing="during")
    with pytest.raises(ValueError, match="name"):
        optimizer.add_hook(type("Nameless", (), {"__call__": lambda self, opt: None})())
    with pytest.raises(KeyError, match="unknown"):
        optimizer.remove_hook("unknown")


def after_one_step(hook, w, g, lr=1.0):
    link = Chain(a=linked(np.array(w[:1])), b=linked(np.array(w[1:])))
    optimizer = optimizers.SGD(lr=lr).setup(link)
    optimizer.add_hook(hook)
    link.a.w.grad, link.b.w.grad = np.array(g[:1]), np.array(g[1:])
    optimizer.update()
    return np.concatenate([link.a.w.array, link.b.w.array])


def test_weight_decay():
    stepped = after_one_step(optimizer_hooks.WeightDecay(0.1), [1.0, -2.0, 3.0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(stepped, [1 - 1 - 0.1, -2 + 0.2, 3 - 0.3])


def test_lasso():
    stepped = after_one_step(optimizer_hooks.Lasso(0.1), [1.0, -2.0, 0.0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(stepped, [1 - 1 - 0.1, -2 + 0.1, 0])


def test_gradient_clipping():
    stepped = after_one_step(optimizer_hooks.GradientClipping(2.5), [0.0, 0.0, 0.0], [3.0, 4.0, 0.0])
    np.testing.assert_allclose(stepped, [-1.5, -2.0, 0])
    unchanged = after_one_step(optimizer_hooks.GradientClipping(6), [0.0, 0.0, 0.0], [3.0, 4.0, 0.0])
    np.testing.assert_allclose(unchanged, [-3, -4, 0])


def test_gradient_clipping_of_large_float16():
    link = linked(np.zeros(4, np.float16))
    optimizer = optimizers.SGD(lr=1).setup(link)
    optimizer.add_hook(optimizer_hooks.GradientClipping(1))
    link.w.grad = np.full(4, 1000, np.float16)
    optimizer.update()
    np.testing.assert_allclose(link.w.array, -0.5, rtol=1e-3)


def test_gradient_hard_clipping():
    stepped = after_one_step(
        optimizer_hooks.GradientHardClipping(-1, 0.5), [0.0, 0.0, 0.0], [3.0, -4.0, 0.25]
    )
    np.testing.assert_allclose(stepped, [-0.5, 1, -0.25])


def test_gradient_noise():
    np.random.seed(3)
    noise = np.concatenate([np.random.normal(0, 1, 1), np.random.normal(0, 1, 2)]) * np.sqrt(0.3 / 2**0.55)
    np.random.seed(3)
    hook = optimizer_hooks.GradientNoise(0.3)
    rule_at_one = after_one_step(hook, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    # The hook runs before the rule counts its first update, at t = 0.
    np.testing.assert_allclose(rule_at_one, -noise * np.sqrt(2**0.55))


def test_gradient_lars():
    stepped = after_one_step(
        optimizer_hooks.GradientLARS(weight_decay=0.5), [1e-3, 3.0, 4.0], [1.0, 0.6, 0.8]
    )
    rate = 5 / (1e-9 + 1 + 0.5 * 5)
    expected = [1e-3 - (1 + 0.5e-3), 3 - rate * (0.6 + 1.5), 4 - rate * (0.8 + 2.0)]
    np.testing.assert_allclose(stepped, expected)


def test_the_old_place_of_the_hooks_warns():
    from kudari import optimizer

    with pytest.warns(DeprecationWarning, match="optimizer_hooks.WeightDecay"):
        hook = optimizer.WeightDecay(0.5)
    assert isinstance(hook, optimizer_hooks.WeightDecay) and hook.rate == 0.5


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
    first, second = linked(START.copy()), linked(START.copy())
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
