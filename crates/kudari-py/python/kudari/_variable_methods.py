"""What Python adds to the native ``Variable``: operators, texts, and what is rarely called."""

import numpy

from kudari import _core
from kudari._core import Variable, VariableNode
from kudari._dlpack import dlpack, dlpack_device


def as_variable(obj):
    """A variable as it is, an array as a variable that wants no gradient."""
    return obj if isinstance(obj, Variable) else Variable(obj, requires_grad=False)


def as_array(obj):
    """The array of a variable, an array as it is, anything else as an array."""
    if isinstance(obj, Variable):
        return obj.array
    return obj if isinstance(obj, numpy.ndarray) else numpy.asarray(obj)


def _backward(self, retain_grad=False, enable_double_backprop=False, loss_scale=None):
    """Computes the gradients by everything that this variable was computed from.

    A variable of one number starts from 1 unless ``grad`` is set; one of several needs ``grad``.
    Gradients of what lies on the way are kept with ``retain_grad``; with ``enable_double_backprop`` the
    gradients can be differentiated again; ``loss_scale`` is the start for small numbers in float16.
    """
    if self.creator_node is None:
        return
    if self.grad_var is None and self.size == 1:
        start = numpy.ones_like(self.array)
        if loss_scale is not None:
            start *= loss_scale
        self.grad_var = Variable(start, requires_grad=enable_double_backprop)
    if self.grad_var is None:
        raise RuntimeError(
            f"backward from a variable of shape {self.shape} without a gradient\n"
            "  set y.grad first, or reduce it to a single number"
        )
    _core.backward([self], [self.grad_var], retain_grad, enable_double_backprop)


def _addgrad(self, var):
    """Adds the gradient of another variable to this one's."""
    if var.grad_var is None:
        return
    if self.grad_var is None:
        self.grad = var.grad.copy()
    else:
        self.grad = numpy.asarray(self.grad + var.grad)


def _copydata(self, var):
    """Copies the numbers of another variable into this one's array."""
    if self.array is None:
        if var.array is None:
            return
        self.initialize(var.shape)
    elif var.array is None:
        var.initialize(self.shape)
    numpy.copyto(self.array, var.array)


def _zerograd(self):
    """Fills the gradient with zeros; ``cleargrad`` is cheaper."""
    _warn("zerograd", "cleargrad")
    if self.array is None:
        return
    if self.grad_var is None:
        self.grad = numpy.zeros_like(self.array)
    else:
        self.grad_var.unchain()
        self.grad[...] = 0


def _to_cpu(self):
    """Does nothing: kudari calculates on the CPU."""
    _warn("to_cpu", "to_device")


def _warn(old, new):
    import warnings

    warnings.warn(f"{old} is deprecated\n  use {new}", DeprecationWarning, stacklevel=3)


def _representation(self):
    head = _head(self)
    if self.array is not None and self.size == 0 and self.shape != (0,):
        return f"{head}[], shape={self.shape})"
    return head + _numbers(self.array, ", ", head) + ")"


def _text(self):
    return _head(self) + _numbers(self.array, " ", _head(self)) + ")"


def _head(self):
    return f"variable {self.name}(" if self.name else "variable("


def _numbers(array, separator, head):
    return "None" if array is None else numpy.array2string(array, separator=separator, prefix=head)


def _label(self):
    """Shape and type, as pictures of the graph show them."""
    if self.shape is None:
        return ""
    if self.shape == ():
        return str(self.dtype)
    return f"({', '.join(map(str, self.shape))}), {self.dtype}"


def _summary(self):
    return f"<variable {self.name}>" if self.name else "<variable at 0x%x>" % id(self)


def _debug_print(self):
    """A text that tells shape, type, and how the numbers of data and gradient lie."""
    def described(array):
        if array is None:
            return "None"
        if array.size == 0:
            return f"shape {array.shape}"
        return f"mean={float(array.mean()):.8f}, std={float(array.std()):.8f}"

    device = "CPU" if self.array is not None else None
    return "\n".join([
        self.summary(),
        f"- device: {device}",
        f"- backend: {type(self.array)}",
        f"- shape: {self.shape}",
        f"- dtype: {self.dtype}",
        f"- statistics: {described(self.array)}",
        f"- grad: {described(self.grad)}",
    ])


def _reshape(self, *shape):
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return _core.reshape(self, shape)


def _transpose(self, *axes):
    from kudari import functions

    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
        axes = axes[0]
    return functions.transpose(self, axes or None)


