//! Scaled dot-product attention in blocks: `out = softmax(q·kᵀ·scale + mask)·v` for every head, without the whole matrix of weights.
//!
//! A block of queries goes over the keys block by block with a running maximum and sum for every query (Milakov and
//! Gimelshein 2018; Rabe and Staats 2021; Dao et al. 2022). What is kept for the gradients is one number for every
//! query, the logarithm of its sum; the weights are computed again from it. Memory grows with the length, not its square.

use super::float::Float;
use super::matmul::{Matrix, matmul};
use super::memory::Buffer;
use super::simd::vectorized;
use super::strided::Strided;
use super::threads::{self, SendPointer};

/// Queries and keys of a block: its weights stay in the first-level cache.
const QUERIES: usize = 64;
const KEYS: usize = 128;

/// Sizes of an attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    /// Numbers of a query and a key, and of a value.
    pub depth: usize,
    pub width: usize,
}

/// Rows of every head of every sample, somewhere in memory; the numbers of a row lie together.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub data: &'a [T],
    pub offset: usize,
    /// From one sample to the next, from one head to the next, from one row to the next.
    pub strides: [usize; 3],
}

/// The same for results.
#[derive(Clone, Copy)]
pub(crate) struct RowsMut<T> {
    pub start: *mut T,
    /// Numbers from the start on that may be written.
    pub len: usize,
    pub offset: usize,
    pub strides: [usize; 3],
}

// SAFETY: it is shared between threads that write to different heads.
unsafe impl<T: Send> Sync for RowsMut<T> {}

/// Which keys a query sees.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a, T> {
    /// Query i sees the keys up to number i.
    pub causal: bool,
    /// `[batch, heads, queries, keys]`: whether a query sees a key.
    pub seen: Option<Strided<'a, u8>>,
    /// The same shape: added to the scores.
    pub added: Option<Strided<'a, T>>,
}

impl<T: Float> Rows<'_, T> {
    /// Rows from `row` on of a head, as a matrix.
    fn matrix(&self, [sample, head, row]: [usize; 3]) -> Matrix<'_, T> {
        let offset = self.offset + sample * self.strides[0] + head * self.strides[1] + row * self.strides[2];
        Matrix { data: self.data, offset, row_stride: self.strides[2] as isize, column_stride: 1 }
    }

    fn row(&self, [sample, head, row]: [usize; 3], width: usize) -> &[T] {
        let offset = self.offset + sample * self.strides[0] + head * self.strides[1] + row * self.strides[2];
        &self.data[offset..offset + width]
    }
}

impl<T: Float> RowsMut<T> {
    /// Writes rows from `row` on of a head.
    ///
    /// # Safety
    ///
    /// Nobody else uses these rows meanwhile.
    unsafe fn write(&self, [sample, head, row]: [usize; 3], rows: &[T], width: usize) {
        for (r, numbers) in rows.chunks_exact(width.max(1)).enumerate() {
            let at = self.offset + sample * self.strides[0] + head * self.strides[1] + (row + r) * self.strides[2];
            assert!(at + width <= self.len, "a row outside the result");
            // SAFETY: the row is inside (just checked), and the caller has it for itself.
            unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), self.start.add(at), width) }
        }
    }
}

/// Where an element of a mask lies.
fn place<T>(mask: &Strided<'_, T>, index: [usize; 4]) -> usize {
    index.iter().zip(mask.strides).fold(mask.offset, |at, (&i, &stride)| at.wrapping_add_signed(i as isize * stride))
}

/// A matrix whose rows follow each other.
fn dense<T>(data: &[T], columns: usize) -> Matrix<'_, T> {
    Matrix { data, offset: 0, row_stride: columns as isize, column_stride: 1 }
}

fn transposed<T>(x: Matrix<'_, T>) -> Matrix<'_, T> {
    Matrix { row_stride: x.column_stride, column_stride: x.row_stride, ..x }
}

/// The operands of an attention.
#[derive(Clone, Copy)]
pub(crate) struct Attention<'a, T> {
    pub sizes: Sizes,
    pub scale: T,
    pub q: Rows<'a, T>,
    pub k: Rows<'a, T>,
    pub v: Rows<'a, T>,
    pub sight: Sight<'a, T>,
}

