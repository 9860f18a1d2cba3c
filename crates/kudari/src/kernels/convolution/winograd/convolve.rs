//! The forward pass and the gradient by the input.

use std::ops::Range;

use super::loops::Loops;
use super::squares::Squares;
use super::{APART, MOST_COLUMNS};
use crate::kernels::convolution::tile::{Micro, ROWS, Tile};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Squares that are transformed at once: few enough that they and their sums stay in the caches, and several times as many as a
/// tile has rows, so that what is read of the weights is used that often.
const AT_ONCE: usize = 48;
/// Places of the output of a task.
const PER_TASK: usize = 960;
/// With fewer tasks than this the columns are cut in two as well.
const TASKS: usize = 8;

/// A convolution of 3×3 with step 1.
pub(super) struct Convolution<'a, T> {
    pub squares: Squares,
    pub picture: &'a [T],
    pub columns: usize,
    pub bias: Option<&'a [T]>,
    pub relu: bool,
}

impl<T: Float> Convolution<'_, T> {
    /// Runs it; `kernel(c, j)` are the nine numbers between channel c and column j, turned round if `turned`.
    pub(super) fn run<'w>(&self, out: &mut [T], kernel: impl Fn(usize, usize) -> &'w [T] + Sync, turned: bool)
    where
        T: 'w,
    {
        let (micro, positions) = (Micro::<T>::best(), self.squares.method.positions());
        let (depth, panels, count) = (self.squares.depth, self.columns.div_ceil(micro.columns), self.squares.count());
        assert_eq!(out.len(), self.squares.batch * self.squares.out[0] * self.squares.out[1] * self.columns, "the output's size");
        let panel_len = positions * depth * micro.columns;
        let mut weights = Buffer::recycled::<T>(panels * panel_len);
        if let Some(weights) = weights.slice_mut::<T>(panels * panel_len) {
            self.transform_weights(weights, micro.columns, kernel, turned);
        }
        let weights = weights.slice::<T>(panels * panel_len);
        let blocks = (count * self.squares.method.out().pow(2)).div_ceil(PER_TASK);
        let halves = if blocks < TASKS { panels.min(2) } else { 1 };
        let cost = (positions * count * depth * self.columns) as f64 / 60.0;
        let start = SendPointer(out.as_mut_ptr());
        threads::for_each(blocks * halves, cost, |task| {
            let (half, block) = (task / blocks, task % blocks);
            let part = |count: usize, part: usize, parts: usize| part * count / parts..(part + 1) * count / parts;
            let mine = part(count, block, blocks);
            for first in mine.clone().step_by(AT_ONCE) {
                self.block(&start, first..mine.end.min(first + AT_ONCE), part(panels, half, halves), weights, micro);
            }
        });
    }

    /// Transforms the weights: `weights[panel][position][channel][column in panel]`, zeros beyond the last column.
    fn transform_weights<'w>(&self, weights: &mut [T], wide: usize, kernel: impl Fn(usize, usize) -> &'w [T] + Sync, turned: bool)
    where
        T: 'w,
    {
        let depth = self.squares.depth;
        let panel_len = self.squares.method.positions() * depth * wide;
        // A piece is a few channels of a panel: its rows lie in all positions, so that pieces are cut by hand.
        const CHANNELS: usize = 16;
        let (panels, pieces) = (weights.len() / panel_len, depth.div_ceil(CHANNELS));
        let start = SendPointer(weights.as_mut_ptr());
        let loops = Loops::best(self.squares.method);
        threads::for_each(panels * pieces, weights.len() as f64 * 0.3, |piece| {
            let (panel, first) = (piece / pieces, piece % pieces * CHANNELS);
            let start = &start;
            for c in first..depth.min(first + CHANNELS) {
                let columns = wide.min(self.columns - panel * wide);
                let mut taps = [[T::ZERO; MOST_COLUMNS]; 9];
                #[allow(clippy::needless_range_loop)] // j is a column of every tap
                for j in 0..columns {
                    let numbers = kernel(c, panel * wide + j);
                    for (tap, &number) in numbers.iter().enumerate() {
                        taps[if turned { 8 - tap } else { tap }][j] = number;
                    }
                }
                // SAFETY: row c of every position of this panel is inside `weights` and belongs to this piece alone.
                unsafe {
                    let to = start.0.add(panel * panel_len + c * wide);
                    loops.kernel(&taps.each_ref().map(|row| row.as_ptr()), to, depth * wide, wide);
                }
            }
        });
    }

    /// Some squares, for the columns of some panels.
    fn block(&self, out: &SendPointer<T>, squares: Range<usize>, panels: Range<usize>, weights: &[T], micro: Micro<T>) {
        let (depth, wide, count) = (self.squares.depth, micro.columns, squares.len());
        let positions = self.squares.method.positions();
        let loops = Loops::best(self.squares.method);
        let (input_step, sum_step) = (count * depth + APART, count * wide + APART);
        let (inputs, sums) = (positions * input_step, positions * sum_step);
        let mut memory = Buffer::recycled::<T>(inputs + sums + depth);
        let Some(memory) = memory.slice_mut::<T>(inputs + sums + depth) else { return };
        let (inputs, memory) = memory.split_at_mut(inputs);
        let (sums, zeros) = memory.split_at_mut(sums);
        zeros.fill(T::ZERO);
        // SAFETY: every position has `input_step` numbers of the inputs.
        unsafe { self.squares.transform(self.picture, squares.clone(), (inputs.as_mut_ptr(), input_step), zeros, &loops) }
        let stripes = count.div_ceil(micro.rows);
        for panel in panels {
            let first_column = panel * wide;
            let columns = wide.min(self.columns - first_column);
            for position in 0..positions {
                let weights = &weights[(panel * positions + position) * depth * wide..][..depth * wide];
                let inputs = &inputs[position * input_step..][..count * depth];
                let sums = sums[position * sum_step..][..count * wide].as_mut_ptr();
                for stripe in 0..stripes {
                    let (top, bottom) = (stripe * count / stripes, (stripe + 1) * count / stripes);
                    let mut a = [inputs[top * depth..].as_ptr(); ROWS];
                    let mut to = [sums; ROWS];
                    for (r, row) in (top..bottom).enumerate() {
                        a[r] = inputs[row * depth..].as_ptr();
                        // SAFETY: row < count, and the sums of this position are count × wide.
                        to[r] = unsafe { sums.add(row * wide) };
                    }
                    let tile = Tile {
                        a,
                        rows: bottom - top,
                        offsets: &[0],
                        depth,
                        a_step: 1,
                        b: weights.as_ptr(),
                        b_segment: 0,
                        b_step: wide as isize,
                        out: to,
                        columns: wide,
                        whole: true,
                        accumulate: false,
                        bias: std::ptr::null(),
                        relu: false,
                    };
                    // SAFETY: every row has `depth` numbers of the inputs and `wide` of the sums, which are this task's own; the
                    // weights have depth × wide.
                    unsafe { micro.run(&tile) }
                }
            }
            let bias = self.bias.map_or(std::ptr::null(), |bias| bias[first_column..][..columns].as_ptr());
            for (number, square) in squares.clone().enumerate() {
                let targets = self.squares.targets(square, self.columns).map(|target| match target {
                    // SAFETY: the place is inside the output, whose size `run` has checked.
                    Some(at) => unsafe { out.0.add(at + first_column) },
                    None => std::ptr::null_mut(),
                });
                let sums = sums[number * wide..].as_ptr();
                // SAFETY: all positions have `wide` numbers of this square; the targets are `columns` numbers of this task's own.
                unsafe { loops.output(sums, sum_step, &targets, columns, bias, self.relu) }
            }
        }
    }
}
