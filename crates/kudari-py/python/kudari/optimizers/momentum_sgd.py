"""Gradient descent that keeps part of its last step."""

from kudari.optimizer import (
    GradientMethod,
    HyperparameterProxy,
    UpdateRule,
    default_hyperparameters,
    runs_natively,
)

_defaults = default_hyperparameters(lr=0.01, momentum=0.9)


class MomentumSGDRule(UpdateRule):
    """v = momentum·v - lr·g, p += v."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, momentum=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, momentum=momentum)

    def init_state(self, param):
        self._zero_states(param, "v")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, v, hp = param.array, self.state["v"], self.hyperparam
        if runs_natively(grad, values, v):
            from kudari import _core

            _core.momentum_sgd(values, grad, v, hp.lr, hp.momentum)
        else:
            v *= hp.momentum
            v -= hp.lr * grad
            values += v


class MomentumSGD(GradientMethod):
    """Classical momentum: v = momentum·v - lr·g, p += v."""

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr=_defaults.lr, momentum=_defaults.momentum):
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self):
        return MomentumSGDRule(self.hyperparam)
