"""Steps divided by the usual size of the gradient."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.01, alpha=0.99, eps=1e-8, eps_inside_sqrt=False)


class RMSpropRule(UpdateRule):
    """ms = alpha·ms + (1 - alpha)·g², p -= lr·g / (√ms + eps), or / √(ms + eps) with eps_inside_sqrt."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, alpha=None, eps=None, eps_inside_sqrt=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, alpha=alpha, eps=eps, eps_inside_sqrt=eps_inside_sqrt)

    def init_state(self, param):
        self._zero_states(param, "ms")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, ms, hp = param.array, self.state["ms"], self.hyperparam
        self._check_eps(grad.dtype)
        ms *= hp.alpha
        ms += (1 - hp.alpha) * grad * grad
        values -= hp.lr * grad / (numpy.sqrt(ms + hp.eps) if hp.eps_inside_sqrt else numpy.sqrt(ms) + hp.eps)


class RMSprop(GradientMethod):
    """Divides the gradient by a running root mean square of it (Tieleman, Hinton 2012)."""

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha")
    eps = HyperparameterProxy("eps")
    eps_inside_sqrt = HyperparameterProxy("eps_inside_sqrt")

    def __init__(
        self,
        lr=_defaults.lr,
        alpha=_defaults.alpha,
        eps=_defaults.eps,
        eps_inside_sqrt=_defaults.eps_inside_sqrt,
    ):
        super().__init__()
        self.lr = lr
        self.alpha = alpha
        self.eps = eps
        self.eps_inside_sqrt = eps_inside_sqrt

    def create_update_rule(self):
        return RMSpropRule(self.hyperparam)
