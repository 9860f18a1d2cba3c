"""Functions that Chainer does not have. Names and meanings are those of the engine."""

from kudari import _core
from kudari.functions._checks import check_word, need_same, pair
from kudari.functions.math_reductions import _axes


def gelu(x):
    """x·Φ(x) with the distribution function Φ of the normal distribution."""
    return _core.gelu(x)


def silu(x):
    """x·sigmoid(x)."""
    return _core.silu(x)


def mish(x):
    """x·tanh(softplus(x))."""
    return _core.mish(x)


def celu(x, alpha=1.0):
    """x above 0, α·(exp(x/α) − 1) below."""
    return _core.celu(x, alpha)


def hard_swish(x):
    """x·min(max(x + 3, 0), 6) / 6."""
    return _core.hard_swish(x)


def log_sigmoid(x):
    """The logarithm of ``sigmoid``, without losing its digits."""
    return _core.log_sigmoid(x)


def softmin(x, axis=1):
    """softmax(−x)."""
    return _core.softmin(x, axis)


def arcsinh(x):
    """The inverse of the hyperbolic sine."""
    return _core.asinh(x)


def arccosh(x):
    """The inverse of the hyperbolic cosine."""
    return _core.acosh(x)


def variance(x, axis=None, keepdims=False):
    """The mean squared distance from the mean along axes, or of everything."""
    return _core.variance(x, _axes("variance", axis, x), keepdims)


def sort(x, axis=-1, descending=False):
    """The numbers sorted along an axis, and where they were as an array of ints."""
    return _core.sort(x, axis, descending)


def top_k(x, k, axis=-1, largest=True):
    """The k largest or smallest numbers along an axis, and where they were as an array of ints."""
    return _core.top_k(x, k, axis, largest)


def tril(x, offset=0):
    """Zeros above a diagonal of the last two axes."""
    return _core.tril(x, offset)


def triu(x, offset=0):
    """Zeros below a diagonal of the last two axes."""
    return _core.triu(x, offset)


def roll(x, shift, axis):
    """Moved along an axis or several; what leaves at one end comes in at the other."""
    shifts, axes = ([shift], [axis]) if isinstance(axis, int) else (list(shift), list(axis))
    return _core.roll(x, shifts, axes)


def rms_normalization(x, gamma, eps=1e-5):
    """γ·x / √(mean(x²) + eps) along the last axis."""
    return _core.rms_norm(x, 1, gamma, eps)


def _loss(where, function, x, t, reduce, *options):
    check_word(where, "reduce", reduce, ("mean", "sum", "no"))
    need_same(where, x, t)
    return function(x, t, *options, reduce)


def smooth_l1(x, t, beta=1.0, reduce="mean"):
    """½d²/β for |d| < β, |d| − ½β beyond, d = x − t."""
    return _loss("smooth_l1", _core.smooth_l1, x, t, reduce, beta)


def log_cosh(x, t, reduce="mean"):
    """log cosh(x − t)."""
    return _loss("log_cosh", _core.log_cosh, x, t, reduce)


def poisson_nll(x, t, reduce="mean"):
    """exp(x) − t·x: −log of the probability of counts t with means exp(x), but for a constant."""
    return _loss("poisson_nll", _core.poisson_nll, x, t, reduce)


def binary_cross_entropy(x, t, reduce="mean"):
    """−t·log x − (1 − t)·log(1 − x) for probabilities x."""
    return _loss("binary_cross_entropy", _core.binary_cross_entropy, x, t, reduce)


def kl_divergence(x, t, reduce="mean"):
    """t·(log t − x) for logarithms x of probabilities and probabilities t."""
    return _loss("kl_divergence", _core.kl_divergence, x, t, reduce)


def focal_loss(x, t, alpha=0.25, gamma=2.0, reduce="mean"):
    """``sigmoid_cross_entropy`` that counts less what is right already; targets are from 0 to 1."""
    return _loss("focal_loss", _core.focal, x, t, reduce, alpha, gamma)


def cosine_embedding(a, b, t, margin=0.0, reduce="mean"):
    """1 − cos(a, b) for pairs of rows where t is 1, max(0, cos(a, b) − margin) where it is −1."""
    check_word("cosine_embedding", "reduce", reduce, ("mean", "sum", "no"))
    return _core.cosine_embedding(a, b, t, margin, reduce)


def global_average_pooling_2d(x):
    """The mean of each channel."""
    return _core.global_average_pool2d(x)


def global_max_pooling_2d(x):
    """The largest number of each channel."""
    return _core.global_max_pool2d(x)


def adaptive_average_pooling_2d(x, outsize):
    """Means of as many parts of a picture as ``outsize`` says."""
    return _core.adaptive_average_pool2d(x, pair(outsize))


def adaptive_max_pooling_2d(x, outsize):
    """The largest numbers of as many parts of a picture as ``outsize`` says."""
    return _core.adaptive_max_pool2d(x, pair(outsize))
