"""Names for annotations, as `chainer.types` has them."""

from collections.abc import Callable, Sequence
from typing import Any, Union

import numpy

Shape = tuple[int, ...]
ShapeSpec = Union[int, Sequence[int]]
DTypeSpec = Any
NdArray = numpy.ndarray
Xp = Any
ScalarValue = Union[int, float, complex, numpy.number, numpy.ndarray]
InitializerSpec = Union[ScalarValue, NdArray, Callable[[NdArray], None]]
DeviceSpec = Any
CudaDeviceSpec = Any
ConvertFunction = Callable[..., Any]
AbstractInitializer = Callable[[NdArray], None]
