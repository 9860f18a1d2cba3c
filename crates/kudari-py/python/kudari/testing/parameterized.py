"""Test classes repeated for each set of parameters."""

import itertools
import types

from kudari.testing._cases import multiplies


def parameterize(*params):
    """A class decorator: one test class for each dictionary of `params`, which become attributes of it."""

    def variants(base):
        for number, param in enumerate(params):
            listed = ", ".join(f"{name}={_short(value)}" for name, value in sorted(param.items()))
            # A function would become a method.
            members = {
                name: staticmethod(value) if isinstance(value, types.FunctionType) else value
                for name, value in param.items()
            }
            yield f"{base.__name__}_param_{number}_{{{listed}}}", members

    return multiplies(variants)


def parameterize_pytest(names, values):
    """`parameterize` with the arguments of `pytest.mark.parametrize`."""
    return parameterize(*from_pytest_parameterize(names, values))


def from_pytest_parameterize(names, values):
    """Dictionaries from names `'a,b'` and values `[(1, 2), (3, 4)]`; one name takes the values themselves."""
    names = names.split(",")
    if len(names) == 1:
        return [{names[0]: value} for value in values]
    assert all(len(row) == len(names) for row in values), f"Each row of values must have {len(names)} values."
    return [dict(zip(names, row)) for row in values]


def product(parameter):
    """All combinations: of `{'a': [1, 2], 'b': [3]}`, or of a list of lists of dictionaries."""
    if isinstance(parameter, dict):
        return product_dict(
            *(from_pytest_parameterize(names, values) for names, values in sorted(parameter.items()))
        )
    if isinstance(parameter, list) and all(isinstance(choices, list) for choices in parameter):
        if all(isinstance(choice, dict) for choices in parameter for choice in choices):
            return product_dict(*parameter)
    raise TypeError(
        f"parameter must be a dict or a list of lists of dicts. Actual: {type(parameter).__name__}"
    )


def product_dict(*parameters):
    """The union of one dictionary from each list, for all combinations."""
    return [
        {k: v for choice in choices for k, v in choice.items()} for choices in itertools.product(*parameters)
    ]


def _short(value):
    text = getattr(value, "__name__", None)
    text = text if isinstance(text, str) else repr(value)
    return text if len(text) <= 100 else f"{text[:48]}...{text[-49:]}"
