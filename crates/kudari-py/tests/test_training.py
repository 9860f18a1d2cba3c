"""The training loop: order of calls, errors, evaluation, logs, and going on from snapshots."""

import io
import json
import threading
import warnings

import kudari
import numpy as np
import pytest
from kudari import iterators, optimizers, serializers, training
from kudari.training import extensions

from by_hand_training import (
    DATA,
    Number,
    evaluator,
    expected_losses,
    make_trainer,
    model_of,
)


def test_training_does_what_is_computed_by_hand(tmp_path):
    trainer = make_trainer(tmp_path)
    losses = []
    trainer.extend(lambda t: losses.append(float(t.observation["main/loss"].array)), name="losses")
    trainer.run()
    expected, w = expected_losses(6)
    assert losses == pytest.approx(expected)
    assert float(model_of(trainer).w.array) == pytest.approx(w)
    updater = trainer.updater
    assert (updater.iteration, updater.epoch, updater.is_new_epoch, updater.epoch_detail) == (6, 2, True, 2.0)
    assert updater.previous_epoch_detail == pytest.approx(5 / 3)
    assert updater.get_optimizer("main").epoch == 2
    assert trainer.elapsed_time > 0
    with pytest.raises(RuntimeError, match="multiple times"):
        trainer.run()


def test_converters_may_give_tuples_and_dictionaries():
    calls = []
    model = Number()

    def loss(*args, **kwargs):
        calls.append((args, kwargs))
        return model(DATA)

    for converted in ((1, 2), {"a": 1}, 5):
        updater = training.updaters.StandardUpdater(
            iterators.SerialIterator(DATA, 2),
            optimizers.SGD().setup(model),
            lambda batch, device: converted,
            device=-1,
            loss_func=loss,
        )
        updater.update()
    assert calls == [((1, 2), {}), ((), {"a": 1}), ((5,), {})]
    assert updater.device == updater.input_device == kudari.get_device("@numpy")


def test_extensions_are_called_by_priority_and_trigger(tmp_path):
    calls = []

    def extension(name, priority, trigger):
        @training.make_extension(
            trigger=trigger,
            priority=priority,
            default_name=name,
            initializer=lambda t: calls.append("start " + name),
            finalizer=lambda: calls.append("end " + name),
        )
        def call(trainer):
            calls.append(f"{name} {trainer.updater.iteration}")

        return call

    trainer = make_trainer(tmp_path, (4, "iteration"))
    trainer.extend(extension("late", training.PRIORITY_READER, (2, "iteration")))
    trainer.extend(extension("early", training.PRIORITY_WRITER, (1, "epoch")), call_before_training=True)
    trainer.run()
    assert calls == [
        "start early",
        "start late",
        "early 0",
        "late 2",
        "early 3",
        "late 4",
        "end early",
        "end late",
    ]


def test_names_of_extensions(tmp_path):
    trainer = make_trainer(tmp_path)
    for _ in range(3):
        trainer.extend(extensions.LogReport())
    assert trainer.get_extension("LogReport_2").name == "LogReport_2"
    with pytest.raises(ValueError, match="There are: LogReport, LogReport_1, LogReport_2"):
        trainer.get_extension("PrintReport")
    with pytest.raises(ValueError):
        trainer.extend(lambda t: None, name="training")
    with pytest.raises(ValueError, match="call_before_training"):
        trainer.extend(lambda t: None, invoke_before_training=True)
    with pytest.raises(ValueError):
        training.make_extension(invoke_before_training=True)
    with pytest.raises(RuntimeError, match="not been started"):
        trainer.elapsed_time


def test_errors_reach_handlers_and_the_caller(tmp_path, capsys):
    calls = []

    class Broken(training.Extension):
        def __call__(self, trainer):
            raise ZeroDivisionError("broken extension")

        def on_error(self, trainer, error, traceback):
            calls.append(type(error))
            raise KeyError("broken handler")

        def finalize(self):
            calls.append("finalized")

    trainer = make_trainer(tmp_path)
    trainer.extend(Broken())
    trainer.extend(extensions.snapshot(filename="rescue", snapshot_on_error=True))
    with pytest.raises(ZeroDivisionError, match="broken extension"):
        trainer.run()
    assert calls == [ZeroDivisionError, "finalized"]
    assert (tmp_path / "rescue").exists()
    shown = capsys.readouterr().err
    assert "broken extension" in shown and "broken handler" in shown


def test_evaluation_is_done_in_test_mode_and_reported_as_means(tmp_path):
    model = Number(1.0)
    found = evaluator(model)()
    # batches 1..4 and 5, 6: (1 - 2.5)² and (1 - 5.5)², each counted once
    assert found == {"main/loss": pytest.approx((2.25 + 20.25) / 2), "main/train": 0.0}
    trainer = make_trainer(tmp_path, (1, "epoch"), model=model)
    trainer.extend(evaluator(model))
    trainer.run()
    assert trainer.observation["main/train"] == 1.0 and trainer.observation["validation/main/train"] == 0.0
    with pytest.warns(UserWarning, match="repeat=False"):
        extensions.Evaluator(iterators.SerialIterator(DATA, 2), model)


