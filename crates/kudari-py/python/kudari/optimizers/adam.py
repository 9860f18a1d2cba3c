"""Adam and its relatives."""

import math
import warnings

import numpy

from kudari.optimizer import (
    GradientMethod,
    HyperparameterProxy,
    UpdateRule,
    default_hyperparameters,
    runs_natively,
)

_defaults = default_hyperparameters(
    alpha=0.001,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    eta=1.0,
    weight_decay_rate=0,
    amsgrad=False,
    adabound=False,
    final_lr=0.1,
    gamma=1e-3,
)


def _learning_rate(hp, t):
    """alpha·√(1 - beta2^t) / (1 - beta1^t): the factor that undoes that m and v start at zero."""
    if t == 0:
        raise RuntimeError(
            "Can't determine the learning rate of Adam optimizer because the update steps have not been "
            "started.\nAsk after the first update."
        )
    return hp.alpha * math.sqrt(1.0 - math.pow(hp.beta2, t)) / (1.0 - math.pow(hp.beta1, t))


class AdamRule(UpdateRule):
    """m and v are running means of g and g²; p -= eta·(alpha_t·m / (√v + eps) + weight_decay_rate·p).

    With amsgrad the largest v so far (state 'vhat') takes the place of v; with adabound the factor of m is
    kept within bounds that close around final_lr.
    """

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam=None,
        alpha=None,
        beta1=None,
        beta2=None,
        eps=None,
        eta=None,
        weight_decay_rate=None,
        amsgrad=None,
        adabound=None,
        final_lr=None,
        gamma=None,
    ):
        super().__init__(parent_hyperparam or _defaults)
        self._override(
            alpha=alpha,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            eta=eta,
            weight_decay_rate=weight_decay_rate,
            amsgrad=amsgrad,
            adabound=adabound,
            final_lr=final_lr,
            gamma=gamma,
        )
        if self.hyperparam.adabound:
            self.initial_alpha = self.hyperparam.alpha

    def init_state(self, param):
        self._zero_states(param, "m", "v")
        if self.hyperparam.amsgrad:
            self._zero_states(param, "vhat")

    def update_core_cpu(self, param):
        grad = self._gradient(param)
        if grad is None:
            return
        values, m, v, hp = param.array, self.state["m"], self.state["v"], self.hyperparam
        self._check_eps(grad.dtype)
        if not (hp.amsgrad or hp.adabound) and runs_natively(grad, values, m, v):
            from kudari import _core

            _core.adam(
                values, grad, m, v, self.alpha_t, hp.beta1, hp.beta2, hp.eps, hp.eta, hp.weight_decay_rate
            )
            return
        m += (1.0 - hp.beta1) * (grad - m)
        v += (1.0 - hp.beta2) * (grad * grad - v)
        if hp.amsgrad:
            v = numpy.maximum(self.state["vhat"], v, out=self.state["vhat"])
        rate = self.alpha_t / (numpy.sqrt(v) + hp.eps)
        if hp.adabound:
            rate = numpy.clip(rate, *self.bounds)
        values -= hp.eta * (rate * m + hp.weight_decay_rate * values)

    @property
    def alpha_t(self):
        """The factor of m / √v at this step. RuntimeError before the first."""
        return _learning_rate(self.hyperparam, self.t)

    @property
    def lr(self):
        """The old name of `alpha_t`."""
        warnings.warn("AdamRule.lr has been renamed to AdamRule.alpha_t.", DeprecationWarning, stacklevel=2)
        return self.alpha_t

    @property
    def bounds(self):
        """(lower, upper) for the factor of m with adabound at this step. RuntimeError before the first."""
        if self.t == 0:
            raise RuntimeError(
                "Can't determine the bounds of AdaBound optimizer because the update steps have not "
                "been started.\nAsk after the first update."
            )
        hp = self.hyperparam
        final_lr = hp.final_lr * hp.alpha / self.initial_alpha
        return final_lr * (1.0 - 1.0 / (hp.gamma * self.t + 1)), final_lr * (1.0 + 1.0 / (hp.gamma * self.t))


class Adam(GradientMethod):
    """Adaptive moments (Kingma, Ba 2014), with the decoupled weight decay, AMSGrad and AdaBound as
    options.
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1")
    beta2 = HyperparameterProxy("beta2")
    eps = HyperparameterProxy("eps")
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")
    amsgrad = HyperparameterProxy("amsgrad")
    adabound = HyperparameterProxy("adabound")
    final_lr = HyperparameterProxy("final_lr")
    gamma = HyperparameterProxy("gamma")

    def __init__(
        self,
        alpha=_defaults.alpha,
        beta1=_defaults.beta1,
        beta2=_defaults.beta2,
        eps=_defaults.eps,
        eta=_defaults.eta,
        weight_decay_rate=_defaults.weight_decay_rate,
        amsgrad=_defaults.amsgrad,
        adabound=_defaults.adabound,
        final_lr=_defaults.final_lr,
        gamma=_defaults.gamma,
    ):
        super().__init__()
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.eta = eta
        self.weight_decay_rate = weight_decay_rate
        self.amsgrad = amsgrad
        self.adabound = adabound
        self.final_lr = final_lr
        self.gamma = gamma

    def create_update_rule(self):
        return AdamRule(self.hyperparam)

    @property
    def alpha_t(self):
        """The factor of m / √v at the last step. RuntimeError before the first."""
        return _learning_rate(self.hyperparam, self.t)

    @property
    def lr(self):
        """The old name of `alpha_t`."""
        warnings.warn("Adam.lr has been renamed to Adam.alpha_t.", DeprecationWarning, stacklevel=2)
        return self.alpha_t


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2017): set `weight_decay_rate`."""

    def __init__(
        self,
        alpha=_defaults.alpha,
        beta1=_defaults.beta1,
        beta2=_defaults.beta2,
        eps=_defaults.eps,
        eta=_defaults.eta,
        weight_decay_rate=_defaults.weight_decay_rate,
    ):
        super().__init__(alpha, beta1, beta2, eps, eta, weight_decay_rate)


class AMSGrad(Adam):
    """Adam whose steps never grow again where gradients were large (Reddi, Kale, Kumar 2018)."""

    def __init__(
        self,
        alpha=_defaults.alpha,
        beta1=_defaults.beta1,
        beta2=_defaults.beta2,
        eps=_defaults.eps,
        eta=_defaults.eta,
    ):
        super().__init__(alpha, beta1, beta2, eps, eta, amsgrad=True)


class AdaBound(Adam):
    """Adam that turns into gradient descent of rate `final_lr` (Luo et al. 2019)."""

    def __init__(
        self,
        alpha=_defaults.alpha,
        beta1=_defaults.beta1,
        beta2=_defaults.beta2,
        final_lr=_defaults.final_lr,
        gamma=_defaults.gamma,
        eps=_defaults.eps,
        eta=_defaults.eta,
    ):
        super().__init__(alpha, beta1, beta2, eps, eta, adabound=True, final_lr=final_lr, gamma=gamma)


class AMSBound(Adam):
    """AdaBound with AMSGrad."""

    def __init__(
        self,
        alpha=_defaults.alpha,
        beta1=_defaults.beta1,
        beta2=_defaults.beta2,
        final_lr=_defaults.final_lr,
        gamma=_defaults.gamma,
        eps=_defaults.eps,
        eta=_defaults.eta,
    ):
        super().__init__(
            alpha, beta1, beta2, eps, eta, amsgrad=True, adabound=True, final_lr=final_lr, gamma=gamma
        )
