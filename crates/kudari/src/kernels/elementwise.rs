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
#[inline]
pub(crate) fn map1<A: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    cost_ns: f64,
    f: impl Fn(A) -> R + Copy + Sync,
) {
    map1_by(out, shape, a, cost_ns, &|out, a| map1_loop(out, a, f));
}

/// `out[i] = f(a[i], b[i])`.
#[inline]
pub(crate) fn map2<A: Element, B: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    cost_ns: f64,
    f: impl Fn(A, B) -> R + Copy + Sync,
) {
    map2_by(out, shape, a, b, cost_ns, &|out, a, b| map2_loop(out, a, b, f));
}

/// `out[i] = f(a[i], b[i], c[i])`.
#[inline]
pub(crate) fn map3<A: Element, B: Element, C: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    c: Strided<'_, C>,
    cost_ns: f64,
    f: impl Fn(A, B, C) -> R + Copy + Sync,
) {
    map3_by(out, shape, (a, b, c), cost_ns, &|out, a, b, c| map3_loop(out, a, b, c, f));
}

/// `out[i] = f(out[i], b[i])`, in place.
#[inline]
pub(crate) fn update<A: Element, B: Element>(
    out: &mut [A],
    shape: &[usize],
    b: Strided<'_, B>,
    cost_ns: f64,
    f: impl Fn(A, B) -> A + Copy + Sync,
) {
    // A map of one operand, but for what its loop does with the result.
    map1_by(out, shape, b, cost_ns, &|out, b| update_loop(out, b, f));
}

vectorized! {
    fn map1_loop[A: Element, R: Element, F: Fn(A) -> R + Copy](out: &mut [R], a: &[A], f: F) {
        for (o, &x) in out.iter_mut().zip(a) {
            *o = f(x);
        }
    }
}

vectorized! {
    fn map2_loop[A: Element, B: Element, R: Element, F: Fn(A, B) -> R + Copy](out: &mut [R], a: &[A], b: &[B], f: F) {
        for ((o, &x), &y) in out.iter_mut().zip(a).zip(b) {
            *o = f(x, y);
        }
    }
}

vectorized! {
    fn map3_loop[A: Element, B: Element, C: Element, R: Element, F: Fn(A, B, C) -> R + Copy](
        out: &mut [R], a: &[A], b: &[B], c: &[C], f: F,
    ) {
        for (((o, &x), &y), &z) in out.iter_mut().zip(a).zip(b).zip(c) {
            *o = f(x, y, z);
        }
    }
}

vectorized! {
    fn update_loop[A: Element, B: Element, F: Fn(A, B) -> A + Copy](out: &mut [A], b: &[B], f: F) {
        for (o, &y) in out.iter_mut().zip(b) {
            *o = f(*o, y);
        }
    }
}

// From here on nothing knows the function but as a loop over elements that lie one after the other, so that the way through
// axes, rows and pieces is compiled once for each type of numbers and not once for each function.

type Loop1<'a, R, A> = &'a (dyn Fn(&mut [R], &[A]) + Sync);
type Loop2<'a, R, A, B> = &'a (dyn Fn(&mut [R], &[A], &[B]) + Sync);
type Loop3<'a, R, A, B, C> = &'a (dyn Fn(&mut [R], &[A], &[B], &[C]) + Sync);

fn map1_by<A: Element, R: Element>(out: &mut [R], shape: &[usize], a: Strided<'_, A>, cost_ns: f64, run: Loop1<'_, R, A>) {
    if out.len() <= PIECE && is_contiguous(shape, a.strides) {
        let len = out.len();
        return run(out, &a.data[a.offset..a.offset + len]);
    }
    let walk = Walk::new(shape, [a.strides]);
    by_rows(&walk, out, [a.offset], cost_ns, &|out, [start]| {
        let mut a = Pieces::new(a.data, start, walk.inner_stride(0));
        for (from, out) in pieces(out, a.is_whole()) {
            run(out, a.get(from, out.len()));
        }
    });
}

