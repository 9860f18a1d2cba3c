//! Reductions: sums, largest and smallest values along one axis, in one fixed order.
//!
//! The axis is given by sizes: the data are `outer × len × inner` numbers in row-major order and the middle axis is
//! reduced. A sum runs in 16 lanes over blocks of [`BLOCK`] numbers whose sums are added in pairs, so its rounding
//! error hardly grows with the number of numbers, and its bits depend on the sizes alone.

use super::float::{Float, Number};
use super::memory::Buffer;
use super::simd::vectorized;
use super::threads;

const LANES: usize = 16;
const BLOCK: usize = 2048;
/// Rows that are added one after the other where there are very many.
const ROWS: usize = 256;
/// Numbers of short rows that are added at a time.
const WIDE: usize = 64;

/// `out[o, i] = Σ_l x[o, l, i]`.
pub(crate) fn sum<T: Number>(out: &mut [T], x: &[T], len: usize, inner: usize) {
    let cost = x.len() as f64 * 0.1;
    if inner == 1 {
        let rows = (BLOCK / len.max(1)).max(1);
        if out.len() == 1 && len > BLOCK {
            out[0] = sum_long(x);
            return;
        }
        threads::for_each_piece(out, rows, cost, |index, part| {
            for (i, o) in part.iter_mut().enumerate() {
                let from = (index * rows + i) * len;
                *o = sum_pairwise(&x[from..from + len]);
            }
        });
    } else if out.len() == inner && len > 4 * ROWS {
        sum_many_rows(out, x);
    } else {
        threads::for_each_piece(out, inner, cost, |outer, part| {
            part.fill(T::ZERO);
            let slab = &x[outer * len * inner..(outer + 1) * len * inner];
            // Blocks of rows keep the running sums short, as in the contiguous case.
            if len <= 64 {
                add_rows(part, slab);
            } else {
                let mut partial = [T::ZERO; 512];
                for from in (0..inner).step_by(partial.len()) {
                    let to = inner.min(from + partial.len());
                    let (partial, total) = (&mut partial[..to - from], &mut part[from..to]);
                    for rows in slab.chunks(64 * inner) {
                        partial.fill(T::ZERO);
                        for row in rows.chunks_exact(inner) {
                            add_rows(partial, &row[from..to]);
                        }
                        add_rows(total, partial);
                    }
                }
            }
        });
    }
}

/// The sum of many numbers: groups of blocks in parallel, their sums added in pairs.
fn sum_long<T: Number>(x: &[T]) -> T {
    const GROUP: usize = 64 * BLOCK;
    let mut groups = vec![T::ZERO; x.len().div_ceil(GROUP)];
    threads::for_each_piece(&mut groups, 1, x.len() as f64 * 0.1, |index, part| {
        let from = index * GROUP;
        let numbers = &x[from..x.len().min(from + GROUP)];
        part[0] = sum_pairwise(numbers);
    });
    sum_pairwise(&groups)
}

/// `out[i] = Σ_l x[l, i]` over very many rows, as a gradient by the channels of pictures is: groups of rows in parallel,
/// then the sums of the groups.
fn sum_many_rows<T: Number>(out: &mut [T], x: &[T]) {
    let inner = out.len();
    let groups = x.len().div_ceil(ROWS * inner);
    let mut scratch = Buffer::recycled::<T>(groups * inner);
    let Some(sums) = scratch.slice_mut::<T>(groups * inner) else { return };
    threads::for_each_piece(sums, inner, x.len() as f64 * 0.1, |group, part| {
        let rows = &x[group * ROWS * inner..x.len().min((group + 1) * ROWS * inner)];
        part.fill(T::ZERO);
        // Short rows are added several at a time, so that a vector is filled.
        let together = (WIDE / inner).max(1);
        let (many, rest) = rows.split_at(rows.len() / (together * inner) * together * inner);
        if together == 1 {
            add_rows(part, many);
        } else {
            let mut wide = [T::ZERO; WIDE];
            let wide = &mut wide[..together * inner];
            add_rows(wide, many);
            add_rows(part, wide);
        }
        add_rows(part, rest);
    });
    sum(out, sums, groups, inner);
}

/// Halves, each summed in the same way, down to blocks.
fn sum_pairwise<T: Number>(x: &[T]) -> T {
    if x.len() <= BLOCK {
        sum_block(x)
    } else {
        let (left, right) = x.split_at(x.len().div_ceil(BLOCK).div_ceil(2) * BLOCK);
        sum_pairwise(left).plus(sum_pairwise(right))
    }
}

