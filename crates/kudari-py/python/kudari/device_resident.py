"""What lives on a device. Here every device is the CPU; the methods are Chainer's."""

import warnings

import numpy


def _warn_of_old_move(name):
    warnings.warn(f"{name} is deprecated. Please use to_device instead.", DeprecationWarning, stacklevel=3)


class DeviceResident:
    """Base of what Chainer can move between devices: `device`, `xp` and the moves, which stay on the CPU."""

    @property
    def device(self):
        """The CPU."""
        from kudari import backend

        return backend.CpuDevice()

    @property
    def xp(self):
        """NumPy."""
        return numpy

    def to_cpu(self):
        """Returns itself: everything is on the CPU already. Deprecated."""
        _warn_of_old_move("to_cpu")
        return self

    def to_gpu(self, device=None):
        """Raises RuntimeError: computation is on the CPU. Deprecated."""
        _warn_of_old_move("to_gpu")
        raise RuntimeError("kudari for Python computes on the CPU.\nLeave out to_gpu, or call to_cpu.")

    def to_intel64(self):
        """Returns itself, as `to_cpu` does. Deprecated."""
        _warn_of_old_move("to_intel64")
        return self

    def to_chx(self):
        """Raises RuntimeError: there is no ChainerX."""
        raise RuntimeError("ChainerX is not available.\nLeave out to_chx.")

    def from_chx(self):
        """Returns itself: there are no ChainerX arrays to convert."""
        return self

    def to_device(self, device):
        """Returns itself where `device` is the CPU ('@numpy'); other devices are refused by `get_device`."""
        from kudari import backend

        backend.get_device(device)
        return self
