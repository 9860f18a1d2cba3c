"""Products, inverses and determinants of matrices; Fourier transforms."""

import warnings

import numpy

from kudari import _core
from kudari.function_node import FunctionNode
from kudari.functions._checks import InvalidType, need, need_axes, need_floats
from kudari.functions.array_shapes import reshape, swapaxes, transpose


def common_type(a, b):
    """Both with the type of the wider one."""
    dtype = numpy.promote_types(a.dtype, b.dtype).name
    return tuple(x if x.dtype == dtype else _core.to_dtype(x, dtype) for x in (a, b))


def matmul(a, b, transa=False, transb=False):
    """The product of matrices, or of stacks of them; each may be transposed first.

    Vectors are rows or columns as needed.
    """
    if transa and a.ndim > 1:
        a = swapaxes(a, -1, -2)
    if transb and b.ndim > 1:
        b = swapaxes(b, -1, -2)
    try:
        return _core.matmul(a, b)
    except InvalidType:
        if a.dtype == b.dtype or a.dtype.kind != "f" or b.dtype.kind != "f":
            raise
    return _core.matmul(*common_type(a, b))


def batch_matmul(a, b, transa=False, transb=False):
    """Deprecated: the products of two stacks of matrices or columns. ``matmul`` does it."""
    warnings.warn("batch_matmul is deprecated. Use matmul instead.", DeprecationWarning, stacklevel=2)
    for x in (a, b):
        need_floats("batch_matmul", x)
        need("batch_matmul", x.ndim in (2, 3), f"shape {x.shape}", "2 or 3 axes")
    a, b = (reshape(x, (*x.shape, 1)) if x.ndim == 2 else x for x in (a, b))
    return matmul(a, b, transa, transb)


