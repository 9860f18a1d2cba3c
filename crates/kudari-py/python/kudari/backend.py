"""Where arrays live and which module computes with them: here always the CPU and NumPy."""

import contextlib

import numpy

from kudari.backends._cpu import CpuDevice, Device
from kudari.backends.cuda import GpuDevice
from kudari.backends.intel64 import Intel64Device

__all__ = [
    "ChainerxDevice",
    "CpuDevice",
    "Device",
    "GpuDevice",
    "Intel64Device",
    "copyto",
    "from_chx",
    "get_array_module",
    "get_device",
    "get_device_from_array",
    "to_chx",
    "using_device",
]

_CPU = CpuDevice()


class ChainerxDevice(Device):
    """Placeholder: there is no ChainerX here, so that no object of it can be made."""

    def __init__(self, device=None):
        raise RuntimeError("ChainerX is not available.\nUse the device '@numpy'.")


def get_array_module(*args):
    """The module that computes with the given arrays or variables: NumPy."""
    return numpy


def get_device(device_spec):
    """The device for a specification: a Device, '@numpy', or -1, which all mean the CPU.

    Raises RuntimeError for devices that kudari does not compute on from Python, ValueError or TypeError for
    what is no specification.
    """
    if isinstance(device_spec, Device):
        return device_spec
    if isinstance(device_spec, (int, numpy.integer)):
        return _CPU if device_spec < 0 else GpuDevice(device_spec)
    if not isinstance(device_spec, str):
        raise TypeError(
            f"Device specifier must be a Device, an integer or a string, got {type(device_spec).__name__}.\n"
            "Give '@numpy' or -1 for the CPU."
        )
    try:
        return get_device(int(device_spec))
    except ValueError:
        pass
    if device_spec == "@numpy":
        return _CPU
    if device_spec == "@intel64":
        return Intel64Device()
    module, colon, number = device_spec.partition(":")
    if module == "@cupy" and colon:
        return GpuDevice.from_device_id(int(number))
    if device_spec.startswith("@"):
        raise ValueError(f"No device is called '{device_spec}'.\nGive '@numpy' for the CPU.")
    raise RuntimeError(
        f"The device '{device_spec}' is one of ChainerX, which is not available.\nGive '@numpy'."
    )


def get_device_from_array(*arrays):
    """The device that the arrays live on: the CPU."""
    return _CPU


def using_device(device_spec):
    """A context in which the device is the current one. With the CPU alone it changes nothing."""
    return contextlib.nullcontext(get_device(device_spec))


def copyto(dst, src):
    """Copies the elements of `src` into the array `dst`. Raises TypeError where `dst` is no array."""
    if not isinstance(dst, numpy.ndarray):
        raise TypeError(f"cannot copy to non-array object of type {type(dst)}")
    numpy.copyto(dst, _CPU.send(src))


def to_chx(array):
    """Raises RuntimeError: there is no ChainerX."""
    raise RuntimeError("ChainerX is not available.\nLeave out to_chx.")


def from_chx(array):
    """Returns `array`: there are no ChainerX arrays to convert."""
    return array
