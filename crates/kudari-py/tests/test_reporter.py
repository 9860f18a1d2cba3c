"""Reported values and their means."""

import numpy as np
import pytest

import kudari
from kudari import serializers
from kudari.reporter import DictSummary, Reporter, Summary, get_current_reporter, report, report_scope


def through_npz(tmp_path, source, target):
    path = tmp_path / "state.npz"
    serializers.save_npz(path, source)
    serializers.load_npz(path, target)
    return target


def test_values_are_stored_under_the_name_of_their_observer():
    reporter, link = Reporter(), object()
    reporter.add_observers("main", [("/l1", link)])
    with reporter:
        assert get_current_reporter() is reporter
        report({"loss": 3}, link)
        report({"loss": 4})
    assert reporter.observation == {"main/l1/loss": 3, "loss": 4}


def test_an_unknown_observer_is_an_error_and_no_reporter_is_none():
    report({"x": 1}, object())
    with Reporter(), pytest.raises(KeyError, match="not registered"):
        report({"x": 1}, object())


def test_scopes_collect_elsewhere_and_end_with_an_error():
    reporter, outer, inner = Reporter(), {}, {}
    with pytest.raises(ZeroDivisionError), reporter.scope(outer):
        with report_scope(inner):
            report({"x": 1})
        report({"y": 2})
        1 / 0
    assert inner == {"x": 1} and outer == {"y": 2}
    assert reporter.observation == {}
    with pytest.raises(IndexError):
        get_current_reporter()


@pytest.mark.parametrize("kept", [False, True])
def test_reported_variables_lose_their_graph_unless_it_is_kept(kept):
    x = kudari.Variable(np.array([1.0, 2.0], "f"))
    y = x * x
    reporter = Reporter()
    with kudari.using_config("keep_graph_on_report", kept):
        reporter.report({"y": y})
    found = reporter.observation["y"]
    assert (found.creator_node is not None) == kept
    assert found.array.tolist() == [1, 4]
    assert y.creator_node is not None


def test_weighted_mean_and_deviation():
    summary = Summary()
    for value, weight in ((1.0, 0.5), (2.0, 0.25), (5.0, 0.25)):
        summary.add(value, weight)
    mean, deviation = summary.make_statistics()
    assert mean == pytest.approx(2.25)  # 0.5 + 0.5 + 1.25
    assert deviation == pytest.approx(np.sqrt(0.5 * 1 + 0.25 * 4 + 0.25 * 25 - 2.25**2))


def test_many_small_float32_values_are_summed_exactly_enough():
    summary = Summary()
    for _ in range(20000):
        summary.add(np.array(0.1, "f"))
    assert summary.compute_mean() == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert summary.make_statistics()[1] < 1e-6


def test_dictionaries_may_lack_keys_and_arrays_are_skipped():
    summary = DictSummary()
    summary.add({"a": 3.0, "b": np.array(1, "i"), "vector": np.ones(2)})
    summary.add({"a": 1.0, "c": kudari.Variable(np.array(9.0, "f"))})
    assert summary.compute_mean() == {"a": 2.0, "b": 1.0, "c": 9.0}
    statistics = summary.make_statistics()
    assert statistics["a.std"] == 1.0 and statistics["c.std"] == 0.0


def test_weights_in_dictionaries_must_be_scalars():
    summary = DictSummary()
    summary.add({"a": (1.0, 3)})
    summary.add({"a": (5.0, kudari.Variable(np.array(1.0)))})
    mean = summary.compute_mean()["a"]
    assert float(getattr(mean, "array", mean)) == 2.0
    with pytest.raises(ValueError, match="weight of 'a'"):
        summary.add({"a": (1.0, np.ones(1))})


def test_summaries_go_on_after_loading(tmp_path):
    summary = DictSummary()
    summary.add({"a/b": 3.0, "/a": 1})
    summary.add({"a/b": 1.0, "/a": 5})
    loaded = DictSummary()
    loaded.add({"other": 1.0})
    through_npz(tmp_path, summary, loaded).add({"a/b": 2.0, "/a": 0})
    assert loaded.compute_mean() == {"a/b": 2.0, "/a": 2.0}


def test_a_file_without_statistics_warns(tmp_path):
    np.savez(tmp_path / "old.npz", dummy=0)
    summary = DictSummary()
    summary.add({"a": 1.0})
    with pytest.warns(UserWarning, match="statistics"):
        serializers.load_npz(tmp_path / "old.npz", summary)
    assert summary.compute_mean() == {}
