"""`import chainer` resolved to kudari, so that a program written for Chainer runs unmodified.

    import kudari.compat.chainer
    kudari.compat.chainer.install()
    import chainer
    import chainer.functions as F

A module of Chainer becomes an alias of the module of kudari with the same path or, where kudari is cut into
other files, of the nearest package of it that holds the names. `chainerx` says that it is not available.
"""

import importlib
import importlib.machinery
import sys
import types

from kudari.compat._chainer_modules import MODULES, PACKAGES

# Modules of Chainer that stand under another path in kudari.
_MOVED = {
    "chainer": ("kudari.compat._chainer_names", "kudari"),
    "chainer._backend": ("kudari.backends._cpu",),
    "chainer.array": ("kudari.functions",),
    "chainer.basic_math": ("kudari.functions",),
    "chainer.cuda": ("kudari.backends.cuda",),
    "chainer.memory_layouts": ("kudari.compat._chainer_memory_layouts",),
    "chainer.types": ("kudari.compat._chainer_types",),
    "chainerx": ("kudari.compat._chainerx",),
}


def install():
    """Makes `import chainer`, its submodules and `import chainerx` give kudari from now on. Twice is once.

    Raises RuntimeError where Chainer itself has been imported before.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    imported = [name for name in sys.modules if name.partition(".")[0] in ("chainer", "chainerx")]
    if imported:
        raise RuntimeError(
            f"Chainer itself is imported already ({imported[0]}).\n"
            "Call kudari.compat.chainer.install() before it."
        )
    sys.meta_path.insert(0, _Finder())


def uninstall():
    """Undoes `install`: modules imported under Chainer's names stay with those who hold them."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    for name in [name for name, module in sys.modules.items() if isinstance(module, _Alias)]:
        del sys.modules[name]


class _Alias(types.ModuleType):
    """A module under Chainer's name: what it does not have itself it looks up in its targets, modules of
    kudari.

    Values set on it are set on the target, so that programs which replace a function replace kudari's.
    """

    def __init__(self, name):
        super().__init__(name)
        self.__dict__["_targets"] = []

    def __getattr__(self, name):
        if name == "__all__":
            return [public for public in dir(self) if not public.startswith("_")]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        target = _holder(self._targets, name)
        if self._is_submodule(name, target):
            return importlib.import_module(f"{self.__name__}.{name}")
        if target is None:
            raise AttributeError(f"{self.__name__}: kudari has no '{name}'.")
        value = getattr(target, name)
        if callable(value):
            # Functions are looked up in every line of a program: the next time they are at hand.
            self.__dict__[name] = value
        return value

    def __setattr__(self, name, value):
        target = _holder(self._targets, name)
        if isinstance(value, _Alias):
            # Python binds a submodule in its package: that must not hide a function with its name.
            if self._is_submodule(name, target):
                self.__dict__[name] = value
        elif name.startswith("__"):
            self.__dict__[name] = value
        else:
            self.__dict__.pop(name, None)
            setattr(target or self._targets[-1], name, value)

    def __delattr__(self, name):
        self.__dict__.pop(name, None)
        delattr(_holder(self._targets, name) or self._targets[-1], name)

    def _is_submodule(self, name, target):
        """Whether `name` is a submodule of this one in Chainer, where it can be a function of `target` in
        kudari."""
        path = f"{self.__name__}.{name}"
        if target is None or isinstance(getattr(target, name), types.ModuleType):
            return _is_known(path)
        return path in MODULES and self.__name__.startswith(("chainer.functions.", "chainer.links."))

    def __dir__(self):
        names = {name for target in self._targets for name in dir(target) if not name.startswith("__")}
        return sorted(names.union(self.__dict__))


def _holder(targets, name):
    return next((target for target in targets if hasattr(target, name)), None)


class _Finder:
    """Finds the modules of Chainer that kudari stands in for."""

    def find_spec(self, name, path=None, target=None):
        """The specification of an alias, None for any other module."""
        if not _is_known(name):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        """The alias, not yet filled."""
        return _Alias(spec.name)

    def exec_module(self, module):
        """Finds the modules that the alias stands for."""
        module.__dict__["_targets"] = _targets(module.__name__)
        module.__doc__ = module._targets[0].__doc__


def _is_known(name):
    if name in _MOVED or name in MODULES or name in PACKAGES:
        return True
    top, _, rest = name.partition(".")
    return top == "chainer" and _own_module(rest) is not None


def _targets(name):
    """The modules to look names up in: the one with the same path, then the packages around it."""
    if name in _MOVED:
        return [importlib.import_module(own) for own in _MOVED[name]]
    path = name.partition(".")[2]
    found = []
    while path:
        module = _own_module(path)
        if module is not None:
            found.append(module)
            # Only functions and links may stand in other files: there the package is asked as well.
            if not path.startswith(("functions", "links")):
                break
        path = path.rpartition(".")[0]
    return found


def _own_module(path):
    """The module of kudari with this path, or None."""
    name = f"kudari.{path}"
    if name in sys.modules:
        return sys.modules[name]
    parent = path.rpartition(".")[0]
    if parent and not hasattr(_own_module(parent), "__path__"):
        return None
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise
