"""Updaters: what one iteration of training does."""

from kudari.training.updaters.standard_updater import StandardUpdater

__all__ = ["StandardUpdater"]
