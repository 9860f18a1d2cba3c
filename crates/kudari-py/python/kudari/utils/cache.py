"""Values of a property that are computed once."""

import functools


class cached_property:  # noqa: N801 - a decorator, named like `property`
    """A read-only property computed once for each value of `config.enable_backprop`.

    A value computed without a graph is never handed out where gradients are wanted.
    """

    def __init__(self, func):
        functools.update_wrapper(self, func)
        self.func = func

    def __get__(self, instance, owner):
        if instance is None:
            return self
        from kudari.configuration import config

        values = instance.__dict__.setdefault(self.__name__, {})
        key = config.enable_backprop
        if key not in values:
            values[key] = self.func(instance)
        return values[key]

    def __set__(self, instance, value):
        raise AttributeError(f"attribute '{self.__name__}' of {type(instance).__name__} is readonly")
