"""Iterators that read batches ahead, by workers of a pool."""

import collections

from kudari.iterators._ordered import OrderedIterator


class PooledIterator(OrderedIterator):
    """Keeps up to `n_prefetch` batches in work besides the one that is asked for.

    The order of examples is decided here, before the workers start: it does not depend on them.
    """

    _pool = None

    def __init__(self, dataset, batch_size, repeat, shuffle, order_sampler, n_prefetch):
        self.n_prefetch = max(n_prefetch, 1)
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler)

    def _make_pool(self):
        raise NotImplementedError

    def _submit(self, indices):
        """Start reading; the result has `get()`."""
        raise NotImplementedError

    def _wait(self, result):
        return result.get()

    def _move_to(self, place, previous_epoch_detail):
        super()._move_to(place, previous_epoch_detail)
        self._ahead = (
            collections.deque()
        )  # pairs (place after the batch, result); what was read for elsewhere is dropped

    def _read_ahead(self):
        place = self._ahead[-1][0] if self._ahead else self._place
        while len(self._ahead) <= self.n_prefetch:
            place, indices = self._indices_after(place)
            if indices is None:
                return
            if self._pool is None:
                self._pool = self._make_pool()
            self._ahead.append((place, self._submit(indices)))

    def __next__(self):
        before = self.epoch_detail
        self._read_ahead()
        self._previous_epoch_detail = before
        if not self._ahead:
            raise StopIteration
        self._place, result = self._ahead.popleft()
        return self._wait(result)

    def finalize(self):
        """Stop the workers."""
        pool, self._pool = self._pool, None
        self._ahead = collections.deque()
        if pool is not None:
            pool.terminate()
            pool.join()

    def __getstate__(self):
        state = self.__dict__.copy()
        for name in ("_pool", "_ahead"):
            state.pop(name, None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._ahead = collections.deque()

    def __copy__(self):
        other = type(self).__new__(type(self))
        other.__setstate__(self.__getstate__())
        return other
