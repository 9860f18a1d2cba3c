"""The training loop: order of calls, triggers, logs, snapshots and going on from them.

The model has one number w and the loss (w − mean of the batch)², so that every step can be done by hand.
"""

import io
import json
import threading
import warnings

import numpy as np
import pytest

import kudari
from kudari import computational_graph, iterators, optimizers, serializers, training
from kudari.training import extensions, triggers


class Number(kudari.Chain):
    def __init__(self, start=0.0):
        super().__init__()
        with self.init_scope():
            self.w = kudari.Parameter(np.array(start, "f"))

    def forward(self, batch):
        difference = self.w - np.asarray(batch.mean(), "f")
        loss = difference * difference
        kudari.report({"loss": loss, "train": float(kudari.config.train)}, self)
        return loss


DATA = np.array([1, 2, 3, 4, 5, 6], "f")  # batches of two have the means 1.5, 3.5, 5.5


def make_trainer(out, stop=(2, "epoch"), lr=0.25, model=None, shuffle=False):
    model = model or Number()
    optimizer = optimizers.SGD(lr=lr).setup(model)
    iterator = iterators.SerialIterator(DATA, 2, shuffle=shuffle)
    updater = training.updaters.StandardUpdater(iterator, optimizer)
    return training.Trainer(updater, stop, out=str(out))


def model_of(trainer):
    return trainer.updater.get_optimizer("main").target


def expected_losses(count, lr=0.25):
    w, losses = 0.0, []
    for i in range(count):
        mean = (1.5, 3.5, 5.5)[i % 3]
        losses.append((w - mean) ** 2)
        w -= lr * 2 * (w - mean)
    return losses, w


def evaluator(model):
    return extensions.Evaluator(iterators.SerialIterator(DATA, 4, repeat=False, shuffle=False), model)


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
            iterators.SerialIterator(DATA, 2), optimizers.SGD().setup(model), lambda batch, device: converted,
            device=-1, loss_func=loss,
        )
        updater.update()
    assert calls == [((1, 2), {}), ((), {"a": 1}), ((5,), {})]
    assert updater.device == updater.input_device == kudari.get_device("@numpy")


def test_extensions_are_called_by_priority_and_trigger(tmp_path):
    calls = []

    def extension(name, priority, trigger):
        @training.make_extension(trigger=trigger, priority=priority, default_name=name,
                                 initializer=lambda t: calls.append("start " + name),
                                 finalizer=lambda: calls.append("end " + name))
        def call(trainer):
            calls.append(f"{name} {trainer.updater.iteration}")

        return call

    trainer = make_trainer(tmp_path, (4, "iteration"))
    trainer.extend(extension("late", training.PRIORITY_READER, (2, "iteration")))
    trainer.extend(extension("early", training.PRIORITY_WRITER, (1, "epoch")), call_before_training=True)
    trainer.run()
    assert calls == ["start early", "start late", "early 0", "late 2", "early 3", "late 4", "end early", "end late"]


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


@pytest.mark.parametrize("make, expected", [
    (lambda: triggers.IntervalTrigger(2, "iteration"), [2, 4, 6, 8]),
    (lambda: triggers.IntervalTrigger(1.5, "epoch"), [5, 9]),
    (lambda: triggers.IntervalTrigger(0.1, "epoch"), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (lambda: triggers.ManualScheduleTrigger([2, 7], "iteration"), [2, 7]),
    (lambda: triggers.ManualScheduleTrigger([0.5, 2], "epoch"), [2, 6]),
    (lambda: triggers.TimeTrigger(2.5), [3, 6, 8]),
    (lambda: triggers.OnceTrigger(), [1]),
])
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
        iterators.SerialIterator(DATA, 4, repeat=False), {}, eval_func=lambda batch: calls.append(len(batch)),
        eval_hook=calls.append, progress_bar=True,
    )
    assert one() == {}
    assert calls == [one, 4, 2]
    assert capsys.readouterr().out == "", "no bars where the output is not a terminal"


