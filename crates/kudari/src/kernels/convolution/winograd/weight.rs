//! The gradient by the weight: `Gᵀ [Σ_squares (Bᵀ d B) ⊙ (A g Aᵀ)] G`.
//!
//! Small weights get a sum of their own for each of several groups of squares, which are added in order; for large ones the
//! positions are the tasks. Both by the sizes alone.

use std::ops::Range;

use super::loops::Loops;
use super::method::Method;
use super::squares::Squares;
use super::{APART, MOST_COLUMNS};
use crate::kernels::convolution::Geometry;
use crate::kernels::convolution::tile::{Micro, ROWS, Tile};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Transformed numbers of the squares that one task works on: they stay in the second-level cache.
const RESIDENT: usize = 256 * 1024;
/// Squares at once, from and to.
const FEWEST: usize = 32;
const MOST: usize = 240;
/// Sums (positions × channels × filters) up to this many are summed by groups of squares.
const SMALL: usize = 512 * 1024;
/// Groups of squares.
const GROUPS: usize = 8;
/// Transformed numbers of a larger weight's squares that are kept at once.
const KEPT: usize = 4 << 20;
/// Pieces in which the threads share the transforms of these.
const PIECES: usize = 16;

/// See [`backward_weight`](crate::kernels::convolution::backward_weight).
pub(crate) fn backward_weight<T: Float>(dw: &mut [T], x: &[T], g: &[T], geometry: &Geometry) {
    let &Geometry { batch, channels, height, width, filters, out_height, out_width, padding, .. } = geometry;
    let method = Method::best(batch, [out_height, out_width]);
    let squares =
        Squares { method, batch, picture: [height, width], depth: channels, before: padding, out: [out_height, out_width] };
    let work = Work { squares, filters, x, g, micro: Micro::best() };
    let (len, count) = (method.positions() * channels * work.padded_filters(), squares.count());
    let parts = if len <= SMALL { GROUPS.min(count) } else { 1 };
    let mut sums = Buffer::recycled::<T>(parts * len);
    let Some(sums) = sums.slice_mut::<T>(parts * len) else { return };
    if parts > 1 {
        work.by_groups(sums, parts)
    } else {
        work.by_positions(sums)
    }
    let (total, others) = sums.split_at_mut(len);
    for part in others.chunks_exact(len.max(1)) {
        total.iter_mut().zip(part).for_each(|(sum, &x)| *sum = *sum + x);
    }
    work.finish(dw, total);
}

/// What is summed.
struct Work<'a, T> {
    squares: Squares,
    filters: usize,
    x: &'a [T],
    g: &'a [T],
    micro: Micro<T>,
}

/// Transformed squares: how many, and `[position][square][channel]` and `[position][panel][square][filter in panel]`.
struct Transformed<'m, T> {
    count: usize,
    x: &'m [T],
    x_step: usize,
    g: &'m [T],
    g_step: usize,
}

