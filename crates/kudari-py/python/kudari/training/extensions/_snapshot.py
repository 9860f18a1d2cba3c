"""Snapshots of a training, from which it can go on."""

import os
import warnings

from kudari import configuration
from kudari.serializers import npz
from kudari.training import extension
from kudari.training.extensions import snapshot_writers


def _find_snapshot_files(fmt, path):
    """Pairs (time of writing, name), oldest first, of the files that may come from the file name pattern
    `fmt`.
    """
    prefix, suffix = fmt.split("{")[0], fmt.split("}")[-1]
    names = [name for name in os.listdir(path) if name.startswith(prefix) and name.endswith(suffix)]
    return sorted((os.stat(os.path.join(path, name)).st_mtime, name) for name in names)


def _find_latest_snapshot(fmt, path):
    """The name of the newest snapshot, or None."""
    files = _find_snapshot_files(fmt, path)
    return files[-1][1] if files else None


def _find_stale_snapshots(fmt, path, n_retains):
    """Names of all snapshots but the newest `n_retains`."""
    files = _find_snapshot_files(fmt, path)
    return [name for _, name in files[: max(len(files) - n_retains, 0)]]


def snapshot(
    savefun=None,
    filename="snapshot_iter_{.updater.iteration}",
    *,
    target=None,
    condition=None,
    writer=None,
    snapshot_on_error=False,
    n_retains=-1,
    autoload=False,
    num_retain=None,
):
    """An extension that saves the trainer once an epoch; `serializers.load_npz(file, trainer)` reads it back.

    Args:
        savefun: function of a path and a dictionary of arrays; None is `save_npz`.
        filename: pattern formatted with the trainer, or a function of the trainer.
        target: what is saved; None is the trainer.
        condition: function without arguments that says whether to save.
        writer: see `snapshot_writers`; not together with `savefun`.
        snapshot_on_error: save also when training stops by an error.
        n_retains: number of newest files that are kept; -1 keeps all.
        autoload: go on from the newest file in the trainer's directory, if there is one.
    """
    if num_retain is not None:
        warnings.warn("num_retain is called n_retains now.", DeprecationWarning)
        n_retains = num_retain
    if writer is None:
        writer = snapshot_writers.SimpleWriter(savefun=savefun or npz.save_npz)
    elif savefun is not None:
        raise TypeError("savefun and writer are both given.\nGive savefun to the writer.")
    return _Snapshot(target, condition, writer, filename, snapshot_on_error, n_retains, autoload)


def snapshot_object(target, filename, savefun=None, **kwargs):
    """An extension that saves `target`, a model for example, once an epoch. Other arguments: see `snapshot`."""
    return snapshot(savefun=savefun, filename=filename, target=target, **kwargs)


class _Snapshot(extension.Extension):
    trigger = (1, "epoch")
    priority = -100  # after everything that changes the state

    def __init__(self, target, condition, writer, filename, snapshot_on_error, n_retains, autoload):
        self._target = target
        self.condition = condition or (lambda: True)
        self.writer = writer
        self.filename = filename
        self._snapshot_on_error = snapshot_on_error
        self.n_retains = n_retains
        self.autoload = autoload

    def initialize(self, trainer):
        if self.autoload:
            self._load_latest(trainer)
        if (
            self.n_retains > 0
            and isinstance(self.filename, str)
            and hasattr(self.writer, "_add_cleanup_hook")
        ):
            self.writer._add_cleanup_hook(lambda: self._remove_stale(trainer.out))

    def _load_latest(self, trainer):
        name = _find_latest_snapshot(self.filename, trainer.out)
        if name is not None:
            npz.load_npz(os.path.join(trainer.out, name), trainer if self._target is None else self._target)
        if configuration.config.debug:
            print(f"Snapshot loaded: {name}" if name else f"No snapshot matches {self.filename}")

    def _remove_stale(self, outdir):
        for name in _find_stale_snapshots(self.filename, outdir, self.n_retains):
            os.remove(os.path.join(outdir, name))

    def on_error(self, trainer, exc, tb):
        if self._snapshot_on_error:
            self._save(trainer)

    def __call__(self, trainer):
        if self.condition():
            self._save(trainer)

    def _save(self, trainer):
        state = npz.serialize(trainer if self._target is None else self._target)
        name = self.filename(trainer) if callable(self.filename) else self.filename.format(trainer)
        self.writer(name, trainer.out, state)

    def finalize(self):
        if hasattr(self.writer, "finalize"):
            self.writer.finalize()
