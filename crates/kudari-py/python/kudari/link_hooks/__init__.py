"""Hooks for links."""

from kudari.link_hooks.spectral_normalization import SpectralNormalization
from kudari.link_hooks.timer import TimerHook
from kudari.link_hooks.weight_standardization import WeightStandardization

__all__ = ["SpectralNormalization", "TimerHook", "WeightStandardization"]
