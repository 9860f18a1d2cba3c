"""Bars on a terminal that are drawn again and again at the same place."""

import collections
import os
import sys
import time

ERASE_BELOW = "\x1b[J"
_virtual_terminal = os.name != "nt"


def is_terminal(out):
    """Does `out` understand cursor movements?"""
    global _virtual_terminal
    if not (hasattr(out, "isatty") and out.isatty()):
        return False
    if not _virtual_terminal:
        os.system("")  # makes the console of Windows understand escape sequences
        _virtual_terminal = True
    return True


def speed_line(speed, seconds_left):
    """The last line of a bar."""
    import datetime

    left = datetime.timedelta(seconds=round(seconds_left)) if seconds_left < 1e9 else "unknown"
    return f"{speed:10.5g} iters/sec. Estimated time to finish: {left}.\n"


class ProgressBar:
    """Define `get_lines()`; `update()` draws them and `close()` removes them.

    Without `out` the bar goes to standard output, and only where that is a terminal: it would spoil files.
    """

    def __init__(self, bar_length=None, out=None):
        self._bar_length = 50 if bar_length is None else bar_length
        self._out = sys.stdout if out is None else out
        self._drawn = out is not None or is_terminal(self._out)
        self._recent = collections.deque(maxlen=100)

    def bar(self, label, rate):
        """One line: a bar of which the fraction `rate` is filled."""
        marks = "#" * int(rate * self._bar_length)
        return f"{label:>10} [{marks:.<{self._bar_length}}] {rate:6.2%}\n"

    def update_speed(self, iteration, epoch_detail):
        """The pair (iterations, epochs) a second, over the last hundred updates."""
        now = time.perf_counter()
        self._recent.append((iteration, epoch_detail, now))
        first_iteration, first_epoch, first = self._recent[0]
        span = now - first
        if span == 0:
            return float("inf"), float("inf")
        return (iteration - first_iteration) / span, (epoch_detail - first_epoch) / span

    def get_lines(self):
        """The lines to draw, each with its line end."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lines")

    def update(self):
        """Draw over what was drawn before."""
        if self._drawn:
            lines = self.get_lines()
            self._write(ERASE_BELOW + "".join(lines) + f"\x1b[{len(lines)}A")

    def close(self):
        """Remove the bar."""
        if self._drawn:
            self._write(ERASE_BELOW)

    def _write(self, text):
        self._out.write(text)
        if hasattr(self._out, "flush"):
            self._out.flush()
