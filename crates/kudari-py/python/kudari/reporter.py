"""Values that links report while they compute, and running means of them.

A link calls `report({'loss': loss}, self)`. The reporter that is current in this thread stores the value
under `<name of the link>/loss` in its dictionary `observation`.
"""

import contextlib
import threading
import warnings

import numpy as np

from kudari import configuration, serializer as serializer_module, variable

_local = threading.local()


def _reporters():
    try:
        return _local.reporters
    except AttributeError:
        _local.reporters = []
        return _local.reporters


class Reporter:
    """Collects reported values in `observation`, a dictionary; `with reporter:` makes it the current one."""

    def __init__(self):
        self._observer_names = {}
        self.observation = {}

    def __enter__(self):
        _reporters().append(self)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        _reporters().pop()

    @contextlib.contextmanager
    def scope(self, observation):
        """Be current, and collect into `observation`, inside the `with` block."""
        previous = self.observation
        self.observation = observation
        try:
            with self:
                yield
        finally:
            self.observation = previous

    def add_observer(self, name, observer):
        """Values that `observer` (any object, told apart by identity) reports are stored under `name/`."""
        self._observer_names[id(observer)] = name

    def add_observers(self, prefix, observers):
        """Register pairs `(name, observer)` under `prefix + name`."""
        for name, observer in observers:
            self.add_observer(prefix + name, observer)

    def report(self, values, observer=None):
        """Store the dictionary `values`.

        Variables lose their history unless `config.keep_graph_on_report` is set. KeyError if the observer was
        not added.
        """
        if not configuration.config.keep_graph_on_report:
            values = {key: _without_history(value) for key, value in values.items()}
        if observer is None:
            self.observation.update(values)
            return
        name = self._observer_names.get(id(observer))
        if name is None:
            raise KeyError(
                f"A {type(observer).__name__} reports values but is not registered. "
                "Call add_observer(name, observer) first."
            )
        for key, value in values.items():
            self.observation[f"{name}/{key}"] = value


def _without_history(value):
    if isinstance(value, variable.Variable):
        return variable.Variable(value.array, name=value.name)
    return value


def get_current_reporter():
    """The reporter of the innermost `with` block of this thread; IndexError outside of any."""
    return _reporters()[-1]


def report(values, observer=None):
    """Report the dictionary `values` to the current reporter; without one nothing happens."""
    reporters = _reporters()
    if reporters:
        reporters[-1].report(values, observer)


@contextlib.contextmanager
def report_scope(observation):
    """Let the current reporter collect into the dictionary `observation` inside the `with` block."""
    current = get_current_reporter()
    previous = current.observation
    current.observation = observation
    try:
        yield
    finally:
        current.observation = previous


class Summary:
    """Weighted mean and standard deviation of a stream of scalars: x = Σ w·v, x2 = Σ w·v², n = Σ w."""

    def __init__(self):
        self._x = 0.0
        self._x2 = 0.0
        self._n = 0

    def add(self, value, weight=1):
        """Take in one value."""
        if isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0:
            value = float(value)  # thousands of float32 losses must not be summed in float32
        self._x += weight * value
        self._x2 += weight * value * value
        self._n += weight

    def compute_mean(self):
        """x / n."""
        return self._x / self._n

    def make_statistics(self):
        """The pair (mean, standard deviation √(x2/n − mean²))."""
        mean = self.compute_mean()
        variance = self._x2 / self._n - mean * mean
        return mean, np.sqrt(np.maximum(variance, 0))  # rounding can leave it a little below zero

    def serialize(self, serializer):
        try:
            self._x = serializer("_x", self._x)
            self._x2 = serializer("_x2", self._x2)
            self._n = serializer("_n", self._n)
        except KeyError:
            warnings.warn("The stored state has no statistics: they start again from nothing.")


class DictSummary:
    """A `Summary` for every key of a stream of dictionaries; keys may be missing now and then."""

    def __init__(self):
        self._summaries = {}

    def _summary(self, name):
        return self._summaries.setdefault(name, Summary())

    def add(self, d):
        """Take in the scalars of `d`; anything else is skipped. A pair `(value, weight)` is weighted."""
        for name, value in d.items():
            weight = 1
            if isinstance(value, tuple):
                value, weight = value[0], _array_of(value[1])
                if not _is_scalar(weight):
                    raise ValueError(
                        f"The weight of '{name}' has shape {np.shape(weight)}.\nGive a scalar weight."
                    )
            value = _array_of(value)
            if _is_scalar(value):
                self._summary(name).add(value, weight)

    def compute_mean(self):
        """A dictionary of means."""
        return {name: summary.compute_mean() for name, summary in self._summaries.items()}

    def make_statistics(self):
        """A dictionary with the mean of each key and, under `key.std`, its standard deviation."""
        statistics = {}
        for name, summary in self._summaries.items():
            statistics[name], statistics[name + ".std"] = summary.make_statistics()
        return statistics

    def serialize(self, serializer):
        import json

        if isinstance(serializer, serializer_module.Serializer):
            names = list(self._summaries)
            serializer("_names", json.dumps(names))
        else:
            self._summaries.clear()
            try:
                names = json.loads(serializer("_names", ""))
            except KeyError:
                warnings.warn("The stored state has no names of statistics: they start again from nothing.")
                return
        for index, name in enumerate(names):
            self._summary(name).serialize(serializer["_summaries"][str(index)])


def _array_of(value):
    return value.array if isinstance(value, variable.Variable) else value


def _is_scalar(value):
    return np.isscalar(value) or getattr(value, "ndim", -1) == 0
