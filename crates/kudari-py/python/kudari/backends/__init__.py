"""The kinds of devices Chainer knows. The CPU is there; the others say that they are not available."""

from kudari.backends import cuda, intel64

__all__ = ["cuda", "intel64"]
