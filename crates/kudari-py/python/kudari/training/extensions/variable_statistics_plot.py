"""A plot of how the values of variables spread while they are trained."""

import os

import numpy as np

from kudari import link, variable
from kudari.training import extension
from kudari.training.extensions import _matplotlib
from kudari.training.util import get_trigger

_COLOR = "#1f77b4"
_PALE = "#1f77b433"


def _variables_of(targets):
    if isinstance(targets, variable.Variable):
        return [targets]
    if isinstance(targets, link.Link):
        return list(targets.params(include_uninit=True))
    return [found for target in targets for found in _variables_of(target)]


class Reservoir:
    """A uniform random sample of at most `size` arrays of a stream, each with its index."""

    def __init__(self, size, data_shape, dtype=np.float32):
        self.size = size
        self.data = np.zeros((size, *data_shape), dtype=dtype)
        self.idxs = np.zeros(size, dtype=np.int32)
        self.counter = 0

    def add(self, x, idx=None):
        """Take in the next array; `idx` is its place in the stream unless given."""
        place = self.counter
        if place >= self.size:
            place = np.random.randint(self.counter + 1)  # keeps the newest with probability size / seen
        if place < self.size:
            self.data[place] = x
            self.idxs[place] = self.counter if idx is None else idx
        self.counter += 1

    def get_data(self):
        """The pair (indices, arrays), sorted by index."""
        filled = min(self.counter, self.size)
        order = np.argsort(self.idxs[:filled])
        return self.idxs[order], self.data[order]


class Statistician:
    """Mean, standard deviation and percentiles of an array along `axis` (None: of all values), as a
    dictionary.
    """

    def __init__(self, collect_mean, collect_std, percentile_sigmas):
        self.collect_mean = collect_mean
        self.collect_std = collect_std
        self.percentile_sigmas = percentile_sigmas

    def __call__(self, x, axis=0, dtype=None, xp=None):
        statistics = {}
        if self.collect_mean:
            statistics["mean"] = x.mean(axis=axis)
        if self.collect_std:
            statistics["std"] = x.std(axis=axis)
        if self.percentile_sigmas:
            statistics["percentile"] = np.percentile(x, self.percentile_sigmas, axis=axis)
        return statistics


class VariableStatisticsPlot(extension.Extension):
    """Plots mean, standard deviation and percentiles of variables and of their gradients; needs Matplotlib.

    Args:
        targets: variable, link, or list of those; their values count as one population.
        max_sample_size: at most this many iterations, drawn at random, are plotted.
        report_data, report_grad: which of the two.
        plot_mean, plot_std, percentile_sigmas: what is plotted; percentiles in percent.
        trigger: when the file is written.
        filename: in the trainer's directory. Older programs call it `file_name`.
        figsize, marker, grid: see Matplotlib.
    """

    def __init__(
        self,
        targets,
        max_sample_size=1000,
        report_data=True,
        report_grad=True,
        plot_mean=True,
        plot_std=True,
        percentile_sigmas=(0, 0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87, 100),
        trigger=(1, "epoch"),
        filename=None,
        figsize=None,
        marker=None,
        grid=True,
        *,
        file_name="statistics.png",
    ):
        self._vars = _variables_of(targets)
        if not self._vars:
            raise ValueError(
                "Need at least one variables for which to collect statistics.\nGive a variable or a link."
            )
        sigmas = np.atleast_1d(percentile_sigmas if percentile_sigmas is not None else [])
        if not (plot_mean or plot_std or sigmas.size):
            raise ValueError("Nothing to plot.\nAsk for the mean, the standard deviation or percentiles.")
        self._keys = ["data"] * report_data + ["grad"] * report_grad
        self._statistician = Statistician(plot_mean, plot_std, sigmas.tolist())
        self._plot_mean = plot_mean
        self._plot_std = plot_std
        self._trigger = get_trigger(trigger)
        self._filename = file_name if filename is None else filename
        self._figsize = figsize
        self._marker = marker
        self._grid = grid
        self._moments = int(plot_mean) + int(plot_std)
        self._samples = Reservoir(max_sample_size, (len(self._keys), self._moments + sigmas.size))

    @staticmethod
    def available():
        """Is Matplotlib installed? If not, a warning says so."""
        return _matplotlib.available()

    def __call__(self, trainer):
        if not self.available():
            return
        statistics = np.zeros(self._samples.data.shape[1:], dtype=np.float32)
        for row, key in zip(statistics, self._keys):
            arrays = [getattr(var, key) for var in self._vars]
            arrays = [array.ravel() for array in arrays if array is not None]
            if arrays:
                found = self._statistician(np.concatenate(arrays))
                row[:] = np.concatenate([np.atleast_1d(value) for value in found.values()])
        self._samples.add(statistics, idx=trainer.updater.iteration)
        if self._trigger(trainer):
            self._plot(os.path.join(trainer.out, self._filename))

    def _plot(self, path):
        iterations, samples = self._samples.get_data()
        percentiles = samples.shape[-1] > self._moments
        rows = (self._moments > 0) + percentiles
        figure = _matplotlib.new_figure(self._figsize)
        axes = figure.subplots(rows, len(self._keys), sharex=True, squeeze=False)
        for column, key in enumerate(self._keys):
            values = samples[:, column]
            axes[0, column].set_title(key)
            if self._moments:
                self._plot_moments(axes[0, column], iterations, values)
            if percentiles:
                self._plot_percentiles(axes[-1, column], iterations, values[:, self._moments :])
            axes[-1, column].set_xlabel("iteration")
        for each in axes.ravel():
            each.legend()
            each.set_axisbelow(True)
            each.grid(self._grid)
        figure.savefig(path)

    def _plot_moments(self, axes, iterations, values):
        if self._plot_mean and self._plot_std:
            axes.errorbar(
                iterations,
                values[:, 0],
                values[:, 1],
                color=_COLOR,
                ecolor=_PALE,
                label="mean, std",
                marker=self._marker,
            )
        else:
            axes.plot(
                iterations,
                values[:, 0],
                color=_COLOR,
                label="mean" if self._plot_mean else "std",
                marker=self._marker,
            )

    def _plot_percentiles(self, axes, iterations, values):
        """A band between the first and the last, the second and the last but one, and so on."""
        count = values.shape[1]
        for i in range(count // 2):
            label = "percentile" if i == 0 and count % 2 == 0 else "_nolegend_"
            axes.fill_between(
                iterations, values[:, i], values[:, -i - 1], color=_PALE, linewidth=0, label=label
            )
        if count % 2:
            axes.plot(
                iterations, values[:, count // 2], color=_COLOR, label="percentile", marker=self._marker
            )
