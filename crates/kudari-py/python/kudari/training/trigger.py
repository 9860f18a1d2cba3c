"""The names of triggers that programs import from here."""

from kudari.training.triggers.interval_trigger import IntervalTrigger
from kudari.training.util import get_trigger

__all__ = ["IntervalTrigger", "get_trigger"]
