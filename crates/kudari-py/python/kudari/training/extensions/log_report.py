"""The log of training."""

import os
import warnings

from kudari import reporter, serializer as serializer_module
from kudari.training import extension
from kudari.training.util import get_trigger, serialize_if_there


class LogReport(extension.Extension):
    """Keeps the means of what was observed, with `epoch`, `iteration` and `elapsed_time`, and writes them as
    JSON.

    The file is a list with one dictionary for each time the trigger fired.

    Args:
        keys: of the observation; None takes all.
        trigger: when a dictionary is added.
        postprocess: called with each dictionary before it is added; may change it.
        filename: in the trainer's directory, formatted with the dictionary; None writes no file. Older
            programs call it `log_name`.
    """

    def __init__(self, keys=None, trigger=(1, "epoch"), postprocess=None, filename=None, *, log_name="log"):
        self._keys = keys
        self._trigger = get_trigger(trigger)
        self._postprocess = postprocess
        self._file_name = log_name if filename is None else filename
        self._log = []
        self._summary = reporter.DictSummary()

    @property
    def log(self):
        """The list of dictionaries."""
        return self._log

    def __call__(self, trainer):
        observation = trainer.observation
        if self._keys is not None:
            observation = {key: observation[key] for key in self._keys if key in observation}
        self._summary.add(observation)
        if not (trainer.is_before_training or self._trigger(trainer)):
            return
        entry = {name: float(value) for name, value in self._summary.compute_mean().items()}
        entry["epoch"] = trainer.updater.epoch
        entry["iteration"] = trainer.updater.iteration
        entry["elapsed_time"] = trainer.elapsed_time
        if self._postprocess is not None:
            self._postprocess(entry)
        self._log.append(entry)
        self._summary = reporter.DictSummary()
        if self._file_name is not None:
            self._write(os.path.join(trainer.out, self._file_name.format(**entry)))

    def _write(self, path):
        import json

        unfinished = path + ".tmp"
        with open(unfinished, "w") as f:
            json.dump(self._log, f, indent=4)
        os.replace(unfinished, path)  # a reader never sees half a log

    def serialize(self, serializer):
        import json

        serialize_if_there(self._trigger, serializer["_trigger"])
        try:
            self._summary.serialize(serializer["_summary"])
        except KeyError:
            warnings.warn("The stored state has no statistics: they start again from nothing.")
        if isinstance(serializer, serializer_module.Serializer):
            serializer("_log", json.dumps(self._log))
        else:
            self._log = json.loads(serializer("_log", ""))
