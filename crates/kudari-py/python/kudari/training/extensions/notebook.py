"""Curves and tables that grow in a notebook while a model is trained; need IPython."""

import html

from kudari import reporter
from kudari.training import extension
from kudari.training.extensions import _svg
from kudari.training.extensions.print_report import log_of
from kudari.training.util import get_trigger


class _Area:
    """A place in the notebook whose contents can be replaced; outside of IPython nothing is shown."""

    def __init__(self):
        self._handle = None

    def show(self, text):
        from IPython import get_ipython
        from IPython.display import HTML, display

        if self._handle is not None:
            self._handle.update(HTML(text))
        elif get_ipython() is not None:
            self._handle = display(HTML(text), display_id=True)


class NotebookPlot(extension.Extension):
    """Draws means of observed values against epochs or iterations, again at each point, in one place of the
    notebook.

    Args:
        y_keys: key or list of keys of the observation, one line each.
        x_key: 'epoch' (with fractions) or 'iteration'.
        trigger: when a point is added.
    """

    def __init__(self, y_keys, x_key="epoch", trigger=(1, "epoch")):
        if x_key not in ("epoch", "iteration"):
            raise ValueError(f"x_key is {x_key!r}.\nUse 'epoch' or 'iteration'.")
        self._keys = [y_keys] if isinstance(y_keys, str) else list(y_keys)
        self._x_key = x_key
        self._trigger = get_trigger(trigger)
        self._summary = reporter.DictSummary()
        self._points = {key: [] for key in self._keys}
        self._area = _Area()

    def __call__(self, trainer):
        observation = trainer.observation
        self._summary.add({key: observation[key] for key in self._keys if key in observation})
        if not (trainer.is_before_training or self._trigger(trainer)):
            return
        updater = trainer.updater
        x = updater.epoch_detail if self._x_key == "epoch" else updater.iteration
        for key, value in self._summary.compute_mean().items():
            self._points[key].append((x, float(value)))
        self._summary = reporter.DictSummary()
        self._area.show(self._repr_html_())

    def _repr_html_(self):
        return _svg.line_chart(self._points, self._x_key)


class PrintReportNotebook(extension.Extension):
    """Shows the `entries` of a log as a table in the notebook, one row for each dictionary. Arguments: see
    `PrintReport`.
    """

    def __init__(self, entries, log_report="LogReport"):
        self._entries = entries
        self._log_report = log_report
        self._log = []
        self._area = _Area()

    def __call__(self, trainer):
        log = log_of(self._log_report, trainer)
        if len(log) != len(self._log):
            self._log = list(log)
            self._area.show(self._repr_html_())

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(entry)}</th>" for entry in self._entries)
        rows = []
        for entry in self._log:
            cells = (f"{entry[key]:.5g}" if key in entry else "" for key in self._entries)
            rows.append(
                "<tr>" + "".join(f'<td style="text-align:right">{cell}</td>' for cell in cells) + "</tr>"
            )
        return f"<table><tr>{head}</tr>{''.join(rows)}</table>"
