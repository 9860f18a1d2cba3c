"""Ways to fill a new parameter, under Chainer's names."""

import numpy

from kudari.initializers.constant import Constant, Identity, NaN, One, Zero
from kudari.initializers.normal import GlorotNormal, HeNormal, LeCunNormal, Normal
from kudari.initializers.orthogonal import Orthogonal
from kudari.initializers.sampling import DownsamplingConvFilter, UpsamplingDeconvFilter
from kudari.initializers.uniform import GlorotUniform, HeUniform, LeCunUniform, Uniform

__all__ = [
    "Constant",
    "DownsamplingConvFilter",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "UpsamplingDeconvFilter",
    "Zero",
    "generate_array",
]


def generate_array(initializer, shape, xp=numpy, dtype=None, device=None):
    """A new array of `shape`, filled by `initializer`.

    The dtype is `dtype`, else the initializer's own, else the configured default. Raises ValueError where the
    first two contradict each other. `xp` and `device` are there for Chainer's sake: everything lives in
    NumPy.
    """
    import kudari

    own_dtype = getattr(initializer, "dtype", None)
    if dtype is not None and own_dtype is not None and numpy.dtype(dtype) != numpy.dtype(own_dtype):
        raise ValueError(
            f"dtype mismatch: {dtype} is asked for, the initializer has {own_dtype}.\nGive only one."
        )
    array = numpy.empty(shape, dtype=kudari.get_dtype(own_dtype if dtype is None else dtype))
    initializer(array)
    return array


def _get_initializer(initializer):
    """The initializer that a link's argument means: None is LeCunNormal, an array or a scalar is Constant."""
    if initializer is None:
        return LeCunNormal()
    if isinstance(initializer, numpy.ndarray) or numpy.isscalar(initializer):
        return Constant(initializer)
    if not callable(initializer):
        raise TypeError(
            f"invalid type of initializer: {type(initializer)}.\n"
            "Give an initializer, an array, a number or None."
        )
    return initializer


def _check_is_initializer_like(initializer):
    """Raise TypeError where `_get_initializer` would."""
    accepted = initializer is None or callable(initializer) or isinstance(initializer, numpy.ndarray)
    if not (accepted or numpy.isscalar(initializer)):
        raise TypeError(
            f"Initializer is of wrong type: {type(initializer)}.\n"
            "Give an initializer, an array, a number or None."
        )
