"""Initializers that draw evenly from an interval around 0."""

import math

import numpy

from kudari.initializer import Initializer, get_fans


class _Uniform(Initializer):
    """Draws from [-bound, bound); a subclass says the bound. `rng` as in `normal._Normal`."""

    def __init__(self, scale=1.0, dtype=None, *, rng=None):
        self.scale = scale
        self.rng = rng
        super().__init__(dtype)

    def _bound(self, shape):
        raise NotImplementedError

    def __call__(self, array):
        self._check_dtype(array)
        rng = numpy.random if self.rng is None else self.rng
        bound = self._bound(array.shape)
        array[...] = rng.uniform(low=-bound, high=bound, size=array.shape)


class Uniform(_Uniform):
    """Bound scale."""

    def __init__(self, scale=0.05, dtype=None, *, rng=None):
        super().__init__(scale, dtype, rng=rng)

    def _bound(self, shape):
        return self.scale


class LeCunUniform(_Uniform):
    """Bound scale·√(3 / fan_in)."""

    def _bound(self, shape):
        return self.scale * math.sqrt(3.0 / get_fans(shape)[0])


class GlorotUniform(_Uniform):
    """Bound scale·√(6 / (fan_in + fan_out))."""

    def _bound(self, shape):
        return self.scale * math.sqrt(6.0 / sum(get_fans(shape)))


class HeUniform(_Uniform):
    """Bound scale·√(6 / fan_in)."""

    def _bound(self, shape):
        return self.scale * math.sqrt(6.0 / get_fans(shape)[0])
