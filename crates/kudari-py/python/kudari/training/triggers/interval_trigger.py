"""Regular intervals."""

from kudari.training.triggers._progress import ProgressTrigger


class IntervalTrigger(ProgressTrigger):
    """Fires every `period` epochs (fractions allowed) or iterations; `unit` is 'epoch' or 'iteration'."""

    def __init__(self, period, unit):
        super().__init__(unit)
        self.period = period

    def _fires(self, before, now):
        return before // self.period != now // self.period

    def get_training_length(self):
        """The pair (period, unit), for progress bars of a stop trigger."""
        return self.period, self.unit

    def __str__(self):
        return f"{type(self).__name__}({self.period}, '{self.unit}')"
