"""Layers called one after the other."""

import copy

from kudari.link import ChainList, Link


def _layer_name(layer):
    """The type's name of a link, the own name of a function."""
    own_name = None if isinstance(layer, Link) else getattr(layer, "__name__", None)
    return own_name or type(layer).__name__


def _layer_text(layer):
    """What `str` shows for a layer: for a lambda its source."""
    if getattr(layer, "__name__", None) != "<lambda>":
        return str(layer)
    import inspect

    try:
        return inspect.getsource(layer).strip().rstrip(",")
    except OSError:
        return str(layer)


class Sequential(ChainList):
    """`Sequential(L.Linear(3, 2), F.relu, ...)`: each layer gets what the one before returned, a tuple as
    arguments.

    Layers are links or other callables; it behaves as a list of them. Only the links have parameters.
    """

    def __init__(self, *layers):
        super().__init__()
        self._layers = []
        for layer in layers:
            self.append(layer)

    def forward(self, *x):
        """Returns what the last layer returns. RuntimeError without layers."""
        if not self._layers:
            raise RuntimeError("Sequential does not have any layer.\nAppend one.")
        for layer in self._layers:
            x = layer(*x) if isinstance(x, tuple) else layer(x)
        return x

    def _update_children(self):
        """Number the links anew after the layers changed."""
        self._children = [layer for layer in self._layers if isinstance(layer, Link)]
        self._rename()

    def __str__(self):
        lines = []
        for index, layer in enumerate(self._layers):
            lines += [f"  {line}\n" for line in f"({index}): {_layer_text(layer)},".splitlines()]
        return f"{type(self).__name__}({chr(10) if lines else ''}{''.join(lines)})"

    def __len__(self):
        return len(self._layers)

    def __getitem__(self, i):
        return self._layers[i]

    def __setitem__(self, i, layer):
        if i >= len(self):
            raise ValueError(f"{i} should be less than {len(self)}.\nAppend the layer instead.")
        self._check_callable(layer)
        self._layers[i] = layer
        self._update_children()

    def __delitem__(self, i):
        del self._layers[i]
        self._update_children()

    def __iter__(self):
        return iter(self._layers)

    def __reversed__(self):
        return reversed(self._layers)

    def __contains__(self, item):
        return item in self._layers

    def __add__(self, other):
        self._check_sequential(other)
        return Sequential(*self, *other)

    def __iadd__(self, other):
        self._check_sequential(other)
        self.extend(other)
        return self

    def __reduce__(self):
        if any(getattr(layer, "__name__", None) == "<lambda>" for layer in self._layers):
            raise ValueError(
                "a lambda function in this Sequential can not be pickled.\n"
                "Use a named function or functools.partial in its place."
            )
        return super().__reduce__()

    @staticmethod
    def _check_callable(layer):
        if not callable(layer):
            raise ValueError(
                f"All elements of a Sequential should be callable, {layer!r} is not.\n"
                "Give links or functions."
            )

    @staticmethod
    def _check_sequential(other):
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add (+) takes another Sequential, not a {type(other).__name__}.\nUse append for one layer."
            )

    def append(self, layer):
        """Add a layer at the end."""
        self.insert(len(self), layer)

    def extend(self, sequential):
        """Add all layers of another Sequential or list at the end."""
        for layer in list(sequential):
            self.append(layer)

    def insert(self, i, layer):
        """Put a layer before the one at `i`. IndexError outside of the list."""
        if not -len(self) <= i <= len(self):
            raise IndexError(f"Index out of range: {i}.\nThere are {len(self)} layers.")
        self._check_callable(layer)
        self._layers.insert(i, layer)
        self._update_children()

    def remove(self, layer):
        """Take out this layer object, at its first place. ValueError where it is not in the list."""
        if layer not in self:
            raise ValueError(f"There is no layer object that is same as {layer}.\nSee the list of layers.")
        del self[self.index(layer)]

    def remove_by_layer_type(self, type_name):
        """Take out all links whose class, and functions whose name, is `type_name`."""
        self._layers = [layer for layer in self._layers if _layer_name(layer) != type_name]
        self._update_children()

    def pop(self, i=-1):
        """Take out and return the layer at `i`."""
        layer = self._layers[i]
        del self[i]
        return layer

    def clear(self):
        """Take out all layers."""
        self._layers = []
        self._update_children()

    def index(self, layer, start=None, end=None):
        """The place of a layer in layers[start:end], counted from `start`."""
        return self._layers[start:end].index(layer)

    def count(self, layer):
        """How often this layer object is in the list."""
        return self._layers.count(layer)

    def count_by_layer_type(self, type_name):
        """How many links have this class name and functions this name."""
        return sum(_layer_name(layer) == type_name for layer in self._layers)

    def copy(self, mode="share"):
        """A Sequential of copied layers, see `Link.copy`."""
        return Sequential(
            *(layer.copy(mode) if isinstance(layer, Link) else copy.copy(layer) for layer in self._layers)
        )

    def copyparams(self, link, copy_persistent=True):
        """Copy the parameters from another Sequential of the same structure."""
        if not isinstance(link, Sequential):
            raise ValueError(f"a {type(link).__name__} cannot be copied to a Sequential.\nGive a Sequential.")
        for mine, other in zip(self, link):
            if isinstance(mine, Link):
                mine.copyparams(other, copy_persistent)

    def flatten(self):
        """A Sequential of the same layers without nested Sequentials."""
        flat = Sequential()
        for layer in self._layers:
            if isinstance(layer, Sequential):
                flat.extend(layer.flatten())
            else:
                flat.append(layer)
        return flat
