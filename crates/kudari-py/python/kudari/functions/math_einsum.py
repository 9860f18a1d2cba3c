"""Einstein's summation."""

import numpy

from kudari import _core
from kudari.functions._checks import need, need_floats, refuse

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(*operands):
    """Sums of products: ``einsum('ij,jk->ik', a, b)``, or ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    A letter that occurs twice at one operand takes its diagonal, ``...`` stands for axes that go along.
    Raises ValueError where the subscripts are wrong, InvalidType where sizes differ.
    """
    if not operands:
        raise ValueError("einsum: no operands")
    if isinstance(operands[0], str):
        text, operands = _checked_text(operands[0]), list(operands[1:])
    else:
        text, operands = _text_of_lists(operands)
    inputs, arrow, output = text.partition("->")
    if not arrow:
        letters = inputs.replace(",", "")
        output = "".join(c for c in sorted(set(letters)) if c == "@" or letters.count(c) == 1)
    for c in output:
        if c not in inputs:
            raise ValueError(f"einsum: {'...' if c == '@' else c} behind -> is not before it")
    inputs = inputs.split(",")
    if len(inputs) != len(operands):
        raise ValueError(f"einsum: subscripts for {len(inputs)} operands, but {len(operands)} operands")
    for x in operands:
        need_floats("einsum", x)
    inputs, output = _spell_out(inputs, output, operands)
    _check_sizes(inputs, operands)
    dtype = numpy.result_type(*(x.dtype for x in operands)).name
    operands = [x if x.dtype == dtype else _core.to_dtype(x, dtype) for x in operands]
    pairs = [_without_twins(letters, x) for letters, x in zip(inputs, operands)]
    return _core.einsum(f"{','.join(letters for letters, _ in pairs)}->{output}", [x for _, x in pairs])


def _checked_text(text):
    text = text.replace(" ", "")
    for c in text:
        if c not in _LETTERS and c not in ".,->":
            raise ValueError(f"einsum: {c!r} is no letter")
    if ("-" in text or ">" in text) and not text.count("-") == text.count(">") == text.count("->") == 1:
        raise ValueError(f"einsum: {text!r} has more than one '->', or half of it")
    text = text.replace("...", "@")
    if "." in text:
        raise ValueError(f"einsum: {text!r} has dots that are no '...'")
    return text


def _text_of_lists(arguments):
    """Subscripts for operands that alternate with lists of axes' numbers."""

    def letters(axes):
        for axis in axes:
            if axis is not Ellipsis and not isinstance(axis, int):
                raise TypeError(f"einsum: {axis!r} in a list of axes\n  expected: ints or Ellipsis")
        return "".join("@" if axis is Ellipsis else _LETTERS[axis] for axis in axes)

    count = len(arguments) // 2
    text = ",".join(letters(axes) for axes in arguments[1 : 2 * count : 2])
    if len(arguments) % 2:
        text += "->" + letters(arguments[-1])
    return text, list(arguments[0 : 2 * count : 2])


def _spell_out(inputs, output, operands):
    """With letters in place of ``...``."""
    counts = {x.ndim - len(letters) + 1 for letters, x in zip(inputs, operands) if "@" in letters}
    if not counts:
        return inputs, output
    need(
        "einsum",
        len(counts) == 1 and min(counts) >= 0,
        f"'...' for {sorted(counts)} axes",
        "as many at every operand",
    )
    count = counts.pop()
    if count and "@" not in output:
        raise ValueError(
            "einsum: '...' is not behind ->\n  expected: axes that go along, not that are summed"
        )
    used = set("".join(inputs))
    spare = "".join([c for c in _LETTERS if c not in used][:count])
    return [letters.replace("@", spare) for letters in inputs], output.replace("@", spare)


def _check_sizes(inputs, operands):
    sizes = {}
    for letters, x in zip(inputs, operands):
        need("einsum", len(letters) == x.ndim, f"{letters!r} for shape {x.shape}", "a letter for each axis")
        for c, size in zip(letters, x.shape):
            if sizes.setdefault(c, size) != size:
                refuse("einsum", f"sizes {sizes[c]} and {size} for {c!r}", "one size for a letter")


def _without_twins(letters, x):
    """The diagonal where a letter occurs twice."""
    for c in sorted(set(letters)):
        while letters.count(c) > 1:
            first = letters.index(c)
            second = letters.index(c, first + 1)
            x = _core.diagonal(x, 0, first, second)
            letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + c
    return letters, x
