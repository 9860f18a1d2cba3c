"""Test cases for the initializers of a link's parameters."""

import unittest

import numpy

from kudari.testing._comparison import LinkTestError, compare_arrays
from kudari.testing._link_base import LinkTestBase


class InitializerArgument:
    """An argument of a link (such as None) and the initializer that the link should use for it."""

    def __init__(self, argument_value, expected_initializer):
        if expected_initializer is None:
            raise ValueError("Expected initialized cannot be None.")
        self.argument_value = argument_value
        self.expected_initializer = expected_initializer


class LinkInitializersTestCase(LinkTestBase, unittest.TestCase):
    """Tests of a link's initializers, to be decorated with `inject_backend_tests(None, [{}])`.

    A subclass defines `generate_params`, `create_link`, `generate_inputs`, `param_names`, and
    `get_initializers()`: for each parameter a list of the initializers to try, which must not be random.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.check_initializers_options = {}

    def get_initializers(self):
        """A tuple with a list of initializers, numbers, arrays or InitializerArguments for each parameter."""
        raise NotImplementedError("get_initializers is not implemented.")

    def test_initializers(self, backend_config):
        """Compares each parameter with what its initializer gives."""
        self.backend_config = backend_config
        self.before_test("test_initializers")
        choices = self.get_initializers()
        if not (isinstance(choices, (tuple, list)) and all(isinstance(c, (tuple, list)) for c in choices)):
            raise TypeError("`get_initializers` must return a tuple or a list of tuples or lists.")
        for number, initializers in enumerate(choices):
            others = list(self._params())
            for initializer in initializers:
                if initializer is None:
                    raise ValueError(
                        "None is no initializer.\nGive InitializerArgument(None, what is used for None)."
                    )
                others[number] = initializer
                self._check_one(number, others)

    def _check_one(self, number, initializers):
        from kudari.initializers import _get_initializer

        arguments = [i.argument_value if isinstance(i, InitializerArgument) else i for i in initializers]
        link, _, _ = self._create_initialized_link(arguments)
        param = self._param(link, self.param_names[number]).array
        tried = initializers[number]
        expected = numpy.empty_like(param)
        _get_initializer(tried.expected_initializer if isinstance(tried, InitializerArgument) else tried)(
            expected
        )
        compare_arrays((param,), (expected,), LinkTestError, **self.check_initializers_options)
