"""Sparse matrices as lists of coordinates (COO)."""

import numpy


class CooMatrix:
    """A sparse matrix: `data[i]` stands at row `row[i]`, column `col[i]` of a matrix with the shape `shape`.

    With 2-d `data`, `row` and `col` it is a batch of matrices. Entries with row and column -1 and value 0 are
    padding. `data` is a Variable, so that it can get a gradient; `order` is 'C' (rows sorted), 'F' (columns
    sorted) or 'other'. Raises ValueError for dimensions that do not fit together.
    """

    def __init__(self, data, row, col, shape, order=None, requires_grad=False):
        from kudari import Variable

        if data.ndim not in (1, 2):
            raise ValueError(f"data must have 1 or 2 dimensions, got {data.ndim}.")
        if not data.ndim == row.ndim == col.ndim:
            raise ValueError(
                f"ndim of data, row and col must be the same, got {data.ndim}, {row.ndim}, {col.ndim}."
            )
        if len(shape) != 2 or min(shape) <= 0:
            raise ValueError(f"shape must be two positive numbers, got {shape}.")
        if order not in ("C", "F", "other", None):
            raise ValueError(f"order must be 'C', 'F', 'other' or None, got {order!r}.")
        self.data = Variable(data, requires_grad=requires_grad)
        self.row, self.col, self.shape = row, col, shape
        self.order = get_order(row, col) if order is None else order

    def to_dense(self):
        """The matrix, or the batch of matrices, as an ordinary array; entries of one place are added."""
        data = numpy.atleast_2d(self.data.array)
        rows, cols = numpy.atleast_2d(self.row), numpy.atleast_2d(self.col)
        dense = numpy.zeros((len(data), *self.shape), data.dtype)
        for matrix, values, row, col in zip(dense, data, rows, cols):
            filled = values != 0
            numpy.add.at(matrix, (row[filled], col[filled]), values[filled])
        return dense if self.data.ndim == 2 else dense[0]


def to_coo(x, ldnz=None, requires_grad=False):
    """The CooMatrix of the nonzero elements of a 2-d array, or of a batch of them in a 3-d array.

    `ldnz` is the least length of the lists; shorter ones are padded with zeros at row and column -1.
    """
    if x.ndim not in (2, 3):
        raise ValueError(f"ndim of x must be 2 or 3, got {x.ndim}.")
    matrices = x if x.ndim == 3 else x[None]
    places = [matrix.nonzero() for matrix in matrices]
    length = max([ldnz or 0, *(len(row) for row, _ in places)])
    data = numpy.zeros((len(matrices), length), x.dtype)
    row = numpy.full((len(matrices), length), -1, numpy.int32)
    col = row.copy()
    for i, (rows, cols) in enumerate(places):
        data[i, : len(rows)] = matrices[i][rows, cols]
        row[i, : len(rows)] = rows
        col[i, : len(rows)] = cols
    if x.ndim == 2:
        data, row, col = data[0], row[0], col[0]
    return CooMatrix(data, row, col, x.shape[-2:], requires_grad=requires_grad)


def get_order(row, col):
    """'C' where the entries are sorted by row, 'F' by column, 'other' where by neither; for batches, of all
    matrices.

    Raises ValueError where `row` and `col` differ in shape or in where they are padding (-1).
    """
    if row.shape != col.shape:
        raise ValueError(f"shape of row and col must be the same, got {row.shape} and {col.shape}.")
    if ((row < 0) != (col < 0)).any():
        raise ValueError("invalid index combination of row and col: -1 must stand in both or in none.")
    if _sorted_by(row, col):
        return "C"
    return "F" if _sorted_by(col, row) else "other"


def _sorted_by(first, second):
    """Whether each list is sorted by `first`, then by `second`, leaving the padding (-1) out."""
    for major, minor in zip(numpy.atleast_2d(first), numpy.atleast_2d(second)):
        filled = major >= 0
        steps = numpy.diff(major[filled].astype(numpy.int64))
        small_steps = numpy.diff(minor[filled].astype(numpy.int64))
        if not ((steps > 0) | ((steps == 0) & (small_steps >= 0))).all():
            return False
    return True