impl<T: Float> Attention<'_, T> {
    fn cost(&self, products: f64) -> f64 {
        let Sizes { batch, heads, queries, keys, depth, width } = self.sizes;
        let seen = if self.sight.causal { 0.6 } else { 1.0 };
        seen * products * (batch * heads * queries * keys) as f64 * ((depth + width) as f64 / 120.0 + 0.3)
    }

    /// The last key that the queries before `end` see, and one.
    fn keys_before(&self, end: usize) -> usize {
        if self.sight.causal { self.sizes.keys.min(end) } else { self.sizes.keys }
    }

    /// `out` and, for every query of every head, the logarithm of the sum of its weights before they were divided by it: −∞ if it
    /// sees nothing; its result is then 0.
    pub(crate) fn forward(&self, out: RowsMut<T>, logarithms: &mut [T]) {
        let Sizes { batch, heads, queries, width, .. } = self.sizes;
        let blocks = queries.div_ceil(QUERIES);
        assert_eq!(logarithms.len(), batch * heads * queries, "a number for every query");
        let logarithms = SendPointer(logarithms.as_mut_ptr());
        threads::for_each(batch * heads * blocks, self.cost(1.0), |task| {
            let (out, logarithms) = (&out, &logarithms);
            let (head, block) = (task / blocks, task % blocks);
            let (sample, head) = (head / heads, head % heads);
            let first = block * QUERIES;
            let count = QUERIES.min(queries - first);
            let (keys, w) = (self.keys_before(first + count), KEYS);
            let mut memory = Buffer::recycled::<T>(count * (w + width + 2));
            let Some(memory) = memory.slice_mut::<T>(count * (w + width + 2)) else { return };
            let (weights, memory) = memory.split_at_mut(count * w);
            let (sums, memory) = memory.split_at_mut(count * width);
            let (largest, totals) = memory.split_at_mut(count);
            sums.fill(T::ZERO);
            totals.fill(T::ZERO);
            largest.fill(T::from_f64(f64::NEG_INFINITY));
            for from in (0..keys).step_by(KEYS) {
                let here = KEYS.min(keys - from);
                let weights = &mut weights[..count * here];
                self.scores(weights, [sample, head], [first, count], [from, here]);
                exponentials(weights, sums, largest, totals, from == 0);
                let v = self.v.matrix([sample, head, from]);
                matmul(sums, [count, here, width], dense(weights, here), v, true);
            }
            divide(sums, largest, totals);
            // SAFETY: these queries of this head are this task's own.
            unsafe {
                out.write([sample, head, first], sums, width);
                let at = (sample * heads + head) * queries + first;
                std::ptr::copy_nonoverlapping(largest.as_ptr(), logarithms.0.add(at), count);
            }
        });
    }

    /// The scores of some queries with some keys, −∞ where a key is not seen.
    fn scores(&self, scores: &mut [T], [sample, head]: [usize; 2], [first, count]: [usize; 2], [from, here]: [usize; 2]) {
        let (q, k) = (self.q.matrix([sample, head, first]), self.k.matrix([sample, head, from]));
        matmul(scores, [count, self.sizes.depth, here], q, transposed(k), false);
        scale_all(scores, self.scale);
        let nothing = T::from_f64(f64::NEG_INFINITY);
        if let Some(added) = &self.sight.added {
            for (i, row) in scores.chunks_exact_mut(here).enumerate() {
                for (j, score) in row.iter_mut().enumerate() {
                    *score = *score + added.data[place(added, [sample, head, first + i, from + j])];
                }
            }
        }
        if let Some(seen) = &self.sight.seen {
            for (i, row) in scores.chunks_exact_mut(here).enumerate() {
                for (j, score) in row.iter_mut().enumerate() {
                    if seen.data[place(seen, [sample, head, first + i, from + j])] == 0 {
                        *score = nothing;
                    }
                }
            }
        }
        if self.sight.causal && from + here > first + 1 {
            for (i, row) in scores.chunks_exact_mut(here).enumerate() {
                let seen = (first + i + 1).saturating_sub(from).min(here);
                row[seen..].fill(nothing);
            }
        }
    }

    /// The gradients by q, k and v from the gradient by the result, the result and its logarithms.
    pub(crate) fn backward(&self, [dq, dk, dv]: [RowsMut<T>; 3], g: Rows<'_, T>, out: Rows<'_, T>, logarithms: &[T]) {
        let Sizes { batch, heads, queries, keys, depth, width } = self.sizes;
        threads::for_each(batch * heads, self.cost(2.5), |task| {
            let (dq, dk, dv) = (&dq, &dk, &dv);
            let (sample, head) = (task / heads, task % heads);
            let len = keys * (depth + width) + QUERIES * (2 * KEYS + depth + 1);
            let mut memory = Buffer::recycled::<T>(len);
            let Some(memory) = memory.slice_mut::<T>(len) else { return };
            let (by_k, memory) = memory.split_at_mut(keys * depth);
            let (by_v, memory) = memory.split_at_mut(keys * width);
            let (weights, memory) = memory.split_at_mut(QUERIES * KEYS);
            let (slopes, memory) = memory.split_at_mut(QUERIES * KEYS);
            let (by_q, deltas) = memory.split_at_mut(QUERIES * depth);
            by_k.fill(T::ZERO);
            by_v.fill(T::ZERO);
            for first in (0..queries).step_by(QUERIES) {
                let count = QUERIES.min(queries - first);
                let by_q = &mut by_q[..count * depth];
                by_q.fill(T::ZERO);
                let logarithms = &logarithms[task * queries + first..][..count];
                for (i, delta) in deltas.iter_mut().enumerate().take(count) {
                    let place = [sample, head, first + i];
                    *delta = dot(g.row(place, width), out.row(place, width));
                }
                let seen = self.keys_before(first + count);
                for from in (0..seen).step_by(KEYS) {
                    let here = KEYS.min(seen - from);
                    let (weights, slopes) = (&mut weights[..count * here], &mut slopes[..count * here]);
                    self.scores(weights, [sample, head], [first, count], [from, here]);
                    weights_again(weights, logarithms, here);
                    let (gm, v) = (g.matrix([sample, head, first]), self.v.matrix([sample, head, from]));
                    let (p, to) = (dense(weights, here), from + here);
                    matmul(&mut by_v[from * width..to * width], [here, count, width], transposed(p), gm, true);
                    matmul(slopes, [count, width, here], gm, transposed(v), false);
                    slopes_of_scores(slopes, weights, deltas, here, self.scale);
                    let (k, q) = (self.k.matrix([sample, head, from]), self.q.matrix([sample, head, first]));
                    matmul(by_q, [count, here, depth], dense(slopes, here), k, true);
                    let ds = transposed(dense(slopes, here));
                    matmul(&mut by_k[from * depth..to * depth], [here, count, depth], ds, q, true);
                }
                // SAFETY: this head is this task's own (here and below).
                unsafe { dq.write([sample, head, first], by_q, depth) }
            }
            // SAFETY: see above.
            unsafe {
                dk.write([sample, head, 0], by_k, depth);
                dv.write([sample, head, 0], by_v, width);
            }
        });
    }
}

