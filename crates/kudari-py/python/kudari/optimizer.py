"""Optimizers: an update rule for each parameter of a link, hooks around the update, and loss scaling."""

import warnings

import numpy

from kudari import optimizer_hooks
from kudari._loss_scale import LossScale
from kudari._update_rule import (
    Hooks,
    Hyperparameter,
    UpdateRule,
    default_hyperparameters,
    runs_natively,
)
from kudari.link import Link

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "HyperparameterProxy",
    "Lasso",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
    "default_hyperparameters",
    "runs_natively",
]


class Optimizer:
    """Base of optimizers: `setup(link)` says what is optimized, `t` counts updates and `epoch` passes over
    the data.
    """

    target = None
    t = 0
    epoch = 0
    use_auto_new_epoch = False
    _hooks = None
    _scaling = None

    def setup(self, link):
        """Optimize this link from now on; returns the optimizer."""
        if not isinstance(link, Link):
            raise TypeError(
                f"optimization target must be a link, not a {type(link).__name__}.\nGive a Chain or Link."
            )
        self.target = link
        self.t = 0
        self.epoch = 0
        self._hooks = Hooks(falls_back_to_pre=True)
        return self

    def update(self, lossfun=None, *args, **kwds):
        """Update the parameters once."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to update.\nDefine update in it.")

    def new_epoch(self, auto=False):
        """Count an epoch. Where the updater does it (`use_auto_new_epoch`), only its call with `auto` may."""
        if auto and not self.use_auto_new_epoch:
            raise RuntimeError(
                "invalid new_epoch call with auto=True.\n"
                "Fix the updater to set optimizer.use_auto_new_epoch = True."
            )
        if self.use_auto_new_epoch and not auto:
            raise RuntimeError(
                "duplicated new_epoch with the updater.\nPass auto_new_epoch=False to the updater or "
                "stop calling new_epoch outside the updater."
            )
        self.epoch += 1

    def _hooks_after_setup(self):
        if self._hooks is None:
            raise RuntimeError("Optimizer is not set up.\nCall its setup(link) first.")
        return self._hooks

    def add_hook(self, hook, name=None, timing="auto"):
        """Have `hook(optimizer)` called before ('pre') or after ('post') each update.

        A hook whose `call_for_each_param` is true is called as `hook(rule, param)` for each parameter.
        """
        self._hooks_after_setup().add(hook, name, timing)

    def remove_hook(self, name):
        """Remove a hook by its name."""
        self._hooks_after_setup().remove(name)

    def call_hooks(self, timing="pre"):
        """Call the hooks of one timing, in the order they were added."""
        for hook in self._hooks_after_setup().at(timing):
            self.call_hook(hook)

    def call_hook(self, hook):
        """Call one hook, once or for each parameter as it wants."""
        if getattr(hook, "call_for_each_param", False):
            for param in self.target.params():
                hook(param.update_rule, param)
        else:
            hook(self)

    def serialize(self, serializer):
        """Write or read the counts and each parameter's update state."""
        self.t = serializer("t", self.t)
        self.epoch = serializer("epoch", self.epoch)
        for name, param in self.target.namedparams():
            rule = getattr(param, "update_rule", None)
            if rule is not None:
                rule.serialize(serializer[name])

    @property
    def _loss_scale(self):
        return None if self._scaling is None else self._scaling.factor

    def loss_scaling(self, interval=1000, scale=None):
        """Multiply the loss before backward, and divide the gradients by the same, so that float16 keeps
        small ones.

        With `scale` the factor is fixed; without, it doubles in about `interval` updates and halves on
        overflow.
        """
        self._scaling = LossScale(scale, interval)

    def set_loss_scale(self, loss_scale):
        """Fix the factor of `loss_scaling`."""
        self.loss_scaling(scale=loss_scale)

    def check_nan_in_grads(self):
        """With a moving loss scale, note (and warn) whether a gradient has a number that is not finite."""
        if self._scaling is None:
            return
        gradients = ((name, param.grad) for name, param in self.target.namedparams())
        for name in self._scaling.look_at(gradients):
            warnings.warn(
                f"update {self.t}: the gradient of {name} is not finite with a loss scale of {self._loss_scale}; "
                "the update is left out and the scale halved",
                stacklevel=3,
            )

    def is_safe_to_update(self):
        """Were all gradients finite at the last check?"""
        return self._scaling is None or not self._scaling.overflowed

    def update_loss_scale(self):
        """Move a moving loss scale after an update."""
        if self._scaling is not None:
            self._scaling.move()


