//! Matrix products `out = a·b` or `out += a·b`, for operands with any strides.
//!
//! The product is cut into tiles that fit the registers ([`tile`]). Operands that the micro-kernel cannot read well
//! where they lie (columns not contiguous, or a large matrix walked many times) are first copied into the order in
//! which it reads them. The inner dimension is never split between threads, so every element is one sum in one order.

mod blocks;
mod dot;
mod pack;
mod prepared;
mod tile;
pub(super) mod vector;

use super::bf16;
use super::float::Float;
use super::threads::{self, SendPointer};
pub(crate) use prepared::Prepared;

/// A matrix in memory: element (i, j) lies at `offset + i·row_stride + j·column_stride`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub data: &'a [T],
    pub offset: usize,
    pub row_stride: isize,
    pub column_stride: isize,
}

impl<T: Float> Matrix<'_, T> {
    /// A pointer to element (i, j), checked against the data for a block of `rows × columns` from there.
    fn block(&self, i: usize, j: usize, rows: usize, columns: usize) -> *const T {
        let at = |i: usize, j: usize| self.offset as isize + i as isize * self.row_stride + j as isize * self.column_stride;
        let corners = [at(i, j), at(i + rows - 1, j), at(i, j + columns - 1), at(i + rows - 1, j + columns - 1)];
        assert!(corners.iter().all(|&c| c >= 0 && (c as usize) < self.data.len()), "a block outside its matrix");
        self.data[at(i, j) as usize..].as_ptr()
    }
}

/// A task of about this many multiply-adds is worth handing to another thread.
const TASK: usize = 300_000;
/// Up to this many multiply-adds the plain loop is done before anything else has begun.
const TINY: usize = 512;
/// Estimated multiply-adds per nanosecond on one thread.
const RATE: f64 = 70.0;

/// What is done with the sums besides writing them.
#[derive(Clone, Copy)]
pub(crate) struct Ending<'a, T> {
    /// Add to what is there instead of replacing it.
    pub accumulate: bool,
    /// A number for every column, added to all rows.
    pub bias: Option<&'a [T]>,
    /// Replace what is below 0 by 0.
    pub relu: bool,
}

impl<T: Float> Ending<'_, T> {
    /// Replace what is there.
    pub(crate) const REPLACE: Self = Ending { accumulate: false, bias: None, relu: false };

    /// What stands in column `j` after `sum` is put to what was there.
    #[inline(always)]
    fn of(&self, sum: T, there: T, j: usize) -> T {
        let mut value = if self.accumulate { there + sum } else { sum };
        if let Some(bias) = self.bias {
            value = value + bias[j];
        }
        if self.relu && value < T::ZERO { T::ZERO } else { value }
    }
}

/// `out (m × n, row-major) = a (m × k) · b (k × n)`, or `+=` with `accumulate`.
pub(crate) fn matmul<T: Float>(out: &mut [T], sizes: [usize; 3], a: Matrix<'_, T>, b: Matrix<'_, T>, accumulate: bool) {
    matmul_with(out, sizes, a, b, Ending { accumulate, ..Ending::REPLACE });
}

/// The product with an ending.
pub(crate) fn matmul_with<T: Float>(
    out: &mut [T],
    [m, k, n]: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    ending: Ending<'_, T>,
) {
    assert_eq!(out.len(), m * n, "the output's size");
    assert!(ending.bias.is_none_or(|bias| bias.len() == n), "the bias's size");
    if m == 0 || n == 0 || bf16::multiplied(out, [m, k, n], a, b, ending) {
        return;
    }
    if m * k * n <= TINY {
        return plain(out, [m, k, n], a, b, ending);
    }
    // Dot products need no copies, but a sum over the lanes of each: worth it from some length on, while b fits the
    // second-level cache and the product is too small to repay packing.
    if a.column_stride == 1 && b.row_stride == 1 && k >= 128 && k * n <= 128 * 1024 && m * k * n <= blocks::SMALL {
        return dots(out, [m, k, n], a, b, ending, dot::best());
    }
    blocks::product(out, [m, k, n], a, b, ending);
}

