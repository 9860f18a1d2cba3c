//! Softmax over the rows of a matrix, alone and fused with the cross-entropy of integer labels.
//!
//! Everything works on blocks of rows in passes over the whole block (subtract the row's maximum, exponential, sum),
//! so that the exponentials are vector instructions even when a row has only ten numbers.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

/// Numbers per block: three passes over it stay in the first-level cache.
const BLOCK: usize = 4096;
/// Rows per block at most: their sums lie on the stack.
const ROWS: usize = 256;

/// Rows per block for rows of `columns` numbers.
fn rows_per_block(columns: usize) -> usize {
    (BLOCK / columns.max(1)).clamp(1, ROWS)
}

/// `out[r, c] = e^x[r, c] / Σ_c e^x[r, c]`.
pub(crate) fn softmax<T: Float>(out: &mut [T], x: &[T], columns: usize) {
    let piece = rows_per_block(columns) * columns;
    threads::for_each_piece(out, piece, x.len() as f64, |index, part| {
        let x = &x[index * piece..index * piece + part.len()];
        softmax_block(part, x, columns);
    });
}

/// `out[r, c] = x[r, c] − ln Σ_c e^x[r, c]`.
pub(crate) fn log_softmax<T: Float>(out: &mut [T], x: &[T], columns: usize) {
    let piece = rows_per_block(columns) * columns;
    threads::for_each_piece(out, piece, x.len() as f64 * 2.0, |index, part| {
        let x = &x[index * piece..index * piece + part.len()];
        softmax_block(part, x, columns);
        for (p, x) in part.chunks_mut(columns).zip(x.chunks(columns)) {
            let (largest, sum) = largest_and_sum(x);
            // The largest goes first: added to the logarithm it would round that one's digits away.
            let logarithm = sum.ln();
            p.iter_mut().zip(x).for_each(|(p, &x)| *p = x - largest - logarithm);
        }
    });
}

/// The probabilities of every row into `p`, and each row's `−ln p[label]` into `losses`. Labels must be in range.
pub(crate) fn softmax_cross_entropy<T: Float>(p: &mut [T], losses: &mut [T], x: &[T], labels: &[i64], columns: usize) {
    let rows = rows_per_block(columns);
    let start = threads::SendPointer(losses.as_mut_ptr());
    let count = losses.len();
    threads::for_each_piece(p, rows * columns, x.len() as f64, |index, part| {
        let first = index * rows;
        let start = &start;
        // SAFETY: piece `index` of p holds rows from `first`, at most `rows` of them; pieces do not overlap, and neither do
        // their losses, which lie inside `losses`.
        let losses = unsafe { std::slice::from_raw_parts_mut(start.0.add(first), rows.min(count - first)) };
        let x = &x[first * columns..first * columns + part.len()];
        subtract_largest(part, x, columns);
        // The exact form ln Σ − x: no logarithm of a rounded probability, so confident mistakes keep their loss.
        for ((loss, shifted), &label) in losses.iter_mut().zip(part.chunks(columns)).zip(&labels[first..]) {
            *loss = -shifted[label as usize];
        }
        exponentials(part);
        let mut sums = [T::ZERO; ROWS];
        divide_by_sum(part, columns, &mut sums);
        add_logarithms(losses, &sums);
    });
}

/// `out[r, c] = (p[r, c] − [c = label]) · scale`: the gradient by the logits.
pub(crate) fn softmax_cross_entropy_slope<T: Float>(out: &mut [T], p: &[T], labels: &[i64], columns: usize, scale: T) {
    let piece = rows_per_block(columns) * columns;
    threads::for_each_piece(out, piece, p.len() as f64 * 0.3, |index, part| {
        let first = index * piece;
        scale_block(part, &p[first..first + part.len()], scale);
        let labels = &labels[first / columns..];
        for (row, &label) in part.chunks_mut(columns).zip(labels) {
            row[label as usize] = row[label as usize] - scale;
        }
    });
}

vectorized! {
    fn scale_block[T: Float](out: &mut [T], x: &[T], scale: T) {
        for (o, &x) in out.iter_mut().zip(x) {
            *o = x * scale;
        }
    }
}

fn softmax_block<T: Float>(out: &mut [T], x: &[T], columns: usize) {
    subtract_largest(out, x, columns);
    exponentials(out);
    divide_by_sum(out, columns, &mut [T::ZERO; ROWS]);
}

vectorized! {
    fn subtract_largest[T: Float](out: &mut [T], x: &[T], columns: usize) {
        for (o, x) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            let largest = x.iter().fold(x[0], |a, &b| a.larger(b));
            for (o, &x) in o.iter_mut().zip(x) {
                *o = x - largest;
            }
        }
    }
}

vectorized! {
    fn exponentials[T: Float](x: &mut [T]) {
        for x in x.iter_mut() {
            *x = x.exp();
        }
    }
}

vectorized! {
    /// Divides every row by its sum; at most as many rows as `sums` has room for.
    fn divide_by_sum[T: Float](x: &mut [T], columns: usize, sums: &mut [T]) {
        debug_assert!(x.len() <= sums.len() * columns);
        for (row, sum) in x.chunks_exact_mut(columns).zip(sums) {
            *sum = row_sum(row);
            for x in row {
                *x = *x / *sum;
            }
        }
    }
}

vectorized! {
    fn add_logarithms[T: Float](to: &mut [T], of: &[T]) {
        for (to, of) in to.iter_mut().zip(of) {
            *to = *to + of.ln();
        }
    }
}

vectorized! {
    /// The largest number of a row and Σ e^(x − largest).
    fn largest_and_sum[T: Float](x: &[T]) -> (T, T) {
        let largest = x.iter().fold(x[0], |a, &b| a.larger(b));
        let mut lanes = [T::ZERO; 16];
        for chunk in x.chunks(16) {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = *lane + (x - largest).exp();
            }
        }
        (largest, row_sum(&lanes))
    }
}

/// The sum of a row in 16 lanes.
#[inline(always)]
fn row_sum<T: Float>(x: &[T]) -> T {
    if x.len() <= 16 {
        return x.iter().fold(T::ZERO, |a, &b| a + b);
    }
    let mut lanes = [T::ZERO; 16];
    for chunk in x.chunks(16) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = *lane + x;
        }
    }
    lanes.iter().fold(T::ZERO, |a, &b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_and_its_logarithm_agree_and_rows_sum_to_one() {
        for columns in [1, 3, 10, 16, 37, 5000] {
            let x: Vec<f64> = (0..columns * 7).map(|i| ((i * 37 % 101) as f64) / 7.0 - 6.0).collect();
            let (mut p, mut l) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            softmax(&mut p, &x, columns);
            log_softmax(&mut l, &x, columns);
            assert!(p.iter().zip(&l).all(|(p, l)| (p.ln() - l).abs() < 1e-12));
            assert!(p.chunks(columns).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        }
    }

    #[test]
    fn a_confident_mistake_keeps_its_loss_and_gradient() {
        let (x, mut p, mut loss, mut slope) = ([0f32, -200.0], [0.0; 2], [0.0; 1], [0.0; 2]);
        softmax_cross_entropy(&mut p, &mut loss, &x, &[1], 2);
        softmax_cross_entropy_slope(&mut slope, &p, &[1], 2, 1.0);
        assert_eq!((loss, slope), ([200.0], [1.0, -1.0]));
    }
}
