"""How long functions take."""

import sys
import time

from kudari.function_hook import FunctionHook

_UNITS = {"sec": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class TimerHook(FunctionHook):
    """Measures the time of functions, forward and backward: `with TimerHook() as hook: ...;
    hook.print_report()`.

    `call_history` is a list of `(function name, seconds)`, one entry for each call.
    """

    name = "TimerHook"
    table = _UNITS

    def __init__(self):
        self.call_history = []
        self._starts = []
        self._total_time = 0.0

    def forward_preprocess(self, function, in_data):
        """Starts the clock."""
        self._starts.append(time.perf_counter())

    def backward_preprocess(self, function, in_data, out_grad):
        """Starts the clock."""
        self._starts.append(time.perf_counter())

    def forward_postprocess(self, function, in_data):
        """Records the call."""
        self._record(function)

    def backward_postprocess(self, function, in_data, out_grad):
        """Records the call."""
        self._record(function)

    def _record(self, function):
        seconds = time.perf_counter() - self._starts.pop()
        self.call_history.append((getattr(function, "_impl_name", type(function).__name__), seconds))
        if not self._starts:
            # A function called by another is in the other's time.
            self._total_time += seconds

    def total_time(self):
        """Seconds in all functions together."""
        return self._total_time

    def summary(self):
        """A dictionary: for each function name the seconds ('elapsed_time') and the calls ('occurrence')."""
        summary = {}
        for name, seconds in self.call_history:
            record = summary.setdefault(name, {"elapsed_time": 0, "occurrence": 0})
            record["elapsed_time"] += seconds
            record["occurrence"] += 1
        return summary

    def print_report(self, unit="auto", file=sys.stdout):
        """Writes the summary as a table.

        `unit` is 'sec', 'ms', 'us', 'ns', 'auto' (the one that suits the longest time) or 'auto_foreach'
        (each line's).
        """
        summary = self.summary()
        if unit == "auto":
            unit = _suitable_unit(max((record["elapsed_time"] for record in summary.values()), default=0))
        rows = [("FunctionName", "ElapsedTime", "Occurrence")]
        for name, record in summary.items():
            seconds = record["elapsed_time"]
            own_unit = _suitable_unit(seconds) if unit == "auto_foreach" else unit
            rows.append((name, f"{seconds * _UNITS[own_unit]:3.2f}{own_unit}", str(record["occurrence"])))
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            file.write("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) + "\n")
        if hasattr(file, "flush"):
            file.flush()


def _suitable_unit(seconds):
    return next((unit for unit, per_second in _UNITS.items() if seconds * per_second >= 1), "ns")