def run_with_reports(out, stop=(2, "epoch"), before=lambda trainer: None, seconds_model=None):
    trainer = make_trainer(out, stop, model=seconds_model)
    trainer.extend(evaluator(model_of(trainer)), call_before_training=True)
    trainer.extend(extensions.LogReport(), call_before_training=True)
    trainer.extend(extensions.observe_lr())
    trainer.extend(extensions.PlotReport(["main/loss", "validation/main/loss"], "epoch", filename="loss.png"),
                   call_before_training=True)
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


WRITERS = extensions.snapshot_writers


@pytest.mark.parametrize("make", [
    WRITERS.SimpleWriter, WRITERS.ThreadWriter, WRITERS.ProcessWriter, WRITERS.ThreadQueueWriter,
    WRITERS.ProcessQueueWriter,
])
def test_snapshots_are_complete_whoever_writes_them(tmp_path, make):
    trainer = make_trainer(tmp_path, (3, "iteration"))
    trainer.extend(extensions.snapshot(writer=make()), trigger=(1, "iteration"))
    values = []
    trainer.extend(lambda t: values.append(float(model_of(t).w.array)), name="values")
    trainer.run()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"snapshot_iter_{i}" for i in (1, 2, 3)]
    for i, value in enumerate(values, start=1):
        loaded = Number()
        serializers.load_npz(str(tmp_path / f"snapshot_iter_{i}"), loaded, path="updater/model:main/")
        assert float(loaded.w.array) == value


def test_old_snapshots_are_removed_and_the_newest_is_loaded(tmp_path):
    trainer = make_trainer(tmp_path, (4, "iteration"))
    trainer.extend(extensions.snapshot(n_retains=2), trigger=(1, "iteration"))
    trainer.run()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["snapshot_iter_3", "snapshot_iter_4"]
    resumed = make_trainer(tmp_path, (5, "iteration"))
    resumed.extend(extensions.snapshot(autoload=True), trigger=(1, "iteration"))
    resumed.run()
    assert float(model_of(resumed).w.array) == pytest.approx(expected_losses(5)[1])


