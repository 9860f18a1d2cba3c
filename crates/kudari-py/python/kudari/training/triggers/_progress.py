"""What triggers that count epochs or iterations have in common."""

import warnings


class ProgressTrigger:
    """Compares the progress at this call with that at the last one; calls may be sparse.

    Define `_fires(before, now)`; both are counted in `unit`, 'epoch' (with fractions) or 'iteration'.
    """

    def __init__(self, unit):
        if unit not in ("epoch", "iteration"):
            raise ValueError(f"The unit of a trigger is {unit!r}.\nUse 'epoch' or 'iteration'.")
        self.unit = unit
        self._previous_iteration = 0
        self._previous_epoch_detail = 0.0

    def _fires(self, before, now):
        raise NotImplementedError

    def __call__(self, trainer):
        updater = trainer.updater
        if self.unit == "epoch":
            before, now = self._previous_epoch_detail, updater.epoch_detail
            if before < 0:
                before = updater.previous_epoch_detail
        else:
            before, now = self._previous_iteration, updater.iteration
            if before < 0:
                before = now - 1
        fires = self._fires(before, now)
        self._previous_iteration = updater.iteration
        if hasattr(updater, "epoch_detail"):
            self._previous_epoch_detail = updater.epoch_detail
        return fires

    def serialize(self, serializer):
        try:
            self._previous_iteration = serializer("previous_iteration", self._previous_iteration)
        except KeyError:
            self._warn("iteration")
            self._previous_iteration = -1
        try:
            self._previous_epoch_detail = serializer("previous_epoch_detail", self._previous_epoch_detail)
        except KeyError:
            self._warn("epoch_detail")
            self._previous_epoch_detail = -1.0

    def _warn(self, what):
        warnings.warn(
            f"The stored state has no previous {what}: {type(self).__name__} takes that of one "
            "iteration ago, which is wrong if it is not called at every iteration."
        )
