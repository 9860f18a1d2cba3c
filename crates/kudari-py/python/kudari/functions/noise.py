"""Functions that draw random numbers from ``numpy.random`` while ``config.train`` is on."""

import numpy

from kudari import _core
from kudari.configuration import config
from kudari.functions._checks import as_array, as_variable, constant, need, need_floats, need_same, size_of
from kudari.functions._creators import Creator
from kudari.functions.array_shapes import reshape
from kudari.functions.connection import linear
from kudari.utils import argument

_NO_TRAIN = "there is no argument train\n  use kudari.using_config('train', ...)"


def dropout(x, ratio=0.5, **kwargs):
    """Zeros with probability ``ratio``, the other numbers times 1 / (1 − ratio); x itself in tests.

    ``mask=`` gives the factors; with ``return_mask=True`` they are returned as well (None in tests).
    """
    mask, return_mask = None, False
    if kwargs:
        mask, return_mask = argument.parse_kwargs(
            kwargs, ("mask", None), ("return_mask", False), train=_NO_TRAIN
        )
    if not config.train:
        return (as_variable(x), None) if return_mask else as_variable(x)
    creator = Dropout(ratio, mask)
    y = creator.apply((x,))[0]
    return (y, creator.mask) if return_mask else y


class Dropout(Creator):
    """The creator of a dropout: ``mask`` are the factors, drawn at the first ``apply`` and kept."""

    def __init__(self, dropout_ratio, mask=None):
        if not 0.0 <= dropout_ratio < 1.0:
            raise ValueError(f"dropout: ratio is {dropout_ratio}\n  expected: from 0 to less than 1")
        self.dropout_ratio, self.mask = dropout_ratio, mask

    def apply(self, inputs):
        """The numbers times the factors, as a tuple with one variable."""
        x = inputs[0]
        need_floats("dropout", x)
        if self.mask is None:
            stays = numpy.asarray(numpy.random.rand(*x.shape) >= self.dropout_ratio)
            self.mask = numpy.asarray(x.dtype.type(1 / (1 - self.dropout_ratio)) * stays)
        return (self._created(_core.mul(as_variable(x), self.mask), x),)


def gaussian(mean, ln_var, **kwargs):
    """mean + exp(½·ln_var)·eps with eps from the standard normal distribution.

    ``eps=`` gives it; with ``return_eps=True`` it is returned as well.
    """
    eps, return_eps = None, False
    if kwargs:
        eps, return_eps = argument.parse_kwargs(kwargs, ("eps", None), ("return_eps", False))
    need_same("gaussian", mean, ln_var)
    if eps is None:
        eps = numpy.asarray(numpy.random.standard_normal(ln_var.shape)).astype(mean.dtype)
    y = _core.add(mean, _core.mul(_core.exp(_core.mul(ln_var, 0.5)), constant(as_array(eps))))
    return (y, eps) if return_eps else y


def gumbel_softmax(log_pi, tau=0.1, axis=1):
    """A softmax of ``log_pi`` plus Gumbel's noise, at temperature ``tau``: nearly a sample of the classes."""
    if log_pi.ndim < 1:
        return constant(numpy.ones((), log_pi.dtype))
    noise = numpy.random.gumbel(size=log_pi.shape).astype(log_pi.dtype)
    return _core.softmax(_core.div(_core.add(log_pi, constant(noise)), tau), axis)


def zoneout(h, x, ratio=0.5, **kwargs):
    """h with probability ``ratio``, else x, number by number; x in tests."""
    if kwargs:
        argument.check_unexpected_kwargs(kwargs, train=_NO_TRAIN)
        argument.assert_kwargs_empty(kwargs)
    if not config.train:
        return as_variable(x)
    takes_x = numpy.asarray(numpy.random.rand(*x.shape) >= ratio)
    return Zoneout(takes_x)._created(_core.choose(takes_x, x, h), h, x)


class Zoneout(Creator):
    """The creator of a zoneout: ``flag_h`` and ``flag_x`` tell where h and x were taken."""

    def __init__(self, takes_x):
        self.flag_x, self.flag_h = takes_x, ~takes_x


def simplified_dropconnect(x, W, b=None, ratio=0.5, train=True, mask=None, use_batchwise_mask=True):
    """``linear`` with weights dropped with probability ``ratio``.

    Other ones for each sample, or the same for all.

    ``mask`` says which weights stay: (samples, outputs, inputs), or (outputs, inputs) without
    ``use_batchwise_mask``.
    """
    ratio = ratio if train else 0
    need_floats("simplified_dropconnect", x)
    need_floats("simplified_dropconnect", W)
    fits = x.ndim > 1 and W.ndim == 2 and size_of(x.shape[1:]) == W.shape[1]
    need("simplified_dropconnect", fits, f"x of shape {x.shape}, W of {W.shape}", "as many inputs")
    if b is not None:
        need_floats("simplified_dropconnect", x, b)
        need("simplified_dropconnect", b.shape == W.shape[:1], f"b of shape {b.shape}", f"{W.shape[:1]}")
    shape = (len(x), *W.shape) if use_batchwise_mask else W.shape
    if mask is None:
        mask = numpy.random.rand(*shape) >= ratio
    mask = as_array(mask)
    need("simplified_dropconnect", mask.shape == shape, f"mask of shape {mask.shape}", f"{shape}")
    x = reshape(x, (len(x), W.shape[1]))
    if W.dtype != x.dtype:
        W = _core.to_dtype(W, x.dtype.name)
    weights = _core.mul(W, constant(mask.astype(x.dtype) * x.dtype.type(1 / (1 - ratio))))
    if use_batchwise_mask:
        y = reshape(_core.matmul(weights, reshape(x, (*x.shape, 1))), (len(x), W.shape[0]))
        y = y if b is None else _core.add(y, b)
    else:
        y = linear(x, weights, b)
    return SimplifiedDropconnect(mask)._created(y, x, W, *([] if b is None else [b]))


class SimplifiedDropconnect(Creator):
    """The creator of a dropconnect: ``mask`` tells which weights stayed."""

    def __init__(self, mask):
        self.mask = mask
