"""Momentum whose memory does not hold the learning rate."""

from kudari.optimizers._momentum import MomentumMethod, MomentumRule


class CorrectedMomentumSGDRule(MomentumRule):
    """v = momentum·v - g, p += lr·v."""

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, v = param.array, self.state["v"]
        v *= self.hyperparam.momentum
        v -= grad
        values += self.hyperparam.lr * v


class CorrectedMomentumSGD(MomentumMethod):
    """v = momentum·v - g, p += lr·v: a change of `lr` takes effect at once (Goyal et al. 2017)."""

    rule_class = CorrectedMomentumSGDRule
