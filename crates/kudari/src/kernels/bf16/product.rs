//! The product by tiles: what is packed when, which blocks are computed in which order, and by whom.
//!
//! The smaller operand stands still: it is packed first, in blocks that the second-level cache holds. The larger one moves:
//! a task takes some groups of 16 lines of it, packs them for itself, and multiplies them with all that stands while they
//! are still near. So both are read from memory once, unless the smaller one is large itself.
//!
//! Tiles and blocks are cut by size alone, and an element of the result is one sum in the order of the inner dimension.

use std::ops::Range;

use super::pack::Lines;
use super::tile::{BYTES, Block, DEPTH, LINES, Tiles};
use crate::kernels::matmul::{Ending, Matrix};
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Lines of the standing operand that are multiplied at a time.
const STANDING: usize = 1024;
/// Tiles of the standing operand that are packed at a time: 1 MiB.
const STANDING_TILES: usize = 1024;
/// Tiles of the inner dimension that are packed at a time at most.
const PACKED_STEPS: usize = 64;
/// Tiles of the inner dimension that a block runs over: two pairs of groups of them fit the first-level cache.
const BLOCK_STEPS: usize = 13;
/// Groups of the moving operand that a task takes at most.
const GROUPS: usize = 8;
/// Estimated nanoseconds to multiply two tiles, and to pack one.
const MULTIPLY_NS: f64 = 12.0;
const PACK_NS: f64 = 60.0;

/// As [`super::matmul`], for sizes that are not zero, where `simd::tiles()`.
pub(super) fn matmul(out: &mut [f32], [m, k, n]: [usize; 3], a: Matrix<'_, f32>, b: Matrix<'_, f32>, ending: Ending<'_, f32>) {
    let (rows, columns) = (Lines::rows(a, m), Lines::columns(b, n));
    // Of two that are nearly as large, the rows move: a task then writes whole rows of the result.
    let rows_move = 2 * m > n;
    let (standing, moving) = if rows_move { (columns, rows) } else { (rows, columns) };
    let standing_groups = standing.count.min(STANDING).div_ceil(LINES);
    let depth = equal_parts(k.div_ceil(DEPTH), (STANDING_TILES / standing_groups).min(PACKED_STEPS)) * DEPTH;
    for from in (0..k).step_by(depth) {
        let depth = depth.min(k - from);
        let last = from + depth == k;
        for first in (0..standing.count).step_by(STANDING) {
            let count = STANDING.min(standing.count - first);
            let steps = depth.div_ceil(DEPTH);
            // One estimate for both regions of threads: the second follows the first at once.
            let (still, moved) = (count.div_ceil(LINES) as f64, moving.count.div_ceil(LINES) as f64);
            let cost = steps as f64 * (still * moved * MULTIPLY_NS + (still + moved) * PACK_NS);
            Part {
                out: SendPointer(out.as_mut_ptr()),
                n,
                standing: pack(&standing, [first, count], [from, depth], cost),
                stand: first..first + count,
                moving: &moving,
                rows_move,
                from,
                depth,
                steps,
                accumulate: ending.accumulate || from > 0,
                bias: ending.bias.filter(|_| last),
                relu: ending.relu && last,
            }
            .multiply(cost);
        }
    }
}

/// A size, at most `most`, that cuts `whole` into nearly equal parts.
fn equal_parts(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most))
}

/// Packs `count` lines from `first` on, `depth` places from `from` on.
fn pack(lines: &Lines<'_>, [first, count]: [usize; 2], [from, depth]: [usize; 2], cost: f64) -> Buffer {
    let group_bytes = depth.div_ceil(DEPTH) * BYTES;
    let groups = count.div_ceil(LINES);
    let mut packed = Buffer::recycled::<u8>(groups * group_bytes);
    if let Some(packed) = packed.slice_mut::<u8>(groups * group_bytes) {
        threads::for_each_piece(packed, 2 * group_bytes, cost, |pair, target| {
            lines.pack(target, first + pair * 2 * LINES, from, depth);
        });
    }
    packed
}

/// What some of the standing lines and a part of the inner dimension add to the product.
struct Part<'a> {
    out: SendPointer<f32>,
    /// Columns of the product.
    n: usize,
    /// The standing lines, packed, and which ones they are.
    standing: Buffer,
    stand: Range<usize>,
    moving: &'a Lines<'a>,
    /// Whether the moving lines are rows of the product, and the standing ones columns; else it is the other way round.
    rows_move: bool,
    /// The part of the inner dimension: where it begins, its length in places and in tiles.
    from: usize,
    depth: usize,
    steps: usize,
    /// The ending, without bias and ReLU unless these sums are the last.
    accumulate: bool,
    bias: Option<&'a [f32]>,
    relu: bool,
}

