"""What holds for a whole program or a part of it: whether it trains, records graphs, checks for NaN.

``config`` is seen by the thread that sets it; where it says nothing ``global_config`` holds.
"""

import contextlib
import threading

import numpy

from kudari import _core

class _Mixed16:
    """Numbers in float16, parameters and statistics in float32."""

    dtype = numpy.dtype(numpy.float16)

    def __repr__(self):
        return "dtype('mixed16')"


mixed16 = _Mixed16()


# What the engine has to be told of.
_NATIVE = {"debug": _core.check_results, "enable_backprop": _core.record}


class GlobalConfig:
    """The configuration of all threads."""

    def __init__(self):
        self.autotune = False
        self.compute_mode = None
        self.cudnn_deterministic = False
        self.cudnn_fast_batch_normalization = False
        self.debug = False
        self.dtype = numpy.dtype(numpy.float32)
        self.enable_backprop = True
        self.in_recomputing = False
        self.keep_graph_on_report = False
        self.lazy_grad_sum = False
        self.schedule_func = None
        self.train = True
        self.type_check = True
        self.use_cudnn = "never"
        self.use_cudnn_tensor_core = "auto"
        self.use_ideep = "never"
        self.use_static_graph = False
        self.warn_nondeterministic = False

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        # Before there is a local one, the engine is as it is.
        if name in _NATIVE and "config" in globals() and not config._is_local(name):
            _NATIVE[name](bool(value))

    def show(self, file=None):
        """Prints every entry."""
        _print_entries(vars(self), file)


class LocalConfig:
    """The configuration of a thread: what it sets, and the global one for the rest."""

    def __init__(self, global_config):
        object.__setattr__(self, "_local", threading.local())
        object.__setattr__(self, "_global", global_config)

    def _is_local(self, name):
        return name in vars(self._local)

    def __getattr__(self, name):
        own = vars(self._local)
        return own[name] if name in own else getattr(self._global, name)

    def __setattr__(self, name, value):
        setattr(self._local, name, value)
        if name in _NATIVE:
            _NATIVE[name](bool(value))

    def __delattr__(self, name):
        delattr(self._local, name)
        if name in _NATIVE:
            _NATIVE[name](bool(getattr(self._global, name)))

    def show(self, file=None):
        """Prints every entry that holds for this thread."""
        _print_entries({**vars(self._global), **vars(self._local)}, file)


def _print_entries(entries, file):
    width = max(map(len, entries))
    for name in sorted(entries):
        print(f"{name:{width}}  {entries[name]}", file=file)


global_config = GlobalConfig()
config = LocalConfig(global_config)


@contextlib.contextmanager
def using_config(name, value, config=config):
    """Sets an entry inside of a ``with`` block and puts it back behind it."""
    if isinstance(config, LocalConfig):
        had, old = config._is_local(name), getattr(config, name, None)
    else:
        had, old = hasattr(config, name), getattr(config, name, None)
    setattr(config, name, value)
    try:
        yield
    finally:
        if had:
            setattr(config, name, old)
        else:
            delattr(config, name)


def no_backprop_mode():
    """A ``with`` block in which no graph is recorded: for evaluation and prediction."""
    return using_config("enable_backprop", False)


def force_backprop_mode():
    """A ``with`` block in which graphs are recorded also inside of ``no_backprop_mode``."""
    return using_config("enable_backprop", True)


def is_debug():
    """Whether functions check their results for NaN."""
    return bool(config.debug)


def set_debug(debug):
    """Switches the checks for NaN on or off."""
    config.debug = debug


class DebugMode:
    """A ``with`` block in which the checks for NaN are on or off."""

    def __init__(self, debug):
        self._mode = using_config("debug", debug)

    def __enter__(self):
        self._mode.__enter__()

    def __exit__(self, *exception):
        return self._mode.__exit__(*exception)


def get_dtype(dtype=None, map_mixed16=None):
    """The type of numbers to use: the one that is given, or that of the configuration."""
    if dtype is None:
        dtype = config.dtype
    if dtype is mixed16 and map_mixed16 is not None:
        dtype = map_mixed16
    return dtype if dtype is mixed16 else numpy.dtype(dtype)