def _get_item(self, slices):
    from kudari import functions

    return functions.get_item(self, slices)


def _creator_node(self):
    """The function that computed this variable, as a ``FunctionNode`` or one that only tells of the engine's; or None."""
    node = self if isinstance(self, VariableNode) else self.node
    if node._creator_name is None:
        return None
    from kudari.function_node import EngineFunction

    return node._function or EngineFunction(node)


def _creator(self):
    """As ``creator_node``, but a classic ``Function`` itself instead of the node that stands for it."""
    node = self.creator_node
    return getattr(node, "function", node)


def _set_creator(self, function):
    """Not for programs: how a variable was computed cannot be changed; ``unchain`` forgets it."""
    raise NotImplementedError("the creator of a variable cannot be set\n  apply the function instead")


def _floordiv(x, y):
    return Variable(numpy.asarray(numpy.floor_divide(as_array(x), as_array(y))), requires_grad=False)


def _refuse(self, other):
    raise NotImplementedError("variables are not compared\n  compare their arrays: x.array < y.array")


def _truth(self):
    raise TypeError("a variable has no truth value\n  use its array")


def _mean(self, axis=None, *, weights=None, keepdims=False):
    """The mean along axes, or the weighted one: ``kudari.functions.average``."""
    from kudari import functions

    return functions.average(self, axis, weights, keepdims)


def _binary(function):
    def forward(self, other):
        return function(self, other)

    def reflected(self, other):
        return function(other, self)

    return forward, reflected


def _add_methods(cls):
    for word, function in [
        ("add", _core.add), ("sub", _core.sub), ("mul", _core.mul), ("truediv", _core.div), ("pow", _core.pow),
        ("matmul", lambda x, y: _matmul(x, y)), ("floordiv", _floordiv),
    ]:
        forward, reflected = _binary(function)
        setattr(cls, f"__{word}__", forward)
        setattr(cls, f"__r{word}__", reflected)
    for word in ["lt", "le", "eq", "ne", "gt", "ge"]:
        setattr(cls, f"__{word}__", _refuse)
    # Equality is refused, so there can be no sets of variables.
    cls.__hash__ = None
    cls.__bool__ = _truth
    cls.__neg__ = lambda self: _core.neg(self)
    cls.__pos__ = lambda self: self
    cls.__abs__ = lambda self: _core.abs(self)
    cls.__getitem__ = _get_item
    cls.__repr__, cls.__str__ = _representation, _text
    # NumPy leaves arithmetic of arrays and variables to the variables.
    cls.__array_priority__ = 200
    cls.__array_ufunc__ = None
    for name, function in {
        "addgrad": _addgrad, "backward": _backward, "copydata": _copydata, "debug_print": _debug_print, "mean": _mean, "reshape": _reshape,
        "set_creator": _set_creator, "set_creator_node": _set_creator, "summary": _summary, "transpose": _transpose,
        "zerograd": _zerograd, "to_cpu": _to_cpu, "to_device": lambda self, device: None,
    }.items():
        setattr(cls, name, function)
    cls.T = property(lambda self: self.transpose())
    cls.xp = property(lambda self: numpy)
    cls.rank = property(lambda self: self.node.rank)
    cls.label = property(_label)
    cls.device = property(_device)
    cls._node = property(lambda self: self.node)
    cls._has_chainerx_array = False
    cls.creator_node, cls.creator = property(_creator_node), property(_creator)
    VariableNode.creator_node, VariableNode.creator = property(_creator_node), property(_creator)
    VariableNode.label = property(_label)


def _device(self):
    from kudari.backend import get_device

    return get_device("@numpy")


def _matmul(x, y):
    from kudari import functions

    return functions.matmul(x, y)


def _copy_variable(self):
    other = Variable(self.array, name=self.name, requires_grad=self.requires_grad)
    other.grad = self.grad
    return other


def _deepcopy_variable(self, memo):
    other = _copy_variable(self)
    other.array = None if self.array is None else self.array.copy()
    return other


def _reduce_variable(self):
    return _restore_variable, (self.array, self.name, self.grad, self.requires_grad)


def _restore_variable(array, name, grad, requires_grad):
    return Variable(array, name=name, grad=grad, requires_grad=requires_grad)


_add_methods(Variable)
Variable.__copy__ = _copy_variable
Variable.__deepcopy__ = _deepcopy_variable
Variable.__reduce__ = _reduce_variable
Variable.__dlpack__ = dlpack
Variable.__dlpack_device__ = dlpack_device