impl Part<'_> {
    fn multiply(&self, cost: f64) {
        let groups = self.moving.count.div_ceil(LINES);
        // Enough tasks for many threads, each of pairs of groups.
        let taken = (groups / 8).clamp(2, GROUPS).next_multiple_of(2);
        threads::for_each(groups.div_ceil(taken), cost, |task| {
            let first = task * taken;
            self.task(first, taken.min(groups - first));
        });
    }

    /// Multiplies `groups` groups of moving lines from the group `first` on with all that stands.
    fn task(&self, first: usize, groups: usize) {
        let size = groups * self.steps * BYTES;
        let mut room = Buffer::recycled::<u8>(size);
        let Some(packed) = room.slice_mut::<u8>(size) else { return };
        self.moving.pack(packed, first * LINES, self.from, self.depth);
        let standing_groups = self.stand.len().div_ceil(LINES);
        let still = self.standing.slice::<u8>(standing_groups * self.steps * BYTES);
        // SAFETY: this module runs only where there are tiles, and this task is alone in its thread.
        let tiles = unsafe { Tiles::configure(DEPTH) };
        let mut corner = [0.0; CORNER * CORNER];
        let block_steps = equal_parts(self.steps, BLOCK_STEPS);
        for step in (0..self.steps).step_by(block_steps) {
            let steps = block_steps.min(self.steps - step);
            // The tiles of a pair of groups; twice the same if only one is left.
            let pair = |packed: &[u8], group: usize, groups: usize| {
                [0, 1].map(|i| packed[((group + i).min(groups - 1) * self.steps + step) * BYTES..].as_ptr())
            };
            for moved in (0..groups).step_by(2) {
                for stood in (0..standing_groups).step_by(2) {
                    let moving_at = (first + moved) * LINES;
                    let standing_at = self.stand.start + stood * LINES;
                    let moving = (pair(packed, moved, groups), moving_at..self.moving.count.min(moving_at + CORNER));
                    let standing = (pair(still, stood, standing_groups), standing_at..self.stand.end.min(standing_at + CORNER));
                    let ((a, rows), (b, columns)) = if self.rows_move { (moving, standing) } else { (standing, moving) };
                    let out_row = self.n * size_of::<f32>();
                    let out = self.out.0.wrapping_add(rows.start * self.n + columns.start);
                    let block = Block { steps, a, b, out, out_row, accumulate: self.accumulate || step > 0 };
                    // SAFETY: `steps` tiles from `step` on are packed for each group; rows and columns lie inside `out`, and
                    // are written by the one task that has the moving lines.
                    unsafe {
                        compute(&tiles, &block, [rows.len(), columns.len()], &mut corner);
                        if (self.bias.is_some() || self.relu) && step + steps == self.steps {
                            end(&block, rows.len(), columns.len(), self.bias.map(|bias| &bias[columns]), self.relu);
                        }
                    }
                }
            }
        }
    }
}

/// Rows and columns of the largest block.
const CORNER: usize = 2 * LINES;

/// Computes a block of which only some rows and columns exist, with `corner` as room for all.
///
/// # Safety
///
/// As [`Tiles::multiply`], but that `out` needs room for these rows and columns only.
unsafe fn compute(tiles: &Tiles, block: &Block, [rows, columns]: [usize; 2], corner: &mut [f32; CORNER * CORNER]) {
    if rows.is_multiple_of(LINES) && columns.is_multiple_of(LINES) {
        // SAFETY: all rows and columns of the tiles exist.
        return unsafe { tiles.multiply(block) };
    }
    // SAFETY: the rows and columns of `out` that exist are read and written, and `corner` has room for 2 × 2 tiles.
    unsafe {
        let row = |r: usize| block.out.byte_add(r * block.out_row);
        if block.accumulate {
            (0..rows).for_each(|r| std::ptr::copy_nonoverlapping(row(r), corner[r * CORNER..].as_mut_ptr(), columns));
        }
        let out_row = CORNER * size_of::<f32>();
        tiles.multiply(&Block { out: corner.as_mut_ptr(), out_row, ..*block });
        (0..rows).for_each(|r| std::ptr::copy_nonoverlapping(corner[r * CORNER..].as_ptr(), row(r), columns));
    }
}

/// Adds the bias of the block's columns and replaces what is below 0 by 0.
///
/// # Safety
///
/// The rows and columns lie inside `out`, and nobody else uses them meanwhile. The processor has AVX-512.
#[target_feature(enable = "avx512f")]
unsafe fn end(block: &Block, rows: usize, columns: usize, bias: Option<&[f32]>, relu: bool) {
    for r in 0..rows {
        // SAFETY: the caller's promise.
        let row = unsafe { std::slice::from_raw_parts_mut(block.out.byte_add(r * block.out_row), columns) };
        if let Some(bias) = bias {
            row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
        }
        if relu {
            row.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x });
        }
    }
}
