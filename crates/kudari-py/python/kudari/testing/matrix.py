"""Random matrices."""

import numpy


def generate_matrix(shape, dtype=float, *, singular_values=None):
    """A random matrix, or a stack of them, of the shape (..., M, N) with the given singular values.

    `singular_values` are real, not negative, and broadcast to (..., min(M, N)). The dtype is floating or
    complex.
    """
    if len(shape) <= 1:
        raise ValueError(f"shape {shape} is invalid for matrices: too few axes")
    dtype = numpy.dtype(dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"dtype {dtype} is not supported")
    if singular_values is None:
        raise TypeError("singular_values is not given")
    values = numpy.asarray(singular_values)
    if not numpy.isrealobj(values):
        raise TypeError("singular_values is not real")
    if (values < 0).any():
        raise ValueError("negative singular value is given")
    values = numpy.broadcast_to(values, (*shape[:-2], min(shape[-2:])))
    random = numpy.random.standard_normal(shape)
    if dtype.kind == "c":
        random = random + 1j * numpy.random.standard_normal(shape)
    left, _, right = numpy.linalg.svd(random, full_matrices=False)
    return ((left * values[..., None, :]) @ right).astype(dtype)
