"""Noise on gradients."""

import numpy


def exponential_decay_noise(xp, shape, dtype, hook, opt):
    """Normal noise of variance eta / (1 + t)^0.55, where t counts the updates of `opt`, a rule."""
    deviation = numpy.sqrt(hook.eta / (1 + opt.t) ** 0.55)
    return xp.random.normal(0, deviation, shape).astype(dtype)


class GradientNoise:
    """Adds noise to each gradient, by default less with each update (Neelakantan et al. 2015).

    `noise_func(numpy, shape, dtype, hook, rule)` draws it.
    """

    name = "GradientNoise"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, eta, noise_func=exponential_decay_noise):
        self.eta = eta
        self.noise_func = noise_func

    def __call__(self, rule, param):
        if param.array is None or param.grad is None:
            return
        grad = param.grad
        grad += self.noise_func(numpy, grad.shape, grad.dtype, self, rule)
