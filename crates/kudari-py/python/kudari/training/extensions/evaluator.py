"""Evaluation on held out data."""

import copy
import warnings

from kudari import backend, configuration, link, reporter as reporter_module
from kudari.dataset import convert, iterator as iterator_module
from kudari.training import extension
from kudari.training.extensions import util


class Evaluator(extension.Extension):
    """Calls the model on every batch of an iterator, in test mode and without a graph, and reports mean
    values.

    Values are reported as `validation/main/loss` and so on: the name of the extension in front of what the
    model reports.

    Args:
        iterator: sweeps the data once (`repeat=False`); or a dictionary of iterators with one named 'main'.
        target: the model, or a dictionary of links with one named 'main'.
        converter, device: see `StandardUpdater`.
        eval_hook: called with this evaluator before each evaluation.
        eval_func: called with each batch; None takes the target itself.
        progress_bar: draw a bar while evaluating.
    """

    trigger = (1, "epoch")
    default_name = "validation"
    priority = extension.PRIORITY_WRITER

    def __init__(
        self,
        iterator,
        target,
        converter=convert.concat_examples,
        device=None,
        eval_hook=None,
        eval_func=None,
        *,
        progress_bar=False,
    ):
        self._iterators = {"main": iterator} if isinstance(iterator, iterator_module.Iterator) else iterator
        self._targets = {"main": target} if isinstance(target, link.Link) else target
        self.converter = converter
        self.device = None if device is None else backend.get_device(device)
        self.eval_hook = eval_hook
        self.eval_func = eval_func
        self._progress_bar = progress_bar
        for name, each in self._iterators.items():
            if getattr(each, "repeat", False):
                warnings.warn(
                    f"The iterator '{name}' of an Evaluator repeats: evaluation would not end. "
                    "Make it with repeat=False."
                )

    def get_iterator(self, name):
        """The iterator of that name."""
        return self._iterators[name]

    def get_all_iterators(self):
        """A dictionary from names to iterators."""
        return dict(self._iterators)

    def get_target(self, name):
        """The link of that name."""
        return self._targets[name]

    def get_all_targets(self):
        """A dictionary from names to links."""
        return dict(self._targets)

    def __call__(self, trainer=None):
        """Evaluate, report the means to the current reporter and return them; can be called without a
        trainer.
        """
        reporter = reporter_module.Reporter()
        prefix = "" if self.name is None else self.name + "/"
        for name, target in self._targets.items():
            reporter.add_observer(prefix + name, target)
            reporter.add_observers(prefix + name, target.namedlinks(skipself=True))
        with reporter, configuration.using_config("train", False):
            result = self.evaluate()
        reporter_module.report(result)
        return result

    def evaluate(self):
        """The means, over all batches, of what is reported; override it for other ways of evaluating."""
        if self.eval_hook:
            self.eval_hook(self)
        iterator = self._fresh_iterator()
        summary = reporter_module.DictSummary()
        bar = _EvaluationBar(iterator) if self._progress_bar else None
        for batch in iterator:
            observation = {}
            with reporter_module.report_scope(observation):
                arrays = convert._call_converter(self.converter, batch, self.device)
                with configuration.no_backprop_mode():
                    self._evaluate_batch(arrays)
            summary.add(observation)
            if bar:
                bar.update()
        if bar:
            bar.close()
        return summary.compute_mean()

    def _fresh_iterator(self):
        iterator = self._iterators["main"]
        if hasattr(iterator, "reset"):
            iterator.reset()
            return iterator
        warnings.warn(
            "An iterator without reset() is copied for each evaluation. Give it reset().", DeprecationWarning
        )
        return copy.copy(iterator)

    def _evaluate_batch(self, arrays):
        function = self.eval_func or self._targets["main"]
        if isinstance(arrays, tuple):
            function(*arrays)
        elif isinstance(arrays, dict):
            function(**arrays)
        else:
            function(arrays)

    def finalize(self):
        """Finalize all iterators."""
        for iterator in self._iterators.values():
            iterator.finalize()


class _EvaluationBar(util.ProgressBar):
    def __init__(self, iterator):
        if not (hasattr(iterator, "current_position") and hasattr(iterator, "epoch_detail")):
            raise TypeError(
                f"{type(iterator).__name__} has no current_position and epoch_detail.\n"
                "Evaluate it without a progress bar."
            )
        super().__init__()
        self._iterator = iterator

    def get_lines(self):
        examples, epoch = self._iterator.current_position, self._iterator.epoch_detail
        speed, epoch_speed = self.update_speed(examples, epoch)
        return [
            self.bar("validation", epoch),
            f"{examples:10} examples\n",
            util.speed_line(speed, (1.0 - epoch) / epoch_speed if epoch_speed else 0.0),
        ]
