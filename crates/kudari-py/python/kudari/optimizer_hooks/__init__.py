"""What an optimizer's `add_hook` takes: changes to the gradients before each update."""

from kudari.optimizer_hooks.decay import Lasso, WeightDecay
from kudari.optimizer_hooks.gradient_clipping import GradientClipping, GradientHardClipping
from kudari.optimizer_hooks.gradient_lars import GradientLARS
from kudari.optimizer_hooks.gradient_noise import GradientNoise

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientNoise",
    "Lasso",
    "WeightDecay",
]
