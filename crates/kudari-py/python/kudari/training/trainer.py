"""The training loop."""

import os
import sys
import time

from kudari import reporter as reporter_module, serializer as serializer_module
from kudari.training import extension as extension_module
from kudari.training.util import get_trigger, serialize_if_there


class _Entry:
    def __init__(self, extension, priority, trigger, call_before_training):
        self.extension = extension
        self.priority = priority
        self.trigger = trigger
        self.call_before_training = call_before_training


class Trainer:
    """Runs an updater until `stop_trigger` fires; extensions evaluate, log, plot and save on the way.

    Links of the optimizers report values while they compute; those of one iteration are in `observation`, a
    dictionary.

    Args:
        updater: does the iterations.
        stop_trigger: such as `(20, 'epoch')`; None never stops.
        out: directory of everything that is written.
        extensions: list, each passed to `extend`.
    """

    def __init__(self, updater, stop_trigger=None, out="result", extensions=None):
        self.updater = updater
        self.stop_trigger = get_trigger(stop_trigger)
        self.observation = {}
        self.out = out
        self.reporter = reporter_module.Reporter()
        for name, optimizer in updater.get_all_optimizers().items():
            self.reporter.add_observer(name, optimizer.target)
            self.reporter.add_observers(name, optimizer.target.namedlinks(skipself=True))
        self._done = False
        self._extensions = {}
        self._start_at = None
        self._snapshot_elapsed_time = 0.0
        self._final_elapsed_time = None
        updater.connect_trainer(self)
        for extension in extensions or ():
            self.extend(extension)

    @property
    def is_before_training(self):
        """Was no iteration done yet?"""
        return self.updater.iteration == 0

    @property
    def elapsed_time(self):
        """Seconds of training, with those before the snapshot it goes on from; RuntimeError before `run`."""
        if self._done:
            return self._final_elapsed_time
        if self._start_at is None:
            raise RuntimeError("training has not been started yet.\nCall run() first.")
        return time.perf_counter() - self._start_at + self._snapshot_elapsed_time

    def extend(
        self,
        extension,
        name=None,
        trigger=None,
        priority=None,
        *,
        call_before_training=False,
        invoke_before_training=None,
    ):
        """Add an extension: an `Extension` or a function of the trainer.

        Args:
            name: to find it by; a name that is taken gets `_1`, `_2`, ... after it.
            trigger, priority: instead of those that the extension has itself.
            call_before_training: call it also once before the first iteration.
        """
        if invoke_before_training is not None:
            raise ValueError(extension_module._REMOVED)
        if name is None:
            name = _name_of(extension)
        if name == "training":
            raise ValueError("An extension cannot be called 'training'.\nGive another name.")
        if trigger is None:
            trigger = getattr(extension, "trigger", (1, "iteration"))
        if priority is None:
            priority = getattr(extension, "priority", extension_module.PRIORITY_READER)
        free_name, number = name, 0
        while free_name in self._extensions:
            number += 1
            free_name = f"{name}_{number}"
        extension.name = free_name
        self._extensions[free_name] = _Entry(extension, priority, get_trigger(trigger), call_before_training)

    def get_extension(self, name):
        """The extension of that name; ValueError if there is none."""
        if name not in self._extensions:
            there = ", ".join(self._extensions) or "none"
            raise ValueError(f"extension {name} not found.\nThere are: {there}.")
        return self._extensions[name].extension

    def run(self, show_loop_exception_msg=True):
        """Train. An error is told to the extensions (`on_error`) and raised again after everything was
        finalized.
        """
        if self._done:
            raise RuntimeError(
                "cannot run training loop multiple times.\nMake a new trainer, or resume from a snapshot."
            )
        os.makedirs(self.out, exist_ok=True)
        entries = sorted(self._extensions.values(), key=lambda entry: -entry.priority)
        self._start_at = time.perf_counter()
        for entry in entries:
            if not getattr(entry.trigger, "finished", False):
                _call_if_there(entry.extension, "initialize", self)
        try:
            self._loop(entries)
        except Exception as error:
            if show_loop_exception_msg:
                _print_error("Exception in main training loop", error)
                sys.stderr.write("Extensions and updater are finalized before it is raised again.\n")
            for entry in entries:
                try:
                    _call_if_there(entry.extension, "on_error", self, error, error.__traceback__)
                except Exception as second:
                    _print_error("Exception in error handler", second)
            raise
        finally:
            for entry in entries:
                _call_if_there(entry.extension, "finalize")
            self.updater.finalize()
        self._final_elapsed_time = self.elapsed_time
        self._done = True

    def _loop(self, entries):
        if self.is_before_training:
            self.observation = {}
            with self.reporter.scope(self.observation):
                for entry in entries:
                    if entry.call_before_training:
                        entry.extension(self)
        update = self.updater.update
        while not self.stop_trigger(self):
            self.observation = {}
            with self.reporter.scope(self.observation):
                update()
                for entry in entries:
                    if entry.trigger(self):
                        entry.extension(self)

    def serialize(self, serializer):
        self.updater.serialize(serializer["updater"])
        serialize_if_there(self.stop_trigger, serializer["stop_trigger"])
        for name, entry in self._extensions.items():
            serialize_if_there(entry.extension, serializer["extensions"][name])
            serialize_if_there(entry.trigger, serializer["extension_triggers"][name])
        if isinstance(serializer, serializer_module.Serializer):
            serializer("_snapshot_elapsed_time", self.elapsed_time)
        else:
            self._snapshot_elapsed_time = serializer("_snapshot_elapsed_time", 0.0)


def _name_of(extension):
    for attribute in ("name", "default_name", "__name__"):
        name = getattr(extension, attribute, None)
        if name is not None:
            return name
    raise TypeError(f"A {type(extension).__name__} has no name for an extension.\nGive name= to extend().")


def _call_if_there(obj, method, *args):
    """Call a method that an extension may leave out."""
    function = getattr(obj, method, None)
    if function:
        function(*args)


def _print_error(what, error):
    import traceback

    sys.stderr.write(f"{what}: {error}\n")
    traceback.print_tb(error.__traceback__)
