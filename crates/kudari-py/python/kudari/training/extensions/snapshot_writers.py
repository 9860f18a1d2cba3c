"""Ways to bring a snapshot to disk: now, or while training goes on."""

import os

from kudari.serializers import npz


class Writer:
    """Writes the dictionary `target` to `outdir/filename` when called."""

    def __init__(self):
        self._post_save_hooks = []

    def __call__(self, filename, outdir, target):
        raise NotImplementedError(f"{type(self).__name__} must define __call__")

    def __del__(self):
        self.finalize()

    def finalize(self):
        """Wait until everything is written."""

    def save(self, filename, outdir, target, savefun, **kwds):
        """Write with `savefun(path, target)` in a directory besides, then move: a file in its place is
        complete.
        """
        import tempfile

        with tempfile.TemporaryDirectory(prefix="tmp" + filename, dir=outdir) as besides:
            path = os.path.join(besides, filename)
            savefun(path, target, **kwds)
            os.replace(path, os.path.join(outdir, filename))
        for hook in self._post_save_hooks:
            hook()

    def _add_cleanup_hook(self, hook):
        self._post_save_hooks.append(hook)


class SimpleWriter(Writer):
    """Writes at once, while training waits."""

    def __init__(self, savefun=npz.save_npz, **kwds):
        super().__init__()
        self._savefun = savefun
        self._kwds = kwds

    def __call__(self, filename, outdir, target):
        self.save(filename, outdir, target, self._savefun, **self._kwds)


class StandardWriter(Writer):
    """Starts a worker for each snapshot, after the one before has finished; define `create_worker`."""

    _worker = None

    def __init__(self, savefun=npz.save_npz, **kwds):
        super().__init__()
        self._savefun = savefun
        self._kwds = kwds

    def __call__(self, filename, outdir, target):
        self.finalize()
        self._worker = self.create_worker(filename, outdir, _copied(target), **self._kwds)
        self._worker.start()

    def create_worker(self, filename, outdir, target, **kwds):
        """A thread or process, not started yet, that calls `save`."""
        raise NotImplementedError(f"{type(self).__name__} must define create_worker")

    def finalize(self):
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.join()


class ThreadWriter(StandardWriter):
    """Writes in a thread."""

    def create_worker(self, filename, outdir, target, **kwds):
        import threading

        return threading.Thread(target=self.save, args=(filename, outdir, target, self._savefun), kwargs=kwds)


class ProcessWriter(StandardWriter):
    """Writes in a process of its own."""

    def create_worker(self, filename, outdir, target, **kwds):
        import multiprocessing

        return multiprocessing.Process(
            target=self.save, args=(filename, outdir, target, self._savefun), kwargs=kwds
        )


class QueueWriter(Writer):
    """Hands snapshots to one worker through a queue; define `create_queue` and `create_consumer`."""

    _consumer = None

    def __init__(self, savefun=npz.save_npz, task=None):
        super().__init__()
        self._task = self.create_task(savefun) if task is None else task
        self._queue = self.create_queue()
        self._consumer = self.create_consumer(self._queue)
        self._consumer.start()

    def __call__(self, filename, outdir, target):
        self._queue.put([self._task, filename, outdir, _copied(target)])

    def create_task(self, savefun):
        """What the worker calls with the name, the directory and the dictionary."""
        return SimpleWriter(savefun=savefun)

    def create_queue(self):
        """A queue that can be joined."""
        raise NotImplementedError(f"{type(self).__name__} must define create_queue")

    def create_consumer(self, q):
        """A thread or process, not started yet, that calls `consume`."""
        raise NotImplementedError(f"{type(self).__name__} must define create_consumer")

    def consume(self, q):
        """Work until None comes out of the queue."""
        while True:
            job = q.get()
            try:
                if job is None:
                    return
                job[0](job[1], job[2], job[3])
            finally:
                q.task_done()

    def _add_cleanup_hook(self, hook):
        self._task._add_cleanup_hook(hook)

    def finalize(self):
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._queue.put(None)
            self._queue.join()
            consumer.join()


class ThreadQueueWriter(QueueWriter):
    """Writes in one thread, in order."""

    def create_queue(self):
        import queue

        return queue.Queue()

    def create_consumer(self, q):
        import threading

        return threading.Thread(target=self.consume, args=(q,))


class ProcessQueueWriter(QueueWriter):
    """Writes in one other process, in order."""

    def create_queue(self):
        import multiprocessing

        return multiprocessing.JoinableQueue()

    def create_consumer(self, q):
        import multiprocessing

        return multiprocessing.Process(target=self.consume, args=(q,))

    def _add_cleanup_hook(self, hook):
        """The worker has its own memory: hooks run here, before the next snapshot is handed over."""
        self._post_save_hooks.append(hook)

    def __call__(self, filename, outdir, target):
        for hook in self._post_save_hooks:
            hook()
        super().__call__(filename, outdir, target)


def _copied(target):
    """The parameters change while a worker writes: it needs its own arrays."""
    if not isinstance(target, dict):
        return target
    return {key: value.copy() for key, value in target.items()}
