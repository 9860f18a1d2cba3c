"""Batch normalizations that make channels uncorrelated as well."""

import numpy

from kudari import _core
from kudari.function_node import FunctionNode
from kudari.functions._checks import as_array, need, need_floats
from kudari.functions.array_shapes import reshape, swapaxes, transpose
from kudari.functions.normalization import like, widened
from kudari.utils import argument


class _InverseRoot(FunctionNode):
    """A^(−½) of symmetric matrices whose eigenvalues are above 0."""

    def forward(self, inputs):
        a = inputs[0]
        wide = a.astype(numpy.float32) if a.dtype == numpy.float16 else a
        self._values, self._vectors = numpy.linalg.eigh(wide)
        root = (self._vectors * self._values[:, None, :] ** -0.5) @ self._vectors.swapaxes(1, 2)
        return (root.astype(a.dtype, copy=False),)

    def backward(self, target_input_indexes, grad_outputs):
        # Between the eigenvectors i and j the derivative is −1 / (√λᵢ·√λⱼ·(√λᵢ + √λⱼ)).
        roots = numpy.sqrt(self._values)
        a, b = roots[:, :, None], roots[:, None, :]
        gy = grad_outputs[0]
        vectors = self._vectors.astype(gy.dtype)
        turned = numpy.ascontiguousarray(vectors.swapaxes(1, 2))
        symmetric = (gy + swapaxes(gy, 1, 2)) * 0.5
        inner = _core.matmul(_core.matmul(turned, symmetric), vectors) * (-1 / (a * b * (a + b))).astype(
            gy.dtype
        )
        return (_core.matmul(_core.matmul(vectors, inner), turned),)


def _grouped(where, x, groups):
    """x as (groups, channels of a group, samples times places), and what brings a result back."""
    need_floats(where, x)
    need(
        where,
        x.ndim > 1 and x.shape[1] % groups == 0,
        f"x of shape {x.shape} in {groups} groups",
        "a divisor of the channels",
    )
    order = [1, 0, *range(2, x.ndim)]
    turned = transpose(x, order)
    flat = reshape(turned, (groups, x.shape[1] // groups, x.size // max(x.shape[1], 1)))
    return flat, lambda y: transpose(reshape(y, turned.shape), order)


def decorrelated_batch_normalization(x, **kwargs):
    """The inverse root of the covariance of channels times x − mean, for groups of channels.

    decorrelated_batch_normalization(x, groups=16, eps=2e-5, running_mean=None, running_projection=None,
    decay=0.9).
    """
    groups, eps, running_mean, running_projection, decay = argument.parse_kwargs(
        kwargs,
        ("groups", 16),
        ("eps", 2e-5),
        ("running_mean", None),
        ("running_projection", None),
        ("decay", 0.9),
    )
    flat, back = _grouped("decorrelated_batch_normalization", x, groups)
    size, count = flat.shape[1:]
    mean = _core.mean(flat, [2], True)
    centered = _core.sub(flat, mean)
    covariance = _core.mul(_core.matmul(centered, swapaxes(centered, 1, 2)), 1 / count)
    covariance = _core.add(covariance, numpy.eye(size, dtype=x.dtype) * x.dtype.type(eps))
    projection = _InverseRoot().apply((covariance,))[0]
    if running_mean is not None:
        running_mean *= decay
        running_mean += (1 - decay) * as_array(mean).reshape(running_mean.shape)
    if running_projection is not None:
        running_projection *= decay
        running_projection += (1 - decay) * (count / max(count - 1.0, 1.0)) * as_array(projection)
    return back(_core.matmul(projection, centered))


def fixed_decorrelated_batch_normalization(x, mean, projection, groups=16):
    """A given projection (groups, channels, channels) times x − mean (groups, channels)."""
    flat, back = _grouped("fixed_decorrelated_batch_normalization", x, groups)
    wide, mean, projection = widened(flat, mean, projection)
    y = _core.matmul(projection, _core.sub(wide, reshape(mean, (*mean.shape, 1))))
    return back(like(y, x))
