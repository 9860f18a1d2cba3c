"""Training on arrays in one call, with scikit-learn's conventions but without needing it."""

import numpy

from kudari import _core

__all__ = ["Model", "train"]


def train(x, y, **settings):
    """Trains a network on samples and targets; gives the fitted ``Model``. Settings are those of ``Model``."""
    return Model(**settings).fit(x, y)


class Model:
    """A network for arrays: ``fit(x, y)``, ``predict(x)``, ``predict_proba(x)``, ``score(x, y)``.

    ``net`` are the hidden layers in the notation, such as "linear(100) relu"; the last layer, the loss and all settings that are
    not given follow from the data. Targets that are classes (integers, texts, truth values) make a classifier, numbers with
    a fraction a regressor; ``task`` ("classes" or "numbers") says it where that is not so clear. Rows of numbers are
    standardised as the training part shows them.

    After ``fit`` there are ``network_``, ``history_`` (the measurements) and ``settings_`` (what was used).
    """

    def __init__(self, net=None, *, task=None, loss=None, optimizer=None, learning_rate=None, schedule=None, weight_decay=None,
                 batch_size=None, epochs=None, validation=None, early_stopping=None, standardize=True, seed=1, verbose=False):
        self.net = net
        self.task = task
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.validation = validation
        self.early_stopping = early_stopping
        self.standardize = standardize
        self.seed = seed
        self.verbose = verbose

    def fit(self, x, y):
        """Trains on samples ``x`` of shape (samples, …) and their targets; gives itself."""
        x, y = numpy.asarray(x), numpy.asarray(y)
        if x.ndim < 2:
            raise ValueError(f"samples of shape {x.shape}\n  expected: (samples, features); one feature is x.reshape(-1, 1)")
        if len(x) != len(y):
            raise ValueError(f"{len(x)} samples but {len(y)} targets\n  there must be one target for each sample")
        if len(x) == 0:
            raise ValueError("no samples\n  give at least one")
        x = self._learn_inputs(x)
        targets, outputs = self._learn_targets(y)
        self.settings_ = self._settings(x, self.classes_ is not None)
        hidden = self.settings_.pop("hidden")
        if x.ndim > 2 and not hidden.startswith(("conv", "rnn", "lstm", "gru", "embedding", "flatten")):
            x = x.reshape(len(x), -1)
        self._shape = x.shape[1:]
        self.network_ = _core.Network(f"{hidden} linear({outputs})", self._shape, self.seed)
        names = [] if self.classes_ is None else [str(name) for name in self.classes_]
        self.history_, self.ended_ = self.network_.fit(x, targets, names, measured=self._shown(), **self.settings_)
        self.settings_["hidden"] = hidden
        self.loss_name_ = self.settings_["loss"]
        return self

    def _learn_inputs(self, x):
        """The samples as numbers of float32, standardised if they are rows."""
        x = _numbers(x)
        self._mean = self._scale = None
        if self.standardize and x.ndim == 2:
            self._mean = x.mean(axis=0)
            deviation = x.std(axis=0)
            # A column that is always the same says nothing, whatever it is divided by.
            self._scale = numpy.where(deviation > 0, deviation, 1.0)
        return self._inputs(x)

    def _inputs(self, x):
        x = _numbers(x)
        if self._scale is not None:
            x = (x - self._mean) / self._scale
        return numpy.ascontiguousarray(x, dtype=numpy.float32)

    def _learn_targets(self, y):
        """The targets as the loss wants them, and how many outputs they need."""
        task = self.task or ("numbers" if y.dtype.kind == "f" and not _are_whole(y) or y.ndim > 1 else "classes")
        if task not in ("classes", "numbers"):
            raise ValueError(f"task = {task!r}\n  expected: 'classes' or 'numbers'")
        if task == "classes":
            self.classes_, labels = numpy.unique(y, return_inverse=True)
            self._target_mean, self._target_scale = 0.0, 1.0
            return labels.reshape(-1).astype(numpy.int64), max(len(self.classes_), 2)
        self.classes_ = None
        y = _numbers(y)
        self._is_column = y.ndim == 1
        y = y.reshape(len(y), -1)
        self._target_mean, deviation = y.mean(axis=0), y.std(axis=0)
        self._target_scale = numpy.where(deviation > 0, deviation, 1.0)
        standard = (y - self._target_mean) / self._target_scale
        return numpy.ascontiguousarray(standard, dtype=numpy.float32), y.shape[1]

    def _settings(self, x, are_classes):
        settings = _core.usual(len(x), x.shape[1:], are_classes)
        if self.optimizer is not None and self.optimizer.split("(")[0] != settings["optimizer"]:
            # What goes with the usual optimizer need not go with another.
            settings.update(schedule=None, weight_decay=0.0)
        given = {"hidden": self.net, "seed": self.seed, "validation": self.validation, "early_stopping": self.early_stopping}
        given.update({name: getattr(self, name) for name in settings if name != "hidden"})
        settings.update({name: value for name, value in given.items() if value is not None})
        if self.early_stopping is not None:
            settings.setdefault("validation", 0.1)
        if self.batch_size is None:
            learnt = len(x) - int(len(x) * settings.get("validation", 0.0))
            settings["batch_size"] = min(settings["batch_size"], learnt)
        return settings

    def _shown(self):
        """What is called with every measurement: live curves in a notebook, lines elsewhere; nothing if not verbose."""
        if not self.verbose:
            return None
        from kudari.live import live_curves

        return live_curves()

    def _outputs(self, x, probabilities):
        if not hasattr(self, "network_"):
            raise AttributeError(f"this {type(self).__name__} was not fitted\n  call fit(x, y) first")
        x = self._inputs(numpy.asarray(x))
        return self.network_.outputs(x.reshape(len(x), *self._shape), probabilities)

    def predict(self, x):
        """The class of each sample, or its number."""
        if getattr(self, "classes_", None) is not None:
            return self.classes_[self._outputs(x, False)[:, :len(self.classes_)].argmax(axis=1)]
        y = self._outputs(x, False).astype(numpy.float64) * self._target_scale + self._target_mean
        return y[:, 0] if self._is_column else y

    def predict_proba(self, x):
        """The probability of each class for each sample."""
        if getattr(self, "classes_", None) is None:
            raise AttributeError("numbers have no probabilities\n  use predict")
        return self._outputs(x, True)[:, :len(self.classes_)].astype(numpy.float64)

    def score(self, x, y):
        """The share of samples that are classified rightly, or R² of numbers."""
        y, predicted = numpy.asarray(y), self.predict(x)
        if self.classes_ is not None:
            return float((predicted == y).mean())
        y = y.astype(numpy.float64)
        return float((1 - ((y - predicted) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)).mean())

    def save(self, path):
        """Writes the network as a model file, which the command reads too; samples must be standardised before it."""
        self.network_.save(path)

    def __repr__(self):
        if hasattr(self, "network_"):
            return f"<Model {self.network_.notation}, trained on {self._shape} in {self.settings_['epochs']} epochs>"
        return f"<Model {self.net or 'of the usual layers'}, not fitted>"


def _numbers(x):
    """As float64, all finite."""
    if x.dtype.kind == "c":
        raise ValueError("Complex data not supported\n  give real numbers")
    x = x.astype(numpy.float64)
    if not numpy.isfinite(x).all():
        raise ValueError("NaN or infinity in the data\n  remove or replace these values first")
    return x


def _are_whole(y):
    return bool(numpy.isfinite(y).all() and (y == numpy.floor(y)).all() and len(numpy.unique(y)) <= 20)
