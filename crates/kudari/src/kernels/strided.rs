//! Walking over numbers that do not lie in a row: views with any strides, and several of them together.

/// The largest number of axes.
pub(crate) const MAX_RANK: usize = 6;

/// Numbers in memory seen through a shape: element (i, j, …) lies at `offset + i·strides[0] + j·strides[1] + …`.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T> {
    pub data: &'a [T],
    pub offset: usize,
    pub strides: &'a [isize],
}

/// The common walk of `N` operands over one shape: neighbouring axes that can be walked as one are merged, so that
/// most walks become a single long loop.
pub(crate) struct Walk<const N: usize> {
    /// Sizes of the merged axes, the innermost last; never empty.
    dims: [usize; MAX_RANK],
    strides: [[isize; MAX_RANK]; N],
    rank: usize,
}

impl<const N: usize> Walk<N> {
    pub(crate) fn new(shape: &[usize], strides: [&[isize]; N]) -> Self {
        let mut walk = Walk { dims: [1; MAX_RANK], strides: [[0; MAX_RANK]; N], rank: 0 };
        for (axis, &size) in shape.iter().enumerate() {
            if size == 1 {
                continue;
            }
            let last = walk.rank.wrapping_sub(1);
            let merges = walk.rank > 0 && (0..N).all(|n| walk.strides[n][last] == strides[n][axis] * size as isize);
            let place = if merges { last } else { walk.rank };
            walk.dims[place] = if merges { walk.dims[place] * size } else { size };
            for (merged, strides) in walk.strides.iter_mut().zip(strides) {
                merged[place] = strides[axis];
            }
            walk.rank = place + 1;
        }
        walk.rank = walk.rank.max(1);
        walk
    }

    /// Length of the innermost loop.
    pub(crate) fn inner_len(&self) -> usize {
        self.dims[self.rank - 1]
    }

    /// Stride of operand `n` in the innermost loop.
    pub(crate) fn inner_stride(&self, n: usize) -> isize {
        self.strides[n][self.rank - 1]
    }

    /// How many innermost loops there are.
    pub(crate) fn rows(&self) -> usize {
        self.dims[..self.rank - 1].iter().product()
    }

    /// Offsets of the operands at the start of inner loop `row`.
    pub(crate) fn row_offsets(&self, row: usize, base: [usize; N]) -> [usize; N] {
        let mut offsets = base;
        let mut rest = row;
        for axis in (0..self.rank - 1).rev() {
            let position = (rest % self.dims[axis]) as isize;
            rest /= self.dims[axis];
            for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
                *offset = offset.wrapping_add_signed(position * strides[axis]);
            }
        }
        offsets
    }
}

/// Matrices of which the columns lie one after the other in memory, to be read row by row.
pub(crate) struct Columns {
    /// Rows and columns of each.
    pub rows: usize,
    pub columns: usize,
    /// Steps from a column to the next, and from a matrix to the next.
    pub column_stride: isize,
    pub matrix_stride: isize,
}

impl Walk<1> {
    /// The operand as matrices whose columns lie one after the other, if it is that.
    pub(crate) fn columns(&self) -> Option<Columns> {
        let [row, column] = [self.rank.checked_sub(2)?, self.rank - 1];
        let strides = &self.strides[0];
        let fits = self.rank <= 3 && strides[row] == 1;
        let matrix_stride = if row > 0 { strides[0] } else { 0 };
        let (rows, columns) = (self.dims[row], self.dims[column]);
        fits.then_some(Columns { rows, columns, column_stride: strides[column], matrix_stride })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_axes_merge_into_one_loop() {
        let walk = Walk::new(&[2, 3, 4], [&[12, 4, 1], &[12, 4, 1]]);
        assert_eq!((walk.rows(), walk.inner_len()), (1, 24));
    }

    #[test]
    fn a_broadcast_row_is_walked_row_by_row() {
        let walk = Walk::new(&[5, 3], [&[3, 1], &[0, 1]]);
        assert_eq!((walk.rows(), walk.inner_len()), (5, 3));
        assert_eq!(walk.row_offsets(2, [0, 7]), [6, 7]);
        assert_eq!((walk.inner_stride(0), walk.inner_stride(1)), (1, 1));
    }

    #[test]
    fn a_scalar_is_one_loop_of_length_one() {
        let walk = Walk::<1>::new(&[], [&[]]);
        assert_eq!((walk.rows(), walk.inner_len()), (1, 1));
    }
}
