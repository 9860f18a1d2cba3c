"""Steps in the units of the parameters, without a learning rate."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(rho=0.95, eps=1e-6)


class AdaDeltaRule(UpdateRule):
    """msg and msdx are running means of g² and dx²; dx = √((msdx + eps) / (msg + eps))·g, p -= dx."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, rho=None, eps=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(rho=rho, eps=eps)

    def init_state(self, param):
        self._zero_states(param, "msg", "msdx")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, msg, msdx = param.array, self.state["msg"], self.state["msdx"]
        rho, eps = self.hyperparam.rho, self.hyperparam.eps
        msg *= rho
        msg += (1 - rho) * grad * grad
        dx = numpy.sqrt((msdx + eps) / (msg + eps)) * grad
        msdx *= rho
        msdx += (1 - rho) * dx * dx
        values -= dx


class AdaDelta(GradientMethod):
    """Steps of the size of the last steps (Zeiler 2012)."""

    rho = HyperparameterProxy("rho")
    eps = HyperparameterProxy("eps")

    def __init__(self, rho=_defaults.rho, eps=_defaults.eps):
        super().__init__()
        self.rho = rho
        self.eps = eps

    def create_update_rule(self):
        return AdaDeltaRule(self.hyperparam)
