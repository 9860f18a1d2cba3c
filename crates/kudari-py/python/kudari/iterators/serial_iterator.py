"""Batches read one after another, when they are asked for."""

from kudari.iterators._ordered import OrderedIterator


class SerialIterator(OrderedIterator):
    """Iterator that reads examples in the calling thread.

    Args:
        dataset: anything with `len` and integer indices.
        batch_size: examples a batch.
        repeat: go on for ever; otherwise StopIteration after one epoch.
        shuffle: a new order for each epoch; None means True unless `order_sampler` is given.
        order_sampler: function that gives the order of each epoch, see `OrderSampler`.
    """

    def __init__(self, dataset, batch_size, repeat=True, shuffle=None, order_sampler=None):
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler)

    def __next__(self):
        before = self.epoch_detail
        place, indices = self._indices_after(self._place)
        self._move_to(place, before)
        if indices is None:
            raise StopIteration
        dataset = self.dataset
        return [dataset[index] for index in indices.tolist()]
