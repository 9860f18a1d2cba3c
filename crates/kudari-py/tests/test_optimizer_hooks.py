"""Hooks of optimizers, against numbers calculated by hand."""

import numpy as np
import pytest
from kudari import optimizer_hooks, optimizers
from kudari.link import Chain

from link_helpers import linked


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