def tensordot(a, b, axes=2):
    """Sums of products along axes.

    The last of a and the first of b, as many as ``axes`` says, or a pair of lists.
    """
    if isinstance(axes, int):
        if axes < 0 or axes > min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: {axes} axes of shapes {a.shape} and {b.shape}")
        of_a, of_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    elif isinstance(axes, (tuple, list)):
        if len(axes) != 2:
            raise ValueError("tensordot: axes must be an int or a pair")
        of_a, of_b = ([i] if isinstance(i, int) else list(i) for i in axes)
    else:
        raise TypeError(f"tensordot: axes is {type(axes).__name__}\n  expected: an int or a pair of lists")
    need_floats("tensordot", a)
    need_floats("tensordot", b)
    if len(of_a) != len(of_b) or len(of_a) > a.ndim or len(of_b) > b.ndim:
        raise ValueError(
            f"tensordot: {len(of_a)} axes of a, {len(of_b)} of b\n  expected: as many of one as of the other"
        )
    of_a, of_b = [i % a.ndim for i in of_a], [i % b.ndim for i in of_b]
    sizes = [a.shape[i] for i in of_a]
    if sizes != [b.shape[i] for i in of_b]:
        raise ValueError(
            f"tensordot: axes {of_a} of {a.shape} and {of_b} of {b.shape}\n  expected: the same sizes"
        )
    rows = [i for i in range(a.ndim) if i not in of_a]
    columns = [i for i in range(b.ndim) if i not in of_b]
    shape = [a.shape[i] for i in rows] + [b.shape[i] for i in columns]
    inner = int(numpy.prod(sizes, dtype=int))
    left = reshape(transpose(a, rows + of_a), (a.size // max(inner, 1), inner))
    right = reshape(transpose(b, of_b + columns), (inner, b.size // max(inner, 1)))
    return reshape(matmul(left, right), shape)


def _need_square(where, a, axes):
    need_floats(where, a)
    need_axes(where, a, axes)
    need(where, a.shape[-1] == a.shape[-2], f"shape {a.shape}", "square matrices")


def _wide(array):
    """NumPy's linear algebra begins at float32."""
    return array.astype(numpy.float32) if array.dtype == numpy.float16 else array


class _Inverse(FunctionNode):
    def forward(self, inputs):
        self.retain_outputs((0,))
        a = inputs[0]
        try:
            return (numpy.linalg.inv(_wide(a)).astype(a.dtype, copy=False),)
        except numpy.linalg.LinAlgError:
            raise ValueError("inv: a matrix is singular\n  expected: matrices that have an inverse") from None

    def backward(self, target_input_indexes, grad_outputs):
        y = self.get_retained_outputs()[0]
        return (-matmul(matmul(y, grad_outputs[0], transa=True), y, transb=True),)


def inv(a):
    """The inverse of a matrix. Raises ValueError if there is none."""
    _need_square("inv", a, 2)
    return _Inverse().apply((a,))[0]


def batch_inv(a):
    """The inverses of a stack of matrices. Raises ValueError if one has none."""
    _need_square("batch_inv", a, 3)
    return _Inverse().apply((a,))[0]


class _Determinant(FunctionNode):
    def forward(self, inputs):
        self.retain_inputs((0,))
        self.retain_outputs((0,))
        a = inputs[0]
        return (numpy.linalg.det(_wide(a)).astype(a.dtype, copy=False),)

    def backward(self, target_input_indexes, grad_outputs):
        a, y = self.get_retained_inputs()[0], self.get_retained_outputs()[0]
        return (reshape(grad_outputs[0] * y, (len(a), 1, 1)) * batch_inv(swapaxes(a, 1, 2)),)


def batch_det(a):
    """The determinants of a stack of matrices."""
    _need_square("batch_det", a, 3)
    return _Determinant().apply((a,))[0]


def det(a):
    """The determinant of a matrix."""
    _need_square("det", a, 2)
    return reshape(batch_det(reshape(a, (1, *a.shape))), ())


class _Cholesky(FunctionNode):
    def forward(self, inputs):
        self.retain_outputs((0,))
        a = inputs[0]
        return (numpy.linalg.cholesky(_wide(a)).astype(a.dtype, copy=False),)

    def backward(self, target_input_indexes, grad_outputs):
        y = self.get_retained_outputs()[0]
        inverse = inv(y)
        lower = numpy.tri(len(y), dtype=y.dtype) - numpy.eye(len(y), dtype=y.dtype) / 2
        inner = matmul(y, grad_outputs[0], transa=True) * lower.astype(y.dtype)
        gradient = matmul(matmul(inverse, inner, transa=True), inverse)
        return ((gradient + transpose(gradient)) * 0.5,)


def cholesky(a):
    """The lower triangle L with L·Lᵀ = a, for a symmetric matrix whose eigenvalues are above 0."""
    need_floats("cholesky", a)
    need_axes("cholesky", a, 2)
    return _Cholesky().apply((a,))[0]


class _Fourier(FunctionNode):
    def __init__(self, method):
        self._method = method

    def forward(self, inputs):
        real, imaginary = inputs
        y = getattr(numpy.fft, self._method)(real + imaginary * 1j)
        return tuple(numpy.ascontiguousarray(part).astype(real.dtype) for part in (y.real, y.imag))

    def backward(self, target_input_indexes, grad_outputs):
        # The transform of the gradient, with real and imaginary parts exchanged before and behind.
        both = _Fourier(self._method).apply(grad_outputs[::-1])[::-1]
        return tuple(both[i] for i in target_input_indexes)


def _transformed(where, x, method):
    real, imaginary = x
    need_floats(where, real, imaginary)
    need(
        where,
        real.ndim > 0 and real.shape == imaginary.shape,
        f"shapes {real.shape} and {imaginary.shape}",
        "the same shape",
    )
    return _Fourier(method).apply((real, imaginary))


def fft(x):
    """Fourier transform along the last axis of x = (real part, imaginary part), as such a pair."""
    return _transformed("fft", x, "fft")


def ifft(x):
    """The inverse of ``fft``."""
    return _transformed("ifft", x, "ifft")
