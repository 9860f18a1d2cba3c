"""What schedules of an optimizer's value have in common."""

import numpy as np

from kudari.training import extension


class Shift(extension.Extension):
    """Sets the attribute `attr` of an optimizer to `_value_at(t)` at its call number t.

    Args:
        attr: such as 'lr' or 'alpha'.
        init: value before the first call; None takes the one the optimizer has.
        target: the value stops there.
        optimizer: None is the optimizer 'main' of the trainer.
    """

    def __init__(self, attr, init, target, optimizer):
        self._attr = attr
        self._init = init
        self._target = target
        self._optimizer = optimizer
        self._t = 0
        self._last_value = None

    def _value_at(self, t):
        raise NotImplementedError

    def _grows(self):
        """Does the value move away from zero? It then stops at `target` from below."""
        return False

    def initialize(self, trainer):
        """Set the first value, or the one at which a snapshot was taken."""
        optimizer = self._get_optimizer(trainer)
        if self._init is None:
            self._init = getattr(optimizer, self._attr)
        self._update_value(optimizer, self._init if self._last_value is None else self._last_value)

    def __call__(self, trainer):
        self._t += 1
        value, target = self._value_at(self._t), self._target
        if target is not None:
            # both sides times the target, so that negative values and a target of zero are compared rightly
            now, end = value * target, target * target
            if now > end if self._grows() else now < end:
                value = target
        self._update_value(self._get_optimizer(trainer), value)

    def serialize(self, serializer):
        self._t = serializer("_t", self._t)
        self._last_value = serializer("_last_value", self._last_value)
        if isinstance(self._last_value, np.ndarray):
            self._last_value = self._last_value.item()

    def _get_optimizer(self, trainer):
        return self._optimizer or trainer.updater.get_optimizer("main")

    def _update_value(self, optimizer, value):
        setattr(optimizer, self._attr, value)
        self._last_value = value
