"""Expressions that know their own text: the language of `type_check`.

An expression over the types of inputs (`x_type.shape[1] * 2 == w_type.size`) is a tree. `eval()` gives its
value, `str` its text with the parentheses that Python's rules of precedence ask for.
"""

import operator

# How tightly an operator binds, loosest first; an atom (a name, a call, ...) binds tightest.
_COMPARISON, _OR, _XOR, _AND, _SHIFT, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(-1, 9)


class Expr:
    """An expression. Operators, attributes, items and calls on it make larger ones; `bool` raises
    RuntimeError."""

    def __init__(self, priority):
        self.priority = priority

    def eval(self):
        """The value."""
        raise NotImplementedError(f"{type(self).__name__} does not define eval.")

    def __getattr__(self, name):
        # Python looks special names up for copying and the like: they are none of the value's.
        if name.startswith("__"):
            raise AttributeError(name)
        return GetAttr(self, name)

    def __getitem__(self, key):
        return GetItem(self, key)

    def __call__(self, *args):
        return Call(self, args)

    def __bool__(self):
        raise RuntimeError(
            "An Expr instance cannot be evaluated as bool.\nGive each condition to type_check.expect, "
            "or take the value with type_check.eval."
        )

    __hash__ = None


class Atom(Expr):
    """An expression that never needs parentheses."""

    def __init__(self):
        super().__init__(_ATOM)


class Constant(Atom):
    """A value, written as itself."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def __str__(self):
        return _repr(self.value)

    def eval(self):
        """The value."""
        return self.value


class Variable(Atom):
    """A value with a name."""

    def __init__(self, value, name):
        super().__init__()
        self.value = value
        self.name = name

    def __str__(self):
        return self.name

    def eval(self):
        """The value."""
        return self.value


class GetAttr(Atom):
    """`obj.name`; the name may be an expression."""

    def __init__(self, obj, name):
        super().__init__()
        self.obj = obj
        self.name = name

    def __str__(self):
        name = self.name.value if isinstance(self.name, Constant) else self.name
        if isinstance(name, str):
            return f"{_repr(self.obj)}.{name}"
        return f"getattr({_repr(self.obj)}, {_repr(name)})"

    def eval(self):
        """The attribute of the object's value."""
        return getattr(_value(self.obj), _value(self.name))


class GetItem(Atom):
    """`obj[key]`."""

    def __init__(self, obj, key):
        super().__init__()
        self.obj = obj
        self.key = key

    def __str__(self):
        return f"{_repr(self.obj)}[{_subscript(self.key)}]"

    def eval(self):
        """The item of the object's value."""
        return _value(self.obj)[_value(self.key)]


class Call(Atom):
    """`obj(*args)`."""

    def __init__(self, obj, args):
        super().__init__()
        self.obj = obj
        self.args = args

    def __str__(self):
        return f"{_repr(self.obj)}({', '.join(map(_repr, self.args))})"

    def eval(self):
        """What the call returns."""
        return _value(self.obj)(*map(_value, self.args))


class UnaryOperator(Expr):
    """`exp term`, such as `-x`, computed by `func`."""

    def __init__(self, priority, term, exp, func):
        super().__init__(priority)
        self.term = term
        self.exp = exp
        self.func = func

    def __str__(self):
        return self.exp + _operand(self.term, self.priority)

    def eval(self):
        """The operator applied to the operand's value."""
        return self.func(_value(self.term))


class BinaryOperator(Expr):
    """`lhs exp rhs`, such as `x + y`, computed by `func`."""

    def __init__(self, priority, lhs, rhs, exp, func, right_associative=False):
        super().__init__(priority)
        self.lhs = lhs
        self.rhs = rhs
        self.exp = exp
        self.func = func
        self.right_associative = right_associative

    def __str__(self):
        # Of two operators alike the one evaluated first needs no parentheses: the left one, of ** the right.
        left = _operand(self.lhs, self.priority + self.right_associative)
        right = _operand(self.rhs, self.priority + (not self.right_associative))
        return f"{left} {self.exp} {right}"

    def eval(self):
        """The operator applied to the values of both sides."""
        return self.func(_value(self.lhs), _value(self.rhs))


