"""Weights whose rows or columns stand at right angles to each other."""

import math

import numpy

from kudari.initializer import Initializer

# For each mode: may inputs outnumber outputs, may outputs outnumber inputs?
_ALLOWED = {
    "auto": (True, True),
    "projection": (True, False),
    "embedding": (False, True),
    "basis": (False, False),
}


class Orthogonal(Initializer):
    """`scale` times a random orthogonal matrix; of a weight (out, *in) the axes after the first count as one.

    With fewer outputs than inputs the rows are orthogonal, else the columns. `mode` says which shapes are
    meant: 'projection' (out <= in), 'embedding' (out >= in), 'basis' (equal), 'auto' (any). ValueError for
    others.
    """

    def __init__(self, scale=1.1, dtype=None, mode="auto", *, rng=None):
        if mode not in _ALLOWED:
            raise ValueError(f"Invalid mode: {mode!r}.\nGive one of {', '.join(map(repr, _ALLOWED))}.")
        self.scale = scale
        self.mode = mode
        self.rng = rng
        super().__init__(dtype)

    def __call__(self, array):
        self._check_dtype(array)
        rng = numpy.random if self.rng is None else self.rng
        if array.ndim == 0:
            draw = rng.integers if hasattr(rng, "integers") else rng.randint
            array[...] = self.scale if int(draw(2)) else -self.scale
            return
        if array.size == 0:
            raise ValueError(f"an array of shape {array.shape} has no elements.\nGive a larger one.")
        outputs, inputs = len(array), math.prod(array.shape[1:])
        wide_allowed, tall_allowed = _ALLOWED[self.mode]
        if (inputs > outputs and not wide_allowed) or (inputs < outputs and not tall_allowed):
            raise ValueError(
                f"no orthogonal {self.mode} from {inputs} inputs to {outputs} outputs "
                f"(shape {array.shape}).\nUse another mode, 'auto' takes every shape."
            )
        drawn = rng.normal(size=(outputs, inputs))
        basis, triangle = numpy.linalg.qr(drawn.T if inputs > outputs else drawn)
        # The decomposition fixes no signs; with the diagonal's every orthogonal matrix is equally likely.
        basis *= numpy.copysign(self.scale, numpy.diag(triangle))
        array[...] = (basis.T if inputs > outputs else basis).reshape(array.shape)
