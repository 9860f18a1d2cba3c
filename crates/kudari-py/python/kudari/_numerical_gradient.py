"""Gradients by finite differences, and the detection of kinks."""

import numpy


class NondifferentiableError(Exception):
    """A function was found not to be differentiable near the point of the finite differences."""


# Where the function is sampled, in units of eps, and the weight of each sample in the derivative times eps.
_TWO_POINTS = ((-1.0, -1 / 2), (1.0, 1 / 2))
_FIVE_POINTS = ((-1.0, 1 / 6), (-0.5, -8 / 6), (0.0, 0.0), (0.5, 8 / 6), (1.0, -1 / 6))

# What a quadratic leaves of five equidistant samples: their parts along these two vectors, which are
# orthonormal and orthogonal to all quadratics.
_CUBIC = numpy.array([-1, 2, 0, -2, 1]) / 10**0.5
_QUARTIC = numpy.array([1, -4, 6, -4, 1]) / 70**0.5


def numerical_grad(
    f,
    inputs,
    grad_outputs,
    eps=1e-3,
    detect_nondifferentiable=False,
    diff_atol=0,
    diff_rtol=1e-2,
    center_outputs=None,
):
    """Gradients of `sum(grad_output * output)` by the arrays `inputs`, by finite differences of step `eps`.

    `f()` computes the outputs, a tuple of arrays, from `inputs`, which are changed element by element in
    place and restored. `grad_outputs` are arrays, scalars, or None for an output that does not count. With
    `detect_nondifferentiable` the function is evaluated at 5 points instead of 2, and NondifferentiableError
    is raised where a quadratic misses them by more than `diff_atol + diff_rtol * (their range)`.
    `center_outputs` is ignored. Returns a list of arrays like `inputs`. Raises RuntimeError for inputs that
    are not floating.
    """
    assert eps > 0, f"eps must be positive, got {eps}."
    assert isinstance(inputs, (tuple, list)), (
        f"inputs must be a tuple or a list, got {type(inputs).__name__}."
    )
    if any(x.dtype.kind != "f" for x in inputs):
        raise RuntimeError("The dtype of input arrays must be kind of float")
    from kudari.configuration import using_config

    weights = [None if g is None else numpy.asarray(g, numpy.float64) for g in grad_outputs]
    points = _FIVE_POINTS if detect_nondifferentiable else _TWO_POINTS
    grads = []
    with using_config("type_check", False):
        center = _outputs(f, weights) if detect_nondifferentiable else None
        for number, x in enumerate(inputs):
            grad = numpy.zeros(x.shape, numpy.float64)
            for index in numpy.ndindex(x.shape):
                samples = [
                    center if shift == 0 else _outputs_at(f, weights, x, index, shift * eps)
                    for shift, _ in points
                ]
                if detect_nondifferentiable:
                    _refuse_kinks(samples, diff_atol, diff_rtol, f"input {number} at {index}, eps {eps}")
                grad[index] = _slope(samples, weights, [weight / eps for _, weight in points])
            grads.append(grad.astype(x.dtype, copy=False))
    return grads


def _outputs_at(f, weights, x, index, shift):
    original = x[index]
    x[index] = original + shift
    try:
        return _outputs(f, weights)
    finally:
        x[index] = original


def _outputs(f, weights):
    outputs = [None if y is None else numpy.array(y, numpy.float64) for y in f()]
    assert len(outputs) == len(weights), f"{len(outputs)} outputs, but {len(weights)} output gradients."
    for y, weight in zip(outputs, weights):
        if weight is not None:
            assert y is not None, "An output that is None has an output gradient."
            assert weight.ndim == 0 or weight.shape == y.shape, (
                f"Output {y.shape}, its gradient {weight.shape}."
            )
    return outputs


def _slope(samples, weights, coefficients):
    slope = 0.0
    for i, weight in enumerate(weights):
        if weight is not None:
            # Combined before they are summed: like values cancel before they round in a large sum.
            combined = sum(coefficient * sample[i] for coefficient, sample in zip(coefficients, samples))
            slope += (combined * weight).sum()
    return slope


def _refuse_kinks(samples, atol, rtol, where):
    for number, of_output in enumerate(zip(*samples)):
        if of_output[0] is None or of_output[0].size == 0:
            continue
        ys = numpy.stack([y.ravel() for y in of_output])
        finite = numpy.isfinite(ys)
        if (finite != finite[0]).any():
            raise NondifferentiableError(_kink_text(where, number, ys, "finite at some points only"))
        # A function that is infinite all around (the logarithm of a negative number) is no kink.
        ys = numpy.where(finite, ys, 0.0)
        misses = numpy.sqrt((numpy.square(_CUBIC @ ys) + numpy.square(_QUARTIC @ ys)) / len(ys))
        spread = ys.max(axis=0) - ys.min(axis=0)
        if ((misses > atol + rtol * spread) & (spread > 0)).any():
            raise NondifferentiableError(
                _kink_text(where, number, ys, f"a quadratic misses the values by {misses}")
            )


def _kink_text(where, number, ys, problem):
    names = ("x-eps  ", "x-eps/2", "x      ", "x+eps/2", "x+eps  ")
    listed = "\n".join(f"y[{name}]: {y}" for name, y in zip(names, ys))
    return (
        "Tried to compute the numeric gradient on a non-differentiable point.\n"
        f"{where}, output {number}: {problem}.\n{listed}"
    )
