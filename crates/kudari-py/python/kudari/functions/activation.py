"""Activation functions.

Results have the shape (but for ``crelu`` and ``maxout``) and the type of their input.
"""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import as_array, constant, need, need_axis, need_floats, refuse
from kudari.utils import argument


def relu(x):
    """max(x, 0)."""
    return _core.relu(x)


def sigmoid(x):
    """1 / (1 + exp(−x))."""
    return _core.sigmoid(x)


def tanh(x):
    """The hyperbolic tangent."""
    return _core.tanh(x)


def leaky_relu(x, slope=0.2):
    """x above 0, slope·x below."""
    return _core.leaky_relu(x, slope)


def clipped_relu(x, z=20.0):
    """min(max(x, 0), z). Raises TypeError unless z is a float."""
    if not isinstance(z, float):
        raise TypeError(f"clipped_relu: z is {type(z).__name__}\n  expected: a float above 0")
    if z <= 0:
        raise ValueError(f"clipped_relu: z is {z}\n  expected: a float above 0")
    return _core.clipped_relu(x, z)


def relu6(x):
    """min(max(x, 0), 6)."""
    return _core.clipped_relu(x, 6.0)


def elu(x, alpha=1.0):
    """x above 0, α·(exp(x) − 1) below."""
    return _core.elu(x, alpha)


def selu(x, alpha=1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946):
    """scale·elu(x, alpha); the defaults keep mean 0 and variance 1 from layer to layer."""
    return _core.mul(_core.elu(x, alpha), scale)


def hard_sigmoid(x):
    """0.2·x + 0.5, not below 0 and not above 1."""
    return _core.clip(_core.add(_core.mul(x, 0.2), 0.5), 0.0, 1.0)


def softplus(x, beta=1.0):
    """log(1 + exp(β·x)) / β."""
    beta = float(beta)
    if beta == 1.0:
        return _core.softplus(x)
    return _core.div(_core.softplus(_core.mul(x, beta)), beta)


def softmax(x, axis=1):
    """exp(x) over its sum along ``axis``."""
    return _core.softmax(x, axis)


def log_softmax(x, axis=1):
    """The logarithm of ``softmax``, without losing its digits."""
    return _core.log_softmax(x, axis)


def crelu(x, axis=1):
    """relu(x) and relu(−x) behind each other along ``axis``, which becomes twice as long."""
    if not isinstance(axis, int):
        raise TypeError(f"crelu: axis is {type(axis).__name__}\n  expected: an int")
    need_floats("crelu", x)
    need_axis("crelu", x, axis)
    return _core.concatenate([_core.relu(x), _core.relu(_core.neg(x))], axis)


def maxout(x, pool_size, axis=1):
    """The largest of each ``pool_size`` neighbours along ``axis``, whose length must be a multiple of it."""
    if pool_size <= 0:
        raise ValueError(f"maxout: pool_size is {pool_size}\n  expected: an int above 0")
    axis = need_axis("maxout", x, axis)
    size = x.shape[axis]
    if size % pool_size:
        refuse(
            "maxout",
            f"axis {axis} of {x.shape} in groups of {pool_size}",
            "a length that is a multiple of pool_size",
        )
    shape = (*x.shape[:axis], size // pool_size, pool_size, *x.shape[axis + 1 :])
    return _core.max(_core.reshape(x, shape), [axis + 1], False)


def _beside_samples(where, w, x):
    """A parameter of shape x.shape[1:k], in a shape that broadcasts against x."""
    need_floats(where, x, w)
    fits = w.ndim < x.ndim and x.shape[1 : 1 + w.ndim] == w.shape
    need(
        where,
        fits,
        f"a parameter of shape {w.shape} for x of shape {x.shape}",
        "the shape of the axes from the second on",
    )
    return _core.reshape(w, (1, *w.shape, *(1,) * (x.ndim - w.ndim - 1)))


def prelu(x, W):
    """x where it is not negative, W·x elsewhere.

    W has the shape of the axes from the second on, as far as it goes.
    """
    slope = _beside_samples("prelu", W, x)
    return _core.choose(numpy.asarray(as_array(x) >= 0), x, _core.mul(x, slope))


def swish(x, beta):
    """x·sigmoid(β·x); β has the shape of the axes from the second on, as far as it goes."""
    beta = _beside_samples("swish", beta, x)
    return _core.mul(x, _core.sigmoid(_core.mul(beta, x)))


def rrelu(x, l=1.0 / 8, u=1.0 / 3, **kwargs):  # noqa: E741
    """x where it is not negative, r·x elsewhere.

    R is drawn from l to u while training, and their middle in tests.

    ``r=`` gives the slopes instead, of the shape and type of x; with ``return_r=True`` they are returned as
    well.
    """
    r, return_r = None, False
    if kwargs:
        message = "rrelu has no argument train\n  use kudari.using_config('train', ...)"
        r, return_r = argument.parse_kwargs(kwargs, ("r", None), ("return_r", False), train=message)
    for name, bound in [("l", l), ("u", u)]:
        if not 0.0 <= bound < 1.0:
            raise ValueError(f"rrelu: {name} is {bound}\n  expected: from 0 to less than 1")
    if not l < u:
        raise ValueError(f"rrelu: l is {l}, u is {u}\n  expected: l less than u")
    need_floats("rrelu", x)
    if r is not None:
        fits = r.dtype == x.dtype and r.shape == x.shape
        need("rrelu", fits, f"r of {r.dtype} and shape {r.shape}", f"{x.dtype} and {x.shape}, as x has")
    if not config.train:
        r = numpy.full(x.shape, (l + u) / 2, x.dtype)
    elif r is None:
        r = numpy.asarray(numpy.random.uniform(l, u, x.shape)).astype(x.dtype)
    y = _core.choose(numpy.asarray(as_array(x) >= 0), x, _core.mul(x, constant(r)))
    return (y, r) if return_r else y
