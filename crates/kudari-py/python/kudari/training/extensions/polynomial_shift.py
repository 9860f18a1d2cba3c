"""Decay to zero by a power."""

from kudari.training.extensions._shift import Shift


class PolynomialShift(Shift):
    """Sets a value of an optimizer to init · max(1 − t / max_count, 0)^rate at call number t.

    Args:
        attr: name of the value, such as 'lr'.
        rate: exponent.
        max_count: calls until the value is zero.
        init, target: first value (None: that of the optimizer) and the value to stop at (None: nowhere).
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, rate, max_count, init=None, target=None, optimizer=None):
        super().__init__(attr, init, target, optimizer)
        self._rate = rate
        self._max_count = max_count

    def _value_at(self, t):
        return self._init * max(1 - t / self._max_count, 0) ** self._rate

    def _grows(self):
        return self._rate <= 0