vectorized! {
    fn scale_all[T: Float](x: &mut [T], scale: T) {
        x.iter_mut().for_each(|x| *x = *x * scale);
    }
}

vectorized! {
    fn dot[T: Float](a: &[T], b: &[T]) -> T {
        let mut lanes = [T::ZERO; 16];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        for (a, b) in a.iter().zip(b) {
            for l in 0..16 {
                lanes[l] = a[l].mul_add(b[l], lanes[l]);
            }
        }
        for (lane, (&a, &b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *lane = a.mul_add(b, *lane);
        }
        lanes.into_iter().fold(T::ZERO, |sum, lane| sum + lane)
    }
}

/// The largest of the numbers and `start`, in lanes.
#[inline(always)]
fn largest_of<T: Float>(x: &[T], start: T) -> T {
    let mut lanes = [start; 16];
    let (whole, rest) = x.as_chunks::<16>();
    for chunk in whole {
        for l in 0..16 {
            lanes[l] = if chunk[l] > lanes[l] { chunk[l] } else { lanes[l] };
        }
    }
    rest.iter().chain(&lanes).fold(start, |a, &b| if b > a { b } else { a })
}

/// Turns scores into e^(score − base), and those far below it into 0: what is not seen would else become denormal numbers on
/// the way, for which processors take a hundred times as long. e^−80 is lost beside 1 in every type.
#[inline(always)]
fn weigh<T: Float>(row: &mut [T], base: T) {
    let least = T::from_f64(-80.0);
    for x in row.iter_mut() {
        let d = *x - base;
        // Comparisons that let a NaN pass.
        let far = d < least;
        let e = (if far { least } else { d }).exp();
        *x = if far { T::ZERO } else { e };
    }
}

vectorized! {
    /// Turns a block of scores into e^(score − largest so far); what was summed before is brought to the new largest.
    fn exponentials[T: Float](weights: &mut [T], sums: &mut [T], largest: &mut [T], totals: &mut [T], first: bool) {
        let (columns, width) = (weights.len() / largest.len(), sums.len() / largest.len());
        for (i, row) in weights.chunks_exact_mut(columns).enumerate() {
            let before = largest[i];
            let now = largest_of(row, before);
            // A query that has seen nothing yet: e^(−∞ − 0) is 0 for all of its keys.
            let base = if now == T::from_f64(f64::NEG_INFINITY) { T::ZERO } else { now };
            weigh(row, base);
            let mut lanes = [T::ZERO; 16];
            let (whole, rest) = row.as_chunks::<16>();
            for chunk in whole {
                for l in 0..16 {
                    lanes[l] = lanes[l] + chunk[l];
                }
            }
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane = *lane + x;
            }
            let total = lanes.into_iter().fold(T::ZERO, |sum, lane| sum + lane);
            if first {
                totals[i] = total;
            } else if now > before {
                let factor = (before - base).exp();
                totals[i] = totals[i] * factor + total;
                sums[i * width..(i + 1) * width].iter_mut().for_each(|sum| *sum = *sum * factor);
            } else {
                totals[i] = totals[i] + total;
            }
            largest[i] = now;
        }
    }
}