def test_snapshots_of_objects_and_by_condition(tmp_path):
    trainer = make_trainer(tmp_path, (2, "iteration"))
    model = model_of(trainer)
    saved = []
    trainer.extend(extensions.snapshot_object(model, lambda t: f"model{t.updater.iteration}",
                                              savefun=lambda path, target: (saved.append(target), open(path, "w").close())),
                   trigger=(1, "iteration"))
    trainer.extend(extensions.snapshot(condition=lambda: False, filename="never"), trigger=(1, "iteration"))
    trainer.run()
    assert [list(target) for target in saved] == [["w"], ["w"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model1", "model2"]
    with pytest.raises(TypeError, match="writer"):
        extensions.snapshot(savefun=print, writer=WRITERS.SimpleWriter())


@pytest.mark.parametrize("make, expected", [
    (lambda: extensions.ExponentialShift("lr", 0.5, init=1.0, target=0.2), [1, 0.5, 0.25, 0.2, 0.2]),
    (lambda: extensions.ExponentialShift("lr", 2, target=5), [1, 2, 4, 5, 5]),
    (lambda: extensions.StepShift("lr", 0.1, 2, init=1.0), [1, 1, 0.1, 0.1, 0.01]),
    (lambda: extensions.InverseShift("lr", 1.0, 1.0, init=1.0), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
    (lambda: extensions.PolynomialShift("lr", 2, 3, init=9.0, target=0.5), [9, 4, 1, 0.5, 0.5]),
    (lambda: extensions.LinearShift("lr", (2, 4), (1, 3)), [2, 2, 3, 4, 4]),
    (lambda: extensions.MultistepShift("lr", 0.5, [1, 3], 8.0), [8, 4, 4, 2, 2]),
    (lambda: extensions.WarmupShift("lr", 0.0, 2, 1.0), [0, 0.5, 1, 1, 1]),
])
@pytest.mark.parametrize("resume_at", [0, 2, 4])
def test_schedules_also_after_a_resume(tmp_path, make, expected, resume_at):
    trainer, shift, seen = make_trainer(tmp_path, lr=1.0), make(), []

    def call():
        shift(trainer)
        seen.append(trainer.updater.get_optimizer("main").lr)

    shift.initialize(trainer)
    seen.append(trainer.updater.get_optimizer("main").lr)
    for _ in range(resume_at):
        call()
    state = serializers.npz.serialize(shift)
    trainer, shift = make_trainer(tmp_path, lr=1.0), make()
    shift.serialize(serializers.NpzDeserializer(state))
    shift.initialize(trainer)
    assert trainer.updater.get_optimizer("main").lr == pytest.approx(seen[-1])
    for _ in range(4 - resume_at):
        call()
    assert seen == pytest.approx(expected)


def test_negative_rates_are_refused():
    with pytest.raises(ValueError, match="negative"):
        extensions.ExponentialShift("lr", -1)
    with pytest.raises(ValueError, match="negative"):
        extensions.InverseShift("lr", -1, 1)


def test_diverged_parameters_stop_the_training(tmp_path):
    trainer = make_trainer(tmp_path, model=Number(np.nan))
    trainer.extend(extensions.FailOnNonNumber())
    with pytest.raises(RuntimeError, match="/w of optimizer 'main'"):
        trainer.run(show_loop_exception_msg=False)


def test_graph_of_the_first_iteration_is_drawn(tmp_path):
    trainer = make_trainer(tmp_path)
    flags = []
    trainer.extend(extensions.DumpGraph("main/loss", filename="graph.dot"))
    trainer.extend(lambda t: flags.append(t.observation["main/loss"].creator_node is not None), name="flags")
    trainer.run()
    text = (tmp_path / "graph.dot").read_text()
    assert text.startswith("digraph") and 'label="w: float32"' in text and 'label="mul"' in text
    assert flags == [True] + [False] * 5
    assert kudari.config.keep_graph_on_report is False


def test_graphs_have_each_node_once():
    x = kudari.Variable(np.ones((1, 2), "f"), name="x")
    y = x + x * x
    graph = computational_graph.build_computational_graph([y])
    assert (len(graph.nodes), len(graph.edges)) == (5, 5)  # x, mul, x·x, add, y
    assert 'label="x: (1, 2), float32"' in graph.dump()
    assert graph.dump() == computational_graph.build_computational_graph(y).dump()
    functions = computational_graph.build_computational_graph(y, remove_variable=True).dump()
    assert "float32" not in functions and functions.count("->") == 1
    with pytest.raises(TypeError):
        computational_graph.build_computational_graph(y.array)
    with pytest.raises(ValueError, match="rankdir"):
        computational_graph.build_computational_graph(y, rankdir="XY")
    with pytest.raises(NotImplementedError):
        graph.dump("png")


def test_unchained_variables(tmp_path):
    trainer = make_trainer(tmp_path, (2, "iteration"))
    trainer.extend(extensions.unchain_variables())
    seen = []
    trainer.extend(lambda t: seen.append(t.observation["main/loss"].creator_node is None), name="seen", priority=-1)
    with kudari.using_config("keep_graph_on_report", True):
        trainer.run()
    assert seen == [True, True]


def test_micro_average_weighs_batches_by_size(tmp_path):
    trainer = make_trainer(tmp_path, (1, "epoch"))
    counts = iter([(1, 2), (3, 4), (0, 10)])

    @training.make_extension(priority=training.PRIORITY_WRITER)
    def observe(trainer):
        trainer.observation["correct"], trainer.observation["total"] = next(counts)

    trainer.extend(observe)
    trainer.extend(extensions.MicroAverage("correct", "total", "accuracy"))
    trainer.run()
    assert trainer.observation["accuracy"] == 4 / 16


def test_parameter_statistics(tmp_path):
    trainer = make_trainer(tmp_path, (1, "epoch"))
    statistics = extensions.ParameterStatistics(model_of(trainer), {"mean": np.mean}, prefix="p")
    statistics.register_statistics("pair", lambda x: np.array([1.0, 2.0]))
    trainer.extend(statistics)
    trainer.run()
    found = {key: float(value) for key, value in trainer.observation.items() if key.startswith("p/")}
    _, first = expected_losses(1)
    w = [first, expected_losses(2)[1], expected_losses(3)[1]]
    assert found["p/None/w/data/mean"] == pytest.approx(np.mean(w))
    assert found["p/None/w/grad/pair/1"] == 2.0
    assert len(found) == 6


def test_variable_statistics_plot(tmp_path):
    pytest.importorskip("matplotlib")
    trainer = make_trainer(tmp_path, (2, "iteration"))
    plot = extensions.VariableStatisticsPlot(model_of(trainer), percentile_sigmas=(0, 50, 100), trigger=(2, "iteration"))
    trainer.extend(plot)
    trainer.run()
    assert (tmp_path / "statistics.png").read_bytes().startswith(b"\x89PNG")
    iterations, samples = plot._samples.get_data()
    assert iterations.tolist() == [1, 2] and samples.shape == (2, 2, 5)
    assert samples[1, 0, 0] == pytest.approx(expected_losses(2)[1])
    with pytest.raises(ValueError, match="Nothing to plot"):
        extensions.VariableStatisticsPlot(model_of(trainer), plot_mean=False, plot_std=False, percentile_sigmas=())
    with pytest.raises(ValueError, match="at least one"):
        extensions.VariableStatisticsPlot([])


def test_progress_bar_shows_both_rates(tmp_path):
    out = io.StringIO()
    trainer = make_trainer(tmp_path, (2, "epoch"))
    trainer.extend(extensions.ProgressBar(update_interval=2, bar_length=10, out=out))
    trainer.run()
    drawings = out.getvalue().split("\x1b[J")
    assert "     total [######....] 66.67%\nthis epoch [###.......] 33.33%\n" in drawings[2]
    assert "         4 iter, 1 epoch / 2 epochs\n" in drawings[2]
    assert drawings[2].endswith("\x1b[4A") and drawings[-1] == ""


def test_curves_and_tables_in_a_notebook(tmp_path, monkeypatch):
    display_module = pytest.importorskip("IPython.display")
    shown = []

    class Handle:
        def update(self, content):
            shown.append(content.data)

    monkeypatch.setattr(display_module, "display", lambda content, display_id: Handle())
    trainer = make_trainer(tmp_path, model=Number(2.0))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.NotebookPlot("main/loss"), call_before_training=True)
    trainer.extend(extensions.PrintReportNotebook(["epoch", "main/loss"]))
    trainer.run()
    charts = [text for text in shown if text.startswith("<svg")]
    assert len(charts) == 3 and "<polyline" in charts[-1] and charts[-1].count("<circle") == 2
    tables = [text for text in shown if text.startswith("<table")]
    assert tables[-1].count("<tr>") == 3 and "<th>main/loss</th>" in tables[-1]
    import xml.etree.ElementTree as ElementTree

    ElementTree.fromstring(charts[-1])


def test_charts_survive_strange_points():
    from kudari.training.extensions import _svg

    assert "<polyline" not in _svg.line_chart({"a": [(0, float("nan"))], "b": [(1.0, 2.0)]}, "x < y")
    assert "x &lt; y" in _svg.line_chart({}, "x < y")
    wide = _svg.line_chart({"a": [(i, 10.0**-i) for i in range(200)]}, "x")
    assert "<circle" not in wide and wide.count("<polyline") == 1


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
