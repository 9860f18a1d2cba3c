"""Batches read ahead by processes."""

import os
import warnings

from kudari.iterators._pooled import PooledIterator


class MultiprocessIterator(PooledIterator):
    """Iterator whose next batches are read by `n_processes` processes while the model works on this one.

    Good where preparing an example takes Python code and time. Each process holds a copy of the data set.

    Args:
        dataset, batch_size, repeat, shuffle, order_sampler: see `SerialIterator`.
        n_processes: None is the number of processors.
        n_prefetch: batches in work besides the one that is asked for.
        shared_mem: accepted for programs that set it; examples travel through pipes, whatever their size.
        dataset_timeout: seconds after which a `TimeoutWarning` says that a batch does not come; None for
            never.
        maxtasksperchild: pieces of work after which a process is replaced by a new one.
    """

    class TimeoutWarning(RuntimeWarning):
        """A batch takes suspiciously long."""

    _finalized = False

    def __init__(
        self,
        dataset,
        batch_size,
        repeat=True,
        shuffle=None,
        n_processes=None,
        n_prefetch=1,
        shared_mem=None,
        order_sampler=None,
        dataset_timeout=30.0,
        maxtasksperchild=None,
    ):
        self.n_processes = n_processes or os.cpu_count() or 1
        self.shared_mem = shared_mem
        self.dataset_timeout = dataset_timeout
        self._maxtasksperchild = maxtasksperchild
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler, n_prefetch)

    def _make_pool(self):
        from kudari.iterators._processes import ProcessPool

        return ProcessPool(self.dataset, self.n_processes, self._maxtasksperchild)

    def _submit(self, indices):
        return self._pool.submit(indices)

    def _wait(self, result):
        result.wait(self.dataset_timeout)
        if not result.ready():
            warnings.warn(
                f"A batch has not come for {self.dataset_timeout} seconds: the data set may be stalled.",
                MultiprocessIterator.TimeoutWarning,
            )
        return [example for chunk in result.get() for example in chunk]

    def reset(self):
        """Go back to the start, with a new order; NotImplementedError after `finalize`."""
        if self._finalized:
            raise NotImplementedError("A finalized MultiprocessIterator cannot be reset.\nMake a new one.")
        super().reset()

    def finalize(self):
        """Stop the processes for good."""
        super().finalize()
        self._finalized = True