/// Divides the sums by the totals, and puts the logarithm of each query's total weight into `largest`.
fn divide<T: Float>(sums: &mut [T], largest: &mut [T], totals: &[T]) {
    let width = sums.len() / largest.len();
    for (i, (largest, &total)) in largest.iter_mut().zip(totals).enumerate() {
        // Nothing was seen: the sums are 0 and stay so.
        if total > T::ZERO {
            let factor = T::ONE / total;
            sums[i * width..(i + 1) * width].iter_mut().for_each(|sum| *sum = *sum * factor);
            *largest = *largest + total.ln();
        }
    }
}

vectorized! {
    /// The weights e^(score − logarithm), 0 for a query that sees nothing.
    fn weights_again[T: Float](weights: &mut [T], logarithms: &[T], columns: usize) {
        for (row, &logarithm) in weights.chunks_exact_mut(columns).zip(logarithms) {
            let base = if logarithm == T::from_f64(f64::NEG_INFINITY) { T::ZERO } else { logarithm };
            weigh(row, base);
        }
    }
}

vectorized! {
    /// The slopes by the scores from those by the weights: p · (slope − delta) · scale.
    fn slopes_of_scores[T: Float](slopes: &mut [T], weights: &[T], deltas: &[T], columns: usize, scale: T) {
        for ((slopes, weights), &delta) in slopes.chunks_exact_mut(columns).zip(weights.chunks_exact(columns)).zip(deltas) {
            for (slope, &p) in slopes.iter_mut().zip(weights) {
                *slope = p * (*slope - delta) * scale;
            }
        }
    }
}
