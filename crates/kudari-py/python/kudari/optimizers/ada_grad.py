"""Steps that shrink with the gradients seen so far."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.001, eps=1e-8)


class AdaGradRule(UpdateRule):
    """h += g², p -= lr·g / (√h + eps)."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, eps=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, eps=eps)

    def init_state(self, param):
        self._zero_states(param, "h")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, h, hp = param.array, self.state["h"], self.hyperparam
        h += grad * grad
        values -= hp.lr * grad / (numpy.sqrt(h) + hp.eps)


class AdaGrad(GradientMethod):
    """h += g², p -= lr·g / (√h + eps) (Duchi, Hazan, Singer 2011)."""

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr=_defaults.lr, eps=_defaults.eps):
        super().__init__()
        self.lr = lr
        self.eps = eps

    def create_update_rule(self):
        return AdaGradRule(self.hyperparam)
