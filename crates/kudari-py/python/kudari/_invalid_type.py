"""The exception for shapes and types that a function is not defined for."""


class InvalidType(Exception):
    """Shapes or types that a function is not defined for: says what was expected and what came."""

    def __init__(self, expect, actual=None, msg=None):
        if msg is None:
            msg = str(expect) if actual is None else f"Expect: {expect}\nActual: {actual}"
        super().__init__(msg)
        self.expect = expect
        self.actual = actual

    def __reduce__(self):
        return type(self), (self.expect, self.actual, self.args[0])


InvalidType.__module__ = "kudari.utils.type_check"
