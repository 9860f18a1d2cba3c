//! Maps: the same calculation for every element, over one, two or three operands.
//!
//! The calculation is a closure, compiled into the loop; contiguous and broadcast operands get loops of their own
//! that become vector instructions.

use super::float::Element;
use super::simd::vectorized;
use super::strided::{Strided, Walk};
use super::threads;

/// Elements per piece of parallel work.
const PIECE: usize = 8192;

/// `out[i] = f(a[i])`, with `out` in row-major order of `shape`; `cost_ns` is the estimated time per element.
pub(crate) fn map1<A: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    cost_ns: f64,
    f: impl Fn(A) -> R + Copy + Sync,
) {
    if out.len() <= PIECE && is_contiguous(shape, a.strides) {
        return map1_row(out, a.data, a.offset, 1, f);
    }
    let walk = Walk::new(shape, [a.strides]);
    by_rows(&walk, out, [a.offset], cost_ns, |out, [a0]| map1_row(out, a.data, a0, walk.inner_stride(0), f));
}

/// `out[i] = f(a[i], b[i])`.
pub(crate) fn map2<A: Element, B: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    cost_ns: f64,
    f: impl Fn(A, B) -> R + Copy + Sync,
) {
    if out.len() <= PIECE && is_contiguous(shape, a.strides) && is_contiguous(shape, b.strides) {
        return map2_row(out, a.data, a.offset, 1, b.data, b.offset, 1, f);
    }
    let walk = Walk::new(shape, [a.strides, b.strides]);
    by_rows(&walk, out, [a.offset, b.offset], cost_ns, |out, [a0, b0]| {
        map2_row(out, a.data, a0, walk.inner_stride(0), b.data, b0, walk.inner_stride(1), f)
    });
}

/// `out[i] = f(a[i], b[i], c[i])`.
pub(crate) fn map3<A: Element, B: Element, C: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    c: Strided<'_, C>,
    cost_ns: f64,
    f: impl Fn(A, B, C) -> R + Copy + Sync,
) {
    let walk = Walk::new(shape, [a.strides, b.strides, c.strides]);
    let steps = [walk.inner_stride(0), walk.inner_stride(1), walk.inner_stride(2)];
    by_rows(&walk, out, [a.offset, b.offset, c.offset], cost_ns, |out, starts| {
        map3_row(out, a.data, b.data, c.data, starts, steps, f)
    });
}

/// `out[i] = f(out[i], b[i])`, in place.
pub(crate) fn update<A: Element, B: Element>(
    out: &mut [A],
    shape: &[usize],
    b: Strided<'_, B>,
    cost_ns: f64,
    f: impl Fn(A, B) -> A + Copy + Sync,
) {
    if out.len() <= PIECE && is_contiguous(shape, b.strides) {
        return update_row(out, b.data, b.offset, 1, f);
    }
    let walk = Walk::new(shape, [b.strides]);
    by_rows(&walk, out, [b.offset], cost_ns, |out, [b0]| update_row(out, b.data, b0, walk.inner_stride(0), f));
}

/// Whether the elements lie one after the other: then short operands need no walk at all.
pub(crate) fn is_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    let mut expected = 1;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        if size != 1 && stride != expected {
            return false;
        }
        expected *= size as isize;
    }
    true
}

/// Calls `row(part of out, offsets)` for pieces of the innermost loops, in parallel where that pays.
fn by_rows<R: Element, const N: usize>(
    walk: &Walk<N>,
    out: &mut [R],
    base: [usize; N],
    cost_ns: f64,
    row: impl Fn(&mut [R], [usize; N]) + Sync,
) {
    let inner = walk.inner_len();
    if out.is_empty() {
        return;
    }
    if out.len() == inner && inner <= PIECE {
        return row(out, base);
    }
    let cost = out.len() as f64 * cost_ns;
    if inner > PIECE {
        // Long rows: each is cut into segments; pieces are (row, segment).
        let segments = inner.div_ceil(PIECE);
        let start = threads::SendPointer(out.as_mut_ptr());
        threads::for_each(walk.rows() * segments, cost, |index| {
            let (r, from) = (index / segments, index % segments * PIECE);
            let count = PIECE.min(inner - from);
            let mut offsets = walk.row_offsets(r, base);
            for (n, offset) in offsets.iter_mut().enumerate() {
                *offset = offset.wrapping_add_signed(from as isize * walk.inner_stride(n));
            }
            let start = &start;
            // SAFETY: row r, elements from..from+count of `out`, whose length is rows·inner; every index is another part.
            let part = unsafe { std::slice::from_raw_parts_mut(start.0.add(r * inner + from), count) };
            row(part, offsets);
        });
    } else {
        let rows_per_piece = (PIECE / inner).max(1);
        threads::for_each_piece(out, rows_per_piece * inner, cost, |index, part| {
            for (i, part) in part.chunks_mut(inner).enumerate() {
                row(part, walk.row_offsets(index * rows_per_piece + i, base));
            }
        });
    }
}

