"""What once crashed, leaked or raised nonsense, each in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

START = """
import copy, gc, pickle, tempfile, threading, weakref
import numpy
import kudari
import kudari.functions as F
from kudari import Function, FunctionNode, Parameter, Variable

def ones(*shape):
    return Variable(numpy.ones(shape, "f"))

def alive():
    gc.collect()
    return sum(isinstance(o, (Variable, Function, FunctionNode)) for o in gc.get_objects())
"""


def run(program):
    """Runs a program and gives what it printed; it must end well."""
    command = [sys.executable, "-X", "faulthandler", "-c", START + textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_a_variable_may_be_its_own_gradient():
    assert run("x = ones(2); x.grad_var = x; print(x.grad, F.sum(x).array)") == "[1. 1.] 2.0"


def test_threads_read_and_write_one_variable():
    program = """
    import sys
    # Threads take turns more often than they do by themselves, also while objects are made.
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    gc.callbacks.append(lambda *_: sum(range(20)))
    errors = []
    def new():
        # Another order of bytes is converted when it is first calculated with.
        return Variable(numpy.ones((3, 3), ">f4")), F.exp(ones(3, 3))
    shared = [new()]
    def use():
        try:
            for _ in range(5000):
                x, y = shared[0]
                x.node, x.grad, x.array, len(x), y.array, y.dtype, y.grad, x.rank, x.shape
                y.grad = y.array
                F.sum(x + y).backward()
                copy.copy(y)
                shared[0] = new()
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=use) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(errors)
    """
    assert run(program) == "[]"


def test_arrays_that_go_back_and_forth_do_not_pile_up():
    program = """
    x = ones(1)
    for _ in range(100_000):
        x = Variable(F.reshape(x, (1,) * (3 - x.ndim)).array)
    print(x.array.ravel())
    """
    assert run(program) == "[1.]"


def test_views_of_memory_that_cannot_be_written_cannot_be_written():
    program = """
    numbers = b"\\0" * 24
    for array in [numpy.frombuffer(numbers, "f"), numpy.zeros(6, "f")]:
        array.flags.writeable = False
        y = F.reshape(Variable(array), (2, 3))
        try:
            y.array[...] = 1
        except ValueError:
            print("read-only")
        assert not array.any()
    """
    assert run(program).split() == ["read-only"] * 2


def test_truth_values_of_other_bytes_than_0_and_1():
    program = """
    condition = numpy.array([2, 0, 255], "u1").view(bool)
    print(F.where(condition, ones(3), ones(3) * 3).array)
    """
    assert run(program) == "[1. 3. 1.]"


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
@pytest.mark.parametrize("call", ["F.matmul(x, x.T)", "F.broadcast_to(x, (100_000, 100_000)) + x", "x + x.T"])
def test_too_little_memory_is_an_exception(call):
    program = f"""
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    x = ones(100_000, 1)
    try:
        {call}
    except Exception as error:
        print("raised")
    """
    assert run(program) == "raised"


RINGS = {
    "gradients that can be differentiated": "y = F.sum(x * x * x); y.backward(enable_double_backprop=True)",
    "such gradients on the way": "h = x * x; F.sum(h * h).backward(True, True)",
    "gradients of each other": "g = ones(3); x.grad_var = g; g.grad_var = x",
    "a name": "x.name = x",
    "attributes": "y = x * 2; y.x, x.y = x, y",
    "a function that keeps its output": "f = Node(); f.y, = f.apply((x,))",
    "a classic function that keeps its output": "f = Classic(); f.y = f(x)",
    "a function that keeps its input": "f = Node(); f.x = x; F.sum(f.apply((x,))[0]).backward()",
    "a function that keeps what came of it": "f = Node(); f.y = F.sum(f.apply((x,))[0]); f.y.backward()",
    "an exception on the way back": "f = Raising(); y = F.sum(f(x)); tried(y.backward)",
    "the creator": "y = F.relu(x); y.f = y.creator_node; y.n = y.node",
    "a parameter": "p = Parameter(x.array); p.me = p; copy.deepcopy(p); pickle.loads(pickle.dumps(p))",
}


@pytest.mark.parametrize("ring", RINGS)
def test_rings_are_collected(ring):
    program = """
    class Node(FunctionNode):
        def forward(self, inputs):
            self.retain_inputs((0,))
            return inputs[0] * 2,
        def backward(self, indexes, gradients):
            return gradients[0] * 2,
    class Classic(Function):
        def forward(self, inputs):
            return inputs[0] * 2,
        def backward(self, inputs, gradients):
            return gradients[0] * 2,
    class Raising(Classic):
        def backward(self, inputs, gradients):
            raise ValueError
    def tried(call):
        try:
            call()
        except ValueError:
            pass
    def ring(x):
        {ring}
    ring(ones(3))
    before = alive()
    for _ in range(10):
        ring(ones(3))
    print(alive() - before)
    """
    assert run(program.replace("{ring}", RINGS[ring])) == "0"


def test_long_chains_are_dropped_without_recursion():
    program = """
    class Same(Function):
        def forward(self, inputs):
            return inputs[0] * 1,
        def backward(self, inputs, gradients):
            return gradients[0],
    x = ones(1)
    for function in [Same(), lambda y: y + x]:
        y = x
        for _ in range(50_000):
            y = function(y) if not isinstance(function, Same) else Same()(y)
        x.cleargrad()
        y.backward()
        print(x.grad)
        del y
    """
    assert run(program).splitlines() == ["[1.]", "[50001.]"]


def test_parameters_in_rings_are_copied():
    program = """
    p = Parameter(numpy.ones(2, "f"), name="W")
    p.ring = {"of": [p]}
    for q in [copy.deepcopy(p), pickle.loads(pickle.dumps(p))]:
        print(q is not p, q.ring["of"][0] is q, q.array, q.name)
    """
    assert run(program).splitlines() == ["True True [1. 1.] W"] * 2


def test_interrupts_pass_through_functions_written_in_python():
    program = """
    class Interrupted(Function):
        def forward(self, inputs):
            return inputs[0] * 1,
        def backward(self, inputs, gradients):
            raise KeyboardInterrupt("now")
    y = F.sum(Interrupted()(ones(3)))
    try:
        y.backward()
    except KeyboardInterrupt as error:
        print(error, F.sum(ones(3)).array)
    """
    assert run(program) == "now 3.0"


def test_processes_that_are_forked_compute():
    program = """
    import os
    kudari.set_threads(2)
    x = ones(300, 300)
    before = float(F.sum(F.matmul(x, x)).array)
    child = os.fork()
    if child == 0:
        os._exit(0 if float(F.sum(F.matmul(x, x)).array) == before else 1)
    print(os.waitpid(child, 0)[1])
    """
    assert run(program) == "0"
