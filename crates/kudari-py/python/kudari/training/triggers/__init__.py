"""Triggers: functions of the trainer that say when something is due."""

from kudari.training.triggers.early_stopping_trigger import EarlyStoppingTrigger
from kudari.training.triggers.interval_trigger import IntervalTrigger
from kudari.training.triggers.manual_schedule_trigger import ManualScheduleTrigger
from kudari.training.triggers.minmax_value_trigger import BestValueTrigger, MaxValueTrigger, MinValueTrigger
from kudari.training.triggers.once_trigger import OnceTrigger
from kudari.training.triggers.time_trigger import TimeTrigger

__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "TimeTrigger",
]
