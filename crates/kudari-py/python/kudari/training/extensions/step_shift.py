"""Decay in steps of equal length."""

from kudari.training.extensions._shift import Shift


class StepShift(Shift):
    """Multiplies a value of an optimizer by `gamma` at every `step`-th call: init · gamma^⌊t / step⌋.

    Args:
        attr: name of the value, such as 'lr'.
        gamma: factor.
        step: calls between steps.
        init, target: first value (None: that of the optimizer) and the value to stop at (None: nowhere).
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, gamma, step, init=None, target=None, optimizer=None):
        super().__init__(attr, init, target, optimizer)
        self._gamma = gamma
        self._step = step

    def _value_at(self, t):
        return self._init * self._gamma ** (t // self._step)

    def _grows(self):
        return self._gamma > 1
