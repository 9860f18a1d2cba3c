"""Plots of what was observed."""

import os
import warnings

from kudari import reporter, serializer as serializer_module
from kudari.training import extension
from kudari.training.extensions import _matplotlib
from kudari.training.util import get_trigger, serialize_if_there


class PlotReport(extension.Extension):
    """Plots means of observed values against epochs or iterations and saves the figure; needs Matplotlib.

    Args:
        y_keys: key or list of keys of the observation, one line each.
        x_key: 'iteration' or 'epoch', or another observed key.
        trigger: when a point is added and the file written.
        postprocess: called with figure, axes and the summary before the figure is saved.
        filename: in the trainer's directory; its ending gives the format. Older programs call it `file_name`.
        marker: Matplotlib's name of the mark at each point; None for none.
        grid: draw a grid.
    """

    def __init__(
        self,
        y_keys,
        x_key="iteration",
        trigger=(1, "epoch"),
        postprocess=None,
        filename=None,
        marker="x",
        grid=True,
        *,
        file_name="plot.png",
    ):
        self.available()
        self._x_key = x_key
        self._y_keys = (y_keys,) if isinstance(y_keys, str) else y_keys
        self._trigger = get_trigger(trigger)
        self._file_name = file_name if filename is None else filename
        self._marker = marker
        self._grid = grid
        self._postprocess = postprocess
        self._summary = reporter.DictSummary()
        self._data = {key: [] for key in self._y_keys}

    @staticmethod
    def available():
        """Is Matplotlib installed? If not, a warning says so."""
        return _matplotlib.available()

    def __call__(self, trainer):
        if not self.available():
            return
        observation = trainer.observation
        keys = set(self._y_keys) | {self._x_key}
        self._summary.add({key: observation[key] for key in keys if key in observation})
        if not (trainer.is_before_training or self._trigger(trainer)):
            return
        values = {name: float(value) for name, value in self._summary.compute_mean().items()}
        values.update(epoch=trainer.updater.epoch, iteration=trainer.updater.iteration)
        for key in self._y_keys:
            if key in values:
                self._data[key].append([values[self._x_key], values[key]])
        self._plot(os.path.join(trainer.out, self._file_name))
        self._summary = reporter.DictSummary()

    def _plot(self, path):
        figure = _matplotlib.new_figure()
        axes = figure.add_subplot(111)
        axes.set_xlabel(self._x_key)
        axes.grid(self._grid)
        for key in self._y_keys:
            if self._data[key]:
                axes.plot(*zip(*self._data[key]), marker=self._marker, label=key)
        if not axes.has_data():
            return
        if self._postprocess is not None:
            self._postprocess(figure, axes, self._summary)
        legend = axes.legend(bbox_to_anchor=(1.05, 1), loc=2, borderaxespad=0.0)
        figure.savefig(path, bbox_extra_artists=(legend,), bbox_inches="tight")

    def serialize(self, serializer):
        import json

        key = f"_plot_{self._file_name}"
        if isinstance(serializer, serializer_module.Serializer):
            serializer(key, json.dumps(self._data))
        else:
            self._data = json.loads(serializer(key, ""))
        try:
            serialize_if_there(self._trigger, serializer["_trigger"])
            self._summary.serialize(serializer["_summary"])
        except KeyError:
            warnings.warn(
                "The stored state has no unfinished point: the first one of the plot starts from nothing."
            )
