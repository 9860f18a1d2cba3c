//! The forward pass and the gradient by the input.
//!
//! Weights that fit a cache are transformed once, and the tasks are blocks of squares. Large ones would be written to memory and read
//! again: there the tasks are panels of columns, and each transforms the weights of a few channels right before it uses them for
//! all squares. Both by the sizes alone.

use std::ops::Range;

use super::loops::Loops;
use super::squares::Squares;
use super::{APART, PIECES, part};
use crate::kernels::convolution::tile::{Micro, ROWS, Tile};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};
use crate::kernels::transpose::turn_rows;

/// Squares that are transformed at once: few enough that they and their sums stay in the caches, and several times as many as a
/// tile has rows, so that what is read of the weights is used that often.
const AT_ONCE: usize = 48;
/// Places of the output of a task.
const PER_TASK: usize = 960;
/// With fewer tasks than this the columns are cut in two as well.
const TASKS: usize = 8;
/// Channels whose weights are transformed at once.
const CHANNELS: usize = 64;
/// Transformed weights from which on the tasks are panels.
const LARGE: usize = 1 << 20;
/// Squares at once for large weights: their sums for a panel stay in the second-level cache.
const AT_ONCE_FOR_LARGE: usize = 128;

/// A convolution of 3×3 with step 1.
pub(super) struct Convolution<'a, T> {
    pub squares: Squares,
    pub picture: &'a [T],
    pub columns: usize,
    pub kernels: Kernels<'a, T>,
    pub bias: Option<&'a [T]>,
    pub relu: bool,
}

/// The nine numbers between every channel and every column.
pub(super) struct Kernels<'a, T> {
    pub numbers: &'a [T],
    /// From one channel to the next, and from one column to the next.
    pub channel_step: usize,
    pub column_step: usize,
    /// Last number first.
    pub turned: bool,
}

/// What a processor takes at once, and the transforms.
#[derive(Clone, Copy)]
struct Kit<T> {
    micro: Micro<T>,
    loops: Loops<T>,
}

/// Transformed squares, `[position][square][channel]`.
struct Inputs<'m, T> {
    numbers: &'m [T],
    /// From one position to the next.
    step: usize,
    squares: Range<usize>,
}

/// Transformed weights of some channels and one panel, `[position][channel][column in panel]`.
struct Weights<'m, T> {
    numbers: &'m [T],
    channels: Range<usize>,
}

