"""A random sequence of calls on a few variables, told by its seed."""

import copy
import gc
import inspect
import pickle
import random
import threading
import weakref

import numpy
import random_functions
import random_values

import kudari
import kudari.functions
from kudari import Parameter, Variable, _core

# These take seconds, gigabytes, files or all processors.
LEFT_OUT = {"mnist", "set_threads", "Network", "explain_network", "explain_worksheet", "InvalidType"}


def callables(prefix, module):
    names = [name for name in sorted(dir(module)) if not name.startswith("_") and name not in LEFT_OUT]
    functions = {f"{prefix}.{name}": getattr(module, name) for name in names}
    return {name: function for name, function in functions.items() if callable(function)}


FUNCTIONS = {**callables("_core", _core), **callables("F", kudari.functions)}
PARAMETERS = {name: [*inspect.signature(call).parameters.values()] for name, call in FUNCTIONS.items()}
BINARY = ["add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "pow", "rpow",
          "matmul", "rmatmul", "lt", "eq", "getitem"]
PLAIN = ["__neg__", "__abs__", "__repr__", "__len__", "__hash__", "__bool__", "cleargrad", "zerograd",
         "unchain", "unchain_backward", "item", "debug_print", "summary", "transpose", "to_cpu"]
SETTABLE = ["array", "data", "grad", "grad_var", "name"]
ATTRIBUTES = [*SETTABLE, "dtype", "shape", "ndim", "size", "requires_grad", "creator", "creator_node", "rank",
              "xp", "node", "label", "T", "device"]