class Testable:
    """What `expect` accepts."""

    def failure(self):
        """None where the condition holds, otherwise the texts of what was expected and what came."""
        raise NotImplementedError(f"{type(self).__name__} does not define failure.")

    def expect(self):
        """Raises InvalidType where the condition does not hold."""
        from kudari.utils import type_check

        failure = self.failure()
        if failure is not None:
            raise type_check._invalid(*failure)


class BoolBinaryOperator(BinaryOperator, Testable):
    """A comparison `lhs exp rhs`; `inv` is the opposite operator, for the message."""

    def __init__(self, lhs, rhs, exp, inv, func):
        super().__init__(_COMPARISON, lhs, rhs, exp, func)
        self.inv = inv

    def failure(self):
        """None where the comparison holds, otherwise what was expected and what came."""
        left, right = _value(self.lhs), _value(self.rhs)
        if self.func(left, right):
            return None
        return f"{self.lhs} {self.exp} {self.rhs}", f"{left} {self.inv} {right}"


def _value(v):
    if isinstance(v, Expr):
        return v.eval()
    if isinstance(v, (list, tuple)):
        return type(v)(map(_value, v))
    return v


def _repr(v):
    """The text of a value in which expressions may stand."""
    if isinstance(v, Expr):
        return str(v)
    if isinstance(v, list):
        return f"[{', '.join(map(_repr, v))}]"
    if isinstance(v, tuple):
        return f"({', '.join(map(_repr, v))}{',' if len(v) == 1 else ''})"
    return repr(v)


def _operand(v, least_priority):
    text = _repr(v)
    return f"({text})" if isinstance(v, Expr) and v.priority < least_priority else text


def _subscript(key):
    if key is Ellipsis:
        return "..."
    if isinstance(key, tuple):
        return ", ".join(map(_subscript, key))
    if isinstance(key, slice):
        parts = [key.start, key.stop] + ([] if key.step is None else [key.step])
        return ":".join("" if part is None else _repr(part) for part in parts)
    return _repr(key)


def _comparison(sign, opposite, func):
    return lambda x, y: BoolBinaryOperator(x, y, sign, opposite, func)


def _binary(priority, sign, func):
    return lambda x, y: BinaryOperator(priority, x, y, sign, func, right_associative=sign == "**")


def _add_operators():
    """Gives Expr Python's operators, each of which builds a node of the tree."""
    for name, sign, opposite in (
        ("eq", "==", "!="),
        ("ne", "!=", "=="),
        ("lt", "<", ">="),
        ("le", "<=", ">"),
        ("gt", ">", "<="),
        ("ge", ">=", "<"),
    ):
        func = getattr(operator, name)
        setattr(Expr, f"__{name}__", _comparison(sign, opposite, func))
    for name, sign, priority in (
        ("add", "+", _SUM),
        ("sub", "-", _SUM),
        ("mul", "*", _PRODUCT),
        ("truediv", "/", _PRODUCT),
        ("floordiv", "//", _PRODUCT),
        ("mod", "%", _PRODUCT),
        ("pow", "**", _POWER),
        ("lshift", "<<", _SHIFT),
        ("rshift", ">>", _SHIFT),
        ("and", "&", _AND),
        ("xor", "^", _XOR),
        ("or", "|", _OR),
    ):
        func = getattr(operator, f"__{name}__")
        build = _binary(priority, sign, func)
        setattr(Expr, f"__{name}__", build)
        setattr(Expr, f"__r{name}__", lambda x, y, b=build: b(y, x))
    for name, sign in (("neg", "-"), ("pos", "+"), ("invert", "~")):
        func = getattr(operator, f"__{name}__")
        setattr(Expr, f"__{name}__", lambda x, s=sign, f=func: UnaryOperator(_SIGN, x, s, f))


_add_operators()
