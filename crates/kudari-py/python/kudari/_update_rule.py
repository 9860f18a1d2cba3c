"""How one parameter is updated: hyperparameters, hooks around the update, and the rule itself."""

import warnings

import numpy


class Hyperparameter:
    """Named settings. What is not set here is looked up in `parent`, so that one change reaches all
    parameters.
    """

    def __init__(self, parent=None):
        self._parent = parent

    def __getattr__(self, name):
        parent = self.__dict__.get("_parent")
        if parent is None:
            raise AttributeError(f"there is no hyperparameter {name}")
        return getattr(parent, name)

    def __repr__(self):
        settings = ", ".join(f"{name}={value}" for name, value in sorted(self.get_dict().items()))
        return f"Hyperparameter({settings})"

    @property
    def parent(self):
        """Where settings that are not set here come from, or None."""
        return self._parent

    def get_dict(self):
        """All settings, the inherited ones included."""
        settings = {} if self._parent is None else self._parent.get_dict()
        settings.update((name, value) for name, value in self.__dict__.items() if name != "_parent")
        return settings


def default_hyperparameters(**settings):
    """A `Hyperparameter` without a parent."""
    defaults = Hyperparameter()
    for name, value in settings.items():
        setattr(defaults, name, value)
    return defaults


class Hooks:
    """Named functions called before ('pre') and after ('post') an update, in the order they were added."""

    def __init__(self, falls_back_to_pre=False):
        self._pre = {}
        self._post = {}
        self._falls_back_to_pre = falls_back_to_pre

    def add(self, hook, name, timing):
        """Add a hook. `timing` 'auto' takes the hook's own; without `name` its `name` or `__name__` is
        taken.
        """
        if not callable(hook):
            raise TypeError(
                f"hook function must be callable, {hook!r} is not.\nGive a function or a hook object."
            )
        if timing not in ("pre", "post", "auto"):
            raise ValueError(f"timing is {timing!r}.\nGive 'pre', 'post' or 'auto'.")
        if timing == "auto":
            timing = getattr(hook, "timing", "pre")
            if timing not in ("pre", "post") and self._falls_back_to_pre:
                warnings.warn(
                    "Hook timing attribute not in ('pre', 'post'), defaulting timing to 'pre'.", stacklevel=3
                )
                timing = "pre"
        if name is None:
            name = getattr(hook, "name", getattr(hook, "__name__", None))
        if name is None:
            raise ValueError("the name of the hook function is not specified.\nGive add_hook a name.")
        if name in self._pre or name in self._post:
            raise KeyError(f'hook "{name}" already exists: give this one another name')
        (self._pre if timing == "pre" else self._post)[name] = hook

    def remove(self, name):
        """Remove the hook of this name. KeyError where there is none."""
        del (self._pre if name in self._pre else self._post)[name]

    def at(self, timing):
        """The hooks of one timing."""
        if timing not in ("pre", "post"):
            raise ValueError(f"timing is {timing!r}.\nGive 'pre' or 'post'.")
        return list((self._pre if timing == "pre" else self._post).values())


def runs_natively(grad, *targets):
    """Can the native loops update `targets` in place from `grad`: float32 or float64, contiguous, writable,
    apart?
    """
    dtype, shape = grad.dtype, grad.shape
    if dtype.char not in "fd" or not (grad.flags.c_contiguous and grad.flags.aligned):
        return False
    for target in targets:
        if target.dtype != dtype or target.shape != shape or not target.flags.carray:
            return False
        if numpy.may_share_memory(target, grad):
            return False
    return True


