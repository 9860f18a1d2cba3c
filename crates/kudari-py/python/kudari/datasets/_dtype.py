import numpy as np

from kudari import configuration


def float_dtype(dtype):
    """The given dtype, or that of the configuration (float32 unless changed)."""
    if dtype is not None:
        return np.dtype(dtype)
    dtype = configuration.config.dtype
    return np.dtype(np.float16 if str(dtype) == "mixed16" else dtype)