/// Index of element `i` of a row that starts at `start` and goes by `step`.
#[inline(always)]
fn at(start: usize, step: isize, i: usize) -> usize {
    start.wrapping_add_signed(step * i as isize)
}

vectorized! {
    fn map1_row[A: Element, R: Element, F: Fn(A) -> R + Copy](out: &mut [R], a: &[A], a0: usize, da: isize, f: F) {
        if da == 1 {
            let a = &a[a0..a0 + out.len()];
            for (o, &x) in out.iter_mut().zip(a) {
                *o = f(x);
            }
        } else if da == 0 {
            out.fill(f(a[a0]));
        } else {
            for (i, o) in out.iter_mut().enumerate() {
                *o = f(a[at(a0, da, i)]);
            }
        }
    }
}

vectorized! {
    fn map2_row[A: Element, B: Element, R: Element, F: Fn(A, B) -> R + Copy](
        out: &mut [R], a: &[A], a0: usize, da: isize, b: &[B], b0: usize, db: isize, f: F,
    ) {
        let len = out.len();
        match (da, db) {
            (1, 1) => {
                let (a, b) = (&a[a0..a0 + len], &b[b0..b0 + len]);
                for ((o, &x), &y) in out.iter_mut().zip(a).zip(b) {
                    *o = f(x, y);
                }
            }
            (1, 0) => {
                let (a, y) = (&a[a0..a0 + len], b[b0]);
                for (o, &x) in out.iter_mut().zip(a) {
                    *o = f(x, y);
                }
            }
            (0, 1) => {
                let (x, b) = (a[a0], &b[b0..b0 + len]);
                for (o, &y) in out.iter_mut().zip(b) {
                    *o = f(x, y);
                }
            }
            _ => {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = f(a[at(a0, da, i)], b[at(b0, db, i)]);
                }
            }
        }
    }
}

vectorized! {
    fn map3_row[A: Element, B: Element, C: Element, R: Element, F: Fn(A, B, C) -> R + Copy](
        out: &mut [R], a: &[A], b: &[B], c: &[C], starts: [usize; 3], steps: [isize; 3], f: F,
    ) {
        let len = out.len();
        let [a0, b0, c0] = starts;
        match steps {
            [1, 1, 1] => {
                let (a, b, c) = (&a[a0..a0 + len], &b[b0..b0 + len], &c[c0..c0 + len]);
                for (((o, &x), &y), &z) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *o = f(x, y, z);
                }
            }
            // The gradient of a sum is one number for all.
            [0, 1, 1] => {
                let (x, b, c) = (a[a0], &b[b0..b0 + len], &c[c0..c0 + len]);
                for ((o, &y), &z) in out.iter_mut().zip(b).zip(c) {
                    *o = f(x, y, z);
                }
            }
            _ => {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = f(a[at(a0, steps[0], i)], b[at(b0, steps[1], i)], c[at(c0, steps[2], i)]);
                }
            }
        }
    }
}

vectorized! {
    fn update_row[A: Element, B: Element, F: Fn(A, B) -> A + Copy](out: &mut [A], b: &[B], b0: usize, db: isize, f: F) {
        if db == 1 {
            let b = &b[b0..b0 + out.len()];
            for (o, &y) in out.iter_mut().zip(b) {
                *o = f(*o, y);
            }
        } else {
            for (i, o) in out.iter_mut().enumerate() {
                *o = f(*o, b[at(b0, db, i)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_rows_and_strides_agree_with_the_plain_loop() {
        for (rows, inner) in [(1, 5), (3, 7), (2, 3 * PIECE + 5), (700, 33)] {
            let a: Vec<f64> = (0..rows * inner).map(|i| i as f64).collect();
            let b: Vec<f64> = (0..inner).map(|i| 0.5 * i as f64).collect();
            let mut out = vec![0.0; rows * inner];
            // a transposed twice over: element (r, i) of a is taken at i·rows + r
            let (sa, sb) = ([1, rows as isize], [0, 1]);
            let a = Strided { data: &a[..], offset: 0, strides: &sa };
            let b = Strided { data: &b[..], offset: 0, strides: &sb };
            map2(&mut out, &[rows, inner], a, b, 1.0, |x, y| x - y);
            for r in 0..rows {
                for i in 0..inner {
                    assert_eq!(out[r * inner + i], (i * rows + r) as f64 - 0.5 * i as f64);
                }
            }
        }
    }
}
