"""Gradients of penalties on the size of the parameters."""

import numpy


class WeightDecay:
    """Adds `rate`·p to each gradient: the penalty ½·rate·Σp²."""

    name = "WeightDecay"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, rule, param):
        values = param.array
        if values is None or param.grad is None:
            return
        # The rule divides the gradient by the loss scale afterwards.
        scale = getattr(param, "_loss_scale", None)
        grad = param.grad
        grad += (self.rate if scale is None else self.rate * scale) * values


class Lasso:
    """Adds `rate`·sign(p) to each gradient: the penalty rate·Σ|p|."""

    name = "Lasso"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, rule, param):
        values = param.array
        if values is None or param.grad is None:
            return
        grad = param.grad
        grad += self.rate * numpy.sign(values)
