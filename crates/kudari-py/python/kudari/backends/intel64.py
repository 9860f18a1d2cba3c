"""Intel's iDeep as Chainer programs ask for it: not available here."""

import numpy

from kudari.backends import _cpu


class mdarray:  # noqa: N801 - named as iDeep's class
    """Placeholder for iDeep's array class: nothing is an instance of it."""


class Intel64Device(_cpu.Device):
    """Placeholder for the iDeep device: making one raises RuntimeError."""

    xp = numpy
    name = "@intel64"

    def __init__(self):
        check_ideep_available()

    @staticmethod
    def from_array(array):
        """None: no array is iDeep's."""
        return None


def is_ideep_available():
    """False."""
    return False


def check_ideep_available():
    """Raises RuntimeError: there is no iDeep."""
    raise RuntimeError("iDeep is not available.\nUse the device '@numpy'.")


def should_use_ideep(level):
    """False: there is no iDeep, whatever `level` and `config.use_ideep` say."""
    return False


def inputs_all_ready(inputs, supported_ndim=(2, 4)):
    """False: iDeep cannot take the inputs."""
    return False
