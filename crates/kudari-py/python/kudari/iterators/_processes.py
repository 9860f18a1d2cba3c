"""Processes that read examples of a data set.

Each process has a pipe and a thread of its own, and no lock is shared between processes: one that is killed
at any moment cannot stop the others, and its loss is noticed.
"""

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from multiprocessing.pool import ThreadPool

import numpy as np

_starting = threading.Lock()  # of two processes started at once, one would hold open the pipe of the other


class ProcessPool:
    """`count` processes; each is replaced by a new one after `tasks_each` tasks unless that is None."""

    def __init__(self, dataset, count, tasks_each=None):
        self._readers = [_Reader(dataset, tasks_each) for _ in range(count)]
        self._free = queue.SimpleQueue()
        for reader in self._readers:
            self._free.put(reader)
        self._threads = ThreadPool(count)

    def submit(self, indices):
        """Start reading the examples; the result has `wait(timeout)`, `ready()` and `get()`: a list of lists."""
        count = min(len(self._readers), len(indices))
        return self._threads.map_async(
            self._read, np.array_split(indices, count) if count else [], chunksize=1
        )

    def _read(self, indices):
        reader = self._free.get()
        try:
            return reader.read(indices)
        finally:
            self._free.put(reader)

    def terminate(self):
        """Stop at once."""
        for reader in self._readers:
            reader.stop()
        self._threads.terminate()

    def join(self):
        """Wait for the end, after `terminate`."""
        self._threads.join()


class _Reader:
    def __init__(self, dataset, tasks_each):
        self._dataset = dataset
        self._tasks_each = tasks_each
        self._stopped = False
        self._start()

    def _start(self):
        with _starting:
            if self._stopped:
                raise RuntimeError("the iterator was finalized")
            self._pipe, far_end = multiprocessing.Pipe()
            arguments = (self._dataset, far_end, os.getpid())
            self._process = multiprocessing.Process(target=_work, args=arguments, daemon=True)
            self._process.start()
            far_end.close()
        self._tasks_done = 0

    def stop(self):
        with _starting:
            self._stopped = True
            self._process.terminate()
            self._process.join()

    def read(self, indices):
        if self._tasks_done == self._tasks_each:
            self._process.terminate()
            self._process.join()
            self._pipe.close()
            self._start()
        self._tasks_done += 1
        try:
            self._pipe.send(indices)
            examples, error, where = self._pipe.recv()
        except (EOFError, OSError) as lost:
            raise RuntimeError(
                "A process that reads examples has died.\nWas there memory enough? Try fewer processes."
            ) from lost
        if error is not None:
            raise error from RuntimeError(f"in a process that reads examples:\n{where}")
        return examples


def _work(dataset, pipe, parent):
    """The life of a process: lists of indices come in, (examples, error, traceback) go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the main process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        while not pipe.poll(1.0):
            if os.getppid() != parent:
                return
        try:
            indices = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(([dataset[index] for index in indices], None, None))
        except Exception as error:
            _send_error(pipe, error)


def _send_error(pipe, error):
    where = traceback.format_exc()
    try:
        pipe.send((None, error, where))
    except Exception:  # the error itself cannot be pickled
        pipe.send((None, RuntimeError(repr(error)), where))
