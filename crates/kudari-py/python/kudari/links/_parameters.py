"""What links share in making their parameters."""

import numpy

from kudari import initializers
from kudari.initializer import Initializer
from kudari.variable import Parameter


def weight(initial, shape=None):
    """A parameter from a link's argument: an initializer, an array, a number, or None for LeCunNormal."""
    return Parameter(initializers._get_initializer(initial), shape)


def bias(initial, shape=None, nobias=False):
    """A bias, zeros unless told otherwise; None with `nobias`."""
    return None if nobias else weight(0 if initial is None else initial, shape)


def pair(value):
    """(value, value) for a number, pairs as they are."""
    return value if hasattr(value, "__getitem__") else (value, value)


def as_tuple(value, ndim):
    """`ndim` values from one, or from a sequence of that many."""
    if hasattr(value, "__getitem__"):
        if len(value) != ndim:
            raise ValueError(
                f"{value} has {len(value)} values, {ndim} are needed.\nGive one number or {ndim}."
            )
        return tuple(value)
    return (value,) * ndim


def without_in_channels(in_channels, out_channels, ksize):
    """(in_channels, out_channels, ksize) where the first may have been left out: then it is known on the
    first call.
    """
    return (None, in_channels, out_channels) if ksize is None else (in_channels, out_channels, ksize)


def check_groups(in_channels, out_channels, groups):
    """Raise ValueError where the channels cannot be split into so many groups."""
    for what, channels in (("output", out_channels), ("input", in_channels)):
        if channels % groups:
            raise ValueError(
                f"the number of {what} channels must be divisible by the number of groups: "
                f"{channels} % {groups} = {channels % groups}.\nChange either number."
            )


def check_bias_size(b, outputs, name):
    """Raise ValueError where a given bias does not fit a given weight."""
    if b is not None and b.size != outputs:
        raise ValueError(
            f"`{name}` does not match the size of `b`: {outputs} against {b.size}.\n"
            "Give a bias with one value per output."
        )


def is_initializer_or_number(initial):
    """Is this None, a number or an `Initializer`, which fit any shape?"""
    return initial is None or numpy.isscalar(initial) or isinstance(initial, Initializer)


def described(link, *names):
    """What `printable_specs` gives for these attributes of a link, then whether it has no bias."""
    for name in names:
        yield name, getattr(link, name)
    if "b" in link.__dict__:
        yield "nobias", link.b is None
