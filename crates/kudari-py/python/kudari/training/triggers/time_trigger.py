"""Seconds."""


class TimeTrigger:
    """Fires each time that `period` more seconds of training have passed."""

    def __init__(self, period):
        self._period = period
        self._next_time = period

    def __call__(self, trainer):
        if trainer.elapsed_time <= self._next_time:
            return False
        self._next_time += self._period
        return True

    def serialize(self, serializer):
        self._next_time = serializer("next_time", self._next_time)
