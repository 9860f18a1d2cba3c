"""Checks of what functions and links return, with messages that say what differs."""

import contextlib

import numpy

from kudari.testing.array import assert_allclose
from kudari.utils import _format_array_props, _raise_from


class _ReturnError(AssertionError):
    @classmethod
    @contextlib.contextmanager
    def raise_if_fail(cls, message, error_types=AssertionError):
        """A context that raises this error, with `message`, for an AssertionError in it."""
        try:
            yield
        except error_types as error:
            _raise_from(cls, message, error)


class FunctionTestError(_ReturnError):
    """The tested function is wrong."""


class LinkTestError(_ReturnError):
    """The tested link is wrong."""


def require_arrays(arrays, method):
    """`arrays`, or TypeError where it is no tuple of arrays and None."""
    if not isinstance(arrays, tuple) or not all(a is None or isinstance(a, numpy.ndarray) for a in arrays):
        raise TypeError(f"`{method}()` must return a tuple of arrays, not {_types(arrays)}.")
    return arrays


def require_variables(variables, method, error):
    """`variables`, or `error` where it is no tuple of variables."""
    from kudari import Variable

    if not isinstance(variables, tuple) or not all(isinstance(v, Variable) for v in variables):
        raise error(f"`{method}()` must return a tuple of Variables, not {_types(variables)}.")
    return variables


def compare_arrays(actual, expected, error, **options):
    """Raises `error` where the arrays differ in number, shape, dtype or, with the options of assert_allclose,
    values."""
    if len(actual) != len(expected):
        problem = f"Number of outputs ({len(actual)}, {len(expected)}) does not match"
    elif any(y.shape != e.shape or y.dtype != e.dtype for y, e in zip(actual, expected)):
        problem = "Shapes and/or dtypes do not match"
    else:
        wrong = [
            f"Error details of output [{i}]:\n{text}" for i, text in _differences(actual, expected, options)
        ]
        if not wrong:
            return
        problem = "\n".join(["Outputs do not match the expected values.", *wrong])
    raise error(
        f"{problem}\nExpected shapes and dtypes: {_format_array_props(expected)}\n"
        f"Actual shapes and dtypes:   {_format_array_props(actual)}\n"
    )


def _differences(actual, expected, options):
    for i, (y, e) in enumerate(zip(actual, expected)):
        try:
            assert_allclose(y, e, **options)
        except AssertionError as error:
            yield i, error


def _types(value):
    return [type(v).__name__ for v in value] if isinstance(value, tuple) else type(value).__name__
