"""The place of an iterator in its data set, shared by all iterators."""

from typing import NamedTuple

import numpy as np

from kudari.dataset import iterator
from kudari.iterators.order_samplers import ShuffleOrderSampler


class Place(NamedTuple):
    """How far an iterator has come: `current_position` in `order` (None: as the data lie), after `epoch` full
    epochs.
    """

    current_position: int
    epoch: int
    is_new_epoch: bool
    order: object


def next_indices(place, batch_size, repeat, order_sampler, dataset_length):
    """The pair (place after the next batch, indices of its examples); the indices are None after the end."""
    position, epoch, _, order = place
    if epoch > 0 and not repeat:
        return place, None
    epoch_size = dataset_length if order is None else len(order)
    if repeat and epoch_size == 0:
        raise ValueError("The data set is empty and cannot be repeated.\nGive examples, or repeat=False.")
    chunks = []
    is_new_epoch = False
    end = position + batch_size
    while end >= epoch_size:
        chunks.append(_indices(order, position, epoch_size))
        if order is not None:
            order = _next_order(order_sampler, order, position)
        epoch += 1
        is_new_epoch = True
        position = 0
        end = end - epoch_size if repeat else 0
        if not repeat:
            break
    chunks.append(_indices(order, position, end))
    return Place(end, epoch, is_new_epoch, order), np.concatenate(chunks)


def _indices(order, start, stop):
    return np.arange(start, stop, dtype=np.intp) if order is None else order[start:stop]


def _next_order(order_sampler, order, position):
    new_order = order_sampler(order, position)
    if len(new_order) != len(order):
        raise ValueError(
            f"The order sampler gave {len(new_order)} indices after an order of {len(order)}.\n"
            "Keep the length."
        )
    return new_order


class OrderedIterator(iterator.Iterator):
    """An iterator that keeps a `Place`.

    Args:
        dataset: anything with `len` and integer indices.
        batch_size: examples a batch; the last batch is smaller where `repeat` is false.
        repeat: go on for ever; a batch may then reach into the next epoch.
        shuffle: True or False; None means shuffled unless `order_sampler` says otherwise.
        order_sampler: see `OrderSampler`; not together with `shuffle`.
    """

    def __init__(self, dataset, batch_size, repeat, shuffle, order_sampler):
        if order_sampler is None:
            order_sampler = None if shuffle is False else ShuffleOrderSampler()
        elif shuffle is not None:
            raise ValueError(
                "shuffle and order_sampler are both given.\nLeave shuffle out to use the order sampler."
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.repeat = repeat
        self.shuffle = shuffle
        self.order_sampler = order_sampler
        self.reset()

    def reset(self):
        """Go back to the start, with a new order."""
        order = None
        if self.order_sampler is not None:
            order = self.order_sampler(np.arange(len(self.dataset)), 0)
        self._move_to(Place(0, 0, False, order), None)

    def _move_to(self, place, previous_epoch_detail):
        self._place = place
        self._previous_epoch_detail = previous_epoch_detail

    def _indices_after(self, place):
        return next_indices(place, self.batch_size, self.repeat, self.order_sampler, len(self.dataset))

    @property
    def current_position(self):
        """Examples of this epoch that were given out."""
        return self._place.current_position

    @property
    def epoch(self):
        """Full epochs done."""
        return self._place.epoch

    @property
    def is_new_epoch(self):
        """Did the last batch finish an epoch?"""
        return self._place.is_new_epoch

    @property
    def epoch_detail(self):
        """Epochs done, with the fraction of the present one."""
        size = self._epoch_size
        return self.epoch + (self.current_position / size if size else 0.0)

    @property
    def previous_epoch_detail(self):
        """`epoch_detail` before the last batch; None before the first."""
        return self._previous_epoch_detail

    @property
    def _epoch_size(self):
        order = self._place.order
        return len(self.dataset) if order is None else len(order)

    def serialize(self, serializer):
        position = serializer("current_position", self.current_position)
        epoch = serializer("epoch", self.epoch)
        is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        order = self._place.order
        if order is not None:
            order = order.copy()
            try:
                serializer("order", order)
            except KeyError:  # the name in files of older programs
                serializer("_order", order)
        # a file cannot say None for a number: -1 stands for 'before the first batch'
        before = self._previous_epoch_detail
        before = -1.0 if before is None else before
        self._place = Place(position, epoch, is_new_epoch, order)
        try:
            before = serializer("previous_epoch_detail", before)
        except KeyError:
            now = self.epoch_detail
            before = max(now - self.batch_size / self._epoch_size, 0.0) if now > 0 else -1.0
        self._move_to(self._place, None if before is None or before < 0 else before)
