"""Methods that subclasses should not override."""


def final(*args, action=TypeError):
    """Marks a method as final, as `@final` or `@final(action=DeprecationWarning)`.

    Overriding it in a subclass of `enable_final()` raises `action`, or warns where `action` is a Warning.
    """

    def mark(method):
        method._override_action = action
        return method

    return mark(*args) if args else mark


class _RefusesOverrides(type):
    def __new__(cls, name, bases, namespace, **kwargs):
        for attribute in namespace:
            for base in bases:
                action = getattr(getattr(base, attribute, None), "_override_action", None)
                if action is None:
                    continue
                if issubclass(action, Warning):
                    import warnings

                    warnings.warn(f"{name} overrides the method '{attribute}'.", action, stacklevel=2)
                else:
                    raise action(f"method '{attribute}' is final.")
        return super().__new__(cls, name, bases, namespace, **kwargs)


def enable_final(base=(), meta_base=()):
    """A class to inherit from, with the bases `base`, in whose subclasses `final` methods are guarded."""
    bases = tuple(base) if isinstance(base, (list, tuple)) else (base,)
    metas = tuple(meta_base) if isinstance(meta_base, (list, tuple)) else (meta_base,)
    meta = type("RefusesOverrides", (_RefusesOverrides, *metas), {})
    return meta("EnablesFinal", bases, {})
