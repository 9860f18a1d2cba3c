"""The factor of a loss that keeps small gradients apart from zero in float16."""

import math

import numpy

_LARGEST = float(numpy.finfo(numpy.float16).max)


class LossScale:
    """A factor that stays, or one that moves: it halves where a gradient overflows.

    Without an overflow so far a moving factor doubles with every update, later by a factor that doubles it in `interval`
    updates; it stays between 1 and the largest float16.
    """

    def __init__(self, factor=None, interval=1000):
        if factor is None and interval < 1:
            raise ValueError(f"interval must be greater than or equal to 1. Actual: {interval}")
        if factor is not None and factor <= 0:
            raise ValueError(f"loss_scale must be a positive number. Actual: {factor}")
        self.moves = factor is None
        self.factor = 1.0 if factor is None else factor
        self.overflowed = False
        self._slow_growth = math.exp2(1 / interval)
        self._growth = 2.0

    def look_at(self, gradients):
        """Notes whether one of the gradients (name and array) is not finite; gives the names of those."""
        names = [name for name, gradient in gradients if not numpy.isfinite(gradient).all()] if self.moves else []
        self.overflowed = bool(names)
        return names

    def move(self):
        """The factor of the next update."""
        if not self.moves:
            return
        if self.overflowed:
            self._growth = self._slow_growth
        wanted = self.factor * (0.5 if self.overflowed else self._growth)
        self.factor = min(max(wanted, 1), _LARGEST)
