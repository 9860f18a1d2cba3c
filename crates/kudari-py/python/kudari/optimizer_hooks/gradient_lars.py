"""Layer-wise adaptive rates."""

import numpy


class GradientLARS:
    """Scales each gradient to the size of its parameter (You, Gitman, Ginsburg 2017).

    g becomes (g + weight_decay·p)·‖p‖ / (eps + ‖g‖ + weight_decay·‖p‖); the factor is 1 where ‖p‖ <=
    threshold.
    """

    name = "GradientLARS"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, threshold=1e-2, weight_decay=0.0, eps=1e-9):
        self.threshold = threshold
        self.weight_decay = weight_decay
        self.eps = eps

    def __call__(self, rule, param):
        values = param.array
        if values is None or param.grad is None:
            return
        grad = param.grad
        size = numpy.linalg.norm(values)
        rate = 1.0
        if size > self.threshold:
            rate = size / (self.eps + numpy.linalg.norm(grad) + self.weight_decay * size)
        grad += self.weight_decay * values
        grad *= rate
