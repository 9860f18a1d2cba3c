"""A trainer that trains nothing, for tests of extensions and triggers."""


def get_trainer_with_mock_updater(stop_trigger=(10, "iteration"), iter_per_epoch=10, extensions=None):
    """A Trainer with a mock as updater, which counts iterations and epochs of `iter_per_epoch` iterations."""
    from unittest import mock

    from kudari import training

    updater = mock.Mock()
    updater.get_all_optimizers.return_value = {}
    updater.iteration = updater.epoch = updater.epoch_detail = 0
    updater.is_new_epoch = True
    updater.previous_epoch_detail = None

    def update():
        updater.update_core()
        before = updater.iteration
        updater.iteration = now = before + 1
        updater.epoch = now // iter_per_epoch
        updater.epoch_detail = now / iter_per_epoch
        updater.previous_epoch_detail = before / iter_per_epoch
        updater.is_new_epoch = before // iter_per_epoch != updater.epoch

    updater.update = update
    return training.Trainer(updater, stop_trigger, extensions=extensions or [])
