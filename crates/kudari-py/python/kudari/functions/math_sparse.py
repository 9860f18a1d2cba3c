"""Products of sparse and dense matrices."""

import numpy

from kudari import _core
from kudari.functions._checks import as_array, as_variable, refuse
from kudari.functions.array_shapes import reshape, swapaxes
from kudari.functions.math_matrices import common_type


def sparse_matmul(a, b, transa=False, transb=False):
    """The product of a sparse matrix (``kudari.utils.CooMatrix``) and a dense one, or of stacks of them."""
    from kudari.utils.sparse import CooMatrix

    is_a, is_b = isinstance(a, CooMatrix), isinstance(b, CooMatrix)
    if is_a == is_b:
        raise ValueError(
            f"sparse_matmul: a is {type(a).__name__}, b is {type(b).__name__}\n  expected: one CooMatrix"
        )
    if is_a:
        return CooMatMul(a.row, a.col, a.shape, a.order, transa, transb).apply((a.data, b))[0]
    return CooMatMul(b.row, b.col, b.shape, b.order, not transb, not transa, transc=True).apply((b.data, a))[
        0
    ]


class CooMatMul:
    """The product of a sparse matrix with entries at ``sp_row`` and ``sp_col`` and a dense one.

    ``transa`` and ``transb`` transpose them first, ``transc`` the product. Raises
    ValueError where the places of the entries do not fit.
    """

    def __init__(
        self, sp_row, sp_col, sp_shape, sp_order="other", transa=False, transb=False, transc=False, dtype=None
    ):
        if sp_row.shape != sp_col.shape or sp_row.ndim not in (1, 2) or len(sp_shape) != 2:
            what = f"rows of shape {sp_row.shape}, columns of {sp_col.shape}, matrices of {sp_shape}"
            raise ValueError(
                f"CooMatMul: {what}\n  expected: rows and columns of one shape, with one or two axes"
            )
        rows, columns = as_array(sp_row), as_array(sp_col)
        self._rows, self._columns = (columns, rows) if transa else (rows, columns)
        self._shape = tuple(sp_shape)[::-1] if transa else tuple(sp_shape)
        self._transb, self._transc, self._dtype = transb, transc, dtype

    def apply(self, inputs):
        """The product for (entries, dense matrix), as a tuple with one variable."""
        entries, dense = map(as_variable, inputs)
        if self._transb:
            dense = swapaxes(dense, -1, -2)
        y = self._product(entries, dense)
        if self._dtype is not None and y.dtype != self._dtype:
            y = _core.to_dtype(y, numpy.dtype(self._dtype).name)
        return (swapaxes(y, -1, -2) if self._transc else y,)

    def _product(self, entries, dense):
        """Each entry times a row of the dense matrix, added to its row of the result."""
        height, width = self._shape
        fits = dense.ndim in (2, 3) and entries.ndim == dense.ndim - 1 and dense.shape[-2] == width
        if not fits or entries.shape != self._rows.shape or dense.ndim == 3 and len(dense) != len(entries):
            refuse("sparse_matmul", f"shapes {self._shape} and {dense.shape}", "matrices that fit each other")
        entries, dense = common_type(entries, dense)
        count = len(dense) if dense.ndim == 3 else 1
        # A stack is one large matrix with blocks along its diagonal; entries at −1 only fill up.
        blocks = numpy.arange(count).reshape((-1, 1) if dense.ndim == 3 else (1,))
        is_entry = numpy.flatnonzero(self._rows >= 0)
        rows = (self._rows + blocks * height).ravel()[is_entry]
        columns = (self._columns + blocks * width).ravel()[is_entry]
        chosen = reshape(reshape(entries, (entries.size,))[is_entry], (len(rows), 1))
        products = _core.mul(chosen, reshape(dense, (count * width, dense.shape[-1]))[columns])
        y = _core.add_rows(products, rows, count * height)
        return reshape(y, (*dense.shape[:-2], height, dense.shape[-1]))