class UpdateRule:
    """Updates one parameter from its gradient and its own `state`, arrays by name.

    A subclass overrides `init_state(param)`, which fills `self.state` before the first update, and
    `update_core_cpu(param)` or `update_core(param)`. `t` counts the updates; `enabled` False stops them.
    """

    is_elementwise = False

    def __init__(self, parent_hyperparam=None):
        self._state = None
        self.enabled = True
        self.hyperparam = Hyperparameter(parent_hyperparam)
        self.t = 0
        self._use_fp32_update = False
        self._fp32_param = None
        self._hooks = Hooks()

    def _override(self, **settings):
        """Set the hyperparameters that are not None for this parameter alone."""
        for name, value in settings.items():
            if value is not None:
                setattr(self.hyperparam, name, value)

    @staticmethod
    def _gradient(param):
        """The parameter's gradient in float32 at least, None where it has no values or no gradient yet."""
        grad = None if param.array is None else param.grad
        return grad.astype(numpy.float32) if grad is not None and grad.dtype == numpy.float16 else grad

    def _check_eps(self, dtype):
        """Raise ValueError where the hyperparameter eps is 0 in this dtype without being 0."""
        eps = self.hyperparam.eps
        if eps != 0 and dtype.type(eps) == 0:
            name = type(self).__name__
            raise ValueError(f"eps of {name} is too small for {dtype.name} ({eps}).\nGive a larger eps.")

    @property
    def state(self):
        """Arrays and numbers kept between updates, by name, or None before the first."""
        return self._state

    def add_hook(self, hook, name=None, timing="auto"):
        """Have `hook(rule, param)` called before ('pre') or after ('post') each update."""
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name):
        """Remove a hook by its name."""
        self._hooks.remove(name)

    def update(self, param):
        """Update the parameter in place, between the hooks."""
        if not self.enabled:
            return
        self.t += 1
        if self._use_fp32_update and _dtype(param) == numpy.float16:
            self._update_in_float32(param)
        else:
            self._update(param, getattr(param, "_loss_scale", None))

    def _update(self, param, loss_scale):
        if param.array is not None:
            self._prepare_state(param)
            if loss_scale is not None and param.grad is not None:
                grad = param.grad
                grad /= loss_scale
        for hook in self._hooks.at("pre"):
            hook(self, param)
        self.update_core(param)
        for hook in self._hooks.at("post"):
            hook(self, param)

    def _update_in_float32(self, param):
        """Update a float32 twin, which keeps the small steps that float16 rounds away, then round it."""
        from kudari.initializers import NaN
        from kudari.variable import Parameter

        twin = self._fp32_param
        if twin is None:
            values = NaN(numpy.float32) if param.array is None else param.array.astype(numpy.float32)
            twin = self._fp32_param = Parameter(values, name=param.name)
        if param.array is not None and param.grad is not None:
            twin.grad = param.grad.astype(numpy.float32)
        self._update(twin, getattr(param, "_loss_scale", None))
        if param.array is not None:
            param.array = twin.array.astype(param.dtype)
        twin.grad = None

    def update_core(self, param):
        """The calculation; by default `update_core_cpu`."""
        self.update_core_cpu(param)

    def update_core_cpu(self, param):
        """The calculation on NumPy arrays."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say how to update.\nDefine update_core_cpu in it."
        )

    def update_core_gpu(self, param):
        """Never called: there for subclasses written for Chainer, which override it."""
        raise NotImplementedError("kudari for Python computes on the CPU.")

    update_core_chainerx = update_core_gpu

    def init_state(self, param):
        """Fill `self.state` for this parameter; nothing by default."""

    def _zero_states(self, param, *names):
        """Set the named states to zeros, in float32 at least: float16 has no small squares."""
        dtype = numpy.promote_types(param.dtype, numpy.float32)
        for name in names:
            self._state[name] = numpy.zeros_like(param.array, dtype=dtype)

    def _prepare_state(self, param):
        if self._state is None:
            self._state = {}
            self.init_state(param)

    def serialize(self, serializer):
        """Write `t` and the state to a serializer, or read them from a deserializer."""
        from kudari.serializer import Deserializer

        self.t = serializer("t", self.t)
        if self._state is not None:
            for name, value in self._state.items():
                self._state[name] = serializer(name, value)
        elif isinstance(serializer, Deserializer):
            self._state = self._read_state(serializer)

    def _read_state(self, deserializer):
        """The saved state, whose names a trial initialization tells; None where something is not there."""
        from kudari import Variable

        self._state = {}
        one = numpy.zeros(1, dtype=numpy.float32)
        self.init_state(Variable(one, grad=one.copy()))
        names, self._state = list(self._state), None
        state = {}
        for name in names:
            try:
                state[name] = deserializer(name, None)
            except KeyError:
                if self.enabled:
                    raise
                return None
            if state[name] is None:
                return None
        return state

    def use_fp32_update(self, flag=True):
        """Update float16 parameters through a float32 twin."""
        self._use_fp32_update = flag


def _dtype(param):
    """The parameter's dtype, None where it is not yet known."""
    try:
        return param.dtype
    except RuntimeError:
        return None
