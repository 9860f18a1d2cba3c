"""Checks of keyword arguments for functions that take `**kwargs`."""


def check_unexpected_kwargs(kwargs, **unexpected):
    """Raises ValueError with the message given for a name in `unexpected` that is among `kwargs`."""
    for name, message in unexpected.items():
        if name in kwargs:
            raise ValueError(message)


def parse_kwargs(kwargs, *name_and_values, **unexpected):
    """Takes the named values out of `kwargs`, each `(name, default)`, and returns them as a tuple.

    Raises TypeError where names are left over, ValueError with its message for one that `unexpected` knows.
    """
    values = tuple(kwargs.pop(name, default) for name, default in name_and_values)
    if kwargs:
        check_unexpected_kwargs(kwargs, **unexpected)
        import sys

        caller = sys._getframe(1).f_code.co_name
        if caller == "assert_kwargs_empty":
            caller = sys._getframe(2).f_code.co_name
        left = ", ".join(repr(name) for name in sorted(kwargs))
        raise TypeError(f"{caller}() got unexpected keyword argument(s) {left}")
    return values


def assert_kwargs_empty(kwargs):
    """Raises TypeError where `kwargs` has any name."""
    parse_kwargs(kwargs)
