"""Iterators over the batches of a data set, in order or shuffled, once or for ever."""

from kudari.iterators.multiprocess_iterator import MultiprocessIterator
from kudari.iterators.multithread_iterator import MultithreadIterator
from kudari.iterators.order_samplers import OrderSampler, ShuffleOrderSampler
from kudari.iterators.serial_iterator import SerialIterator

__all__ = [
    "MultiprocessIterator",
    "MultithreadIterator",
    "OrderSampler",
    "SerialIterator",
    "ShuffleOrderSampler",
]
