//! The gradient by the weight: `Gᵀ [Σ_squares (Bᵀ d B) ⊙ (A g Aᵀ)] G`.
//!
//! Small weights get a sum of their own for each of several groups of squares, which are added in order. The sums of large ones
//! would be written to memory and read again: there the tasks are panels of filters with a few channels, whose sums are finished
//! while they are in the cache. Both by the sizes alone.

use std::ops::Range;

use super::loops::Loops;
use super::method::Method;
use super::squares::Squares;
use super::{APART, PIECES, part};
use crate::kernels::convolution::Geometry;
use crate::kernels::convolution::tile::{Micro, ROWS, Tile};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};
use crate::kernels::transpose::turn_rows;

/// Transformed numbers of the squares that one task works on: they stay in the second-level cache.
const RESIDENT: usize = 256 * 1024;
/// Squares at once, from and to.
const FEWEST: usize = 32;
const MOST: usize = 240;
/// Sums (positions × channels × filters) up to this many are summed by groups of squares.
const SMALL: usize = 512 * 1024;
/// Groups of squares.
const GROUPS: usize = 8;
/// Transformed numbers of a larger weight's squares at once.
const KEPT: usize = 5 << 19;
/// Channels of a task then, in whole tiles.
const CHANNELS: usize = 48;

/// See [`backward_weight`](crate::kernels::convolution::backward_weight).
pub(crate) fn backward_weight<T: Float>(dw: &mut [T], x: &[T], g: &[T], geometry: &Geometry) {
    let &Geometry { batch, channels, height, width, filters, out_height, out_width, padding, .. } = geometry;
    let method = Method::best(batch, [out_height, out_width]);
    let squares =
        Squares { method, batch, picture: [height, width], depth: channels, before: padding, out: [out_height, out_width] };
    let work = Work { squares, filters, x, g, micro: Micro::best(), loops: Loops::best(method) };
    if work.positions() * channels * work.padded_filters() <= SMALL { work.by_groups(dw) } else { work.by_panels(dw) }
}