fn map2_by<A: Element, B: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    cost_ns: f64,
    run: Loop2<'_, R, A, B>,
) {
    if out.len() <= PIECE && is_contiguous(shape, a.strides) && is_contiguous(shape, b.strides) {
        let len = out.len();
        return run(out, &a.data[a.offset..a.offset + len], &b.data[b.offset..b.offset + len]);
    }
    let walk = Walk::new(shape, [a.strides, b.strides]);
    by_rows(&walk, out, [a.offset, b.offset], cost_ns, &|out, starts| {
        let mut a = Pieces::new(a.data, starts[0], walk.inner_stride(0));
        let mut b = Pieces::new(b.data, starts[1], walk.inner_stride(1));
        for (from, out) in pieces(out, a.is_whole() && b.is_whole()) {
            run(out, a.get(from, out.len()), b.get(from, out.len()));
        }
    });
}

fn map3_by<A: Element, B: Element, C: Element, R: Element>(
    out: &mut [R],
    shape: &[usize],
    (a, b, c): (Strided<'_, A>, Strided<'_, B>, Strided<'_, C>),
    cost_ns: f64,
    run: Loop3<'_, R, A, B, C>,
) {
    let walk = Walk::new(shape, [a.strides, b.strides, c.strides]);
    by_rows(&walk, out, [a.offset, b.offset, c.offset], cost_ns, &|out, starts| {
        let mut a = Pieces::new(a.data, starts[0], walk.inner_stride(0));
        let mut b = Pieces::new(b.data, starts[1], walk.inner_stride(1));
        let mut c = Pieces::new(c.data, starts[2], walk.inner_stride(2));
        for (from, out) in pieces(out, a.is_whole() && b.is_whole() && c.is_whole()) {
            run(out, a.get(from, out.len()), b.get(from, out.len()), c.get(from, out.len()));
        }
    });
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

/// Calls `row(part of out, where its operands begin)` for pieces of the innermost loops, in parallel where that pays.
fn by_rows<R: Element, const N: usize>(
    walk: &Walk<N>,
    out: &mut [R],
    base: [usize; N],
    cost_ns: f64,
    row: &(dyn Fn(&mut [R], [usize; N]) + Sync),
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

/// Elements of a row that are copied out at once where they do not lie one after the other.
const COPIED: usize = 128;

/// A row of the result in pieces, each with its first element's place: whole if all operands can be read where they lie.
fn pieces<R>(out: &mut [R], whole: bool) -> impl Iterator<Item = (usize, &mut [R])> {
    let size = if whole { out.len().max(1) } else { COPIED };
    out.chunks_mut(size).enumerate().map(move |(i, piece)| (i * size, piece))
}

/// A row of an operand in pieces whose elements lie one after the other: where they do not they are copied.
struct Pieces<'a, A> {
    data: &'a [A],
    start: usize,
    step: isize,
    copy: [A; COPIED],
}

impl<'a, A: Element> Pieces<'a, A> {
    fn new(data: &'a [A], start: usize, step: isize) -> Pieces<'a, A> {
        // A number that is the same for all is copied once.
        let first = if step == 0 { data[start] } else { A::default() };
        Pieces { data, start, step, copy: [first; COPIED] }
    }

    fn is_whole(&self) -> bool {
        self.step == 1
    }

    /// Elements `from..from + count`; `count` is at most [`COPIED`] unless the row can be read where it lies.
    fn get(&mut self, from: usize, count: usize) -> &[A] {
        if self.is_whole() {
            return &self.data[self.start + from..][..count];
        }
        if self.step != 0 {
            let mut at = self.start.wrapping_add_signed(self.step * from as isize);
            for copy in &mut self.copy[..count] {
                *copy = self.data[at];
                at = at.wrapping_add_signed(self.step);
            }
        }
        &self.copy[..count]
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
