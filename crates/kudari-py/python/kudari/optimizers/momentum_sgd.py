"""Gradient descent that keeps part of its last step."""

from kudari.optimizer import runs_natively
from kudari.optimizers._momentum import MomentumMethod, MomentumRule


class MomentumSGDRule(MomentumRule):
    """v = momentum·v - lr·g, p += v."""

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


class MomentumSGD(MomentumMethod):
    """Classical momentum: v = momentum·v - lr·g, p += v."""

    rule_class = MomentumSGDRule
