"""`chainerx` as Chainer programs ask for it: not available."""


class ndarray:  # noqa: N801 - named as ChainerX's class
    """Placeholder for ChainerX's array class: nothing is an instance of it."""


class Device:
    """Placeholder for a ChainerX device: nothing is an instance of it."""


def is_available():
    """False."""
    return False


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise RuntimeError(f"ChainerX is not available, and so is not chainerx.{name}.\nUse NumPy.")
