"""Small helpers of tests."""

import contextlib
import unittest
import warnings


@contextlib.contextmanager
def assert_warns(expected):
    """A context that raises AssertionError where no warning of the class `expected` came in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if not any(isinstance(warning.message, expected) for warning in caught):
        raise AssertionError(f"{expected.__name__} not triggerred")


def with_requires(*requirements):
    """A decorator that skips a test unless packages are installed: `with_requires('scipy>=1.0')`."""
    return unittest.skipIf(not _installed(requirements), f"requires: {','.join(requirements)}")


def without_requires(*requirements):
    """A decorator that skips a test where the packages are installed."""
    return unittest.skipIf(_installed(requirements), f"requires the absence of: {','.join(requirements)}")


def _installed(requirements):
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    for requirement in map(Requirement, requirements):
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                return False
        except PackageNotFoundError:
            return False
    return True


def patch(target, *args, **kwargs):
    """`unittest.mock.patch` whose mock calls what it replaces, unless `wraps` names something else."""
    from pkgutil import resolve_name
    from unittest import mock

    kwargs.setdefault("wraps", resolve_name(target))
    return mock.patch(target, *args, **kwargs)
