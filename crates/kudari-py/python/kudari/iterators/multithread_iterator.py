"""Batches read ahead by threads."""

from kudari.iterators._pooled import PooledIterator


class MultithreadIterator(PooledIterator):
    """Iterator whose next batch is read by `n_threads` threads while the model works on this one.

    Good where examples come from files or from code that releases the interpreter lock. Arguments: see
    `SerialIterator`.
    """

    def __init__(self, dataset, batch_size, repeat=True, shuffle=None, n_threads=1, order_sampler=None):
        self.n_threads = n_threads
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler, n_prefetch=1)

    def _make_pool(self):
        from multiprocessing.pool import ThreadPool

        return ThreadPool(self.n_threads)

    def _submit(self, indices):
        return self._pool.map_async(self.dataset.__getitem__, indices)
