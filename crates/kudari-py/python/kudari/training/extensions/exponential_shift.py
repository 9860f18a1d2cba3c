"""Exponential decay."""

from kudari.training.extensions._shift import Shift


class ExponentialShift(Shift):
    """Multiplies a value of an optimizer by `rate` at each call: init · rate^t.

    Args:
        attr: name of the value, such as 'lr'.
        rate: factor, not negative.
        init, target: first value (None: that of the optimizer) and the value to stop at (None: nowhere).
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, rate, init=None, target=None, optimizer=None):
        if rate < 0:
            raise ValueError(
                f"ExponentialShift does not support negative rate: {rate}.\nGive a rate of zero or more."
            )
        super().__init__(attr, init, target, optimizer)
        self._rate = rate

    def _value_at(self, t):
        return self._init * self._rate**t

    def _grows(self):
        return self._rate > 1
