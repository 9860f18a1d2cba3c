"""Momentum whose memory does not hold the learning rate."""

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.01, momentum=0.9)


class CorrectedMomentumSGDRule(UpdateRule):
    """v = momentum·v - g, p += lr·v."""

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
        values, v = param.array, self.state["v"]
        v *= self.hyperparam.momentum
        v -= grad
        values += self.hyperparam.lr * v


class CorrectedMomentumSGD(GradientMethod):
    """v = momentum·v - g, p += lr·v: a change of `lr` takes effect at once (Goyal et al. 2017)."""

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr=_defaults.lr, momentum=_defaults.momentum):
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self):
        return CorrectedMomentumSGDRule(self.hyperparam)
