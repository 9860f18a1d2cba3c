"""The training loop: a `Trainer` runs an updater until a trigger says stop, and calls extensions on the way."""

from kudari.training import triggers, updaters, util
from kudari.training.extension import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
    Extension,
    make_extension,
)
from kudari.training.trainer import Trainer
from kudari.training.trigger import IntervalTrigger, get_trigger
from kudari.training.updater import StandardUpdater, Updater
from kudari.training import extensions  # last: extensions use the names above

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "IntervalTrigger",
    "StandardUpdater",
    "Trainer",
    "Updater",
    "extensions",
    "get_trigger",
    "make_extension",
    "triggers",
    "updaters",
    "util",
]
