"""Stopping when training does not help any more."""

import operator
import warnings

from kudari import reporter
from kudari.training import util


class EarlyStoppingTrigger:
    """A stop trigger that fires when a value was not better than its best in `patience` checks running.

    Args:
        check_trigger: when to check.
        monitor: key of `trainer.observation`; its mean since the last check is looked at.
        patience: checks without a new best; 3 unless given. `patients` is another name of it.
        mode: 'max' or 'min' is better; 'auto' takes 'max' for keys with 'accuracy' in them.
        verbose: print what happens.
        max_trigger: stops in any case.
    """

    def __init__(
        self,
        check_trigger=(1, "epoch"),
        monitor="main/loss",
        patience=None,
        mode="auto",
        verbose=False,
        max_trigger=(100, "epoch"),
        *,
        patients=None,
    ):
        if patience is not None and patients is not None:
            raise TypeError("patience and patients are both given.\nGive patience only.")
        if patience is None:
            patience = 3 if patients is None else patients
        self.count = 0
        self.patience = patience
        self.monitor = monitor
        self.verbose = verbose
        self._max_trigger = util.get_trigger(max_trigger)
        self._interval_trigger = util.get_trigger(check_trigger)
        self._summary = reporter.DictSummary()
        largest = mode == "max" or (mode != "min" and "accuracy" in monitor)
        self._compare = operator.gt if largest else operator.lt
        self.best = float("-inf") if largest else float("inf")
        if verbose:
            print(f"early stopping: {monitor} should become {'greater' if largest else 'less'}")

    def __call__(self, trainer):
        observation = trainer.observation
        if self.monitor in observation:
            self._summary.add({self.monitor: observation[self.monitor]})
        if self._max_trigger(trainer):
            return True
        if not self._interval_trigger(trainer):
            return False
        if self.monitor not in observation:
            warnings.warn(f"{self.monitor} is not in observation")
            return False
        value = self._summary.compute_mean()[self.monitor]
        self._summary = reporter.DictSummary()
        if self._compare(value, self.best):
            self.best = value
            self.count = 0
        else:
            self.count += 1
        if self.count < self.patience:
            return False
        if self.verbose:
            print(f"Epoch {trainer.updater.epoch}: early stopping")
        return True

    def get_training_length(self):
        """The pair (period, unit) of the largest possible training, for progress bars."""
        return self._max_trigger.get_training_length()

    def serialize(self, serializer):
        try:
            util.serialize_if_there(self._max_trigger, serializer["max_trigger"])
            util.serialize_if_there(self._interval_trigger, serializer["interval_trigger"])
            self._summary.serialize(serializer["summary"])
            self.count = serializer("count", self.count)
            self.best = float(serializer("best", float(self.best)))
        except KeyError:
            warnings.warn("The stored state has no early stopping: patience starts again.")
