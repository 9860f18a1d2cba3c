"""The names of updaters that programs import from here."""

from kudari.training._updater import Updater
from kudari.training.updaters.standard_updater import StandardUpdater

__all__ = ["StandardUpdater", "Updater"]