def test_evaluation_bar_and_hook(capsys):
    calls = []
    one = extensions.Evaluator(
        iterators.SerialIterator(DATA, 4, repeat=False),
        {},
        eval_func=lambda batch: calls.append(len(batch)),
        eval_hook=calls.append,
        progress_bar=True,
    )
    assert one() == {}
    assert calls == [one, 4, 2]
    assert capsys.readouterr().out == "", "no bars where the output is not a terminal"


def run_with_reports(out, stop=(2, "epoch"), before=lambda trainer: None, seconds_model=None):
    trainer = make_trainer(out, stop, model=seconds_model)
    trainer.extend(evaluator(model_of(trainer)), call_before_training=True)
    trainer.extend(extensions.LogReport(), call_before_training=True)
    trainer.extend(extensions.observe_lr())
    trainer.extend(
        extensions.PlotReport(["main/loss", "validation/main/loss"], "epoch", filename="loss.png"),
        call_before_training=True,
    )
    text = io.StringIO()
    trainer.extend(extensions.PrintReport(["epoch", "main/loss", "lr"], out=text), call_before_training=True)
    trainer.extend(extensions.snapshot(filename="state_{.updater.iteration}"), trigger=(1, "iteration"))
    before(trainer)
    trainer.run()
    return trainer, text.getvalue()


def test_log_print_and_plot(tmp_path):
    pytest.importorskip("matplotlib")
    trainer, text = run_with_reports(tmp_path)
    log = json.loads((tmp_path / "log").read_text())
    losses, _ = expected_losses(6)
    assert [entry["epoch"] for entry in log] == [0, 1, 2]
    assert "main/loss" not in log[0] and log[0]["iteration"] == 0
    assert log[1]["main/loss"] == pytest.approx(np.mean(losses[:3]))
    assert log[2]["main/loss"] == pytest.approx(np.mean(losses[3:]))
    assert log[2]["lr"] == 0.25 and log[2]["iteration"] == 6
    assert 0 < log[1]["elapsed_time"] < log[2]["elapsed_time"]
    assert trainer.get_extension("LogReport").log == log
    rows = text.splitlines()
    assert rows[0] == "epoch       main/loss   lr        "
    assert rows[1].split() == ["0"] and len(rows[1]) == 36
    assert rows[2].split() == ["1", f"{np.mean(losses[:3]):g}", "0.25"]
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("*tmp*"))


@pytest.mark.parametrize("stopped_at", [1, 2, 3, 4, 5])
def test_a_resumed_training_ends_like_one_that_was_not_stopped(tmp_path, stopped_at):
    pytest.importorskip("matplotlib")
    whole, _ = run_with_reports(tmp_path)
    resumed, text = run_with_reports(
        tmp_path / "resumed",
        before=lambda trainer: serializers.load_npz(str(tmp_path / f"state_{stopped_at}"), trainer),
    )
    assert float(model_of(resumed).w.array) == float(model_of(whole).w.array)

    def log_of(trainer):
        log = trainer.get_extension("LogReport").log
        return [{key: value for key, value in entry.items() if key != "elapsed_time"} for entry in log]

    assert log_of(resumed) == log_of(whole)
    assert resumed.get_extension("PlotReport")._data == whole.get_extension("PlotReport")._data
    assert resumed.elapsed_time > 0 and len(text.splitlines()) == 4


def test_a_shuffled_training_goes_on_with_the_same_order(tmp_path):
    np.random.seed(0)
    trainer = make_trainer(tmp_path, (2, "iteration"), shuffle=True)
    trainer.extend(extensions.snapshot(filename="half"), trigger=(2, "iteration"))
    trainer.run()
    rest = []
    for _ in range(2):
        resumed = make_trainer(tmp_path, (3, "iteration"), shuffle=True)
        serializers.load_npz(str(tmp_path / "half"), resumed)
        resumed.run()
        rest.append(float(model_of(resumed).w.array))
    assert rest[0] == rest[1]


def test_trainers_in_threads_do_not_mix_reports(tmp_path):
    results = {}

    def work(name, start):
        trainer = make_trainer(tmp_path / name, model=Number(start))
        trainer.run()
        results[name] = float(trainer.observation["main/loss"].array)

    threads = [threading.Thread(target=work, args=(str(start), start)) for start in (0.0, 0.0, 8.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["0.0"] == pytest.approx(expected_losses(6)[0][-1])
    assert results["8.0"] != results["0.0"]


def test_nothing_warns(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer = make_trainer(tmp_path)
        trainer.extend(extensions.LogReport())
        trainer.extend(extensions.snapshot())
        trainer.run()
