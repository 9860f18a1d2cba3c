"""The first call."""

import warnings


class OnceTrigger:
    """Fires at the first call of a training; with `call_on_resume`, also at the first after a resume."""

    def __init__(self, call_on_resume=False):
        self._flag_first = True
        self._flag_resumed = call_on_resume

    @property
    def finished(self):
        """Will it never fire again?"""
        return not (self._flag_first or self._flag_resumed)

    def __call__(self, trainer):
        fires = not self.finished
        self._flag_first = False
        self._flag_resumed = False
        return fires

    def serialize(self, serializer):
        try:
            self._flag_first = serializer("_flag_first", self._flag_first)
        except KeyError:
            warnings.warn("The stored state does not say whether OnceTrigger has fired: taken as yes.")
            self._flag_first = False
