"""Given points of time."""

import warnings

from kudari.training.triggers._progress import ProgressTrigger


class ManualScheduleTrigger(ProgressTrigger):
    """Fires at `points`, a number or a list of numbers of epochs (fractions allowed) or iterations.

    `finished` is true after the last point.
    """

    def __init__(self, points, unit):
        super().__init__(unit)
        self.points = points if isinstance(points, list) else [points]
        self.finished = False
        self._finished_unknown = False

    def _fires(self, before, now):
        fires = any(before < point <= now for point in self.points)
        if (fires or self._finished_unknown) and now >= max(self.points):
            self.finished = True
        self._finished_unknown = False
        return fires

    def serialize(self, serializer):
        super().serialize(serializer)
        try:
            self.finished = serializer("finished", self.finished)
        except KeyError:
            warnings.warn(
                "The stored state does not say whether the schedule is finished: found out at the next call."
            )
            self.finished = False
            self._finished_unknown = True
