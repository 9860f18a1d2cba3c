"""Links as a network in the notation: what the engine needs to explain them."""

import numpy

from kudari import _core


def network_of(links, shape):
    """The engine's network with the parameters of a ``Sequential`` or of any sequence of links and functions.

    Linear links, and functions of ``kudari.functions`` whose name is a word of the notation, are known.
    """
    from kudari.links import Linear

    words, arrays = [], []
    for place, layer in enumerate(_layers(links)):
        if isinstance(layer, Linear):
            if layer.W.array is None:
                raise ValueError("a linear link has no shape yet\n  call the network with data first")
            outputs = layer.W.shape[0]
            words.append(f"linear({outputs})" if layer.b is not None else f"linear({outputs},nobias)")
            arrays.append((f"{place}.weight", layer.W.array))
            if layer.b is not None:
                arrays.append((f"{place}.bias", layer.b.array))
        elif callable(layer) and getattr(layer, "__module__", "").startswith("kudari.functions"):
            words.append(layer.__name__)
        else:
            raise TypeError(
                f"{layer!r} cannot be explained\n  give a Sequential of linear links and functions, or a network in the notation"
            )
    network = _core.Network(" ".join(words), shape, 1, True)
    network.set_arrays([(name, numpy.ascontiguousarray(array)) for name, array in arrays])
    return network


def _layers(links):
    """What a sequence is made of, with sequences in it taken apart."""
    from kudari.sequential import Sequential

    if isinstance(links, Sequential):
        return [layer for one in links for layer in _layers(one)]
    if isinstance(links, (list, tuple)):
        return [layer for one in links for layer in _layers(one)]
    return [links]
