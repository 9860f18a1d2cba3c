//! Copying into row-major order, fast also where rows and columns change places: pictures that go from channels first to
//! channels last and back.

use super::elementwise;
use super::float::{DType, Element};
use super::matmul::{Matrix, turned};
use super::strided::{Columns, Strided, Walk};
use super::threads;

/// Rows and columns of the blocks that are turned at a time: their cache lines stay at hand until they are used up.
const BLOCK: usize = 16;
/// Elements per piece of parallel work, about.
const PIECE: usize = 8192;

/// `out[i] = a[i]`, with `out` in row-major order of `shape`.
pub(crate) fn copy<T: Element>(out: &mut [T], shape: &[usize], a: Strided<'_, T>) {
    match Walk::new(shape, [a.strides]).columns() {
        Some(matrices) if !out.is_empty() => turn(out, a.data, a.offset, &matrices),
        _ => elementwise::map1(out, shape, a, 1.0, |x| x),
    }
}

/// Copies matrices that lie column by column into row-major order.
fn turn<T: Element>(out: &mut [T], a: &[T], offset: usize, matrices: &Columns) {
    let &Columns { rows, columns, column_stride, matrix_stride } = matrices;
    let piece = (PIECE / columns).max(1).next_multiple_of(BLOCK);
    let cost = out.len() as f64 * 0.6;
    threads::for_each_piece(out, piece * columns, cost, |index, mut part| {
        // The rows of all matrices are counted through; a piece may end in another matrix than it begins in.
        let mut row = index * piece;
        while !part.is_empty() {
            let (matrix, first) = (row / rows, row % rows);
            let count = (rows - first).min(part.len() / columns);
            let (here, rest) = part.split_at_mut(count * columns);
            let start = offset.wrapping_add_signed(matrix as isize * matrix_stride + first as isize);
            turn_rows(here, a, start, columns, column_stride);
            (row, part) = (row + count, rest);
        }
    });
}

/// `out[i, j] = a[start + i + j·stride]`, on this thread.
pub(crate) fn turn_rows<T: Element>(out: &mut [T], a: &[T], start: usize, columns: usize, stride: isize) {
    if T::DTYPE == DType::F32 {
        // SAFETY: T is f32, which is the only element type that says so.
        let (out, a) = unsafe {
            let out = std::slice::from_raw_parts_mut(out.as_mut_ptr().cast::<f32>(), out.len());
            (out, std::slice::from_raw_parts(a.as_ptr().cast::<f32>(), a.len()))
        };
        return turned(out, Matrix { data: a, offset: start, row_stride: stride, column_stride: 1 }, columns);
    }
    for (block, rows) in out.chunks_mut(BLOCK * columns).enumerate() {
        let count = rows.len() / columns;
        let start = start + block * BLOCK;
        for from in (0..columns).step_by(BLOCK) {
            for j in from..columns.min(from + BLOCK) {
                let column = start.wrapping_add_signed(j as isize * stride);
                for (i, &x) in a[column..column + count].iter().enumerate() {
                    rows[i * columns + j] = x;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_turned_and_other_views_copied() {
        for (matrices, rows, columns) in [(1, 5, 3), (3, 17, 33), (2, 1, 40), (4, 64, 1), (1, 700, 300), (5, 900, 3)] {
            let a: Vec<f32> = (0..matrices * rows * columns).map(|i| i as f32).collect();
            let mut out = vec![0.0; a.len()];
            let strides = [(rows * columns) as isize, 1, rows as isize];
            copy(&mut out, &[matrices, rows, columns], Strided { data: &a, offset: 0, strides: &strides });
            for (at, &value) in out.iter().enumerate() {
                let (matrix, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
                assert_eq!(value, a[matrix * rows * columns + column * rows + row]);
            }
        }
        let a: Vec<i64> = (0..60).collect();
        let mut out = [0; 8];
        copy(&mut out, &[2, 2, 2], Strided { data: &a, offset: 3, strides: &[24, 12, 5] });
        assert_eq!(out, [3, 8, 15, 20, 27, 32, 39, 44]);
    }
}
