"""How long links take."""

import sys
import time

from kudari.link_hook import LinkHook


class TimerHook(LinkHook):
    """Measures forward calls: `with TimerHook() as hook: ...`, then `hook.print_report()`.

    `call_history` is a list of (class name, seconds), children before their parent.
    """

    name = "TimerHook"
    table = {"sec": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

    def __init__(self):
        self.call_history = []
        self._starts = []
        self._total_time = 0

    def forward_preprocess(self, args):
        self._starts.append(time.perf_counter())

    def forward_postprocess(self, args):
        elapsed = time.perf_counter() - self._starts.pop()
        self.call_history.append((type(args.link).__name__, elapsed))
        if not self._starts:
            self._total_time += elapsed

    def total_time(self):
        """Seconds in all, calls inside of calls counted once."""
        return self._total_time

    def summary(self):
        """{class name: {'elapsed_time': seconds, 'occurrence': calls}}."""
        summary = {}
        for name, elapsed in self.call_history:
            record = summary.setdefault(name, {"elapsed_time": 0, "occurrence": 0})
            record["elapsed_time"] += elapsed
            record["occurrence"] += 1
        return summary

    def _choose_unit(self, seconds):
        """(units per second, unit), the largest unit of which there is at least one."""
        for unit in ("sec", "ms", "us"):
            if seconds * self.table[unit] >= 1:
                return self.table[unit], unit
        return self.table["ns"], "ns"

    def print_report(self, unit="auto", file=sys.stdout):
        """Write the summary as a table. `unit` is 'sec', 'ms', 'us', 'ns', 'auto', or 'auto_foreach' line."""
        summary = self.summary()
        if unit == "auto":
            slowest = max((record["elapsed_time"] for record in summary.values()), default=0)
            unit = self._choose_unit(slowest)[1]
        rows = [("LinkName", "ElapsedTime", "Occurrence")]
        for name, record in summary.items():
            seconds = record["elapsed_time"]
            factor, of_row = (
                self._choose_unit(seconds) if unit == "auto_foreach" else (self.table[unit], unit)
            )
            rows.append((name, f"{seconds * factor:3.2f}{of_row}", str(record["occurrence"])))
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            file.write("  ".join(text.rjust(width) for text, width in zip(row, widths)) + "\n")
        file.flush()