class Sequence:
    """Some variables, and calls with them; what calls give joins them."""

    def __init__(self, seed, counts, pool=None):
        self.rng = random.Random(seed)
        self.counts = counts
        self.pool = [random_values.variable(self.rng) for _ in range(4)] if pool is None else pool
        self.actions = {
            self.call: 10, self.arithmetic: 5, self.plain: 2, self.set: 3, self.read: 2, self.backward: 4,
            self.grad: 2, self.overwrite: 1, self.user_function: 3, self.copies: 1, self.parameter: 1,
            self.modes: 1, self.forget: 2, self.weak: 1,
            # Threads start no threads.
            self.threads: 0.3 if pool is None else 0,
        }

    def run(self, length):
        for action in self.rng.choices(list(self.actions), self.actions.values(), k=length):
            self.attempt(action)

    def attempt(self, action):
        """Makes a call and judges how it ended."""
        self.told = action.__name__
        try:
            action()
            self.count(f"{self.told} ok")
        except random_functions.Stopped:
            self.count("Stopped")
        except Exception as error:
            self.count(type(error).__name__)
            # An object that is in use by another call is nothing a program could know of.
            if isinstance(error, SystemError) or "borrowed" in str(error):
                self.bad(error)
        except BaseException as error:
            self.bad(error)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def bad(self, error):
        places, last = [], error.__traceback__
        while last:
            places.append(f"{last.tb_frame.f_code.co_name}:{last.tb_lineno}")
            last = last.tb_next
        text = f"{self.told}: {type(error).__name__}: {str(error)[:300]} at {' '.join(places[-3:])}"
        self.counts.setdefault("bad", []).append(text)

    def add(self, results):
        for result in results if isinstance(results, (tuple, list)) else [results]:
            # What is not small makes the next calls slow.
            if isinstance(result, Variable) and (result.size or 0) < 20_000:
                self.pool.append(result)
        del self.pool[:-10]

    def any(self):
        # Another thread may have emptied the list between two lines.
        pool = list(self.pool)
        return self.rng.choice(pool) if pool else random_values.variable(self.rng)

    def argument(self, name, shape):
        """What fits a parameter of this name, most of the time."""
        if self.rng.random() < 0.04:
            return random_values.junk(self.rng)
        kind = self.rng.choice(random_values.NAMED.get(name, ["variable"]))
        if kind == "integers":
            return random_values.integers(self.rng, 3) if self.rng.random() < 0.7 else self.any()
        if kind == "variables":
            first = self.any()
            return [first if self.rng.random() < 0.7 else self.any() for _ in range(self.rng.randrange(4))]
        if kind != "variable":
            return kind
        return random_values.array(self.rng, shape, "float32") if self.rng.random() < 0.4 else self.any()

    def call(self):
        self.told = self.rng.choice(list(FUNCTIONS))
        first, shape = self.any(), None
        if self.rng.random() < 0.5:
            shape = first.shape
        given, named = [], {}
        for i, parameter in enumerate(PARAMETERS[self.told]):
            optional = parameter.default is not parameter.empty
            is_rest = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if is_rest and self.rng.random() < 0.7 or optional and self.rng.random() < 0.7:
                continue
            is_first = i == 0 and parameter.name in ("x", "x0", "x1", "y", "a")
            value = first if is_first else self.argument(parameter.name, shape)
            if optional or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                named[parameter.name] = value
            else:
                given.append(value)
        if self.rng.random() < 0.02:
            given.append(random_values.junk(self.rng))
        self.add(FUNCTIONS[self.told](*given, **named))

    def arithmetic(self):
        x, self.told = self.any(), f"__{self.rng.choice(BINARY)}__"
        others = [self.any, lambda: random_values.array(self.rng), lambda: random_values.junk(self.rng)]
        self.add(getattr(x, self.told)(self.rng.choice(others)()))

    def plain(self):
        x, self.told = self.any(), self.rng.choice(PLAIN)
        self.add(getattr(x, self.told)())

    def set(self):
        x, word = self.any(), self.rng.choice(SETTABLE if self.rng.random() < 0.8 else ATTRIBUTES)
        self.told = f"set {word}"
        values = [
            lambda: random_values.array(self.rng), self.any, lambda: random_values.junk(self.rng),
            lambda: random_values.array(self.rng, x.shape, x.dtype), lambda: None,
        ]
        if self.rng.random() < 0.05:
            delattr(x, word)
        setattr(x, word, self.rng.choice(values)())

    def read(self):
        x = self.any()
        self.add([getattr(x, word) for word in self.rng.sample(ATTRIBUTES, 4)])
        node = x.creator_node
        for _ in range(self.rng.randrange(4)):
            if node is None:
                break
            repr((node.label, node.rank, [(v.name, v.shape, v.dtype, v.grad) for v in node.inputs or ()]))
            node = next((v.creator_node for v in node.inputs or ()), None)

    def backward(self):
        y = self.any()
        if self.rng.random() < 0.5 and y.shape is not None:
            y.grad = random_values.array(self.rng, y.shape, y.dtype)
        elif self.rng.random() < 0.7:
            y = kudari.functions.sum(y)
            self.add(y)
        for _ in range(self.rng.choice([1, 1, 2])):
            y.backward(
                retain_grad=self.rng.random() < 0.3, enable_double_backprop=self.rng.random() < 0.2,
                loss_scale=self.rng.choice([None] * 8 + [2.0, "x"]),
            )
        if self.rng.random() < 0.2:
            kudari.backward([y, self.any()], [y, self.any()])

    def grad(self):
        y, xs = self.any(), [self.any() for _ in range(self.rng.randrange(3))]
        starts = self.rng.choice([None, None, [None], [self.any()], random_values.junk(self.rng)])
        words = ["set_grad", "retain_grad", "enable_double_backprop"]
        self.add(kudari.grad([y], xs, starts, **{word: True for word in words if self.rng.random() < 0.3}))

    def overwrite(self):
        """Writes into an array that a graph may read later, or changes how NumPy sees it."""
        array = self.any().array
        with numpy.errstate(all="ignore"):
            self.rng.choice([
                lambda: array.__setitem__(..., 1), lambda: array.fill(2), lambda: array.sort(),
                lambda: setattr(array, "shape", (-1,)), lambda: setattr(array, "dtype", "i2"),
                lambda: array.resize((4,)), lambda: array.setflags(write=False),
                lambda: array.byteswap(inplace=True),
            ])()

    def user_function(self):
        count = self.rng.choice([1, 1, 2, 3, 0, 9])
        self.add(random_functions.apply(self.rng, [self.any() for _ in range(count)]))

    def copies(self):
        way = self.rng.choice([copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
        self.add(way(self.any()))

    def parameter(self):
        junk = random_values.junk(self.rng)
        first = self.rng.choice([None, 0.5, random_values.array(self.rng), junk])
        made = Parameter(first, self.rng.choice([None, None, (2, 3), (), 3, junk]))
        if self.rng.random() < 0.5:
            made.initialize(random_values.shape(self.rng))
        self.add(made)

    def modes(self):
        settings = [("enable_backprop", False), ("enable_backprop", True), ("debug", True),
                    ("type_check", False), ("dtype", numpy.float16)]
        with kudari.using_config(*self.rng.choice(settings)):
            for _ in range(3):
                self.rng.choice([self.call, self.backward, self.modes, self.user_function])()

    def forget(self):
        del self.pool[self.rng.randrange(len(self.pool) + 1):]
        if self.rng.random() < 0.1:
            gc.collect(self.rng.choice([0, 1, 2]))
        if self.rng.random() < 0.1:
            kudari.set_threads(self.rng.choice([1, 2, 3, 0, -1, "two", 2**70]))

    def weak(self):
        x = self.any()
        reference = weakref.ref(x, lambda _: gc.collect(0))
        x.itself = x
        if reference() is not x:
            raise SystemError("a weak reference lost what lives")

    def threads(self):
        """The same variables in several threads at once."""
        others = [Sequence(self.rng.random(), {}, self.pool) for _ in range(3)]
        threads = [threading.Thread(target=other.run, args=(8,)) for other in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for other in others:
            found = [f"in a thread: {text}" for text in other.counts.get("bad", [])]
            self.counts.setdefault("bad", []).extend(found)
