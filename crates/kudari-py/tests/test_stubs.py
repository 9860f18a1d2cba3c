"""The types that are declared for the native module are those of the module."""

import ast
import inspect
import pathlib

import kudari
import pytest
from kudari import _core

STUB = ast.parse((pathlib.Path(kudari.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))


def declared(body):
    """Names of functions, classes and attributes with what declares them."""
    names = {}
    for entry in body:
        if isinstance(entry, (ast.FunctionDef, ast.ClassDef)):
            names[entry.name] = entry
        elif isinstance(entry, ast.AnnAssign):
            names[entry.target.id] = entry
        elif isinstance(entry, ast.ImportFrom):
            names.update({alias.asname: entry for alias in entry.names if alias.asname})
    return names


def parameters(function):
    """Names, kinds and whether there is a default, as ``inspect`` has them."""
    a = function.args
    positional = [(p.arg, "POSITIONAL_OR_KEYWORD") for p in a.posonlyargs + a.args]
    defaults = [False] * (len(positional) - len(a.defaults)) + [True] * len(a.defaults)
    found = [(*one, default) for one, default in zip(positional, defaults)]
    found += [(a.vararg.arg, "VAR_POSITIONAL", False)] if a.vararg else []
    found += [(p.arg, "KEYWORD_ONLY", d is not None) for p, d in zip(a.kwonlyargs, a.kw_defaults)]
    return found + ([(a.kwarg.arg, "VAR_KEYWORD", False)] if a.kwarg else [])


def actual_parameters(function):
    signature = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.name, p.default is not p.empty) for p in signature]


FUNCTIONS = {name: entry for name, entry in declared(STUB.body).items() if isinstance(entry, ast.FunctionDef)}
CLASSES = {name: entry for name, entry in declared(STUB.body).items() if isinstance(entry, ast.ClassDef)}


def public(names):
    return {name for name in names if not name.startswith("_")}


def test_the_same_names():
    assert public(declared(STUB.body)) == public(vars(_core))


def test_the_same_parameters():
    differences = {
        name: (parameters(entry), actual_parameters(getattr(_core, name)))
        for name, entry in FUNCTIONS.items()
        if parameters(entry) != actual_parameters(getattr(_core, name))
    }
    assert not differences


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_same_members(name):
    members = declared(CLASSES[name].body)
    assert public(members) == public(vars(getattr(_core, name)))
    special = {member for member in members if member.startswith("__")}
    assert special <= set(dir(getattr(_core, name)))


OPERATORS = "add sub mul truediv pow matmul floordiv"


def test_operators_of_variables():
    members = declared(CLASSES["Variable"].body)
    for word in OPERATORS.split():
        assert f"__{word}__" in members and f"__r{word}__" in members


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_methods_have_the_same_parameters(name):
    cls = getattr(_core, name)
    for method, entry in declared(CLASSES[name].body).items():
        is_plain = isinstance(entry, ast.FunctionDef) and not entry.decorator_list
        if is_plain and not method.startswith("__"):
            assert parameters(entry)[1:] == actual_parameters(vars(cls)[method])[1:], method


def test_every_function_says_what_it_takes_and_gives():
    for entry in ast.walk(STUB):
        if isinstance(entry, ast.FunctionDef):
            arguments = [p for p in entry.args.args + entry.args.kwonlyargs if p.arg not in ("self", "cls")]
            assert entry.returns is not None and all(p.annotation for p in arguments), entry.name


def test_the_package_is_marked_as_typed():
    assert (pathlib.Path(kudari.__file__).parent / "py.typed").exists()