vectorized! {
    fn sum_block[T: Number](x: &[T]) -> T {
        let mut lanes = [T::ZERO; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..LANES {
                lanes[l] = lanes[l].plus(chunk[l]);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane = lane.plus(value);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for l in 0..width {
                lanes[l] = lanes[l].plus(lanes[l + width]);
            }
            width /= 2;
        }
        lanes[0]
    }
}

vectorized! {
    /// `total[i] += rows[r, i]` for every row.
    fn add_rows[T: Number](total: &mut [T], rows: &[T]) {
        let width = total.len().max(1);
        for row in rows.chunks_exact(width) {
            for (t, &x) in total.iter_mut().zip(row) {
                *t = t.plus(x);
            }
        }
    }
}

/// `out[o, i] = better(…better(x[o, 0, i], x[o, 1, i])…)`; `len` must not be 0.
pub(crate) fn fold<T: Number>(out: &mut [T], x: &[T], len: usize, inner: usize, better: impl Fn(T, T) -> T + Copy + Sync) {
    let cost = x.len() as f64 * 0.3;
    threads::for_each_piece(out, inner, cost, |outer, part| {
        let slab = &x[outer * len * inner..(outer + 1) * len * inner];
        part.copy_from_slice(&slab[..inner]);
        for row in slab[inner..].chunks_exact(inner) {
            for (o, &value) in part.iter_mut().zip(row) {
                *o = better(*o, value);
            }
        }
    });
}

/// `out[o, i]` = the first index l at which `x[o, l, i]` is better than all before it; a NaN wins.
pub(crate) fn arg_fold<T: Number>(out: &mut [i64], x: &[T], len: usize, inner: usize, better: impl Fn(T, T) -> bool + Sync) {
    for (outer, part) in out.chunks_mut(inner.max(1)).enumerate() {
        let slab = &x[outer * len * inner..(outer + 1) * len * inner];
        for (i, o) in part.iter_mut().enumerate() {
            let (mut best, mut place) = (slab[i], 0);
            for l in 1..len {
                let value = slab[l * inner + i];
                let best_is_number = best.partial_cmp(&best).is_some();
                if best_is_number && (better(value, best) || value.partial_cmp(&value).is_none()) {
                    (best, place) = (value, l as i64);
                }
            }
            *o = place;
        }
    }
}

vectorized! {
    /// Whether every number is finite.
    pub(crate) fn all_finite[T: Float](x: &[T]) -> bool {
        // x·0 is 0 for a finite x and NaN otherwise; a sum of zeros needs no branch per number.
        let mut lanes = [T::ZERO; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..LANES {
                lanes[l] = lanes[l] + chunk[l] * T::ZERO;
            }
        }
        lanes.iter().all(|&l| l == T::ZERO) && rest.iter().all(|x| x.is_finite())
    }
}

vectorized! {
    /// Σ x², added in f64.
    pub(crate) fn sum_of_squares[T: Float](x: &[T]) -> f64 {
        let mut lanes = [0.0f64; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..LANES {
                let v = chunk[l].to_f64();
                lanes[l] += v * v;
            }
        }
        let tail: f64 = rest.iter().map(|v| v.to_f64() * v.to_f64()).sum();
        lanes.iter().sum::<f64>() + tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_along_any_axis_agree_with_integers() {
        for (outer, len, inner) in [
            (1, 5000, 1),
            (3, 7, 1),
            (2, 300, 5),
            (1, 40, 700),
            (4, 1, 3),
            (1, 200_000, 1),
            (1, 3000, 8),
            (1, 1025, 100),
            (1, 70_000, 3),
        ] {
            let x: Vec<i64> = (0..outer * len * inner).map(|i| (i * i % 1009) as i64).collect();
            let mut out = vec![0; outer * inner];
            sum(&mut out, &x, len, inner);
            let floats: Vec<f32> = x.iter().map(|&v| v as f32).collect();
            let mut float_out = vec![0f32; outer * inner];
            sum(&mut float_out, &floats, len, inner);
            for o in 0..outer {
                for i in 0..inner {
                    let exact: i64 = (0..len).map(|l| x[(o * len + l) * inner + i]).sum();
                    assert_eq!(out[o * inner + i], exact);
                    assert!((float_out[o * inner + i] as f64 - exact as f64).abs() <= 1e-6 * exact as f64);
                }
            }
        }
    }

    #[test]
    fn a_nan_is_the_largest_and_is_found() {
        let mut out = [0];
        arg_fold(&mut out, &[1.0, f64::NAN, 3.0], 3, 1, |a, b| a > b);
        assert_eq!(out, [1]);
        assert!(!all_finite(&[0f32; 100].map(|_| f32::INFINITY)) && all_finite(&[1f32; 37]));
    }
}
