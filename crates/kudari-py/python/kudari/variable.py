"""Variables, parameters, and their places in the graph."""

import numpy

from kudari._core import Variable, VariableNode
from kudari._variable_methods import as_array, as_variable
from kudari.configuration import config

__all__ = ["Parameter", "Variable", "VariableNode", "as_array", "as_variable"]


class Parameter(Variable):
    """A variable that is trained: Parameter(initializer=None, shape=None, *, name=None).

    ``initializer`` is an array, a number, or one of ``kudari.initializers``; without ``shape`` the array is made when
    ``initialize`` is called, by the layer that sees its first input.
    """

    initializer = None
    _grad_initializer = None
    _initial_device = None
    update_rule = None

    def __new__(cls, initializer=None, shape=None, *, name=None, layout=None):
        return super().__new__(cls, None, name=name)

    def __init__(self, initializer=None, shape=None, *, name=None, layout=None):
        from kudari import initializers

        self._loss_scale = None
        if initializer is None:
            initializer = initializers.NaN(config.dtype)
        elif numpy.isscalar(initializer):
            initializer = initializers.Constant(initializer, config.dtype)
        self.initializer = initializer
        self._grad_initializer = None
        if shape is not None:
            self.initialize(shape)
            self.grad = numpy.full_like(self.array, numpy.nan)
        elif isinstance(initializer, numpy.ndarray):
            self.array = initializer
        else:
            # A layer that learns its shape later starts with a gradient of NaN, unless it is cleared before.
            self._grad_initializer = initializers.NaN()
            self._has_grad = False

    _has_grad = True
    # The copies that share the array, this one among them.
    _together = None

    @property
    def is_initialized(self):
        """Whether there is an array."""
        return self.array is not None

    @property
    def dtype(self):
        """The array's dtype, before there is one the initializer's. RuntimeError where it has none."""
        if self.array is not None:
            return self.array.dtype
        dtype = getattr(self.initializer, "dtype", None)
        if dtype is None:
            raise RuntimeError(f"the dtype of parameter {self.name} is not known before it has a shape\n  call initialize")
        return numpy.dtype(dtype)

    @property
    def grad(self):
        """The gradient or None. RuntimeError where the parameter has no array and was not cleared."""
        if not self._has_grad and self.array is None:
            raise RuntimeError(f"parameter {self.name} has no gradient before it has a shape\n  call cleargrads first")
        return Variable.grad.__get__(self)

    @grad.setter
    def grad(self, value):
        Variable.grad.__set__(self, value)
        self._has_grad = True

    def initialize(self, shape):
        """Makes the array of this shape, and the gradient that was asked for before there was one."""
        from kudari import initializers

        initializer = self.initializer
        if isinstance(initializer, numpy.ndarray):
            initializer = initializers.Constant(initializer)
        self.array = initializers.generate_array(initializer, shape, numpy)
        self.grad = None
        for other in self._together or ():
            if other is not self:
                other.array = self.array
        if self._grad_initializer is not None:
            self.grad = initializers.generate_array(self._grad_initializer, shape, numpy, dtype=self.array.dtype)

    def cleargrad(self):
        """Forgets the gradient."""
        super().cleargrad()
        self._has_grad = True
        if not self.is_initialized:
            self._grad_initializer = None

    def zerograd(self):
        """Fills the gradient with zeros, once there is an array."""
        from kudari import initializers

        if self.is_initialized:
            super().zerograd()
        else:
            self._grad_initializer = initializers.Zero()
        self._has_grad = True

    def update(self):
        """Moves the parameter by its update rule."""
        if self.update_rule is not None:
            self.update_rule.update(self)

    def __copy__(self):
        """A parameter with the same array; when either is initialized, both get that array."""
        other = _restore_parameter(type(self), self.name, self.array, Variable.grad.__get__(self), self.__dict__)
        together = (*(self._together or (self,)), other)
        for parameter in together:
            parameter._together = together
        return other

    def __deepcopy__(self, memo):
        import copy

        grad = Variable.grad.__get__(self)
        arrays = (None if array is None else array.copy() for array in (self.array, grad))
        other = _restore_parameter(type(self), self.name, *arrays)
        # Before the attributes are copied: they may lead back to the parameter.
        memo[id(self)] = other
        other.__dict__.update((key, copy.deepcopy(value, memo)) for key, value in self._own_attributes().items())
        return other

    def __reduce__(self):
        arrays = (self.array, Variable.grad.__get__(self))
        return _restore_parameter, (type(self), self.name, *arrays), self._own_attributes()

    def _own_attributes(self):
        return {key: value for key, value in self.__dict__.items() if key not in ("_together", "_grad_initializer")}


def _restore_parameter(cls, name, array, grad, attributes=()):
    parameter = cls(name=name)
    Variable.array.__set__(parameter, array)
    Variable.grad.__set__(parameter, grad)
    parameter.__dict__.update(attributes)
    return parameter
