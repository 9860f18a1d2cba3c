"""Simon Funk's SMORMS3."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.001, eps=1e-16)


class SMORMS3Rule(UpdateRule):
    """g and g2 are means of grad and grad² over about `mem` steps; x = g² / (g2 + eps) says how much they
    agree.

    p -= grad·min(lr, x) / (√g2 + eps), mem = 1 + mem·(1 - x).
    """

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, eps=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, eps=eps)

    def init_state(self, param):
        self._zero_states(param, "g", "g2", "mem")
        self.state["mem"] += 1

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, hp = param.array, self.hyperparam
        mem, g, g2 = self.state["mem"], self.state["g"], self.state["g2"]
        r = 1 / (mem + 1)
        g += r * (grad - g)
        g2 += r * (grad * grad - g2)
        x = g * g / (g2 + hp.eps)
        values -= grad * numpy.minimum(x, hp.lr) / (numpy.sqrt(g2) + hp.eps)
        mem *= 1 - x
        mem += 1


class SMORMS3(GradientMethod):
    """Steps as large as the gradients agree with each other, at most `lr` (Funk 2015)."""

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr=_defaults.lr, eps=_defaults.eps):
        super().__init__()
        self.lr = lr
        self.eps = eps

    def create_update_rule(self):
        return SMORMS3Rule(self.hyperparam)
