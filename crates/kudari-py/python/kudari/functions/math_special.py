"""Error functions, gamma functions and their relatives. Those that the engine does not have need SciPy."""

import math

import numpy

from kudari import _core
from kudari.function_node import FunctionNode
from kudari.functions._checks import need, need_floats, refuse
from kudari.functions._numpy_functions import number_by_number, scipy_special


def erf(x):
    """2/√π · ∫₀ˣ exp(−t²) dt."""
    return _core.erf(x)


def erfc(x):
    """1 − erf(x), with all digits where it is small."""

    def compute(array):
        try:
            return scipy_special("erfc")(array)
        except ImportError:
            return numpy.vectorize(math.erfc, otypes=[float])(array)

    return number_by_number("erfc", x, compute, lambda x, y: _core.exp(-(x * x)) * (-2 / math.sqrt(math.pi)))


def erfcx(x):
    """exp(x²)·erfc(x)."""
    compute = scipy_special("erfcx")
    return number_by_number("erfcx", x, compute, lambda x, y: (x * erfcx(x) - 1 / math.sqrt(math.pi)) * 2)


def erfinv(x):
    """The inverse of ``erf``."""
    compute = scipy_special("erfinv")
    return number_by_number("erfinv", x, compute, lambda x, y: _core.exp(y * y) * (math.sqrt(math.pi) / 2))


def erfcinv(x):
    """The inverse of ``erfc``."""
    compute = scipy_special("erfcinv")
    return number_by_number("erfcinv", x, compute, lambda x, y: _core.exp(y * y) * (-math.sqrt(math.pi) / 2))


def ndtr(x):
    """The distribution function of the normal distribution."""
    return erfc(_core.mul(x, -math.sqrt(0.5))) * 0.5


def ndtri(x):
    """The inverse of ``ndtr``."""
    compute = scipy_special("ndtri")
    return number_by_number("ndtri", x, compute, lambda x, y: _core.exp(y * y * 0.5) * math.sqrt(2 * math.pi))


def log_ndtr(x):
    """The logarithm of ``ndtr``, also where that is next to 0."""
    compute = scipy_special("log_ndtr")
    slope = math.sqrt(2 / math.pi)
    return number_by_number("log_ndtr", x, compute, lambda x, y: slope / erfcx(x * -math.sqrt(0.5)))


def lgamma(x):
    """The logarithm of |Γ(x)|."""
    return number_by_number("lgamma", x, scipy_special("gammaln"), lambda x, y: digamma(x))


def digamma(x):
    """The derivative of ``lgamma``."""

    def derivative(x, y):
        return polygamma(numpy.ones(x.shape, numpy.int32), x)

    return number_by_number("digamma", x, scipy_special("digamma"), derivative)


def zeta(x, q):
    """Hurwitz' zeta function Σ 1/(k + q)ˣ, differentiable by q."""
    compute = scipy_special("zeta")
    exponent = x.array if hasattr(x, "array") else x
    return number_by_number(
        "zeta", q, lambda q: compute(exponent, q), lambda q, y: zeta(exponent + 1, q) * -exponent
    )


class _Polygamma(FunctionNode):
    def forward(self, inputs):
        self.retain_inputs((0, 1))
        n, x = inputs
        return (numpy.asarray(scipy_special("polygamma")(n, x)).astype(x.dtype, copy=False),)

    def backward(self, target_input_indexes, grad_outputs):
        n, x = self.get_retained_inputs()
        gradient = polygamma(numpy.asarray(n.array + 1), x) * grad_outputs[0]
        return tuple(gradient if i == 1 else None for i in target_input_indexes)


def polygamma(n, x):
    """The n-th derivative of ``digamma``; n are whole numbers."""
    if n.dtype.kind != "i":
        refuse("polygamma", f"n of {n.dtype}", "an integer type")
    need_floats("polygamma", x)
    need(
        "polygamma",
        n.shape == x.shape or n.ndim == 0,
        f"n of shape {n.shape}, x of {x.shape}",
        "the same shape",
    )
    return _Polygamma().apply((n, x))[0]
