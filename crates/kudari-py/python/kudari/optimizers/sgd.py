"""Stochastic gradient descent."""

from kudari.optimizer import (
    GradientMethod,
    HyperparameterProxy,
    UpdateRule,
    default_hyperparameters,
    runs_natively,
)

_defaults = default_hyperparameters(lr=0.01)


class SGDRule(UpdateRule):
    """p -= lr·g."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr)

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, lr = param.array, self.hyperparam.lr
        if runs_natively(grad, values):
            from kudari import _core

            _core.sgd(values, grad, lr)
        else:
            values -= lr * grad


class SGD(GradientMethod):
    """Plain gradient descent, p -= lr·g."""

    lr = HyperparameterProxy("lr")

    def __init__(self, lr=_defaults.lr):
        super().__init__()
        self.lr = lr

    def create_update_rule(self):
        return SGDRule(self.hyperparam)