/// The plain loop, for the smallest products: a few sums at once along the longer side, since one would wait for each of its terms.
fn plain<T: Float>(out: &mut [T], [m, k, n]: [usize; 3], a: Matrix<'_, T>, b: Matrix<'_, T>, ending: Ending<'_, T>) {
    const SUMS: usize = 4;
    if m * n == 0 {
        return;
    }
    let turned = m > n;
    let (lines, places) = if turned { (n, m) } else { (m, n) };
    let (one, several) = if turned { (b.transposed(), a.transposed()) } else { (a, b) };
    // Without terms there is nothing to point to.
    let [from_one, from_several] =
        if k == 0 { [std::ptr::null(); 2] } else { [one.block(0, 0, lines, k), several.block(0, 0, k, places)] };
    for line in 0..lines {
        for first in (0..places).step_by(SUMS) {
            let count = SUMS.min(places - first);
            // Beyond the end the last sum is taken again.
            let steps: [isize; SUMS] = std::array::from_fn(|s| s.min(count - 1) as isize * several.column_stride);
            let mut left = from_one.wrapping_offset(line as isize * one.row_stride);
            let mut right = from_several.wrapping_offset(first as isize * several.column_stride);
            let mut sums = [T::ZERO; SUMS];
            for _ in 0..k {
                for (sum, &step) in sums.iter_mut().zip(&steps) {
                    // SAFETY: elements (line, p) and (p, first + a number below count), which lie inside the blocks that were checked.
                    *sum = *sum + unsafe { *left * *right.wrapping_offset(step) };
                }
                (left, right) = (left.wrapping_offset(one.column_stride), right.wrapping_offset(several.row_stride));
            }
            for (s, &sum) in sums[..count].iter().enumerate() {
                let (i, j) = if turned { (first + s, line) } else { (line, first + s) };
                let to = &mut out[i * n + j];
                *to = ending.of(sum, *to, j);
            }
        }
    }
}

/// The product of operands whose inner dimension is contiguous in both.
fn dots<T: Float>(
    out: &mut [T],
    [m, k, n]: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    ending: Ending<'_, T>,
    kernel: dot::Kernel<T>,
) {
    // Tasks are rectangles of tiles. One reads `columns` of b, which stay in the second-level cache, for every tile of its
    // rows. b is the weight, whose rows belong to the same threads here as in the gradient and in the update: so the
    // tasks are numbered along b first.
    let (tiles_down, tiles_across) = (m.div_ceil(dot::ROWS), n.div_ceil(dot::COLUMNS));
    let tasks = (m * n * k / TASK).max(1);
    let across = tasks.min(4).max(k * n / (64 * 1024)).min(tiles_across);
    let down = tasks.div_ceil(across).min(tiles_down);
    let start = SendPointer(out.as_mut_ptr());
    threads::for_each(down * across, (m * n * k) as f64 / RATE, |task| {
        let start = &start;
        let part = |tiles: usize, part: usize, parts: usize| part * tiles / parts..(part + 1) * tiles / parts;
        for i in part(tiles_down, task % down, down).map(|tile| tile * dot::ROWS) {
            for j in part(tiles_across, task / down, across).map(|tile| tile * dot::COLUMNS) {
                let (rows, columns) = (dot::ROWS.min(m - i), dot::COLUMNS.min(n - j));
                let tile = dot::Dots {
                    depth: k,
                    a: a.block(i, 0, rows, k),
                    a_row: a.row_stride,
                    b: b.block(0, j, k, columns),
                    b_column: b.column_stride,
                    // SAFETY: i < m and j < n, so the offset is inside `out`, whose length is m·n.
                    out: unsafe { start.0.add(i * n + j) },
                    out_row: n,
                    rows,
                    columns,
                    accumulate: ending.accumulate,
                    bias: ending.bias.map(|bias| &bias[j..j + columns]),
                    relu: ending.relu,
                };
                // SAFETY: `block` vouches for a and b; the tile's rows and columns lie inside `out`, and every tile is written
                // by exactly one task.
                unsafe { kernel(&tile) }
            }
        }
    });
}

/// Copies a matrix of `columns` rows into `out`, column by column: squares are turned over in registers.
pub(crate) fn turned<T: Float>(out: &mut [T], x: Matrix<'_, T>, columns: usize) {
    let depth = out.len() / columns.max(1);
    pack::group(out, x, [0, columns, columns], [0, depth]);
}

impl<'a, T> Matrix<'a, T> {
    pub(super) fn transposed(self) -> Matrix<'a, T> {
        Matrix { row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }
}

#[cfg(test)]
mod tests;