/// What is summed.
struct Work<'a, T> {
    squares: Squares,
    filters: usize,
    x: &'a [T],
    g: &'a [T],
    micro: Micro<T>,
    loops: Loops<T>,
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
    fn by_groups(&self, dw: &mut [T]) {
        let (depth, panels, count) = (self.squares.depth, self.filters.div_ceil(self.micro.columns), self.squares.count());
        let (parts, panel_len) = (GROUPS.min(count), self.panel_len(depth));
        let len = panels * panel_len;
        let at_once = (RESIDENT / self.each()).clamp(FEWEST, MOST);
        let mut sums = Buffer::recycled::<T>(parts * len);
        let Some(sums) = sums.slice_mut::<T>(parts * len) else { return };
        threads::for_each_piece(sums, len, self.cost(count), |group, sums| {
            let mine = part(count, group, parts);
            let mut memory = self.room(at_once);
            for first in mine.clone().step_by(at_once) {
                let Some(squares) = self.transform(&mut memory, first..mine.end.min(first + at_once), 1) else { return };
                for (panel, sums) in sums.chunks_exact_mut(panel_len).enumerate() {
                    self.add(sums, panel, 0..depth, &squares, first > mine.start);
                }
            }
        });
        let (total, others) = sums.split_at_mut(len);
        for group in others.chunks_exact(len) {
            total.iter_mut().zip(group).for_each(|(sum, &x)| *sum = *sum + x);
        }
        let total = &*total;
        let dw = SendPointer(dw.as_mut_ptr());
        threads::for_each(panels, len as f64 * 0.5, |panel| {
            // SAFETY: every panel has filters of its own.
            unsafe { self.finish(&dw, &total[panel * panel_len..][..panel_len], panel, 0..depth, false) }
        });
    }

    /// Panels of filters with some channels each.
    fn by_panels(&self, dw: &mut [T]) {
        let (depth, panels, count) = (self.squares.depth, self.filters.div_ceil(self.micro.columns), self.squares.count());
        let (pieces, groups) = (depth.div_ceil(CHANNELS), (count * self.each()).div_ceil(KEPT).min(count));
        let mut memory = self.room(count.div_ceil(groups));
        let dw = SendPointer(dw.as_mut_ptr());
        for group in 0..groups {
            let Some(squares) = self.transform(&mut memory, part(count, group, groups), PIECES) else { return };
            threads::for_each(panels * pieces, self.cost(squares.count), |task| {
                let (panel, piece) = (task / pieces, task % pieces);
                let channels = piece * CHANNELS..depth.min((piece + 1) * CHANNELS);
                let len = self.panel_len(channels.len());
                let mut sums = Buffer::recycled::<T>(len);
                let Some(sums) = sums.slice_mut::<T>(len) else { return };
                self.add(sums, panel, channels.clone(), &squares, false);
                // SAFETY: every task has channels of its own in filters of its own.
                unsafe { self.finish(&dw, sums, panel, channels, group > 0) }
            });
        }
    }

    /// Transforms some squares, in pieces for the threads to share.
    fn transform<'m>(&self, memory: &'m mut Buffer, squares: Range<usize>, pieces: usize) -> Option<Transformed<'m, T>> {
        let (depth, filters, wide, count) = (self.squares.depth, self.filters, self.micro.columns, squares.len());
        let (x_step, g_step) = (count * depth + APART, count * self.padded_filters() + APART);
        let (x, g) = memory.slice_mut::<T>(self.positions() * (x_step + g_step))?.split_at_mut(self.positions() * x_step);
        let (to_x, to_g) = (SendPointer(x.as_mut_ptr()), SendPointer(g.as_mut_ptr()));
        let pieces = pieces.min(count);
        threads::for_each(pieces, (count * self.each()) as f64 * 0.1, |piece| {
            let (to_x, to_g) = (&to_x, &to_g);
            let mine = part(count, piece, pieces);
            let numbers = squares.start + mine.start..squares.start + mine.end;
            // SAFETY: both targets have room for `count` squares in every position, and every square is in one piece.
            unsafe {
                let to = (to_x.0.add(mine.start * depth), x_step);
                self.squares.transform(self.x, numbers.clone(), to, &self.loops);
                let to = (to_g.0.add(mine.start * wide), g_step);
                self.squares.transform_gradient(self.g, numbers, to, (count * wide, wide), filters, &self.loops);
            }
        });
        Some(Transformed { count, x, x_step, g, g_step })
    }

    /// Numbers of the sums of a panel with so many channels.
    fn panel_len(&self, channels: usize) -> usize {
        self.positions() * channels * self.micro.columns
    }

    /// The products of the transformed squares for one panel and some channels, `[position][channel][filter in panel]`, which are
    /// added to the sums, or replace them.
    fn add(&self, sums: &mut [T], panel: usize, channels: Range<usize>, squares: &Transformed<'_, T>, accumulate: bool) {
        let (depth, count, micro) = (self.squares.depth, squares.count, self.micro);
        assert!(sums.len() == self.panel_len(channels.len()) && channels.end <= depth, "sums of these channels");
        let stripes = channels.len().div_ceil(micro.rows);
        for (position, sums) in sums.chunks_exact_mut(channels.len() * micro.columns).enumerate() {
            let start = sums.as_mut_ptr();
            let x = &squares.x[position * squares.x_step..][..count * depth];
            let g = &squares.g[position * squares.g_step + panel * count * micro.columns..][..count * micro.columns];
            for stripe in 0..stripes {
                let rows = part(channels.len(), stripe, stripes);
                let mut a = [x[channels.start + rows.start..].as_ptr(); ROWS];
                let mut out = [start; ROWS];
                for (r, row) in rows.clone().enumerate() {
                    a[r] = x[channels.start + row..].as_ptr();
                    // SAFETY: row < channels, and this position has channels × columns sums.
                    out[r] = unsafe { start.add(row * micro.columns) };
                }
                let tile = Tile {
                    a,
                    rows: rows.len(),
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
                // SAFETY: square i of row r is at i · depth + channel < count · depth, a panel has a whole register pair for every
                // square, and every row of the sums has as many numbers, which are borrowed for writing.
                unsafe { micro.run(&tile) }
            }
        }
    }

    /// `dw = Gᵀ S G`, or what is added to it, for one panel and some channels.
    ///
    /// # Safety
    ///
    /// `dw` has the size of the weight, and nobody else uses these channels of these filters.
    unsafe fn finish(&self, dw: &SendPointer<T>, sums: &[T], panel: usize, channels: Range<usize>, accumulate: bool) {
        let (depth, wide) = (self.squares.depth, self.micro.columns);
        let columns = wide.min(self.filters - panel * wide);
        // From one position to the next.
        let step = channels.len() * wide;
        assert!(sums.len() == self.panel_len(channels.len()) && channels.end <= depth, "sums of these channels");
        let len = channels.len() * 9;
        // `[channel][number][filter]`, and the other way round.
        let mut memory = Buffer::recycled::<T>(2 * len * columns);
        let Some((taps, filters)) = memory.slice_mut::<T>(2 * len * columns).map(|all| all.split_at_mut(len * columns)) else {
            return;
        };
        for (sums, taps) in sums.chunks_exact(wide).zip(taps.chunks_exact_mut(9 * columns)) {
            let start = taps.as_mut_ptr();
            // SAFETY: position p has `columns` numbers from p · step on (the assertion above), and so has every tap.
            unsafe {
                let taps = std::array::from_fn(|tap| start.add(tap * columns));
                self.loops.kernel_gradient(sums.as_ptr(), step, &taps, columns);
            }
        }
        turn_rows(filters, taps, 0, len, columns as isize);
        for (j, filter) in filters.chunks_exact(len).enumerate() {
            // SAFETY: filter < filters and the channels are below depth; the caller vouches for the rest.
            let numbers =
                unsafe { std::slice::from_raw_parts_mut(dw.0.add(((panel * wide + j) * depth + channels.start) * 9), len) };
            match accumulate {
                true => numbers.iter_mut().zip(filter).for_each(|(sum, &x)| *sum = *sum + x),
                false => numbers.copy_from_slice(filter),
            }
        }
    }
}
