"""Nesterov's accelerated gradient."""

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.01, momentum=0.9)


class NesterovAGRule(UpdateRule):
    """v = μ·v - lr·g, p += μ²·v - (1 + μ)·lr·g with μ the momentum."""

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
        values, v, momentum = param.array, self.state["v"], self.hyperparam.momentum
        step = self.hyperparam.lr * grad
        v *= momentum
        v -= step
        values += momentum * momentum * v - (1 + momentum) * step


class NesterovAG(GradientMethod):
    """Momentum that looks ahead: v = μ·v - lr·g, p += μ²·v - (1 + μ)·lr·g (Bengio et al. 2012)."""

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr=_defaults.lr, momentum=_defaults.momentum):
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self):
        return NesterovAGRule(self.hyperparam)
