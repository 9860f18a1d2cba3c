//! The forward pass and the gradient by the input by tiles: rows of the left operand are places, the inner dimension are the
//! channels of one number of the kernel after the other, columns are filters (or channels of the input).
//!
//! Sixteen places that follow each other in a [`Layout`] are a tile as they lie, and so are the same place of sixteen
//! pictures. The former computes a few places between two rows for nothing, the latter is better for small pictures.

use std::arch::x86_64::*;
use std::ops::Range;

use smallvec::SmallVec;

use super::super::taps::{Axis, Gather, Tap, Weights};
use super::pictures::Layout;
use super::tile::{BLOCK, Block, RESULT, multiply};
use crate::kernels::bf16::registers::{interleave, rounded};
use crate::kernels::bf16::tile::{DEPTH, LINES, Tiles};
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Estimated nanoseconds of a step of a block, of putting the results of a block away, and of packing a weight.
const STEP_NS: f64 = 22.0;
const FINISH_NS: f64 = 60.0;
const PACK_NS: f64 = 0.5;
/// Nanoseconds of a task, about.
const TASK_NS: f64 = 30_000.0;
/// Above so many bytes of packed weights each task takes a part of the columns, whose weights stay in its cache.
const SHARED: usize = 1024 * 1024;
/// Columns of a block of results.
const COLUMNS: usize = 2 * LINES;

/// How the inner dimension is cut: runs of numbers that lie together, each a number of tiles of equal depth.
#[derive(Debug, Clone)]
pub(super) struct Inner {
    /// Numbers of the kernel in the order in which they are read.
    taps: SmallVec<[Tap; 25]>,
    /// How many of them are one run.
    merged: usize,
    /// Channels that are kept of each place: with zeros, so that tiles divide a run.
    pub channels: usize,
    /// Depth of a tile, and tiles of a run.
    depth: usize,
    tiles: usize,
}

impl Inner {
    /// Neighbours of one row of the kernel are one run if that takes fewer tiles and `merge`.
    pub(super) fn new(taps: &[Tap], channels: usize, merge: bool) -> Inner {
        let mut taps: SmallVec<[Tap; 25]> = taps.iter().copied().collect();
        taps.sort_by_key(|tap| tap.offset);
        let row = taps.iter().take_while(|tap| tap.offset[0] == taps[0].offset[0]).count().max(1);
        let neighbours = |run: &[Tap]| run.windows(2).all(|pair| pair[1].offset == [pair[0].offset[0], pair[0].offset[1] + 1]);
        let together = merge && taps.len().is_multiple_of(row) && taps.chunks(row).all(neighbours);
        let of = |merged: usize| {
            // The fewest zeros that let even tiles divide the run; whole tiles do at the latest.
            let whole = channels.next_multiple_of(DEPTH);
            let fits = |&channels: &usize| (merged * channels).is_multiple_of(2 * (merged * channels).div_ceil(DEPTH));
            let kept = (channels..whole).find(fits).unwrap_or(whole);
            let tiles = (merged * kept).div_ceil(DEPTH);
            (merged, kept, tiles)
        };
        let (alone, all) = (of(1), of(row));
        let (merged, channels, tiles) = if together && all.2 < row * alone.2 { all } else { alone };
        Inner { taps, merged, channels, depth: merged * channels / tiles, tiles }
    }

    /// Steps in all.
    pub(super) fn steps(&self) -> usize {
        self.taps.len() / self.merged * self.tiles
    }

    /// Bytes of a tile of weights.
    fn tile_bytes(&self) -> usize {
        self.depth * LINES * size_of::<u16>()
    }

    /// The number of the kernel and the channel at place `at` of step `step`.
    fn at(&self, step: usize, at: usize) -> (Tap, usize) {
        let place = step % self.tiles * self.depth + at;
        (self.taps[step / self.tiles * self.merged + place / self.channels], place % self.channels)
    }
}

/// How the places of the output are cut into tiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    /// Whether a tile is the same place of sixteen pictures.
    pub by_picture: bool,
    /// Tiles of a picture, or of sixteen.
    each: usize,
    pub count: usize,
}

impl Units {
    pub(super) fn new(batch: usize, axes: [Axis; 2], layout: &Layout) -> Units {
        let [rows, columns] = axes.map(|axis| axis.places);
        let flat = ((rows - 1) * layout.run() + columns).div_ceil(LINES);
        let sixteens = batch.div_ceil(LINES);
        let by_picture = layout.in_groups() && 100 * sixteens * rows * columns < 90 * batch * flat;
        let (each, parts) = if by_picture { (rows * columns, sixteens) } else { (flat, batch) };
        Units { by_picture, each, count: each * parts }
    }
}

