"""A straight line from one value to another."""

from kudari.training.extensions._shift import Shift


class LinearShift(Shift):
    """Moves a value of an optimizer from v1 to v2 between calls t1 and t2, and keeps it before and after.

    Args:
        attr: name of the value, such as 'lr'.
        value_range: the pair (v1, v2).
        time_range: the pair (t1, t2), counted in calls.
        optimizer: None is the optimizer 'main'.
    """

    def __init__(self, attr, value_range, time_range, optimizer=None):
        self._value_range = value_range
        self._time_range = time_range
        super().__init__(attr, self._value_at(0), None, optimizer)

    def _value_at(self, t):
        (v1, v2), (t1, t2) = self._value_range, self._time_range
        if t <= t1:
            return v1
        if t >= t2:
            return v2
        return v1 + (t - t1) / (t2 - t1) * (v2 - v1)
