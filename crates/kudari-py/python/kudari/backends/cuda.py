"""CUDA as Chainer programs ask for it: not available here, so that they take their way for the CPU.

`available` is False, `cupy` a placeholder that is no array module, and whatever would need a GPU raises
RuntimeError.
"""

import numpy

from kudari.backends import _cpu

available = False
cudnn_enabled = False
cupy = object()
cudnn = libcudnn = None


class ndarray:  # noqa: N801 - named as CuPy's class
    """Placeholder for CuPy's array class: nothing is an instance of it."""


class Device:
    """Placeholder for a CUDA device."""

    def __init__(self, device=None):
        check_cuda_available()


class Event:
    """Placeholder for a CUDA event."""


class Stream:
    """Placeholder for a CUDA stream."""


class GpuDevice(_cpu.Device):
    """Placeholder for a GPU: making one raises RuntimeError."""

    def __init__(self, device):
        check_cuda_available()

    @staticmethod
    def from_device_id(device_id):
        """Raises RuntimeError, or ValueError for what is no number of a device."""
        if not (isinstance(device_id, (int, numpy.integer)) and device_id >= 0):
            raise ValueError(f"Invalid CUDA device ID: {device_id}")
        return GpuDevice(device_id)

    @staticmethod
    def from_array(array):
        """None: no array lives on a GPU."""
        return None


class DummyDeviceType:
    """The CPU as the former interface of Chainer names it: a device with the number -1 that does nothing."""

    id = -1

    def __int__(self):
        return -1

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        """Nothing to restore."""

    def __eq__(self, other):
        return isinstance(other, DummyDeviceType)

    def __hash__(self):
        return hash(DummyDeviceType)

    def use(self):
        """Nothing to do."""

    def synchronize(self):
        """Nothing to wait for."""


DummyDevice = DummyDeviceType()


def check_cuda_available():
    """Raises RuntimeError: kudari for Python computes on the CPU."""
    raise RuntimeError(
        "CUDA is not available: kudari for Python computes on the CPU.\nUse the device -1 or '@numpy'."
    )


def get_device_from_id(device_id):
    """DummyDevice for None or a negative number; raises RuntimeError for a GPU."""
    if device_id is not None and device_id >= 0:
        check_cuda_available()
    return DummyDevice


def get_device_from_array(*arrays):
    """DummyDevice: no array lives on a GPU."""
    return DummyDevice


def get_device(*args):
    """DummyDevice; RuntimeError where a number asks for a GPU. Deprecated, with a warning."""
    import warnings

    warnings.warn(
        "get_device is deprecated. Please use get_device_from_id or get_device_from_array instead.",
        DeprecationWarning,
        stacklevel=2,
    )
    if any(isinstance(a, (int, numpy.integer)) and not isinstance(a, bool) for a in args):
        check_cuda_available()
    return DummyDevice


def to_cpu(array, stream=None):
    """The array, or the list or tuple of arrays, as it is: everything is on the CPU."""
    return _cpu._to_cpu(array)


def to_gpu(array, device=None, stream=None):
    """Raises RuntimeError: there is no GPU to copy to."""
    check_cuda_available()


def copy(array, out=None, out_device=None, stream=None):
    """Raises RuntimeError: it copies between GPUs."""
    check_cuda_available()


def get_array_module(*args):
    """NumPy."""
    return numpy


def memoize(for_each_device=False):
    """A decorator that leaves the function as it is."""
    return lambda function: function


def clear_memo():
    """Nothing is remembered."""


def elementwise(in_params, out_params, operation, name, **kwargs):
    """Raises RuntimeError: it makes a CUDA kernel."""
    check_cuda_available()


def reduce(in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name, **kwargs):
    """Raises RuntimeError: it makes a CUDA kernel."""
    check_cuda_available()


def raw(code, name, *args, **kwargs):
    """Raises RuntimeError: it makes a CUDA kernel."""
    check_cuda_available()


def fuse(*args, **kwargs):
    """A decorator, with or without arguments, that leaves the function as it is."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return args[0]
    return lambda function: function


def should_use_cudnn(level, lowest_version=0):
    """False. Raises ValueError for a level other than '==always' and '>=auto'."""
    if level not in ("==always", ">=auto"):
        raise ValueError(f'invalid cuDNN use level: {level!r} (must be either of "==always" or ">=auto")')
    return False


def should_use_cudnn_tensor_core(dtype):
    """False."""
    return False


def get_max_workspace_size():
    """0: cuDNN, whose workspace it is, is not there."""
    return 0


def set_max_workspace_size(size):
    """Nothing to set: cuDNN is not there."""
