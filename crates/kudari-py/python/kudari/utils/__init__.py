"""Small helpers that programs and user-defined functions share: sizes of convolutions, array conversions,
type checks."""

import collections.abc as collections_abc
import contextlib

import numpy

from kudari.utils.array import size_of_shape, sum_to
from kudari.utils.conv import get_conv_outsize, get_deconv_outsize
from kudari.utils.experimental import experimental
from kudari.utils.meta import enable_final, final

__all__ = [
    "CooMatrix",
    "WalkerAlias",
    "collections_abc",
    "enable_final",
    "experimental",
    "final",
    "force_array",
    "force_type",
    "get_conv_outsize",
    "get_deconv_outsize",
    "get_order",
    "nondeterministic",
    "size_of_shape",
    "sum_to",
    "tempdir",
    "to_coo",
]

_HOME_OF_LAZY_NAMES = {
    "CooMatrix": "sparse",
    "get_order": "sparse",
    "to_coo": "sparse",
    "WalkerAlias": "walker_alias",
}


def __getattr__(name):
    home = _HOME_OF_LAZY_NAMES.get(name)
    if home is None:
        raise AttributeError(f"kudari.utils has no name '{name}'.")
    import importlib

    return getattr(importlib.import_module(f"kudari.utils.{home}"), name)


def force_array(x, dtype=None):
    """A scalar as a 0-d array, an array as it is; cast to `dtype` where one is given."""
    if numpy.isscalar(x):
        return numpy.array(x, dtype)
    return x if dtype is None else x.astype(dtype, copy=False)


def force_type(dtype, value):
    """`value`, a scalar or an array, in the dtype `dtype`; not copied where it has it already."""
    dtype = numpy.dtype(dtype)
    return dtype.type(value) if numpy.isscalar(value) else value.astype(dtype, copy=False)


def nondeterministic(name):
    """Warns that `name` may give different results from run to run, where `config.warn_nondeterministic` asks
    for it."""
    from kudari.configuration import config

    if getattr(config, "warn_nondeterministic", False):
        import warnings

        warnings.warn(
            f"Potentially non-deterministic code is run while config.warn_nondeterministic is set: {name}",
            stacklevel=2,
        )


@contextlib.contextmanager
def tempdir(ignore_errors=False, **kwargs):
    """Makes a temporary directory, whose path the `with` statement gets, and removes it at the end."""
    import shutil
    import tempfile

    path = tempfile.mkdtemp(**kwargs)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=ignore_errors)


def _format_array_props(arrays):
    """Shapes and dtypes for a message: `(2, 3):float32, ():int32`; None stays 'None'."""
    return ", ".join("None" if a is None else f"{a.shape}:{a.dtype.name}" for a in arrays)


def _repr_with_named_data(instance, **data):
    """The text `<module.Class name=value ...>` for a `repr`."""
    kind = type(instance)
    listed = " ".join(f"{name}={value}" for name, value in data.items())
    return f"<{kind.__module__}.{kind.__qualname__} {listed}>"


def _raise_from(kind, message, cause):
    """Raises `kind(message)` with the text and the traceback of the exception `cause`."""
    error = kind(f"{message}\n\n(caused by)\n{type(cause).__name__}: {cause}\n")
    raise error.with_traceback(cause.__traceback__) from None
