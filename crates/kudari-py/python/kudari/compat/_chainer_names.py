"""Names of the module `chainer` that the package `kudari` does not have under the same meaning."""

import numpy

from kudari._backprop import backward

__all__ = [
    "__version__",
    "backward",
    "get_array_types",
    "get_cpu_array_types",
    "is_arrays_compatible",
    "print_runtime_info",
]

# The version whose interface kudari offers.
__version__ = "7.8.1"


def print_runtime_info(out=None):
    """Writes the platform and the versions to `out`, by default to the standard output."""
    import platform
    import sys

    import kudari

    out = sys.stdout if out is None else out
    out.write(
        f"Platform: {platform.platform()}\n"
        f"Chainer: {__version__} (kudari {getattr(kudari, '__version__', 'unknown')})\n"
        "ChainerX: Not Available\n"
        f"NumPy: {numpy.__version__}\n"
        "CuPy: Not Available\n"
        "iDeep: Not Available\n"
    )
    out.flush()


def get_array_types():
    """The types of arrays that functions take."""
    return (numpy.ndarray,)


def get_cpu_array_types():
    """The types of arrays on the CPU."""
    return (numpy.ndarray,)


def is_arrays_compatible(arrays):
    """Whether all of the objects that are not None are NumPy arrays."""
    return all(isinstance(a, numpy.ndarray) for a in arrays if a is not None)
