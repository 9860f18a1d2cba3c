"""Measures on examples that are counted by hand."""

import numpy as np
import pytest

import kudari
import kudari.functions as F
from kudari.utils.type_check import InvalidType

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], "f")


def test_accuracy():
    y = F.accuracy(SCORES, np.array([0, 1, 1, 0], "int8"))
    assert float(y.array) == 0.75 and y.dtype == "float32" and not y.requires_grad
    assert float(F.accuracy(SCORES, np.array([0, -1, 1, -1]), ignore_label=-1).array) == 0.5
    assert float(F.accuracy(SCORES, np.full(4, -1), ignore_label=-1).array) == 0
    assert float(F.accuracy(SCORES.reshape(1, 3, 2, 2), np.zeros((1, 2, 2), int)).array) == 0.5
    with pytest.raises(InvalidType):
        F.accuracy(SCORES, np.zeros(3, int))
    with pytest.raises(InvalidType):
        F.accuracy(SCORES, np.zeros(4, "f"))


def test_binary_accuracy():
    y = F.binary_accuracy(np.array([0.5, -0.5, 2.0, -1.0], "f"), np.array([1, 1, -1, 0], "i"))
    assert float(y.array) == pytest.approx(2 / 3)


def test_summary():
    t = np.array([0, 1, 1, -1])
    precision, recall, f1, support = F.classification_summary(SCORES, t)
    # Predicted are 0, 1, 2 and, at the ignored label, 0.
    np.testing.assert_allclose(precision.array, [1, 1])
    np.testing.assert_allclose(recall.array, [1, 0.5])
    np.testing.assert_allclose(f1.array, [1, 2 / 3])
    np.testing.assert_array_equal(support.array, [1, 2])
    np.testing.assert_allclose(F.precision(SCORES, t, label_num=3)[0].array, [1, 1, 0])
    np.testing.assert_allclose(F.recall(SCORES, t)[0].array, [1, 0.5])
    np.testing.assert_allclose(F.f1_score(SCORES, t)[0].array, [1, 2 / 3])
    with kudari.using_config("debug", True), pytest.raises(AssertionError):
        F.classification_summary(SCORES, t, label_num=1)


def test_r2_score():
    true, pred = np.array([[1.0, 2.0], [3.0, 2.0]]), np.array([[1.5, 2.0], [3.0, 1.0]])
    np.testing.assert_allclose(F.r2_score(pred, true, multioutput="raw_values").array, [1 - 0.25 / 2, 0])
    np.testing.assert_allclose(F.r2_score(pred, true).array, (1 - 0.25 / 2) / 2)
    with pytest.raises(ValueError):
        F.r2_score(pred, true, multioutput="mean")
    with pytest.raises(NotImplementedError):
        F.r2_score(pred, true, sample_weight=1)
