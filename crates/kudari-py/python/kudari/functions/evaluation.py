"""Measures of how good predictions are. No gradients go through them."""

import numpy

from kudari.configuration import config
from kudari.functions._checks import as_array, constant, need, need_floats, need_integers


def _check_predictions(where, y, t):
    need_floats(where, y)
    need_integers(where, t)
    fits = y.ndim >= t.ndim and y.shape[:1] == t.shape[:1] and y.shape[2 : t.ndim + 1] == t.shape[1:]
    fits = fits and all(size == 1 for size in y.shape[t.ndim + 1 :])
    need(where, fits, f"y of shape {y.shape}, t of {t.shape}", "a score for every class along axis 1 of y")
    return as_array(y), as_array(t)


def accuracy(y, t, ignore_label=None):
    """The share of labels t at which the score y is the largest.

    Labels that are ``ignore_label`` do not count.
    """
    y, t = _check_predictions("accuracy", y, t)
    is_right = y.argmax(1).reshape(t.shape) == t
    if ignore_label is None:
        return constant(numpy.asarray(is_right.mean(), y.dtype))
    counts = t != ignore_label
    return constant(numpy.asarray((is_right & counts).sum() / max(counts.sum(), 1), y.dtype))


def binary_accuracy(y, t):
    """The share of labels 0 and 1 that the sign of y tells; labels −1 do not count."""
    need_floats("binary_accuracy", y)
    need_integers("binary_accuracy", t)
    need("binary_accuracy", y.shape == t.shape, f"shapes {y.shape} and {t.shape}", "the same shape")
    y, t = as_array(y), as_array(t)
    return constant(numpy.asarray(((y >= 0) == t).sum() / max((t != -1).sum(), 1), y.dtype))


def _summary(where, y, t, label_num, beta, ignore_label):
    y, t = _check_predictions(where, y, t)
    classes = int(t.max()) + 1 if label_num is None else label_num
    if label_num is not None and config.debug and not (t < label_num).all():
        raise AssertionError(f"{where}: a label is not less than label_num={label_num}")
    counts = (t != ignore_label).ravel()
    predicted, true = y.argmax(1).ravel()[counts], t.ravel()[counts]

    def numbers_of(labels):
        return numpy.bincount(labels, minlength=classes)[:classes]

    support, hits = numbers_of(true), numbers_of(true[predicted == true])
    with numpy.errstate(divide="ignore", invalid="ignore"):
        precision, recall = hits / numbers_of(predicted), hits / support
        both = (1 + beta * beta) * precision * recall / (beta * beta * precision + recall)
    return constant(precision), constant(recall), constant(both), constant(support)


def classification_summary(y, t, label_num=None, beta=1.0, ignore_label=-1):
    """Precision, recall, their F_β mean and the number of samples of each class."""
    return _summary("classification_summary", y, t, label_num, beta, ignore_label)


def precision(y, t, label_num=None, ignore_label=-1):
    """The share of right ones among the predictions of each class, and the number of its samples."""
    summary = _summary("precision", y, t, label_num, 1.0, ignore_label)
    return summary[0], summary[3]


def recall(y, t, label_num=None, ignore_label=-1):
    """The share of the samples of each class that were found, and their number."""
    summary = _summary("recall", y, t, label_num, 1.0, ignore_label)
    return summary[1], summary[3]


def fbeta_score(y, t, label_num=None, beta=1.0, ignore_label=-1):
    """The F_β mean of precision and recall of each class, and the number of its samples."""
    summary = _summary("fbeta_score", y, t, label_num, beta, ignore_label)
    return summary[2], summary[3]


def f1_score(y, t, label_num=None, ignore_label=-1):
    """The harmonic mean of precision and recall of each class, and the number of its samples."""
    return fbeta_score(y, t, label_num, 1.0, ignore_label)


def r2_score(pred, true, sample_weight=None, multioutput="uniform_average"):
    """1 − (squared errors) / (squares around the mean) of each output, 0 where these are 0.

    Their mean, or with 'raw_values' all.
    """
    if sample_weight is not None:
        raise NotImplementedError("r2_score: sample_weight is not supported\n  leave it out")
    if multioutput not in ("uniform_average", "raw_values"):
        raise ValueError(
            f"r2_score: multioutput={multioutput!r}\n  expected: 'uniform_average' or 'raw_values'"
        )
    need_floats("r2_score", pred)
    need_floats("r2_score", true)
    need("r2_score", pred.shape == true.shape, f"shapes {pred.shape} and {true.shape}", "the same shape")
    pred, true = as_array(pred), as_array(true)
    errors = ((pred - true) ** 2).sum(0)
    squares = ((true - true.mean(0)) ** 2).sum(0)
    scores = numpy.where(squares == 0, 0.0, 1 - errors / numpy.where(squares == 0, 1, squares)).astype(
        pred.dtype
    )
    return constant(scores if multioutput == "raw_values" else numpy.asarray(scores.mean(), pred.dtype))
