"""Lines of text files."""

import contextlib
import threading

from kudari.dataset import dataset_mixin


class TextDataset(dataset_mixin.DatasetMixin):
    """Example i is line i of a file, or the tuple of lines i of several files that have equally many.

    Args:
        paths: a path or a list of paths. Lines are read when asked for; only their positions are kept.
        encoding, errors, newline: as of `open`; one for all files, or a list with one for each.
        filter_func: called with the line of each file; only where it is true the line is an example.
    """

    def __init__(self, paths, encoding=None, errors=None, newline=None, filter_func=None):
        if isinstance(paths, str):
            paths = [paths]
        if not paths:
            raise ValueError("No text file is given.\nGive at least one path.")
        options = []
        for option in (encoding, errors, newline):
            options.append(
                [option] * len(paths) if option is None or isinstance(option, str) else list(option)
            )
            if len(options[-1]) != len(paths):
                raise ValueError(
                    f"{len(paths)} files are given with {len(options[-1])} values of an option.\n"
                    "Give one value, or one for each file."
                )
        self._paths = list(paths)
        self._options = list(zip(*options))
        self._open()
        self._positions = self._find_lines(filter_func)

    def _open(self):
        self._lock = threading.Lock()
        with contextlib.ExitStack() as opened:
            self._fps = [
                opened.enter_context(open(path, encoding=encoding, errors=errors, newline=newline))
                for path, (encoding, errors, newline) in zip(self._paths, self._options)
            ]
            opened.pop_all()  # keep them open unless one could not be opened

    def _find_lines(self, filter_func):
        """For each example the positions of its lines, one a file."""
        found = []
        while True:
            positions = [file.tell() for file in self._fps]
            lines = [file.readline() for file in self._fps]
            if not all(lines):
                if any(lines):
                    raise ValueError(
                        "number of lines in files does not match.\nGive files with equally many lines."
                    )
                return found
            if filter_func is None or filter_func(*lines):
                found.append(positions)

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["_fps"], state["_lock"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._open()

    def __len__(self):
        return len(self._positions)

    def close(self):
        """Close the files; examples cannot be read any more."""
        with contextlib.ExitStack() as closing:
            for file in self._fps:
                closing.callback(
                    lambda file=file: file.close()
                )  # one that fails does not keep the others open

    def get_example(self, idx):
        """The line, with its line end, or the tuple of lines."""
        if not 0 <= idx < len(self):
            raise IndexError("dataset index out of range")
        with self._lock:
            for file, position in zip(self._fps, self._positions[idx]):
                file.seek(position)
            lines = tuple(file.readline() for file in self._fps)
        return lines if len(lines) > 1 else lines[0]
