"""Triggers from short forms."""

from kudari.training.triggers.interval_trigger import IntervalTrigger


def get_trigger(trigger):
    """A trigger, that is a function of the trainer: itself, `(period, unit)` as an interval, or None for
    never.
    """
    if callable(trigger):
        return trigger
    if trigger is None:
        return _never_fire_trigger
    return IntervalTrigger(*trigger)


def _never_fire_trigger(trainer):
    return False


def serialize_if_there(obj, serializer):
    """Let a trigger or an extension serialize itself; plain functions have nothing to keep."""
    serialize = getattr(obj, "serialize", None)
    if serialize:
        serialize(serializer)
