"""Helpers for tests of functions, links and training, for pytest and unittest."""

from kudari.testing.array import assert_allclose
from kudari.testing.backend import BackendConfig, inject_backend_tests
from kudari.testing.function_link import (
    FunctionTestCase,
    FunctionTestError,
    InitializerArgument,
    LinkInitializersTestCase,
    LinkTestCase,
    LinkTestError,
)
from kudari.testing.helper import assert_warns, patch, with_requires, without_requires
from kudari.testing.matrix import generate_matrix
from kudari.testing.parameterized import (
    from_pytest_parameterize,
    parameterize,
    parameterize_pytest,
    product,
    product_dict,
)
from kudari.testing.random import fix_random, generate_seed
from kudari.testing.serializer import save_and_load, save_and_load_hdf5, save_and_load_npz
from kudari.testing.training import get_trainer_with_mock_updater
from kudari.testing.unary_math_function_test import unary_math_function_unittest

__all__ = [
    "BackendConfig",
    "FunctionTestCase",
    "FunctionTestError",
    "InitializerArgument",
    "LinkInitializersTestCase",
    "LinkTestCase",
    "LinkTestError",
    "assert_allclose",
    "assert_warns",
    "fix_random",
    "from_pytest_parameterize",
    "generate_matrix",
    "generate_seed",
    "get_trainer_with_mock_updater",
    "inject_backend_tests",
    "parameterize",
    "parameterize_pytest",
    "patch",
    "product",
    "product_dict",
    "run_module",
    "save_and_load",
    "save_and_load_hdf5",
    "save_and_load_npz",
    "unary_math_function_unittest",
    "with_requires",
    "without_requires",
]


def run_module(name, file):
    """Runs the tests of a file that is run as a program, from its end: `run_module(__name__, __file__)`."""
    if name == "__main__":
        import pytest

        pytest.main([file, "-vvs", "-x", "--pdb"])
