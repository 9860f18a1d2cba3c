"""From a batch, a list of examples, to the arrays that a model is called with."""

import numpy as np

from kudari import backend


class Converter:
    """A function `(batch, device) -> arrays` that understands device objects."""

    def __call__(self, batch, device):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(batch, device)")


class _FunctionConverter(Converter):
    """A plain function as a converter; its second argument, or `device=`, arrives as a device object or None."""

    def __init__(self, function):
        if not callable(function):
            raise TypeError(
                f"A converter must be callable, not {type(function).__name__}.\nDecorate a function."
            )
        self._function = function
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        if len(args) >= 2:
            args = (args[0], _device_of(args[1]), *args[2:])
        elif "device" in kwargs:
            kwargs["device"] = _device_of(kwargs["device"])
        return self._function(*args, **kwargs)


def converter():
    """Decorator: `@converter()` above `def f(batch, device)` makes `f` a `Converter`."""
    return _FunctionConverter


def _call_converter(converter, batch, device):
    """Call a converter of either kind: plain functions know devices by number, -1 being the CPU."""
    if device is None or isinstance(converter, Converter):
        return converter(batch, device)
    return converter(batch, -1)


def _device_of(spec):
    return None if spec is None else backend.get_device(spec)


def to_device(device, x):
    """`x` on the device; unchanged where `device` is None."""
    device = _device_of(device)
    return x if device is None else device.send(x)


def _concat_examples(batch, device=None, padding=None):
    """Stack a batch of n examples along a new first axis.

    Examples that are tuples give a tuple of arrays, dictionaries a dictionary, anything else one array.

    Args:
        batch: list of examples; arrays of one position have the same shape, (d1, ...) becomes (n, d1, ...).
        device: where the arrays go.
        padding: number that fills arrays up to the largest shape of their position; a tuple or dictionary
            of such numbers for examples that are tuples or dictionaries.
    """
    if not batch:
        raise ValueError("The batch is empty.\nGive at least one example.")
    first = batch[0]
    if isinstance(first, tuple):
        if not isinstance(padding, tuple):
            padding = [padding] * len(first)
        return tuple(_stack([example[i] for example in batch], padding[i], device) for i in range(len(first)))
    if isinstance(first, dict):
        if not isinstance(padding, dict):
            padding = dict.fromkeys(first, padding)
        return {key: _stack([example[key] for example in batch], padding[key], device) for key in first}
    return _stack(batch, padding, device)


concat_examples = _FunctionConverter(_concat_examples)  # two names, so that it can be pickled


def _stack(arrays, padding, device):
    if padding is not None:
        stacked = _stack_padded([np.asarray(array) for array in arrays], padding)
    elif isinstance(arrays[0], np.ndarray):
        try:
            stacked = np.concatenate([array[None] for array in arrays])
        except ValueError as error:
            shapes = sorted({np.shape(array) for array in arrays})
            raise ValueError(
                f"The arrays of a batch have different shapes: {', '.join(map(str, shapes))}.\n"
                "Give padding=, or a converter of your own."
            ) from error
    else:
        stacked = np.asarray(arrays)
    return to_device(device, stacked)


def _stack_padded(arrays, padding):
    shape = np.max([array.shape for array in arrays], axis=0).astype(int)
    stacked = np.full((len(arrays), *shape), padding, dtype=arrays[0].dtype)
    for i, array in enumerate(arrays):
        stacked[(i, *map(slice, array.shape))] = array
    return stacked
