"""The interface of iterators over batches."""


class Iterator:
    """Gives batches, lists of examples, by `next()` or in a `for` loop.

    Those that trainers use also have `epoch`, `epoch_detail`, `previous_epoch_detail` and `is_new_epoch`;
    those that evaluators use have `reset()`.
    """

    def __del__(self):
        self.finalize()

    def __iter__(self):
        return self

    def __next__(self):
        """The next batch; StopIteration after the last."""
        raise NotImplementedError(f"{type(self).__name__} must define __next__")

    def next(self):
        """The same as `next(iterator)`."""
        return self.__next__()

    def finalize(self):
        """Give back threads and processes; may be called more than once."""

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.finalize()

    def serialize(self, serializer):
        """Write or read the position."""
