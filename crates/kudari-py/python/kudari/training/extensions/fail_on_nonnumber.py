"""A stop when parameters diverge."""

import numpy as np

from kudari.training import extension


class FailOnNonNumber(extension.Extension):
    """Raises RuntimeError, with the parameter's name, when a parameter of a model holds NaN or infinity."""

    def __call__(self, trainer):
        for name, optimizer in trainer.updater.get_all_optimizers().items():
            for path, parameter in optimizer.target.namedparams():
                if parameter.array is not None and not np.isfinite(parameter.array).all():
                    raise RuntimeError(
                        f"Parameter {path} of optimizer '{name}' holds NaN or infinity: "
                        "the training diverged.\n"
                        ""
                        "Lower the learning rate, or add the hook GradientClipping."
                    )
