"""The CPU as a device."""

import contextlib

import numpy


class Device:
    """Base of the devices: `xp` its array module, `name`, `supported_array_types`, and how arrays are sent to
    it."""

    xp = None
    name = None
    supported_array_types = ()

    def __str__(self):
        return self.name

    def __eq__(self, other):
        return type(self) is type(other)

    def __hash__(self):
        return hash(self.name)

    def __enter__(self):
        raise RuntimeError("A device is no context.\nWrite `with using_device(device):`.")

    def __exit__(self, kind, value, traceback):
        """Never called: `__enter__` raises. Python looks it up before it enters."""

    def create_context(self):
        """A context in which this device is the current one; nothing to do on the CPU."""
        return contextlib.nullcontext(self)

    def use(self):
        """Makes the device the current one of the thread; nothing to do on the CPU."""

    def send(self, arrays):
        """An array, None, or a list or tuple of them on this device. The same object twice stays the same
        object."""
        if not isinstance(arrays, (list, tuple)):
            return self.send_array(arrays)
        sent = {id(array): self.send_array(array) for array in arrays}
        return type(arrays)([sent[id(array)] for array in arrays])

    def is_array_supported(self, array):
        """Whether the device can compute with `array` without sending it."""
        return isinstance(array, self.supported_array_types)


class CpuDevice(Device):
    """The CPU, with NumPy arrays."""

    name = "@numpy"
    xp = numpy
    supported_array_types = (numpy.ndarray,)

    __hash__ = Device.__hash__

    @staticmethod
    def from_array(array):
        """The CPU where `array` is a NumPy array, otherwise None."""
        return CpuDevice() if isinstance(array, numpy.ndarray) else None

    def __repr__(self):
        return "<CpuDevice (numpy)>"

    def send_array(self, array):
        """An array or None as it is, a scalar as a 0-d array. Raises TypeError for anything else."""
        if array is None or isinstance(array, numpy.ndarray):
            return array
        if numpy.isscalar(array):
            return numpy.asarray(array)
        raise TypeError(f"Array cannot be converted into an numpy.ndarray\nActual type: {type(array)}.")


def _to_cpu(array):
    """An array, None, or a list or tuple of them as NumPy arrays."""
    return CpuDevice().send(array)
