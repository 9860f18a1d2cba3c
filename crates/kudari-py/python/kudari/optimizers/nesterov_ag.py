"""Nesterov's accelerated gradient."""

from kudari.optimizers._momentum import MomentumMethod, MomentumRule


class NesterovAGRule(MomentumRule):
    """v = μ·v - lr·g, p += μ²·v - (1 + μ)·lr·g with μ the momentum."""

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, v, momentum = param.array, self.state["v"], self.hyperparam.momentum
        step = self.hyperparam.lr * grad
        v *= momentum
        v -= step
        values += momentum * momentum * v - (1 + momentum) * step


class NesterovAG(MomentumMethod):
    """Momentum that looks ahead: v = μ·v - lr·g, p += μ²·v - (1 + μ)·lr·g (Bengio et al. 2012)."""

    rule_class = NesterovAGRule
