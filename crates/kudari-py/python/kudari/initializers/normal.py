"""Initializers that draw from a normal distribution of mean 0."""

import math

import numpy

from kudari.initializer import Initializer, get_fans


class _Normal(Initializer):
    """Draws from N(0, std²); a subclass says the standard deviation.

    `rng` is a `numpy.random.RandomState` or `Generator`; without one NumPy's global generator is used, so
    `numpy.random.seed` fixes the weights.
    """

    def __init__(self, scale=1.0, dtype=None, *, rng=None):
        self.scale = scale
        self.rng = rng
        super().__init__(dtype)

    def _deviation(self, shape):
        raise NotImplementedError

    def __call__(self, array):
        self._check_dtype(array)
        rng = numpy.random if self.rng is None else self.rng
        array[...] = rng.normal(loc=0.0, scale=self._deviation(array.shape), size=array.shape)


class Normal(_Normal):
    """N(0, scale²)."""

    def __init__(self, scale=0.05, dtype=None, *, rng=None):
        super().__init__(scale, dtype, rng=rng)

    def _deviation(self, shape):
        return self.scale


class LeCunNormal(_Normal):
    """Standard deviation scale·√(1 / fan_in)."""

    def _deviation(self, shape):
        return self.scale * math.sqrt(1.0 / get_fans(shape)[0])


class GlorotNormal(_Normal):
    """Standard deviation scale·√(2 / (fan_in + fan_out))."""

    def _deviation(self, shape):
        return self.scale * math.sqrt(2.0 / sum(get_fans(shape)))


class HeNormal(_Normal):
    """Standard deviation scale·√(2 / fan), fan being `fan_option`: 'fan_in' or 'fan_out'."""

    def __init__(self, scale=1.0, dtype=None, fan_option="fan_in", *, rng=None):
        self.fan_option = fan_option
        super().__init__(scale, dtype, rng=rng)

    def _deviation(self, shape):
        fan_in, fan_out = get_fans(shape)
        if self.fan_option not in ("fan_in", "fan_out"):
            raise ValueError(f"fan_option is {self.fan_option!r}.\nGive 'fan_in' or 'fan_out'.")
        return self.scale * math.sqrt(2.0 / (fan_in if self.fan_option == "fan_in" else fan_out))
