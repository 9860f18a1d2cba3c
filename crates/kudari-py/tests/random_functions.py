"""Functions as users write them, well and badly, for `random_calls`."""

import gc

import numpy

import kudari
from kudari import Function, FunctionNode, Variable


class Stopped(BaseException):
    """What a user's code may raise besides an Exception, as Ctrl-C does."""


def stop():
    raise Stopped


def misbehaved(rng, results):
    """What a user's forward or backward may return instead of the right tuple, or raise."""
    first = results[0] if results else None
    count = len(results)
    ways = [
        lambda: None, lambda: first, lambda: list(results), lambda: iter(results), lambda: (),
        lambda: (*results, first), lambda: (None,) * count, lambda: ("text",) * count, lambda: (3.0,) * count,
        lambda: (numpy.float64(2),) * count, lambda: (Variable(),) * count, lambda: (Variable,) * count,
        lambda: (numpy.zeros((5, 7), "f4"),) * count, lambda: (numpy.zeros(2, "c8"),) * count,
        lambda: (numpy.zeros((1,) * 8, "f4"),) * count, lambda: (numpy.array(object()),) * count,
        lambda: 1 / 0, lambda: {}["missing"], lambda: next(iter(())), lambda: stop(),
    ]
    return rng.choice(ways)()


class Behaviour:
    """Draws at the start what goes wrong later."""

    def draw(self, rng):
        self.rng = rng
        self.bad_forward, self.bad_backward = rng.random() < 0.15, rng.random() < 0.3
        self.nested, self.collects, self.keeps = rng.random() < 0.2, rng.random() < 0.1, rng.random() < 0.3
        self.kept = []
        return self

    def outside(self, arrays):
        """What a function should not do while it is computed, but may."""
        if self.keeps:
            self.kept.append(arrays)
        if self.nested:
            x = Variable(numpy.ones((2, 2), "f4"))
            y = kudari.functions.sum(x * x)
            y.backward(enable_double_backprop=self.rng.random() < 0.5)
            # A graph that refers to its own gradient is a ring: user code lets go of it.
            self.kept.append(x.grad)
        if self.collects:
            gc.collect()

    def computed(self, inputs):
        self.outside(inputs)
        with numpy.errstate(all="ignore"):
            results = tuple(numpy.asarray(x * 2) for x in inputs[: self.rng.choice([1, 1, 2])])
        return misbehaved(self.rng, results) if self.bad_forward else results


class Classic(Behaviour, Function):
    """A function on arrays."""

    def forward(self, inputs):
        if self.rng.random() < 0.3:
            self.retain_inputs(self.rng.choice([(), (0,), (0, 0), (1,)]))
        if self.rng.random() < 0.3:
            self.retain_outputs(self.rng.choice([(), (0,), (0, 1)]))
        return self.computed(inputs)

    def backward(self, inputs, grad_outputs):
        self.outside((inputs, grad_outputs))
        results = tuple(None if x is None else x * 2 for x in inputs)
        return misbehaved(self.rng, results) if self.bad_backward else results


class Differentiable(Behaviour, FunctionNode):
    """A function on variables."""

    def forward(self, inputs):
        if self.rng.random() < 0.5:
            self.retain_inputs(self.rng.choice([(), (0,), (0, 1), (9,), (-1,), range(8), None, "ab"]))
        if self.rng.random() < 0.5:
            self.retain_outputs(self.rng.choice([(), (0,), (5,), (200,)]))
        return self.computed(inputs)

    def backward(self, indexes, grad_outputs):
        self.outside([g.array for g in grad_outputs])
        if self.rng.random() < 0.3:
            self.get_retained_outputs()
            self.outside(self.get_retained_inputs())
        results = tuple(grad_outputs[0] * 2 for _ in indexes)
        return misbehaved(self.rng, results) if self.bad_backward else results


def apply(rng, inputs):
    """Applies one of them, perhaps twice, and lets it hold its own result in a ring.

    Only a single result: of several that share a place in the graph the garbage collector sees no ring.
    """
    function = rng.choice([Classic, Differentiable])().draw(rng)
    results = None
    for _ in range(rng.choice([1, 1, 1, 2])):
        results = function(*inputs) if isinstance(function, Function) else function.apply(inputs)
        if function.keeps and (isinstance(results, Variable) or len(results) == 1):
            function.kept.append(results)
    return results
