"""Limits for gradients."""

import numpy


def _sum_of_squares(grad):
    """Σg², in float32 at least: in float16 it soon exceeds the largest number."""
    flat = grad.ravel().astype(numpy.promote_types(grad.dtype, numpy.float32), copy=False)
    return flat.dot(flat)


class GradientClipping:
    """Scales all gradients together so that their L2 norm, over all parameters, is at most `threshold`."""

    name = "GradientClipping"
    timing = "pre"

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, opt):
        grads = [param.grad for param in opt.target.params(False)]
        norm = numpy.sqrt(sum(_sum_of_squares(grad) for grad in grads))
        if norm <= self.threshold:
            return
        rate = self.threshold / norm
        for grad in grads:
            grad *= rate


class GradientHardClipping:
    """Limits each element of the gradients to [lower_bound, upper_bound]."""

    name = "GradientHardClipping"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, lower_bound, upper_bound):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def __call__(self, rule, param):
        if param.array is not None and param.grad is not None:
            numpy.clip(param.grad, self.lower_bound, self.upper_bound, out=param.grad)
