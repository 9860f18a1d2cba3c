"""Test classes repeated for each backend. The CPU is tested; the others are skipped."""

import functools
import unittest

from kudari import backend
from kudari.testing._cases import multiplies, test_methods

_DEFAULTS = {
    "use_chainerx": False,
    "chainerx_device": None,
    "use_cuda": False,
    "cuda_device": None,
    "use_cudnn": "never",
    "cudnn_deterministic": False,
    "autotune": False,
    "cudnn_fast_batch_normalization": False,
    "use_ideep": "never",
}


class BackendConfig:
    """The settings of a backend, from a dictionary. `{}` is the CPU. A context in which they hold."""

    def __init__(self, params):
        if not isinstance(params, dict):
            raise TypeError("params must be a dict.")
        for name in params:
            if name not in _DEFAULTS:
                raise ValueError(f"Parameter {name} is not defined")
        self.__dict__.update(_DEFAULTS, **params)

    @property
    def is_cpu(self):
        """Whether these settings ask for the CPU alone."""
        return not (self.use_chainerx or self.use_cuda or self.use_ideep != "never")

    @property
    def device(self):
        """The device; RuntimeError for one that is not available."""
        if self.use_cuda:
            return backend.GpuDevice.from_device_id(self.cuda_device or 0)
        if self.use_chainerx:
            return backend.ChainerxDevice(self.chainerx_device)
        return backend.CpuDevice() if self.is_cpu else backend.Intel64Device()

    @property
    def xp(self):
        """The array module of the device."""
        return self.device.xp

    def get_array(self, np_array):
        """A NumPy array, or a list or tuple of them, on the device."""
        return self.device.send(np_array)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        """Nothing to restore on the CPU."""

    def __repr__(self):
        return f"<BackendConfig {' '.join(f'{name}={getattr(self, name)!r}' for name in _DEFAULTS)}>"


def inject_backend_tests(method_names, params):
    """A class decorator: one test class for each dictionary of `params`, with a BackendConfig as first
    argument.

    `method_names` are the methods that take it, None for all tests; the other tests of the class run once.
    """
    if not (method_names is None or isinstance(method_names, list)):
        raise TypeError("method_names must be either None or a list.")
    if not (isinstance(params, list) and all(isinstance(param, dict) for param in params)):
        raise TypeError("params must be a list of dicts.")

    def variants(base):
        methods = test_methods(base)
        injected = methods if method_names is None else method_names
        if method_names is not None:
            yield base.__name__, dict.fromkeys(method_names)
        for number, param in enumerate(params):
            config = BackendConfig(param)
            members = {
                name: _with_config(methods[name], config) if name in injected else None for name in methods
            }
            listed = "_".join(f"{name}_{value}" for name, value in param.items()) or "cpu"
            yield f"{base.__name__}_{number}_{listed}", members

    return multiplies(variants)


def _with_config(method, config):
    if not config.is_cpu:
        return unittest.skip("only the CPU is available")(method)

    @functools.wraps(method)
    def test(self, *args, **kwargs):
        return method(self, config, *args, **kwargs)

    return test
