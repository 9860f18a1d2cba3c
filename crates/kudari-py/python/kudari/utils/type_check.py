"""Checks of shapes and dtypes that say, in the words of the check, what was expected and what came.

In `check_type_forward(self, in_types)` a condition such as `in_types[0].ndim == 2` is an expression: `expect`
evaluates it and, where it is false, raises InvalidType with `Expect: in_types[0].ndim == 2` and `Actual: 3 !=
2`. In the light mode, which is the fast one, the same conditions are plain Python values, and a failure says
nothing more.
"""

import contextlib
import math
import threading

import numpy

from kudari._core import InvalidType
from kudari.utils._expression import (
    Atom,
    BinaryOperator,
    BoolBinaryOperator,
    Call,
    Constant,
    Expr,
    GetAttr,
    GetItem,
    Testable,
    UnaryOperator,
    Variable,
    _repr,  # noqa: F401 - its users find it here
    _value,
)

__all__ = [
    "Atom",
    "BinaryOperator",
    "BoolBinaryOperator",
    "Call",
    "Constant",
    "Expr",
    "GetAttr",
    "GetItem",
    "InvalidType",
    "LightMode",
    "LightTypeInfoTuple",
    "Testable",
    "TypeInfo",
    "TypeInfoTuple",
    "UnaryOperator",
    "Variable",
    "argname",
    "check_forward",
    "eval",
    "expect",
    "expect_broadcast_shapes",
    "get_function_check_context",
    "get_light_types",
    "get_types",
    "in_light_mode",
    "light_mode",
    "make_variable",
    "prod",
    "same_types",
]

_state = threading.local()


class TypeInfo:
    """Shape and dtype of an array: `shape`, `dtype`, `ndim`, `size`."""

    def __init__(self, shape, dtype):
        self.shape = shape
        self.dtype = dtype
        self.ndim = len(shape)

    @property
    def size(self):
        """The number of elements."""
        return math.prod(self.shape)


class TypeInfoTuple(tuple):
    """The types of a function's inputs as expressions, called `name`."""

    def size(self):
        """The number of inputs, as an expression."""
        return Variable(len(self), f"{self.name}.size")


class LightTypeInfoTuple(tuple):
    """The types of a function's inputs as plain values."""

    def size(self):
        """The number of inputs."""
        return len(self)


class LightMode:
    """A context in which checks use plain values instead of expressions."""

    def __enter__(self):
        _state.light_mode = True

    def __exit__(self, kind, value, traceback):
        _state.light_mode = False


light_mode = LightMode()


def in_light_mode():
    """Whether this thread is in the light mode."""
    return getattr(_state, "light_mode", False)


@contextlib.contextmanager
def get_function_check_context(function):
    """A context in which messages name the label of `function`."""
    former = getattr(_state, "function", None)
    _state.function = function
    try:
        yield
    finally:
        _state.function = former


def check_forward(function, arrays):
    """Calls `function.check_type_forward` for a tuple of arrays: lightly, and once more for the message if
    that fails."""
    try:
        with light_mode:
            function.check_type_forward(get_light_types(arrays))
            return
    except InvalidType:
        pass
    with get_function_check_context(function):
        function.check_type_forward(get_types(arrays, "in_types", False))


def get_types(data, name, accept_none, *, shapes=None):
    """The types of a tuple of arrays as expressions `name[0]`, `name[1]`, ...; None is allowed with
    `accept_none`."""
    assert isinstance(data, tuple), f"Expected a tuple of arrays, got {type(data).__name__}."
    if shapes is None:
        shapes = [None if x is None else x.shape for x in data]
    types = TypeInfoTuple(
        _type_of(f"{name}[{i}]", x, s, accept_none) for i, (x, s) in enumerate(zip(data, shapes))
    )
    types.name = name
    return types


def _type_of(name, array, shape, accept_none):
    if array is None and accept_none:
        return Variable(TypeInfo((), None), name)
    assert isinstance(array, numpy.ndarray), f"{name} is no array but {type(array).__name__}."
    return Variable(TypeInfo(shape, array.dtype), name)


def get_light_types(data, *, shapes=None):
    """The types of arrays as plain values: the arrays themselves, where no other shapes are given."""
    if shapes is None:
        return LightTypeInfoTuple(data)
    return LightTypeInfoTuple(TypeInfo(shape, x.dtype) for x, shape in zip(data, shapes))


def argname(in_types, names):
    """Gives the inputs the names that messages use. Raises InvalidType where their number is another."""
    if len(in_types) != len(names):
        raise _invalid(f"{len(names)} argument(s)", f"{len(in_types)} argument(s)")
    for in_type, name in zip(in_types, names):
        if isinstance(in_type, Variable):
            in_type.name = name


_argname = argname


def expect(*conditions):
    """Raises InvalidType for the first condition that is false."""
    if in_light_mode():
        if not all(conditions):
            raise InvalidType("", "")
        return
    for condition in conditions:
        assert isinstance(condition, Testable), f"{condition!r} is no condition on the types."
        failure = condition.failure()
        if failure is not None:
            raise _invalid(*failure)


def expect_broadcast_shapes(*shape_types):
    """Raises InvalidType where the shapes cannot be broadcast together."""
    shapes = [eval(shape) for shape in shape_types]
    try:
        numpy.broadcast_shapes(*shapes)
    except ValueError:
        listed = [f"{expression} = {shape}" for expression, shape in zip(shape_types, shapes)]
        raise InvalidType("", "", "\n".join(["cannot broadcast inputs of the following shapes:", *listed])) from None


def same_types(*arrays):
    """Whether all of them are NumPy arrays."""
    return all(isinstance(x, numpy.ndarray) for x in arrays)


def eval(expression):
    """The value of an expression or of a list or tuple with expressions; in the light mode it is the value
    already."""
    return expression if in_light_mode() else _value(expression)


def make_variable(value, name):
    """`value` as an expression called `name`; in the light mode `value` itself."""
    return value if in_light_mode() else Variable(value, name)


def _make_variable_from_array(array, name):
    """The type of `array` as an expression called `name`. Raises InvalidType where it is no array."""
    if not isinstance(array, numpy.ndarray):
        raise _invalid(f"isinstance({name}, ndarray)", f"type({name}) == {type(array)}")
    return array if in_light_mode() else Variable(TypeInfo(array.shape, array.dtype), name)


_prod = Variable(math.prod, "prod")


def prod(values):
    """The product of the values, which may be expressions."""
    return math.prod(values) if in_light_mode() else _prod(values)


def _invalid(expected, actual):
    text = f"Expect: {expected}\nActual: {actual}"
    function = getattr(_state, "function", None)
    if function is not None:
        text = f"\nInvalid operation is performed in: {function.label} (Forward)\n\n{text}"
    return InvalidType(expected, actual, text)