class GradientMethod(Optimizer):
    """Base of optimizers that update each parameter from its gradient; a subclass defines
    `create_update_rule`.
    """

    _use_cleargrads = True

    def __init__(self):
        super().__init__()
        self.hyperparam = Hyperparameter()
        self._use_fp32_update = False

    def __repr__(self):
        settings = ", ".join(f"{name}={value}" for name, value in sorted(self.hyperparam.get_dict().items()))
        return f"{type(self).__name__}({settings})"

    def setup(self, link):
        super().setup(link)
        for param in link.params():
            param.update_rule = self.create_update_rule()
            if self._use_fp32_update:
                param.update_rule.use_fp32_update()
        return self

    def reallocate_cleared_grads(self):
        """Give zeros to the parameters that have values and no gradient, so that hooks and rules find one."""
        for param in self.target.params(False):
            if param.grad is None:
                param.grad = numpy.zeros_like(param.array)

    def call_hook(self, hook):
        super().call_hook(hook)
        self.reallocate_cleared_grads()

    def update(self, lossfun=None, *args, **kwds):
        """Update from the gradients as they are, or from those of `lossfun(*args, **kwds)`, computed here."""
        self._hooks_after_setup()
        if lossfun is not None:
            self._differentiate(lossfun, args, kwds)
        # Hooks and rules expect a gradient everywhere, and a hook may have cleared one.
        self.reallocate_cleared_grads()
        self.check_nan_in_grads()
        self.call_hooks("pre")
        self.t += 1
        if self.is_safe_to_update():
            for param in self.target.params():
                param.update()
        self.reallocate_cleared_grads()
        self.call_hooks("post")
        self.update_loss_scale()

    def _differentiate(self, lossfun, args, kwds):
        loss = lossfun(*args, **kwds)
        params = list(self.target.params())
        for param in params:
            if self._use_cleargrads:
                param.cleargrad()
            else:
                param.zerograd()
            param._loss_scale = self._loss_scale
        loss.backward(loss_scale=self._loss_scale)

    def use_cleargrads(self, use=True):
        """Deprecated: say whether `update` forgets old gradients or sets them to zeros."""
        warnings.warn("GradientMethod.use_cleargrads is deprecated.", DeprecationWarning, stacklevel=2)
        self._use_cleargrads = use

    def create_update_rule(self):
        """A new update rule for one parameter."""
        raise NotImplementedError(
            f"{type(self).__name__} has no update rule.\nDefine create_update_rule in it."
        )

    def use_fp32_update(self, flag=True):
        """Update float16 parameters through float32 twins."""
        self._use_fp32_update = flag
        if self.target is not None:
            for param in self.target.params():
                param.update_rule.use_fp32_update(flag)


class HyperparameterProxy:
    """An attribute of an optimizer that reads and sets the hyperparameter of that name."""

    def __init__(self, attr_name):
        self._attr_name = attr_name
        self.__doc__ = f"The hyperparameter {attr_name}, for all parameters without one of their own."

    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj.hyperparam, self._attr_name)

    def __set__(self, obj, value):
        setattr(obj.hyperparam, self._attr_name, value)


def _moved(hook_class):
    """The old place of a hook class: warns, and makes a hook of it."""
    name = hook_class.__name__

    def make(*args, **kwargs):
        warnings.warn(
            f"kudari.optimizer.{name} is deprecated. Use kudari.optimizer_hooks.{name} instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return hook_class(*args, **kwargs)

    make.__name__ = name
    return make


WeightDecay = _moved(optimizer_hooks.WeightDecay)
Lasso = _moved(optimizer_hooks.Lasso)
GradientClipping = _moved(optimizer_hooks.GradientClipping)
GradientNoise = _moved(optimizer_hooks.GradientNoise)
GradientHardClipping = _moved(optimizer_hooks.GradientHardClipping)
