"""The log as a table on the terminal."""

import sys

from kudari.training import extension
from kudari.training.extensions import log_report as log_report_module, util


class PrintReport(extension.Extension):
    """Prints the `entries` of each new dictionary of a log as one line.

    Args:
        entries: list of keys, one column each.
        log_report: name of the `LogReport` of the trainer, or a `LogReport` that only this extension calls.
        out: stream; None is standard output.
    """

    def __init__(self, entries, log_report="LogReport", out=None):
        self._entries = entries
        self._log_report = log_report
        self._out = sys.stdout if out is None else out
        self._printed = 0
        self._header_due = True
        self._widths = [max(10, len(entry)) for entry in entries]

    def __call__(self, trainer):
        if self._header_due:
            titles = (f"{entry:{width}}" for entry, width in zip(self._entries, self._widths))
            self._out.write("  ".join(titles) + "\n")
            self._header_due = False
        log = log_of(self._log_report, trainer)
        for entry in log[self._printed :]:
            if util.is_terminal(self._out):
                self._out.write(util.ERASE_BELOW)  # a progress bar may be there
            self._out.write(self._line(entry))
        self._printed = len(log)
        if hasattr(self._out, "flush"):
            self._out.flush()

    def _line(self, entry):
        cells = []
        for key, width in zip(self._entries, self._widths):
            cells.append(f"{entry[key]:<{width}g}  " if key in entry else " " * (width + 2))
        return "".join(cells) + "\n"

    def serialize(self, serializer):
        if isinstance(self._log_report, log_report_module.LogReport):
            self._log_report.serialize(serializer["_log_report"])


def log_of(log_report, trainer):
    """The list of dictionaries of a log that is given by name or as a `LogReport`, which is then called."""
    if isinstance(log_report, str):
        return trainer.get_extension(log_report).log
    if isinstance(log_report, log_report_module.LogReport):
        log_report(trainer)
        return log_report.log
    raise TypeError(
        f"log_report is a {type(log_report).__name__}.\nGive the name of a LogReport, or a LogReport."
    )