impl<T: Float> Convolution<'_, T> {
    /// Runs it.
    pub(super) fn run(&self, out: &mut [T]) {
        let kit = Kit { micro: Micro::best(), loops: Loops::best(self.squares.method) };
        assert_eq!(out.len(), self.squares.batch * self.squares.out[0] * self.squares.out[1] * self.columns, "the output's size");
        let out = SendPointer(out.as_mut_ptr());
        if self.positions() * self.squares.depth * self.columns < LARGE {
            self.by_blocks(&out, kit)
        } else {
            self.by_panels(&out, kit)
        }
    }

    /// Positions of a transformed square.
    fn positions(&self) -> usize {
        self.squares.method.positions()
    }

    /// The estimated time of the products in nanoseconds.
    fn cost(&self, squares: usize) -> f64 {
        (self.positions() * squares * self.squares.depth * self.columns) as f64 / 60.0
    }

    /// Numbers of a panel's transformed weights.
    fn panel_len(&self, channels: usize, kit: Kit<T>) -> usize {
        self.positions() * channels * kit.micro.columns
    }

    /// All weights are transformed; then the tasks are blocks of squares.
    fn by_blocks(&self, out: &SendPointer<T>, kit: Kit<T>) {
        let (depth, panels, count) = (self.squares.depth, self.columns.div_ceil(kit.micro.columns), self.squares.count());
        let len = self.panel_len(depth, kit);
        let mut weights = Buffer::recycled::<T>(panels * len);
        if let Some(weights) = weights.slice_mut::<T>(panels * len) {
            self.transform_all_weights(weights, len, kit);
        }
        let weights = weights.slice::<T>(panels * len);
        let blocks = (count * self.squares.method.out().pow(2)).div_ceil(PER_TASK);
        let halves = if blocks < TASKS { panels.min(2) } else { 1 };
        threads::for_each(blocks * halves, self.cost(count), |task| {
            let (half, block) = (task / blocks, task % blocks);
            let mine = part(count, block, blocks);
            for first in mine.clone().step_by(AT_ONCE) {
                self.block(out, first..mine.end.min(first + AT_ONCE), part(panels, half, halves), weights, kit);
            }
        });
    }

    /// All squares are transformed, or as many as [`AT_ONCE_FOR_LARGE`]; then the tasks are panels.
    fn by_panels(&self, out: &SendPointer<T>, kit: Kit<T>) {
        let (depth, count, wide) = (self.squares.depth, self.squares.count(), kit.micro.columns);
        let groups = count.div_ceil(AT_ONCE_FOR_LARGE);
        let most = count.div_ceil(groups);
        let mut memory = Buffer::recycled::<T>(self.positions() * (most * depth + APART));
        for group in 0..groups {
            let squares = part(count, group, groups);
            let step = squares.len() * depth + APART;
            let Some(inputs) = memory.slice_mut::<T>(self.positions() * step) else { return };
            self.transform_inputs(inputs, step, squares.clone(), kit);
            let inputs = Inputs { numbers: inputs, step, squares };
            threads::for_each(self.columns.div_ceil(wide), self.cost(inputs.squares.len()), |panel| {
                let (len, sum_step) = (self.panel_len(CHANNELS.min(depth), kit), inputs.squares.len() * wide + APART);
                let mut memory = Buffer::recycled::<T>(len + self.positions() * sum_step);
                let Some(memory) = memory.slice_mut::<T>(len + self.positions() * sum_step) else { return };
                let (weights, sums) = memory.split_at_mut(len);
                for first in (0..depth).step_by(CHANNELS) {
                    let channels = first..depth.min(first + CHANNELS);
                    // SAFETY: they have room for so many channels in every position, and are this task's own.
                    unsafe { self.transform_weights(weights.as_mut_ptr(), channels.len() * wide, channels.clone(), panel, kit) }
                    self.multiply(&inputs, &Weights { numbers: weights, channels }, (sums, sum_step), kit);
                }
                // SAFETY: every panel has columns of its own.
                unsafe { self.finish(out, inputs.squares.clone(), panel, (sums, sum_step), kit) }
            });
        }
    }

    /// Transforms some squares, in pieces for the threads to share.
    fn transform_inputs(&self, to: &mut [T], step: usize, squares: Range<usize>, kit: Kit<T>) {
        let (depth, count) = (self.squares.depth, squares.len());
        assert!(to.len() >= self.positions() * step && step >= count * depth, "room for the squares");
        let (cost, pieces) = (to.len() as f64 * 0.1, PIECES.min(count));
        let to = SendPointer(to.as_mut_ptr());
        threads::for_each(pieces, cost, |piece| {
            let mine = part(count, piece, pieces);
            let numbers = squares.start + mine.start..squares.start + mine.end;
            let to = &to;
            // SAFETY: there is room for `count` squares in every position, and every square is in one piece.
            unsafe { self.squares.transform(self.picture, numbers, (to.0.add(mine.start * depth), step), &kit.loops) }
        });
    }

    /// Transforms all weights: `weights[panel][position][channel][column in panel]`, zeros beyond the last column.
    fn transform_all_weights(&self, weights: &mut [T], panel_len: usize, kit: Kit<T>) {
        let (depth, wide) = (self.squares.depth, kit.micro.columns);
        // A piece is a few channels of a panel: its rows lie in all positions, so that pieces are cut by hand.
        const PER_PIECE: usize = 16;
        let (panels, pieces) = (weights.len() / panel_len, depth.div_ceil(PER_PIECE));
        let start = SendPointer(weights.as_mut_ptr());
        threads::for_each(panels * pieces, weights.len() as f64 * 0.3, |piece| {
            let (panel, first) = (piece / pieces, piece % pieces * PER_PIECE);
            let start = &start;
            // SAFETY: these channels of every position of this panel are inside `weights` and belong to this piece alone.
            unsafe {
                let to = start.0.add(panel * panel_len + first * wide);
                self.transform_weights(to, depth * wide, first..depth.min(first + PER_PIECE), panel, kit);
            }
        });
    }

    /// Transforms the weights of some channels and one panel: column j of channel i of them in position p goes to
    /// `to[p · step + i · columns of a panel + j]`, zeros beyond the last column.
    ///
    /// # Safety
    ///
    /// All of these are inside one allocation and used by nobody else.
    unsafe fn transform_weights(&self, to: *mut T, step: usize, channels: Range<usize>, panel: usize, kit: Kit<T>) {
        let (wide, &Kernels { numbers, channel_step, column_step, turned }) = (kit.micro.columns, &self.kernels);
        let columns = wide.min(self.columns - panel * wide);
        if columns < wide {
            // Whatever lies there would be multiplied too, and denormal numbers take long.
            for (position, row) in (0..self.positions()).flat_map(|p| (0..channels.len()).map(move |row| (p, row))) {
                // SAFETY: the caller vouches for whole panels.
                unsafe { std::slice::from_raw_parts_mut(to.add(position * step + row * wide + columns), wide - columns) }
                    .fill(T::ZERO);
            }
        }
        let len = 9 * columns;
        // Numbers of the kernels in rows of columns, `[channel][number][column]`.
        let mut taps = Buffer::recycled::<T>(channels.len() * len);
        let Some(taps) = taps.slice_mut::<T>(channels.len() * len) else { return };
        let start = |c: usize| c * channel_step + panel * wide * column_step;
        if channel_step == 9 {
            turn_rows(taps, numbers, start(channels.start), columns, column_step as isize);
        } else {
            taps.chunks_exact_mut(len)
                .zip(channels)
                .for_each(|(taps, c)| turn_rows(taps, numbers, start(c), columns, column_step as isize));
        }
        for (row, taps) in taps.chunks_exact(len).enumerate() {
            let taps: [_; 9] = std::array::from_fn(|tap| taps[if turned { 8 - tap } else { tap } * columns..].as_ptr());
            // SAFETY: every tap has `columns` numbers; the caller vouches for the target.
            unsafe { kit.loops.kernel(&taps, to.add(row * wide), step, columns) }
        }
    }

    /// Some squares, for the columns of some panels, with transformed weights.
    fn block(&self, out: &SendPointer<T>, squares: Range<usize>, panels: Range<usize>, weights: &[T], kit: Kit<T>) {
        let (depth, wide, count, positions) = (self.squares.depth, kit.micro.columns, squares.len(), self.positions());
        let (input_step, sum_step) = (count * depth + APART, count * wide + APART);
        let (inputs, sums) = (positions * input_step, positions * sum_step);
        let mut memory = Buffer::recycled::<T>(inputs + sums);
        let Some(memory) = memory.slice_mut::<T>(inputs + sums) else { return };
        let (inputs, sums) = memory.split_at_mut(inputs);
        // SAFETY: every position has `input_step` numbers of the inputs.
        unsafe { self.squares.transform(self.picture, squares.clone(), (inputs.as_mut_ptr(), input_step), &kit.loops) }
        let inputs = Inputs { numbers: inputs, step: input_step, squares };
        let len = self.panel_len(depth, kit);
        for panel in panels {
            let weights = Weights { numbers: &weights[panel * len..][..len], channels: 0..depth };
            self.multiply(&inputs, &weights, (sums, sum_step), kit);
            // SAFETY: this task alone has these squares in these panels.
            unsafe { self.finish(out, inputs.squares.clone(), panel, (sums, sum_step), kit) }
        }
    }

    /// The products of squares and weights in all positions, which replace what is in `sums[p · sum_step + square · columns of a
    /// panel + column]` for the first channels and are added to it for others.
    fn multiply(&self, inputs: &Inputs<'_, T>, weights: &Weights<'_, T>, (sums, sum_step): (&mut [T], usize), kit: Kit<T>) {
        let (depth, count, wide, micro) = (self.squares.depth, inputs.squares.len(), kit.micro.columns, kit.micro);
        let (first, channels) = (weights.channels.start, weights.channels.len());
        assert!(first + channels <= depth, "channels of the squares");
        let stripes = count.div_ceil(micro.rows);
        for position in 0..self.positions() {
            let weights = &weights.numbers[position * channels * wide..][..channels * wide];
            let inputs = &inputs.numbers[position * inputs.step..][..count * depth];
            let sums = sums[position * sum_step..][..count * wide].as_mut_ptr();
            for stripe in 0..stripes {
                let rows = part(count, stripe, stripes);
                let mut a = [inputs[rows.start * depth + first..].as_ptr(); ROWS];
                let mut to = [sums; ROWS];
                for (r, row) in rows.clone().enumerate() {
                    a[r] = inputs[row * depth + first..].as_ptr();
                    // SAFETY: row < count, and the sums of this position are count × wide.
                    to[r] = unsafe { sums.add(row * wide) };
                }
                let tile = Tile {
                    a,
                    rows: rows.len(),
                    offsets: &[0],
                    depth: channels,
                    a_step: 1,
                    b: weights.as_ptr(),
                    b_segment: 0,
                    b_step: wide as isize,
                    out: to,
                    columns: wide,
                    whole: true,
                    accumulate: first > 0,
                    bias: std::ptr::null(),
                    relu: false,
                };
                // SAFETY: every row has these channels of the inputs (first + channels ≤ depth) and `wide` of the sums, which are
                // borrowed for writing; the weights have channels × wide.
                unsafe { micro.run(&tile) }
            }
        }
    }

    /// Transforms the sums of one panel back, adds the bias, and puts them where they belong.
    ///
    /// # Safety
    ///
    /// Nobody else uses these columns of these squares in `out`, which has the size of the output.
    unsafe fn finish(
        &self,
        out: &SendPointer<T>,
        squares: Range<usize>,
        panel: usize,
        (sums, sum_step): (&[T], usize),
        kit: Kit<T>,
    ) {
        let wide = kit.micro.columns;
        let first = panel * wide;
        let columns = wide.min(self.columns - first);
        assert!(sums.len() >= (self.positions() - 1) * sum_step + squares.len() * wide, "sums of all positions");
        let bias = self.bias.map_or(std::ptr::null(), |bias| bias[first..][..columns].as_ptr());
        for (number, square) in squares.enumerate() {
            let targets = self.squares.targets(square, self.columns).map(|target| match target {
                // SAFETY: the place is inside the output.
                Some(at) => unsafe { out.0.add(at + first) },
                None => std::ptr::null_mut(),
            });
            let sums = sums[number * wide..].as_ptr();
            // SAFETY: all positions have `wide` numbers of this square (checked above); the caller vouches for the targets.
            unsafe { kit.loops.output(sums, sum_step, &targets, columns, bias, self.relu) }
        }
    }
}
