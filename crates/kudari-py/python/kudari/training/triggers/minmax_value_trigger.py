"""New best values."""

from kudari import reporter
from kudari.training import util


class BestValueTrigger:
    """Fires when the mean of `key` since the last check is the best so far.

    Args:
        key: of `trainer.observation`.
        compare: `compare(best, new)` is true where `new` is better.
        trigger: when to check.
    """

    def __init__(self, key, compare, trigger=(1, "epoch")):
        self._key = key
        self._compare = compare
        self._interval_trigger = util.get_trigger(trigger)
        self._best_value = None
        self._summary = reporter.DictSummary()

    def __call__(self, trainer):
        key = self._key
        if key in trainer.observation:
            self._summary.add({key: trainer.observation[key]})
        if not self._interval_trigger(trainer):
            return False
        value = float(self._summary.compute_mean()[key])
        self._summary = reporter.DictSummary()
        if self._best_value is None or self._compare(self._best_value, value):
            self._best_value = value
            return True
        return False

    def serialize(self, serializer):
        util.serialize_if_there(self._interval_trigger, serializer["interval_trigger"])
        self._summary.serialize(serializer["summary"])
        best = serializer("best_value", self._best_value)
        self._best_value = None if best is None else float(best)


class MaxValueTrigger(BestValueTrigger):
    """Fires when the mean of `key` since the last check is larger than ever before."""

    def __init__(self, key, trigger=(1, "epoch")):
        super().__init__(key, lambda best, new: new > best, trigger)


class MinValueTrigger(BestValueTrigger):
    """Fires when the mean of `key` since the last check is smaller than ever before."""

    def __init__(self, key, trigger=(1, "epoch")):
        super().__init__(key, lambda best, new: new < best, trigger)
