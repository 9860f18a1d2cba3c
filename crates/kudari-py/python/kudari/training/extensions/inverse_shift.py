"""Decay by an inverse power."""

from kudari.training.extensions._shift import Shift


class InverseShift(Shift):
    """Sets a value of an optimizer to init · (1 + gamma · t)^(−power) at call number t.

    Args:
        attr: name of the value, such as 'lr'.
        gamma: not negative.
        power: exponent; the value grows where it is negative.
        init, target: first value (None: that of the optimizer) and the value to stop at (None: nowhere).
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, gamma, power, init=None, target=None, optimizer=None):
        if gamma < 0:
            raise ValueError(
                f"InverseShift does not support negative gamma: {gamma}.\nGive a gamma of zero or more."
            )
        super().__init__(attr, init, target, optimizer)
        self._gamma = gamma
        self._power = power

    def _value_at(self, t):
        return self._init * (1 + self._gamma * t) ** -self._power

    def _grows(self):
        return self._power < 0
