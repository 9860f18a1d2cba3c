"""Arrays shared with other libraries through DLPack: nothing is copied."""

import numpy

from kudari._core import Variable

__all__ = ["from_dlpack"]


def from_dlpack(x):
    """A variable over the memory of another library's array or tensor.

    ``x`` is whatever has ``__dlpack__`` and lies in the memory of the CPU. Both see what either writes.
    Raises TypeError for what has no ``__dlpack__``, BufferError or RuntimeError for other devices.
    """
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"{type(x).__name__} has no __dlpack__\n  give an array or a tensor")
    # NumPy 1.22 has it under a private name.
    read = getattr(numpy, "from_dlpack", None) or numpy._from_dlpack
    return Variable(read(x))


def dlpack(variable, **settings):
    """What ``Variable.__dlpack__`` gives: the capsule of its array."""
    return _array_of(variable).__dlpack__(**settings)


def dlpack_device(variable):
    """What ``Variable.__dlpack_device__`` gives: (1, 0), the CPU."""
    return _array_of(variable).__dlpack_device__()


def _array_of(variable):
    if variable.array is None:
        raise BufferError("a parameter without a shape has no memory to share\n  call its layer with data first")
    return variable.array
