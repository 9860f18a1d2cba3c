"""When triggers fire, also after a resume."""

import pytest
from kudari import serializers, training
from kudari.training import triggers


class Progress:
    """Stands for a trainer: three iterations an epoch."""

    def __init__(self):
        self.updater = self
        self.iteration = 0
        self.observation = {}
        self.elapsed_time = 0.0

    @property
    def epoch(self):
        return self.iteration // 3

    @property
    def epoch_detail(self):
        return self.iteration / 3

    @property
    def previous_epoch_detail(self):
        return (self.iteration - 1) / 3

    def fires(self, trigger, count, **values):
        """The iterations at which the trigger fires; `values` are observed, one in each iteration."""
        fired = []
        for i in range(count):
            self.iteration += 1
            self.elapsed_time += 1.0
            self.observation = {key: series[i] for key, series in values.items()}
            if trigger(self):
                fired.append(self.iteration)
        return fired


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: triggers.IntervalTrigger(2, "iteration"), [2, 4, 6, 8]),
        (lambda: triggers.IntervalTrigger(1.5, "epoch"), [5, 9]),
        (lambda: triggers.IntervalTrigger(0.1, "epoch"), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (lambda: triggers.ManualScheduleTrigger([2, 7], "iteration"), [2, 7]),
        (lambda: triggers.ManualScheduleTrigger([0.5, 2], "epoch"), [2, 6]),
        (lambda: triggers.TimeTrigger(2.5), [3, 6, 8]),
        (lambda: triggers.OnceTrigger(), [1]),
    ],
)
@pytest.mark.parametrize("resume_at", [0, 1, 4, 8])
def test_triggers_fire_also_after_a_resume(make, expected, resume_at):
    progress = Progress()
    trigger = make()
    fired = progress.fires(trigger, resume_at)
    state = serializers.npz.serialize(trigger)
    trigger = make()
    trigger.serialize(serializers.NpzDeserializer(state))
    assert fired + progress.fires(trigger, 9 - resume_at) == expected


def test_triggers_without_state_guess_and_warn():
    progress = Progress()
    progress.fires(lambda trainer: False, 3)
    trigger = triggers.IntervalTrigger(2, "iteration")
    with pytest.warns(UserWarning, match="previous"):
        trigger.serialize(serializers.NpzDeserializer({}))
    assert progress.fires(trigger, 3) == [4, 6]
    schedule = triggers.ManualScheduleTrigger([2, 4], "iteration")
    with pytest.warns(UserWarning):
        schedule.serialize(serializers.NpzDeserializer({}))
    assert progress.fires(schedule, 1) == [] and schedule.finished


def test_intervals_are_kept_when_calls_are_sparse():
    progress, trigger = Progress(), triggers.IntervalTrigger(1, "epoch")
    progress.fires(lambda trainer: False, 4)
    assert trigger(progress) and not trigger(progress)
    assert str(trigger) == "IntervalTrigger(1, 'epoch')" and trigger.get_training_length() == (1, "epoch")
    with pytest.raises(ValueError, match="'day'"):
        triggers.IntervalTrigger(1, "day")
    assert training.get_trigger(None)(progress) is False
    assert training.get_trigger(trigger) is trigger


def test_best_values():
    values = [5, 1, 3, 2, 2, 2, 9, 9, 9]  # means of epochs: 3, 2, 9
    assert Progress().fires(triggers.MinValueTrigger("x"), 9, x=values) == [3, 6]
    assert Progress().fires(triggers.MaxValueTrigger("x"), 9, x=values) == [3, 9]
    trigger, progress = triggers.MaxValueTrigger("x"), Progress()
    progress.fires(trigger, 4, x=values)
    loaded = triggers.MaxValueTrigger("x")
    loaded.serialize(serializers.NpzDeserializer(serializers.npz.serialize(trigger)))
    assert progress.fires(loaded, 5, x=values[4:]) == [9]
    every_second = triggers.BestValueTrigger("x", lambda best, new: new <= best, (2, "iteration"))
    assert Progress().fires(every_second, 6, x=[1, 1, 3, 3, 1, 1]) == [2, 6]


def test_early_stopping():
    losses = [3, 3, 3, 2, 2, 2, 4, 4, 4, 2, 2, 2, 1, 1, 1]
    trigger, progress = triggers.EarlyStoppingTrigger(patience=2), Progress()
    assert progress.fires(trigger, 12, **{"main/loss": losses}) == [12]
    trigger, progress = triggers.EarlyStoppingTrigger(patience=2), Progress()
    progress.fires(trigger, 10, **{"main/loss": losses})
    loaded = triggers.EarlyStoppingTrigger(patience=2)
    loaded.serialize(serializers.NpzDeserializer(serializers.npz.serialize(trigger)))
    assert loaded.best == 2.0
    assert progress.fires(loaded, 2, **{"main/loss": losses[10:]}) == [12]
    rising = triggers.EarlyStoppingTrigger(monitor="accuracy", patients=1, max_trigger=(4, "iteration"))
    assert Progress().fires(rising, 4, accuracy=[1, 2, 3, 4]) == [4]
    assert rising.get_training_length() == (4, "iteration")
    with pytest.raises(TypeError):
        triggers.EarlyStoppingTrigger(patience=1, patients=1)
    with pytest.warns(UserWarning, match="not in observation"):
        Progress().fires(triggers.EarlyStoppingTrigger(), 3)


def test_once_on_resume():
    trigger = triggers.OnceTrigger(call_on_resume=True)
    progress = Progress()
    assert progress.fires(trigger, 2) == [1] and trigger.finished
    loaded = triggers.OnceTrigger(call_on_resume=True)
    loaded.serialize(serializers.NpzDeserializer(serializers.npz.serialize(trigger)))
    assert progress.fires(loaded, 2) == [3]
