"""Values of any kind as observations."""

from kudari.training import extension


def observe_value(observation_key, target_func):
    """An extension that stores `target_func(trainer)` under `observation_key`, once an epoch unless told
    otherwise.
    """

    @extension.make_extension(trigger=(1, "epoch"), priority=extension.PRIORITY_WRITER)
    def _observe_value(trainer):
        trainer.observation[observation_key] = target_func(trainer)

    return _observe_value


def observe_lr(optimizer_name="main", observation_key="lr"):
    """An extension that stores the learning rate of an optimizer."""
    return observe_value(observation_key, lambda trainer: trainer.updater.get_optimizer(optimizer_name).lr)