/// A gathering by tiles, ready to run.
struct Work<'a> {
    gather: &'a Gather<'a, f32>,
    layout: Layout,
    units: Units,
    /// The rounded pictures, and what a tile of them may read from its start on.
    pictures: &'a [u8],
    reach: usize,
    /// Bytes of the weights of 16 columns.
    group: usize,
    packed: &'a [u8],
    inner: &'a Inner,
    steps: &'a [[i64; 2]],
}

/// Runs a gathering from pictures that have been rounded; there are places, channels, columns and numbers of the kernel.
pub(super) fn run(
    gather: &Gather<'_, f32>,
    out: &mut [f32],
    weights: &Weights<'_, f32>,
    inner: &Inner,
    layout: Layout,
    pictures: &[u8],
) {
    assert_eq!(out.len(), gather.batch * gather.out_len, "the output's size");
    let steps = inner.steps();
    let group = steps * inner.tile_bytes();
    let groups = gather.columns.div_ceil(LINES);
    let mut packed = Buffer::recycled::<u8>(groups * group);
    if let Some(packed) = packed.slice_mut::<u8>(groups * group) {
        let cost = (groups * steps * inner.depth * LINES) as f64 * PACK_NS;
        threads::for_each_piece(packed, inner.tile_bytes(), cost, |tile, target| {
            let (column, step) = (tile / steps * LINES, tile % steps);
            let source = |at: usize| {
                let (tap, c) = inner.at(step, at);
                (c < gather.depth).then(|| weights.at(tap.number, c, column))
            };
            let columns = LINES.min(gather.columns - column);
            // SAFETY: this module is used only where there are tiles, and with them these instructions.
            unsafe { pack(target, weights.data, weights.by_column, columns, source) }
        });
    }
    let mut places = Buffer::recycled::<i64>(2 * steps);
    let Some(places) = places.slice_mut::<i64>(2 * steps) else { return };
    let mut reach = 0;
    for (step, place) in places.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let run = inner.taps[step / inner.tiles * inner.merged];
        let from = layout.offset(&gather.axes, run.offset) + step % inner.tiles * inner.depth;
        reach = reach.max(from + inner.depth);
        *place = [2 * from as i64, (step * inner.tile_bytes()) as i64];
    }
    let units = Units::new(gather.batch, gather.axes, &layout);
    let work = Work {
        gather,
        layout,
        units,
        pictures,
        reach,
        group,
        packed: packed.slice::<u8>(groups * group),
        inner,
        steps: places.as_chunks::<2>().0,
    };
    // Tasks: tiles of places, and columns where the weights are large.
    let panels = gather.columns.div_ceil(COLUMNS);
    let block = steps as f64 * STEP_NS + FINISH_NS;
    let cut = groups * group > SHARED;
    let per_pair = block * if cut { 1.0 } else { panels as f64 };
    let per_task = 2 * ((TASK_NS / per_pair) as usize).max(1);
    let pieces = units.count.div_ceil(per_task);
    let tasks = if cut { panels * pieces } else { pieces };
    let start = SendPointer(out.as_mut_ptr());
    threads::for_each(tasks, (units.count * panels) as f64 * block / 2.0, |task| {
        // Tasks of the same columns follow each other, so that a thread keeps their weights.
        let (panels, piece) = if cut { (task / pieces..task / pieces + 1, task % pieces) } else { (0..panels, task) };
        work.piece(&start, piece * per_task..units.count.min((piece + 1) * per_task), panels);
    });
}

