"""A slow start."""

from kudari.training import extension


class WarmupShift(extension.Extension):
    """Moves a value of an optimizer in a straight line from `warmup_start` to `init` in `warmup_iter` calls.

    It is left alone afterwards, so that another schedule can take over. None for `warmup_start` takes the
    value that the optimizer has; `optimizer` None is the optimizer 'main'.
    """

    def __init__(self, attr, warmup_start, warmup_iter, init, optimizer=None):
        self._attr = attr
        self._warmup_start = warmup_start
        self._warmup_iter = warmup_iter
        self._init = init
        self._optimizer = optimizer
        self._t = 0

    def initialize(self, trainer):
        """Set the first value, or the one at which a snapshot was taken."""
        if self._warmup_start is None:
            self._warmup_start = getattr(self._get_optimizer(trainer), self._attr)
        self._set_value(trainer)

    def __call__(self, trainer):
        self._t += 1
        self._set_value(trainer)

    def _get_optimizer(self, trainer):
        return self._optimizer or trainer.updater.get_optimizer("main")

    def _set_value(self, trainer):
        t, length = self._t, self._warmup_iter
        if t <= length:
            value = (t * self._init + (length - t) * self._warmup_start) / length
            setattr(self._get_optimizer(trainer), self._attr, value)

    def serialize(self, serializer):
        self._t = serializer("_t", self._t)
