"""Alex Graves's RMSprop."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=1e-4, alpha=0.95, momentum=0.9, eps=1e-4)


class RMSpropGravesRule(UpdateRule):
    """n and g are running means of grad² and grad; delta = momentum·delta - lr·grad / √(n - g² + eps), p +=
    delta.
    """

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, alpha=None, momentum=None, eps=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, alpha=alpha, momentum=momentum, eps=eps)

    def init_state(self, param):
        self._zero_states(param, "n", "g", "delta")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, hp = param.array, self.hyperparam
        n, g, delta = self.state["n"], self.state["g"], self.state["delta"]
        n *= hp.alpha
        n += (1 - hp.alpha) * grad * grad
        g *= hp.alpha
        g += (1 - hp.alpha) * grad
        delta *= hp.momentum
        delta -= hp.lr * grad / numpy.sqrt(n - g * g + hp.eps)
        values += delta


class RMSpropGraves(GradientMethod):
    """Divides the gradient by its running standard deviation, with momentum (Graves 2013)."""

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha")
    momentum = HyperparameterProxy("momentum")
    eps = HyperparameterProxy("eps")

    def __init__(
        self, lr=_defaults.lr, alpha=_defaults.alpha, momentum=_defaults.momentum, eps=_defaults.eps
    ):
        super().__init__()
        self.lr = lr
        self.alpha = alpha
        self.momentum = momentum
        self.eps = eps

    def create_update_rule(self):
        return RMSpropGravesRule(self.hyperparam)