impl Work<'_> {
    /// Where a tile of places starts, in bytes.
    fn start(&self, unit: usize) -> usize {
        let (part, at) = (unit / self.units.each, unit % self.units.each);
        let (first, place) = if self.units.by_picture {
            let columns = self.gather.axes[1].places;
            (part * LINES, at / columns * self.layout.run() + at % columns)
        } else {
            (part, at * LINES)
        };
        2 * (first * self.layout.picture + place * self.layout.place())
    }

    /// Some tiles of places, for some panels of columns.
    fn piece(&self, out: &SendPointer<f32>, units: Range<usize>, panels: Range<usize>) {
        // SAFETY: this module is used only where there are tiles, and this task is alone in its thread.
        let tiles = unsafe { Tiles::configure(self.inner.depth) };
        let mut results = Results([0.0; BLOCK]);
        let a_row = 2 * if self.units.by_picture { self.layout.picture } else { self.layout.place() };
        for panel in panels {
            let column = panel * COLUMNS;
            let groups = self.packed.len() / self.group;
            let b = [0, 1].map(|i| self.packed[(2 * panel + i).min(groups - 1) * self.group..][..self.group].as_ptr());
            for unit in units.clone().step_by(2) {
                let pair = [unit, (unit + 1).min(units.end - 1)];
                let a = pair.map(|unit| {
                    let start = self.start(unit);
                    assert!(start + (LINES - 1) * a_row + 2 * self.reach <= self.pictures.len(), "a place outside its picture");
                    self.pictures[start..].as_ptr()
                });
                let block = Block { steps: self.steps, a, a_row, b, b_row: 64, out: results.0.as_mut_ptr(), accumulate: false };
                // SAFETY: every row of a reads up to `reach` from its start, which is inside the pictures; b are whole groups.
                unsafe { multiply(&tiles, &block) };
                for (half, &unit) in pair.iter().enumerate().take(if pair[0] == pair[1] { 1 } else { 2 }) {
                    // SAFETY: every tile of places and every panel belong to one task; this module is used only where there
                    // are tiles, and with them these instructions.
                    unsafe { self.finish(out, &results.0[2 * half * RESULT..][..2 * RESULT], unit, column) }
                }
            }
        }
    }

    /// Writes the results of a tile of places with what belongs to them, up to 32 columns from `column` on.
    ///
    /// # Safety
    ///
    /// Nobody else writes these places and columns meanwhile.
    #[target_feature(enable = "avx512f")]
    unsafe fn finish(&self, out: &SendPointer<f32>, results: &[f32], unit: usize, column: usize) {
        let gather = self.gather;
        let columns = COLUMNS.min(gather.columns - column);
        let first = gather.first_column + column;
        let masks = [((1u64 << columns) - 1) as u16, (((1u64 << columns) - 1) >> LINES) as u16];
        let mut bias = [_mm512_setzero_ps(); 2];
        if let Some(all) = gather.bias {
            let all = &all[first..first + columns];
            // SAFETY: only the columns that exist are read.
            bias = unsafe {
                let right = _mm512_maskz_loadu_ps(masks[1], all.as_ptr().wrapping_add(LINES));
                [_mm512_maskz_loadu_ps(masks[0], all.as_ptr()), right]
            };
        }
        let floor = _mm512_set1_ps(if gather.relu { 0.0 } else { f32::NEG_INFINITY });
        let put = |row: usize, n: usize, y: usize, x: usize| {
            let [vertical, horizontal] = gather.axes;
            let to = n * gather.out_len
                + (vertical.out_first + y * vertical.out_step) * gather.out_row
                + (horizontal.out_first + x * horizontal.out_step) * gather.width
                + first;
            assert!(to + columns <= (n + 1) * gather.out_len, "a place outside the output");
            for v in 0..2 {
                let sums = &results[v * RESULT + row * LINES..][..LINES];
                // SAFETY: 16 numbers are read; the columns that exist are inside the place, which is inside the output. The
                // larger one of two is the second where one is NaN: a result that is NaN stays so.
                unsafe {
                    let value = _mm512_max_ps(floor, _mm512_add_ps(_mm512_loadu_ps(sums.as_ptr()), bias[v]));
                    _mm512_mask_storeu_ps(out.0.add(to).wrapping_add(v * LINES), masks[v], value);
                }
            }
        };
        let (part, at) = (unit / self.units.each, unit % self.units.each);
        let [rows, places] = gather.axes.map(|axis| axis.places);
        if self.units.by_picture {
            let first = part * LINES;
            for n in first..gather.batch.min(first + LINES) {
                put(n - first, n, at / places, at % places);
            }
        } else {
            let (mut y, mut x) = (at * LINES / self.layout.run(), at * LINES % self.layout.run());
            for row in 0..LINES {
                if x < places && y < rows {
                    put(row, part, y, x);
                }
                x += 1;
                if x == self.layout.run() {
                    (x, y) = (0, y + 1);
                }
            }
        }
    }
}

/// A block of results, on cache lines of its own.
#[repr(align(64))]
struct Results([f32; BLOCK]);

/// Packs a tile of weights: pairs of places of the inner dimension, in each the numbers of 16 columns, which lie `by_column`
/// apart; `source` is where column 0 of a place lies, or nothing for zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack(target: &mut [u8], data: &[f32], by_column: usize, columns: usize, source: impl Fn(usize) -> Option<usize>) {
    let mask = ((1u32 << columns) - 1) as u16;
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let apart = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(by_column as i32));
    let order = interleave();
    let numbers = |at: usize| match source(at) {
        None => _mm512_setzero_ps(),
        Some(from) => {
            assert!(from + (columns - 1) * by_column < data.len(), "a weight outside its filter");
            // SAFETY: the first and the last number that the mask leaves are inside the weights, and `fits` made sure that
            // distances are 32-bit numbers.
            unsafe { _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), mask, apart, data.as_ptr().add(from)) }
        }
    };
    for (pair, target) in target.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let pairs = _mm512_permutexvar_epi16(order, rounded(numbers(2 * pair), numbers(2 * pair + 1)));
        // SAFETY: 64 bytes are written, as many as there are.
        unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), pairs) }
    }
}
