"""A link: parameters and the calculation that uses them."""

import collections.abc
import contextlib
import copy
import warnings

import numpy

from kudari import initializers
from kudari.device_resident import DeviceResident
from kudari.link_hook import LinkHook, _call_between_hooks, _get_link_hooks
from kudari.variable import Parameter

_COPY_MODES = ("share", "copy", "init")


def _check_copy_mode(mode):
    if mode not in _COPY_MODES:
        raise ValueError(f"The 'mode' argument is {mode!r}.\nGive 'init', 'copy' or 'share'.")


def _is_shape(value):
    """Is `value` None, a size or a sequence of sizes, rather than a pair of a shape and a dtype?"""
    sizes = value if isinstance(value, collections.abc.Sequence) else (value,)
    try:
        return value is None or all(int(size) >= 0 for size in sizes)
    except (TypeError, ValueError):
        return False


class Link(DeviceResident):
    """A set of named parameters with the calculation that uses them.

    A subclass makes its parameters inside `with self.init_scope():` and defines `forward`; calling the link
    calls `forward` between the link hooks. Keyword arguments make float32 parameters of the given shapes:
    `Link(W=(2, 3))`, or `Link(W=((2, 3), 'f'))` with a dtype.
    """

    _is_called_beside = False
    _local_link_hooks = None
    _init_done = False
    _within_init_scope = False

    def __init__(self, **params):
        super().__init__()
        self._params = set()
        self._persistent = set()
        self.name = None
        self._init_done = True
        for name, value in params.items():
            shape, dtype = (value, numpy.float32) if _is_shape(value) else value
            self.add_param(name, shape, dtype=dtype)

    def _check_init_done(self):
        if not self._init_done:
            raise RuntimeError("Link.__init__() has not been called.")

    def __str__(self):
        specs = ", ".join(f"{name}={value}" for name, value in self.printable_specs)
        return f"{type(self).__name__}({specs})"

    def __repr__(self):
        return str(self)

    @property
    def local_link_hooks(self):
        """The hooks added to this link, name to hook."""
        if self._local_link_hooks is None:
            self._local_link_hooks = {}
        return self._local_link_hooks

    @property
    def printable_specs(self):
        """(name, value) pairs that `str` shows; a subclass overrides it."""
        return iter(())

    @property
    def within_init_scope(self):
        """Is this inside `with link.init_scope():`?"""
        return self._within_init_scope

    @contextlib.contextmanager
    def init_scope(self):
        """Inside this context, a parameter (in a Chain also a link) assigned to an attribute is
        registered.
        """
        self._check_init_done()
        before = self._within_init_scope
        self._within_init_scope = True
        try:
            yield
        finally:
            self._within_init_scope = before

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # A class beside Link among the bases may bring the calculation as __call__.
        cls._is_called_beside = hasattr(super(Link, cls), "__call__")

    def __call__(self, *args, **kwargs):
        self._check_init_done()
        forward = super().__call__ if self._is_called_beside else self.forward
        hooks = _get_link_hooks()
        if self._local_link_hooks:
            hooks = {**hooks, **self._local_link_hooks}
        if not hooks:
            return forward(*args, **kwargs)
        return _call_between_hooks(list(hooks.values()), self, forward, args, kwargs)

    def __setattr__(self, name, value):
        if self._within_init_scope and isinstance(value, Parameter):
            value.name = name
            self._params.add(name)
            self._persistent.discard(name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        self._params.discard(name)
        self._persistent.discard(name)
        super().__delattr__(name)

    def _check_free(self, name, kind):
        if name in self.__dict__:
            raise AttributeError(f"cannot register a new {kind} {name}: attribute exists.\nUse another name.")

    def add_param(self, name, shape=None, dtype=numpy.float32, initializer=None):
        """Make and register a parameter; without an initializer its values are NaN, without a shape it
        waits.
        """
        self._check_free(name, "parameter")
        if initializer is None:
            initializer = initializers.NaN(dtype)
        with self.init_scope():
            setattr(self, name, Parameter(initializer, shape))

    def add_persistent(self, name, value):
        """Set an attribute that is not trained yet is saved with the link."""
        self._check_free(name, "persistent value")
        self._persistent.add(name)
        self._params.discard(name)
        self.__dict__[name] = value

    def register_persistent(self, name):
        """Have an existing attribute saved with the link, as it is not trained."""
        if not hasattr(self, name):
            raise AttributeError(
                f"cannot register non-existent attribute {name} as a persistent value.\nSet it first."
            )
        self._persistent.add(name)
        self._params.discard(name)

    @classmethod
    def from_params(cls, *args, **kwargs):
        """A link made from existing parameter arrays, in the classes that define it."""
        raise NotImplementedError(
            f"{cls.__name__} does not implement `from_params`.\nGive initializers instead."
        )

    def copy(self, mode="share"):
        """A copy: its arrays are shared ('share'), copied ('copy') or initialized anew ('init')."""
        _check_copy_mode(mode)
        if mode == "share":
            twin = copy.copy(self)
            twin._params = set(self._params)
            twin._persistent = set(self._persistent)
            twin.name = None
            for name in twin._params:
                param = copy.copy(twin.__dict__[name])
                param.grad = None
                twin.__dict__[name] = param
            return twin
        twin = copy.deepcopy(self)
        if mode == "init":
            for param in twin.params(include_uninit=False):
                param.initialize(param.shape)
        return twin

    def params(self, include_uninit=True):
        """The parameters in the order of their names; `include_uninit=False` leaves out those without values
        yet.
        """
        for name in sorted(self._params):
            param = self.__dict__[name]
            if include_uninit or param.is_initialized:
                yield param

    def namedparams(self, include_uninit=True):
        """(path, parameter) pairs, such as ('/l1/W', ...)."""
        for name in sorted(self._params):
            param = self.__dict__[name]
            if include_uninit or param.is_initialized:
                yield "/" + name, param

    def links(self, skipself=False):
        """This link and those below it."""
        if not skipself:
            yield self

    def namedlinks(self, skipself=False):
        """(path, link) pairs of this link, '/', and those below it."""
        if not skipself:
            yield "/", self

    def children(self):
        """The links directly below."""
        return iter(())

    def copyparams(self, link, copy_persistent=True):
        """Copy the values of the parameters, and of what is saved beside them, from a link of the same
        structure.
        """
        source, target = link.__dict__, self.__dict__
        for name in self._params:
            target[name].copydata(source[name])
        if not copy_persistent:
            return
        for name in self._persistent:
            if isinstance(target[name], numpy.ndarray) and isinstance(source[name], numpy.ndarray):
                numpy.copyto(target[name], source[name])
            else:
                target[name] = copy.deepcopy(source[name])

    def cleargrads(self):
        """Forget all gradients: the next backward starts from none."""
        for param in self.params():
            param.cleargrad()

    def zerograds(self):
        """Set all gradients to zeros. Deprecated in Chainer: `cleargrads` does less work."""
        warnings.warn(
            "Link.zerograds is deprecated. Use Link.cleargrads instead.", DeprecationWarning, stacklevel=2
        )
        for param in self.params():
            param.zerograd()

    def addgrads(self, link):
        """Add the gradients of a link of the same structure to this one's."""
        for name in self._params:
            self.__dict__[name].addgrad(link.__dict__[name])

    def _set_update_enabled(self, enabled):
        for param in self.params():
            if param.update_rule is not None:
                param.update_rule.enabled = enabled

    def enable_update(self):
        """Let the optimizer change the parameters again."""
        self._set_update_enabled(True)

    def disable_update(self):
        """Freeze the parameters: the optimizer leaves them as they are."""
        self._set_update_enabled(False)

    @property
    def update_enabled(self):
        """Does an optimizer change at least one parameter?"""
        return any(param.update_rule is not None and param.update_rule.enabled for param in self.params())

    def serialize(self, serializer):
        """Write the parameters and persistent values to a serializer, or read them from a deserializer."""
        attributes = self.__dict__
        for name in self._params:
            param = attributes[name]
            data = serializer(name, param.array)
            if param.array is None and data is not None:
                param.initialize(data.shape)
                param.array[...] = data
        for name in self._persistent:
            attributes[name] = serializer(name, attributes[name])

    def repeat(self, n_repeat, mode="init"):
        """A Sequential of `n_repeat` copies; with 'init' each starts from its own random weights."""
        from kudari.sequential import Sequential

        _check_copy_mode(mode)
        return Sequential(*(self.copy(mode) for _ in range(n_repeat)))

    def count_params(self):
        """How many numbers the parameters hold; those without a shape yet are left out with a warning."""
        size = 0
        for name, param in self.namedparams():
            if param.array is None:
                warnings.warn(
                    f"Parameter '{name}' has not been initialized, so the resulting count will not include "
                    "the number of parameters in it.",
                    stacklevel=2,
                )
            else:
                size += param.size
        return size

    def add_hook(self, hook, name=None):
        """Have a link hook see this link's calls; returns the link."""
        if not isinstance(hook, LinkHook):
            raise TypeError(
                f"Hook must be of type LinkHook, not {type(hook).__name__}.\nDerive it from LinkHook."
            )
        name = hook.name if name is None else name
        if name in self.local_link_hooks:
            raise KeyError(f"Hook {name} already exists: give this one another name")
        self.local_link_hooks[name] = hook
        hook.added(self)
        return self

    def delete_hook(self, name):
        """Remove the hook added under this name."""
        if name not in self.local_link_hooks:
            raise KeyError(f"Hook {name} does not exist")
        self.local_link_hooks[name].deleted(self)
        del self.local_link_hooks[name]
