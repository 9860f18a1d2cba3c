"""Tests with the same random numbers in every run."""

import contextlib
import functools
import os
import types

import numpy

from kudari.testing._cases import Bundle

_SEED = 100
_depth = 0


@contextlib.contextmanager
def _fixed():
    """A context with seeded generators of Python and NumPy, restored at its end. An inner one changes
    nothing.

    The environment variable CHAINER_TEST_RANDOM_NONDETERMINISTIC=1 leaves the seeds to chance.
    """
    import random

    global _depth
    _depth += 1
    states = (random.getstate(), numpy.random.get_state()) if _depth == 1 else None
    if states:
        by_chance = os.environ.get("CHAINER_TEST_RANDOM_NONDETERMINISTIC", "0") == "1"
        random.seed(None if by_chance else _SEED)
        numpy.random.seed(None if by_chance else _SEED)
    try:
        yield
    finally:
        _depth -= 1
        if states:
            random.setstate(states[0])
            numpy.random.set_state(states[1])


def generate_seed():
    """A random seed, for use inside of `fix_random`."""
    assert _depth > 0, "random is not set up"
    return numpy.random.randint(0xFFFFFFFF, dtype=numpy.uint32)


def fix_random(*, setup_method="setUp", teardown_method="tearDown"):
    """A decorator of a test method, or of a test class, that fixes the random numbers of each test."""

    def decorate(decorated):
        if isinstance(decorated, types.FunctionType):

            @functools.wraps(decorated)
            def test(self, *args, **kwargs):
                with _fixed():
                    return decorated(self, *args, **kwargs)

            return test
        for case in decorated.classes if isinstance(decorated, Bundle) else [decorated]:
            _wrap_setup(case, setup_method, teardown_method)
        return decorated

    return decorate


def _wrap_setup(case, setup_method, teardown_method):
    setup, teardown = getattr(case, setup_method), getattr(case, teardown_method)

    @functools.wraps(setup)
    def fixed_setup(self):
        self._fixed_random = _fixed()
        self._fixed_random.__enter__()
        setup(self)

    @functools.wraps(teardown)
    def fixed_teardown(self):
        try:
            teardown(self)
        finally:
            self._fixed_random.__exit__(None, None, None)

    setattr(case, setup_method, fixed_setup)
    setattr(case, teardown_method, fixed_teardown)
