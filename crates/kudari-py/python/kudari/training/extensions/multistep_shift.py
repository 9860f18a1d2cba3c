"""Decay at given calls."""

from kudari.training import extension


class MultistepShift(extension.Extension):
    """Multiplies a value of an optimizer by `gamma` at each of the calls numbered in `step_value`, a rising
    list.

    Args:
        attr: name of the value, such as 'lr'.
        init: first value; None takes that of the optimizer.
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, gamma, step_value, init, optimizer=None):
        self._attr = attr
        self._gamma = gamma
        self._step_value = step_value
        self._init = init
        self._optimizer = optimizer
        self._current_step = 0
        self._t = 0

    def initialize(self, trainer):
        """Set the first value, or the one at which a snapshot was taken."""
        if self._init is None:
            self._init = getattr(self._get_optimizer(trainer), self._attr)
        self._set_value(trainer)

    def __call__(self, trainer):
        self._t += 1
        if self._current_step < len(self._step_value) and self._t >= self._step_value[self._current_step]:
            self._current_step += 1
        self._set_value(trainer)

    def _get_optimizer(self, trainer):
        return self._optimizer or trainer.updater.get_optimizer("main")

    def _set_value(self, trainer):
        setattr(self._get_optimizer(trainer), self._attr, self._init * self._gamma**self._current_step)

    def serialize(self, serializer):
        self._t = serializer("_t", self._t)
        self._current_step = serializer("_current_step", self._current_step)
