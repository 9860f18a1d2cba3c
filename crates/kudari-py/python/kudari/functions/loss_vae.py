"""Losses of distributions, as variational autoencoders use them. ``reduce`` is 'sum', 'mean' or 'no'."""

import math

from kudari import _core
from kudari.functions._checks import as_variable, check_word


def _reduced(loss, reduce):
    if reduce == "no":
        return loss
    return _core.sum(loss, None, False) if reduce == "sum" else _core.mean(loss, None, False)


def gaussian_kl_divergence(mean, ln_var, reduce="sum"):
    """How far a normal distribution with this mean and logarithm of the variance is from the standard one."""
    check_word("gaussian_kl_divergence", "reduce", reduce, ("sum", "mean", "no"))
    mean, ln_var = as_variable(mean), as_variable(ln_var)
    return _reduced((mean * mean + _core.exp(ln_var) - ln_var - 1) * 0.5, reduce)


def bernoulli_nll(x, y, reduce="sum"):
    """−log of the probability of x where each is 1 with probability sigmoid(y)."""
    check_word("bernoulli_nll", "reduce", reduce, ("sum", "mean", "no"))
    x, y = as_variable(x), as_variable(y)
    return _reduced(_core.softplus(y) - x * y, reduce)


def gaussian_nll(x, mean, ln_var, reduce="sum"):
    """−log of the density of x under normal distributions with this mean and logarithm of the variance."""
    check_word("gaussian_nll", "reduce", reduce, ("sum", "mean", "no"))
    x, mean, ln_var = as_variable(x), as_variable(mean), as_variable(ln_var)
    apart = x - mean
    return _reduced((ln_var + math.log(2 * math.pi) + apart * apart * _core.exp(-ln_var)) * 0.5, reduce)
