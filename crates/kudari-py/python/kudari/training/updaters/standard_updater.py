"""One batch, one step of the optimizer."""

from kudari import backend
from kudari.dataset import convert, iterator as iterator_module
from kudari.training import _updater


class StandardUpdater(_updater.Updater):
    """Takes a batch from the iterator, converts it to arrays and lets the optimizer lower the loss.

    Override `update_core` for other ways of training.

    Args:
        iterator: of the training data, or a dictionary of iterators with one named 'main'.
        optimizer: set up with the model, or a dictionary of optimizers with one named 'main'.
        converter: from a batch to the arguments of the loss: a tuple, a dictionary (keywords) or one array.
        device: where model and batches go; `input_device` overrides it for the batches.
        loss_func: returns the loss; None takes the optimizer's target itself.
        loss_scale: factor on the loss, taken out again before the update, for float16.
        auto_new_epoch: tell optimizers when an epoch ends.
    """

    def __init__(
        self,
        iterator,
        optimizer,
        converter=convert.concat_examples,
        device=None,
        loss_func=None,
        loss_scale=None,
        auto_new_epoch=True,
        *,
        input_device=None,
    ):
        self._device = None if device is None else backend.get_device(device)
        self._input_device = self._device if input_device is None else backend.get_device(input_device)
        self._iterators = {"main": iterator} if isinstance(iterator, iterator_module.Iterator) else iterator
        self._optimizers = optimizer if isinstance(optimizer, dict) else {"main": optimizer}
        self.converter = converter
        self.loss_func = loss_func
        self.loss_scale = loss_scale
        self.auto_new_epoch = auto_new_epoch
        self.iteration = 0
        for each in self._optimizers.values():
            if self._device is not None:
                each.target.to_device(self._device)
            if loss_scale is not None:
                each.set_loss_scale(loss_scale)
            if auto_new_epoch:
                each.use_auto_new_epoch = True

    @property
    def device(self):
        """Where the models are; None if that was left alone."""
        return self._device

    @property
    def input_device(self):
        """Where batches go; None if that is left alone."""
        return self._input_device

    @property
    def epoch(self):
        """Full epochs done."""
        return self._iterators["main"].epoch

    @property
    def epoch_detail(self):
        """Epochs done, with the fraction of the present one."""
        return self._iterators["main"].epoch_detail

    @property
    def previous_epoch_detail(self):
        """`epoch_detail` before the last iteration."""
        return self._iterators["main"].previous_epoch_detail

    @property
    def is_new_epoch(self):
        """Did the last iteration finish an epoch?"""
        return self._iterators["main"].is_new_epoch

    def finalize(self):
        """Finalize all iterators."""
        for iterator in self._iterators.values():
            iterator.finalize()

    def get_optimizer(self, name):
        """The optimizer of that name."""
        return self._optimizers[name]

    def get_all_optimizers(self):
        """A dictionary from names to optimizers."""
        return dict(self._optimizers)

    def get_iterator(self, name):
        """The iterator of that name."""
        return self._iterators[name]

    def update(self):
        """One iteration: `update_core`, counted."""
        self.update_core()
        self.iteration += 1

    def update_core(self):
        """One batch from iterator 'main', one step of optimizer 'main'."""
        iterator = self._iterators["main"]
        optimizer = self._optimizers["main"]
        arrays = convert._call_converter(self.converter, iterator.next(), self._input_device)
        loss_func = self.loss_func or optimizer.target
        if isinstance(arrays, tuple):
            optimizer.update(loss_func, *arrays)
        elif isinstance(arrays, dict):
            optimizer.update(loss_func, **arrays)
        else:
            optimizer.update(loss_func, arrays)
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def serialize(self, serializer):
        for name, iterator in self._iterators.items():
            iterator.serialize(serializer["iterator:" + name])
        for name, optimizer in self._optimizers.items():
            optimizer.serialize(serializer["optimizer:" + name])
            optimizer.target.serialize(serializer["model:" + name])
        self.iteration = serializer("iteration", self.iteration)
