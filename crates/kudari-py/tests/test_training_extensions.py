"""Snapshots, schedules, checks, graphs, statistics and drawings."""

import io

import kudari
import numpy as np
import pytest
from kudari import computational_graph, serializers, training
from kudari.training import extensions

from by_hand_training import (
    Number,
    expected_losses,
    make_trainer,
    model_of,
)

WRITERS = extensions.snapshot_writers


@pytest.mark.parametrize(
    "make",
    [
        WRITERS.SimpleWriter,
        WRITERS.ThreadWriter,
        WRITERS.ProcessWriter,
        WRITERS.ThreadQueueWriter,
        WRITERS.ProcessQueueWriter,
    ],
)
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
    trainer.extend(
        extensions.snapshot_object(
            model,
            lambda t: f"model{t.updater.iteration}",
            savefun=lambda path, target: (saved.append(target), open(path, "w").close()),
        ),
        trigger=(1, "iteration"),
    )
    trainer.extend(extensions.snapshot(condition=lambda: False, filename="never"), trigger=(1, "iteration"))
    trainer.run()
    assert [list(target) for target in saved] == [["w"], ["w"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model1", "model2"]
    with pytest.raises(TypeError, match="writer"):
        extensions.snapshot(savefun=print, writer=WRITERS.SimpleWriter())


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: extensions.ExponentialShift("lr", 0.5, init=1.0, target=0.2), [1, 0.5, 0.25, 0.2, 0.2]),
        (lambda: extensions.ExponentialShift("lr", 2, target=5), [1, 2, 4, 5, 5]),
        (lambda: extensions.StepShift("lr", 0.1, 2, init=1.0), [1, 1, 0.1, 0.1, 0.01]),
        (lambda: extensions.InverseShift("lr", 1.0, 1.0, init=1.0), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
        (lambda: extensions.PolynomialShift("lr", 2, 3, init=9.0, target=0.5), [9, 4, 1, 0.5, 0.5]),
        (lambda: extensions.LinearShift("lr", (2, 4), (1, 3)), [2, 2, 3, 4, 4]),
        (lambda: extensions.MultistepShift("lr", 0.5, [1, 3], 8.0), [8, 4, 4, 2, 2]),
        (lambda: extensions.WarmupShift("lr", 0.0, 2, 1.0), [0, 0.5, 1, 1, 1]),
    ],
)
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
    trainer.extend(
        lambda t: seen.append(t.observation["main/loss"].creator_node is None), name="seen", priority=-1
    )
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
    plot = extensions.VariableStatisticsPlot(
        model_of(trainer), percentile_sigmas=(0, 50, 100), trigger=(2, "iteration")
    )
    trainer.extend(plot)
    trainer.run()
    assert (tmp_path / "statistics.png").read_bytes().startswith(b"\x89PNG")
    iterations, samples = plot._samples.get_data()
    assert iterations.tolist() == [1, 2] and samples.shape == (2, 2, 5)
    assert samples[1, 0, 0] == pytest.approx(expected_losses(2)[1])
    with pytest.raises(ValueError, match="Nothing to plot"):
        extensions.VariableStatisticsPlot(
            model_of(trainer), plot_mean=False, plot_std=False, percentile_sigmas=()
        )
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
    ipython = pytest.importorskip("IPython")
    shown = []

    class Handle:
        def update(self, content):
            shown.append(content.data)

    def display(content, display_id):
        shown.append(content.data)
        return Handle()

    monkeypatch.setattr(ipython, "get_ipython", lambda: "a shell")
    monkeypatch.setattr(ipython.display, "display", display)
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
