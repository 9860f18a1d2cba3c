"""Momentum scaled by how sure the gradient is."""

import numpy

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

_defaults = default_hyperparameters(lr=0.1, beta=0.9, eta=1.0, weight_decay_rate=0)


class MSVAGRule(UpdateRule):
    """m and v are running means of g and g²; the step is lr·m̂·γ with γ = m̂² / (m̂² + ρ·variance), at most
    1.
    """

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, beta=None, eta=None, weight_decay_rate=None):
        super().__init__(parent_hyperparam or _defaults)
        self._override(lr=lr, beta=beta, eta=eta, weight_decay_rate=weight_decay_rate)
        self.beta_power = self.hyperparam.beta

    def init_state(self, param):
        self._zero_states(param, "m", "v")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, m, v, hp = param.array, self.state["m"], self.state["v"], self.hyperparam
        beta, power = hp.beta, self.beta_power
        # The variance of m̂ in units of that of g; below 1, since the unbiased variance divides by 1 - ρ.
        rho = min((1 - beta) ** 2 * (1 - power**2) / ((1 - power) ** 2 * (1 - beta**2)), 0.9999)
        m += (1 - beta) * (grad - m)
        v += (1 - beta) * (grad * grad - v)
        mean = m / (1 - power)
        mean_squared = mean**2
        variance = (v / (1 - power) - mean_squared) / (1 - rho)
        with numpy.errstate(invalid="ignore"):
            sureness = numpy.nan_to_num(
                numpy.clip(mean_squared / (mean_squared + rho * variance), 0, 1), nan=0.0
            )
        values -= hp.eta * (hp.lr * mean * sureness + hp.weight_decay_rate * values)
        self.beta_power *= beta


class MSVAG(GradientMethod):
    """Momentum with variance adaptation: smaller steps where gradients vary (Balles, Hennig 2018)."""

    lr = HyperparameterProxy("lr")
    beta = HyperparameterProxy("beta")
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")

    def __init__(
        self,
        lr=_defaults.lr,
        beta=_defaults.beta,
        eta=_defaults.eta,
        weight_decay_rate=_defaults.weight_decay_rate,
    ):
        super().__init__()
        self.lr = lr
        self.beta = beta
        self.eta = eta
        self.weight_decay_rate = weight_decay_rate

    def create_update_rule(self):
        return MSVAGRule(self.hyperparam)
