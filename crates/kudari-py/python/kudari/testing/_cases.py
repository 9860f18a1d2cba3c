"""Test classes made from a test class, in the module that it stands in."""

import sys


class Bundle:
    """The classes that a decorator made, so that a further decorator can make more of each."""

    def __init__(self, classes):
        self.classes = classes


def multiplies(variants_of):
    """A class decorator that puts `(name, members)` subclasses of a test class into its module, instead of
    itself."""

    def decorate(decorated):
        made = []
        for base in decorated.classes if isinstance(decorated, Bundle) else [decorated]:
            module = sys.modules[base.__module__]
            if isinstance(decorated, Bundle):
                delattr(module, base.__name__)
            for name, members in variants_of(base):
                case = type(name, (base,), {**members, "__module__": base.__module__})
                setattr(module, name, case)
                made.append(case)
        return Bundle(made)

    return decorate


def test_methods(cls):
    """The test methods of a class by name."""
    found = ((name, getattr(cls, name)) for name in dir(cls) if name.startswith("test_"))
    return {name: method for name, method in found if callable(method)}


test_methods.__test__ = False  # pytest would take its name for a test's
