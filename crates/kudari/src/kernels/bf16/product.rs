//! The product by tiles: what is packed when, which blocks are computed in which order, and by whom.
//!
//! The smaller operand stands still: it is packed first, in blocks that the second-level cache holds. The larger one moves:
//! a task takes some groups of 16 lines of it, packs them for itself, and multiplies them with all that stands while they
//! are still near. So both are read from memory once, unless the smaller one is large itself.
//!
//! Tiles and blocks are cut by size alone, and an element of the result is one sum in the order of the inner dimension.

use super::pack::Lines;
use super::tile::{BYTES, Block, DEPTH, LINES, Tiles};
use crate::kernels::matmul::Matrix;
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
pub(super) fn matmul(out: &mut [f32], [m, k, n]: [usize; 3], a: Matrix<'_, f32>, b: Matrix<'_, f32>, accumulate: bool) {
    let (rows, columns) = (Lines::rows(a, m), Lines::columns(b, n));
    let rows_move = 2 * m > n;
    let (standing, moving) = if rows_move { (columns, rows) } else { (rows, columns) };
    let standing_groups = standing.count.min(STANDING).div_ceil(LINES);
    let depth = part(k.div_ceil(DEPTH), (STANDING_TILES / standing_groups).min(PACKED_STEPS)) * DEPTH;
    for from in (0..k).step_by(depth) {
        let depth = depth.min(k - from);
        for first in (0..standing.count).step_by(STANDING) {
            let count = STANDING.min(standing.count - first);
            // One estimate for both regions of threads: the second follows the first at once.
            let (still, moved) = (count.div_ceil(LINES) as f64, moving.count.div_ceil(LINES) as f64);
            let cost = depth.div_ceil(DEPTH) as f64 * (still * moved * MULTIPLY_NS + (still + moved) * PACK_NS);
            let packed = pack(&standing, [first, count], [from, depth], cost);
            let standing = Standing { packed: &packed, first, count };
            multiply(out, n, standing, &moving, rows_move, [from, depth], accumulate || from > 0, cost);
        }
    }
}

/// A size, at most `most`, that cuts `whole` into nearly equal parts.
fn part(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most))
}

/// Lines of the standing operand, packed.
#[derive(Clone, Copy)]
struct Standing<'a> {
    packed: &'a Buffer,
    first: usize,
    count: usize,
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

/// The part of the product that the standing lines and `depth` places from `from` on make.
#[allow(clippy::too_many_arguments)]
fn multiply(
    out: &mut [f32],
    n: usize,
    standing: Standing<'_>,
    moving: &Lines<'_>,
    rows_move: bool,
    [from, depth]: [usize; 2],
    accumulate: bool,
    cost: f64,
) {
    let steps = depth.div_ceil(DEPTH);
    let group_bytes = steps * BYTES;
    let groups = moving.count.div_ceil(LINES);
    let standing_groups = standing.count.div_ceil(LINES);
    let still = standing.packed.slice::<u8>(standing_groups * group_bytes);
    // Enough tasks for many threads, each of pairs of groups.
    let taken = (groups / 8).clamp(2, GROUPS).next_multiple_of(2);
    let start = SendPointer(out.as_mut_ptr());
    threads::for_each(groups.div_ceil(taken), cost, |task| {
        let start = &start;
        let first = task * taken;
        let mine = taken.min(groups - first);
        let mut room = Buffer::recycled::<u8>(mine * group_bytes);
        let Some(packed) = room.slice_mut::<u8>(mine * group_bytes) else { return };
        moving.pack(packed, first * LINES, from, depth);
        // SAFETY: this module runs only where there are tiles, and this task is alone in its thread.
        let tiles = unsafe { Tiles::configure() };
        let mut corner = [0.0; CORNER * CORNER];
        let block_steps = part(steps, BLOCK_STEPS);
        for step in (0..steps).step_by(block_steps) {
            for moved in (0..mine).step_by(2) {
                for stood in (0..standing_groups).step_by(2) {
                    let group = |packed: &[u8], group: usize, groups: usize| {
                        [0, 1].map(|i| packed[((group + i).min(groups - 1) * steps + step) * BYTES..].as_ptr())
                    };
                    let (m, s) = (group(packed, moved, mine), group(still, stood, standing_groups));
                    let m_at = (first + moved) * LINES;
                    let s_at = standing.first + stood * LINES;
                    let m_count = (2 * LINES).min(moving.count - m_at);
                    let s_count = (2 * LINES).min(standing.first + standing.count - s_at);
                    let ([a, b], [i, j], [rows, columns]) = if rows_move {
                        ([m, s], [m_at, s_at], [m_count, s_count])
                    } else {
                        ([s, m], [s_at, m_at], [s_count, m_count])
                    };
                    let block = Block {
                        steps: block_steps.min(steps - step),
                        a,
                        b,
                        // SAFETY: row i and column j are inside `out`.
                        out: unsafe { start.0.add(i * n + j) },
                        out_row: n * size_of::<f32>(),
                        accumulate: accumulate || step > 0,
                    };
                    // SAFETY: the tiles from `step` on are packed; the rows and columns lie inside `out`, and each is
                    // written by the one task that has the moving line.
                    unsafe { compute(&tiles, block, [rows, columns], &mut corner) }
                }
            }
        }
    });
}

/// Rows and columns of the largest block.
const CORNER: usize = 2 * LINES;

/// Computes a block of which only some rows and columns exist, with `corner` as room for all.
///
/// # Safety
///
/// As [`Tiles::multiply`], but that `out` needs room for these rows and columns only.
unsafe fn compute(tiles: &Tiles, block: Block, [rows, columns]: [usize; 2], corner: &mut [f32; CORNER * CORNER]) {
    if rows.is_multiple_of(LINES) && columns.is_multiple_of(LINES) {
        // SAFETY: all rows and columns of the tiles exist.
        return unsafe { tiles.multiply(&block) };
    }
    // SAFETY: the rows and columns of `out` that exist are read and written, and `corner` has room for 2 × 2 tiles.
    unsafe {
        let row = |r: usize| block.out.byte_add(r * block.out_row);
        if block.accumulate {
            (0..rows).for_each(|r| std::ptr::copy_nonoverlapping(row(r), corner[r * CORNER..].as_mut_ptr(), columns));
        }
        let out_row = CORNER * size_of::<f32>();
        tiles.multiply(&Block { out: corner.as_mut_ptr(), out_row, ..block });
        (0..rows).for_each(|r| std::ptr::copy_nonoverlapping(corner[r * CORNER..].as_ptr(), row(r), columns));
    }
}