impl<T: Float> Work<'_, T> {
    /// Filters in whole panels.
    fn padded_filters(&self) -> usize {
        self.filters.next_multiple_of(self.micro.columns)
    }

    /// Positions of a transformed square.
    fn positions(&self) -> usize {
        self.squares.method.positions()
    }

    /// Transformed numbers of a square.
    fn each(&self) -> usize {
        self.positions() * (self.squares.depth + self.padded_filters())
    }

    /// Room for so many transformed squares.
    fn room(&self, squares: usize) -> Buffer {
        Buffer::recycled::<T>(squares * self.each() + 2 * self.positions() * APART)
    }

    /// The estimated time in nanoseconds.
    fn cost(&self, squares: usize) -> f64 {
        (self.positions() * squares * self.squares.depth * self.filters) as f64 / 60.0
    }

    /// A sum for each of several groups of squares.
    fn by_groups(&self, sums: &mut [T], parts: usize) {
        let (count, len) = (self.squares.count(), sums.len() / parts);
        let at_once = (RESIDENT / self.each()).clamp(FEWEST, MOST);
        threads::for_each_piece(sums, len, self.cost(count), |part, sums| {
            let (from, to) = (part * count / parts, (part + 1) * count / parts);
            let mut memory = self.room(at_once);
            let sums = SendPointer(sums.as_mut_ptr());
            for first in (from..to).step_by(at_once) {
                let Some(transformed) = self.transform(&mut memory, first..to.min(first + at_once), 1) else { return };
                for position in 0..self.positions() {
                    // SAFETY: `sums` are this task's own.
                    unsafe { self.add(&sums, position, &transformed, first > from) }
                }
            }
        });
    }

    /// One sum, whose positions are the tasks.
    fn by_positions(&self, sums: &mut [T]) {
        let count = self.squares.count();
        let at_once = (KEPT / self.each()).clamp(FEWEST, count.max(FEWEST));
        let mut memory = self.room(at_once);
        let sums = SendPointer(sums.as_mut_ptr());
        for first in (0..count).step_by(at_once) {
            let Some(transformed) = self.transform(&mut memory, first..count.min(first + at_once), PIECES) else { return };
            threads::for_each(self.positions(), self.cost(transformed.count), |position| {
                // SAFETY: every position has numbers of its own.
                unsafe { self.add(&sums, position, &transformed, first > 0) }
            });
        }
    }

    /// Transforms some squares, in pieces for the threads to share.
    fn transform<'m>(&self, memory: &'m mut Buffer, squares: Range<usize>, pieces: usize) -> Option<Transformed<'m, T>> {
        let (depth, filters, wide, count) = (self.squares.depth, self.filters, self.micro.columns, squares.len());
        let (x_step, g_step) = (count * depth + APART, count * self.padded_filters() + APART);
        let (x, g) = memory.slice_mut::<T>(self.positions() * (x_step + g_step))?.split_at_mut(self.positions() * x_step);
        let (to_x, to_g) = (SendPointer(x.as_mut_ptr()), SendPointer(g.as_mut_ptr()));
        let (pieces, loops) = (pieces.min(count), Loops::best(self.squares.method));
        threads::for_each(pieces, (count * self.each()) as f64 * 0.1, |piece| {
            let (to_x, to_g) = (&to_x, &to_g);
            let mine = piece * count / pieces..(piece + 1) * count / pieces;
            let mut zeros = Buffer::recycled::<T>(depth.max(filters));
            let Some(zeros) = zeros.slice_mut::<T>(depth.max(filters)) else { return };
            zeros.fill(T::ZERO);
            let numbers = squares.start + mine.start..squares.start + mine.end;
            // SAFETY: both targets have room for `count` squares in every position, and every square is in one piece.
            unsafe {
                let to = (to_x.0.add(mine.start * depth), x_step);
                self.squares.transform(self.x, numbers.clone(), to, &zeros[..depth], &loops);
                let to = (to_g.0.add(mine.start * wide), g_step);
                self.squares.transform_gradient(self.g, numbers, to, (count * wide, wide), &zeros[..filters], &loops);
            }
        });
        Some(Transformed { count, x, x_step, g, g_step })
    }

    /// Adds the transformed squares' products to one position of the sums, `[position][panel][channel][filter in panel]`, or puts
    /// them there.
    ///
    /// # Safety
    ///
    /// Nobody else uses this position of the sums meanwhile.
    unsafe fn add(&self, sums: &SendPointer<T>, position: usize, squares: &Transformed<'_, T>, accumulate: bool) {
        let (depth, filters, count, micro) = (self.squares.depth, self.filters, squares.count, self.micro);
        let x = &squares.x[position * squares.x_step..][..count * depth];
        let g = &squares.g[position * squares.g_step..][..count * self.padded_filters()];
        let (stripes, panels) = (depth.div_ceil(micro.rows), filters.div_ceil(micro.columns));
        for panel in 0..panels {
            let g = &g[panel * count * micro.columns..][..count * micro.columns];
            for stripe in 0..stripes {
                let (top, bottom) = (stripe * depth / stripes, (stripe + 1) * depth / stripes);
                let mut a = [x[top..].as_ptr(); ROWS];
                let mut out = [sums.0; ROWS];
                for (r, row) in (top..bottom).enumerate() {
                    a[r] = x[row..].as_ptr();
                    // SAFETY: row < depth and panel < panels; the sums have positions × panels × depth × columns numbers.
                    out[r] = unsafe { sums.0.add(((position * panels + panel) * depth + row) * micro.columns) };
                }
                let tile = Tile {
                    a,
                    rows: bottom - top,
                    offsets: &[0],
                    depth: count,
                    a_step: depth as isize,
                    b: g.as_ptr(),
                    b_segment: 0,
                    b_step: micro.columns as isize,
                    out,
                    columns: micro.columns,
                    whole: true,
                    accumulate,
                    bias: std::ptr::null(),
                    relu: false,
                };
                // SAFETY: square i of row r is at i · depth + r < count · depth, a panel has a whole register pair for every square.
                // The caller vouches for the sums.
                unsafe { micro.run(&tile) }
            }
        }
    }

    /// `dw = Gᵀ S G` for every channel and filter.
    fn finish(&self, dw: &mut [T], sums: &[T]) {
        let (depth, filters, wide) = (self.squares.depth, self.filters, self.micro.columns);
        let loops = Loops::best(self.squares.method);
        threads::for_each_piece(dw, wide * depth * 9, sums.len() as f64 * 0.5, |panel, dw| {
            let columns = wide.min(filters - panel * wide);
            // From one position to the next. All channels of a panel lie one after the other in each of them.
            let step = depth * self.padded_filters();
            for c in 0..depth {
                let mut taps = [[T::ZERO; MOST_COLUMNS]; 9];
                let sums = &sums[(panel * depth + c) * wide..];
                assert!(sums.len() >= (self.positions() - 1) * step + columns, "the sums of a channel");
                // SAFETY: position p has `columns` numbers from p · step on, and every tap has room for a panel.
                unsafe {
                    loops.kernel_gradient(sums.as_ptr(), step, &taps.each_mut().map(|row| row.as_mut_ptr()), columns);
                }
                for (j, filter) in dw.chunks_exact_mut(depth * 9).enumerate() {
                    for (number, tap) in filter[c * 9..c * 9 + 9].iter_mut().zip(&taps) {
                        *number = tap[j];
                    }
                }
            }
        });
    }
}
