"""Averages of ratios over all examples."""

from kudari import reporter
from kudari.training import extension
from kudari.training.util import get_trigger, serialize_if_there


class MicroAverage(extension.Extension):
    """Reports Σ numerator / Σ denominator, summed over iterations, as `result_key`.

    That is the mean over examples where batches differ in size. `trigger` says when it is reported and starts
    anew.
    """

    priority = extension.PRIORITY_EDITOR

    def __init__(self, numerator_key, denominator_key, result_key, trigger=(1, "epoch")):
        self._trigger = get_trigger(trigger)
        self._numerator_key = numerator_key
        self._denominator_key = denominator_key
        self._result_key = result_key
        self._numerator = 0.0
        self._denominator = 0.0

    def __call__(self, trainer):
        observation = trainer.observation
        if self._numerator_key not in observation or self._denominator_key not in observation:
            return
        self._numerator += _number(observation[self._numerator_key])
        self._denominator += _number(observation[self._denominator_key])
        if self._trigger(trainer):
            reporter.report({self._result_key: self._numerator / self._denominator})
            self._numerator = 0.0
            self._denominator = 0.0

    def serialize(self, serializer):
        self._numerator = serializer("_numerator", self._numerator)
        self._denominator = serializer("_denominator", self._denominator)
        serialize_if_there(self._trigger, serializer["_trigger"])


def _number(value):
    return float(getattr(value, "array", value))
