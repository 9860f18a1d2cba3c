//! The gradient by the weight by tiles: `dw[f, tap, c] = Σ_places g[place, f] · x[place + offset(tap), c]`, rows of the left
//! operand are filters, columns channels, and the inner dimension are places.
//!
//! Tiles want the inner dimension in pairs. A pair is the same place of two pictures: then every number of the kernel reads
//! the same pairs, only from another place on. For each row of the output, its places for a few pairs of pictures follow
//! each other without gaps and are cut into equal tiles. x is rounded and interleaved as it lies, g is turned over.
//!
//! Small weights get a sum of their own for each of several parts of the pictures, which are added in order; for large ones
//! all pictures are rounded first, and the weights are cut into tasks. Both by the sizes alone.

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::Geometry;
use super::tile::{BLOCK, Block, RESULT, multiply};
use crate::kernels::bf16::registers::{interleave, rounded, transposed};
use crate::kernels::bf16::tile::{BYTES, LINES, Tiles};
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Estimated nanoseconds of a step of a block, of fetching and putting away its results, and of rounding a number.
const STEP_NS: f64 = 25.0;
const BLOCK_NS: f64 = 100.0;
const ROUND_NS: f64 = 0.3;
/// Bytes of x and g that the second-level cache holds.
const NEAR: usize = 1024 * 1024;
/// How much longer a step takes beyond that, about.
const FAR: f64 = 2.0;
/// Steps that are done for all blocks in turn: what they read stays in the first-level cache.
const RESIDENT: usize = 24;
/// Weights up to so many blocks are summed by parts of the pictures.
const SMALL: usize = 128;
/// Parts of the pictures, or tasks of large weights at least.
const PARTS: usize = 8;
/// Bytes after the last row of x, so that whole tiles can be read.
const AFTER: usize = 4 * LINES;
/// Pairs of places in a tile.
const PAIRS: usize = 16;

/// How the sums are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Pairs of pictures that are summed together.
    pairs: usize,
    /// Numbers of one row of the kernel that are columns together; their pictures come one pair at a time.
    merged: usize,
    /// Tiles of a row of the output, and pairs of places in each.
    tiles: usize,
    deep: usize,
    /// Groups of so many pairs of pictures.
    groups: usize,
    /// Tiles of columns of a run of merged numbers.
    wide: usize,
    /// Estimated nanoseconds.
    pub cost: f64,
}

impl Plan {
    /// The fastest plan for one group of channels.
    pub(super) fn new(geometry: &Geometry) -> Plan {
        let &Geometry { batch, channels, filters, out_height, out_width, kernel, dilation, groups, .. } = geometry;
        let (channels, filters) = (channels / groups, filters / groups);
        let plan = |pairs: usize, merged: usize| {
            let row = out_width * pairs;
            let tiles = (row.div_ceil(PAIRS)..=row).find(|&tiles| row.is_multiple_of(tiles)).unwrap_or(row);
            let groups = batch.div_ceil(2 * pairs);
            let wide = (merged * channels).div_ceil(LINES);
            let blocks = filters.div_ceil(2 * LINES) * (wide * kernel[0] * kernel[1] / merged).div_ceil(2);
            let steps = (out_height * tiles) as f64;
            let numbers = 2 * pairs * (geometry.input_len() + geometry.output_len()) / geometry.groups;
            // Two bytes each; more than the cache holds is fetched from farther away for every block.
            let step = if 2 * numbers <= NEAR || pairs == 1 { STEP_NS } else { FAR * STEP_NS };
            let multiply = steps * step + (steps / RESIDENT as f64).ceil() * BLOCK_NS;
            let cost = groups as f64 * (blocks as f64 * multiply + numbers as f64 * ROUND_NS);
            Plan { pairs, merged, tiles, deep: row / tiles, groups, wide, cost }
        };
        let most = batch.div_ceil(2).min(PAIRS);
        let alone = (2..=most).map(|pairs| plan(pairs, 1));
        let together = (dilation[1] == 1 && kernel[1] > 1).then(|| plan(1, kernel[1]));
        alone.chain(together).fold(plan(1, 1), |best, plan| if plan.cost < best.cost { plan } else { best })
    }
}

/// Where the rounded numbers lie. Distances are in pairs of 4 bytes, those of g in tiles.
struct Layout<'a> {
    geometry: &'a Geometry,
    plan: Plan,
    group: usize,
    channels: usize,
    filters: usize,
    /// Rows and columns of x that are read, zeros included.
    read: [usize; 2],
    /// Columns of x are sorted into so many phases, so that neighbouring places of the output read neighbours.
    phases: usize,
    phase: usize,
    row: usize,
    /// From a place and pair of pictures to the next.
    place: usize,
    /// Tiles of 16 filters.
    high: usize,
}

impl<'a> Layout<'a> {
    fn new(geometry: &'a Geometry, plan: Plan, group: usize) -> Layout<'a> {
        let &Geometry { channels, filters, out_height, out_width, kernel, stride, dilation, groups, .. } = geometry;
        let (channels, filters) = (channels / groups, filters / groups);
        let places = [out_height, out_width];
        let read = [0, 1].map(|axis| (places[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1);
        let phases = if plan.merged > 1 { 1 } else { stride[1] };
        let phase = read[1].div_ceil(phases) * plan.pairs * channels;
        let place = if plan.merged > 1 { stride[1] * channels } else { channels };
        let high = filters.div_ceil(LINES);
        Layout { geometry, plan, group, channels, filters, read, phases, phase, row: phases * phase, place, high }
    }

    /// Bytes of a row of x, and of a row of g: of both for all pairs of pictures.
    fn row_bytes(&self) -> [usize; 2] {
        [4 * self.row, self.high * self.plan.tiles * BYTES]
    }

    /// Bytes of a group of pictures.
    fn bytes(&self) -> [usize; 2] {
        let [x, g] = self.row_bytes();
        [self.read[0] * x, self.geometry.out_height * g]
    }

    /// Tiles of columns.
    fn across(&self) -> usize {
        let [height, width] = self.geometry.kernel;
        height * width / self.plan.merged * self.plan.wide
    }

    /// The first number of the kernel and the first column of the run of a tile of columns.
    fn run(&self, tile: usize) -> (usize, usize) {
        (tile / self.plan.wide * self.plan.merged, tile % self.plan.wide * LINES)
    }

    /// Where a tile of columns starts in x, in bytes.
    fn start(&self, tile: usize) -> usize {
        let (first, from) = self.run(tile);
        let [y, x] = [first / self.geometry.kernel[1], first % self.geometry.kernel[1]];
        let [y, x] = [y * self.geometry.dilation[0], x * self.geometry.dilation[1]];
        4 * (y * self.row + x % self.phases * self.phase + x / self.phases * self.plan.pairs * self.channels + from)
    }

    /// How far from the starts of g and of x each step of a group of pictures lies, in bytes.
    fn steps(&self) -> Buffer {
        let (plan, count) = (self.plan, self.plan.tiles * self.geometry.out_height);
        let mut room = Buffer::recycled::<i64>(2 * count);
        if let Some(steps) = room.slice_mut::<i64>(2 * count) {
            for (step, at) in steps.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let (row, tile) = (step / plan.tiles, step % plan.tiles);
                let x = row * self.geometry.stride[0] * self.row + tile * plan.deep * self.place;
                *at = [((row * self.high * plan.tiles + tile) * BYTES) as i64, 4 * x as i64];
            }
        }
        room
    }

    /// [`Layout::start`] of all tiles of columns.
    fn starts(&self) -> Buffer {
        let mut room = Buffer::recycled::<i64>(self.across());
        if let Some(starts) = room.slice_mut::<i64>(self.across()) {
            starts.iter_mut().enumerate().for_each(|(tile, start)| *start = self.start(tile) as i64);
        }
        room
    }

    /// Picture number `n`, if it exists.
    #[inline(always)]
    fn picture<'b>(&self, numbers: &'b [f32], len: usize, n: usize) -> Option<&'b [f32]> {
        if n < self.geometry.batch { Some(&numbers[n * len..(n + 1) * len]) } else { None }
    }

    /// Rounds row `row` (zeros included) of the pictures of a group.
    ///
    /// # Safety
    ///
    /// `simd::tiles()`, which goes with these instructions.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn round_x(&self, target: &mut [u8], x: &[f32], group: usize, row: usize) {
        let &Geometry { channels: all, height, width, padding, groups, .. } = self.geometry;
        let y = row.wrapping_sub(padding[0]);
        // The columns of the picture that are read, where the zeros stand that are read too.
        let columns = padding[1]..self.read[1].min(padding[1] + width);
        if y >= height || padding[1] > 0 || columns.end < self.phases * self.read[1].div_ceil(self.phases) {
            target.fill(0);
        }
        if y >= height {
            return;
        }
        let (line, first) = (y * width * all, self.group * (all / groups));
        let together = groups == 1 && self.phases == 1 && self.plan.pairs == 1;
        for pair in 0..self.plan.pairs {
            let n = 2 * (group * self.plan.pairs + pair);
            let [a, b] = [n, n + 1].map(|n| self.picture(x, self.geometry.input_len(), n));
            let at = |column: usize| {
                4 * (column % self.phases * self.phase + (column / self.phases * self.plan.pairs + pair) * self.channels)
            };
            if together {
                interleaved(&mut target[at(columns.start)..][..4 * columns.len() * all], [a, b], line);
                continue;
            }
            for column in columns.clone() {
                let from = line + (column - padding[1]) * all + first;
                interleaved(&mut target[at(column)..][..4 * self.channels], [a, b], from);
            }
        }
    }

    /// Rounds row `row` of the gradients of a group into tiles of 16 filters and some pairs of places each.
    ///
    /// # Safety
    ///
    /// `simd::tiles()`, which goes with these instructions.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn round_g(&self, target: &mut [u8], g: &[f32], group: usize, row: usize) {
        let &Geometry { filters: all, out_width, groups, .. } = self.geometry;
        let (plan, len, order) = (self.plan, self.geometry.output_len(), interleave());
        for (index, target) in target.chunks_exact_mut(BYTES).enumerate() {
            let (filter, from) = (index / plan.tiles * LINES, index % plan.tiles * plan.deep);
            let count = LINES.min(self.filters - filter);
            let (mut column, mut pair) = (from / plan.pairs, from % plan.pairs);
            let mut tile = [_mm512_setzero_si512(); PAIRS];
            for line in tile.iter_mut().take(plan.deep) {
                let start = (row * out_width + column) * all + self.group * (all / groups) + filter;
                let n = 2 * (group * plan.pairs + pair);
                // What lies here in the next row is read in steps so long that the processor does not foresee it.
                for n in [n, n + 1] {
                    _mm_prefetch::<_MM_HINT_T0>(g.as_ptr().wrapping_add(n * len + start + out_width * all).cast());
                }
                let (a, b) = (load(self.picture(g, len, n), start, count), load(self.picture(g, len, n + 1), start, count));
                *line = _mm512_permutexvar_epi16(order, rounded(a, b));
                pair += 1;
                if pair == plan.pairs {
                    (pair, column) = (0, column + 1);
                }
            }
            for (line, target) in transposed(tile).into_iter().zip(target.as_chunks_mut::<64>().0) {
                // SAFETY: 64 bytes are written, as many as there are.
                unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), line) }
            }
        }
    }
}

/// Up to 16 numbers, zeros for those that are missing.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(x: Option<&[f32]>, from: usize, count: usize) -> __m512 {
    let Some(x) = x else { return _mm512_setzero_ps() };
    let (x, mask) = (&x[from..from + count], ((1u32 << count.min(LINES)) - 1) as u16);
    // SAFETY: only numbers of the slice are read.
    unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr()) }
}

/// Pairs of rounded numbers, as many as the target has room for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn interleaved(target: &mut [u8], [a, b]: [Option<&[f32]>; 2], from: usize) {
    let order = interleave();
    for (at, target) in target.chunks_mut(64).enumerate() {
        let (from, count) = (from + at * LINES, target.len() / 4);
        let pairs = _mm512_permutexvar_epi16(order, rounded(load(a, from, count), load(b, from, count)));
        // SAFETY: only the bytes of the target are written.
        unsafe { _mm512_mask_storeu_epi32(target.as_mut_ptr().cast(), ((1u32 << count) - 1) as u16, pairs) }
    }
}

/// See [`backward_weight`](super::super::backward_weight), where there are tiles and something to compute.
pub(super) fn backward_weight(dw: &mut [f32], [x, g]: [&[f32]; 2], geometry: &Geometry, plan: Plan) {
    let len = geometry.filters / geometry.groups * geometry.filter_len();
    for (group, dw) in dw.chunks_exact_mut(len).enumerate() {
        let layout = Layout::new(geometry, plan, group);
        let (steps, starts) = (layout.steps(), layout.starts());
        let sums = Sums {
            layout: &layout,
            steps: steps.slice::<i64>(2 * plan.tiles * geometry.out_height).as_chunks().0,
            starts: starts.slice::<i64>(layout.across()),
            down: layout.high.div_ceil(2),
            across: layout.across().div_ceil(2),
        };
        let total = if sums.blocks() <= SMALL { sums.by_pictures(x, g) } else { sums.by_blocks(x, g) };
        sums.write(dw, total.slice::<f32>(sums.blocks() * BLOCK));
    }
}

/// The sums of one group of channels, in blocks, and what they are made from.
struct Sums<'a> {
    layout: &'a Layout<'a>,
    /// How far from the starts of g and of x each step of a group of pictures lies.
    steps: &'a [[i64; 2]],
    /// Where each tile of columns starts in x.
    starts: &'a [i64],
    /// Blocks of filters and of columns.
    down: usize,
    across: usize,
}

impl Sums<'_> {
    fn blocks(&self) -> usize {
        self.down * self.across
    }

    /// Sums over parts of the pictures, each by a task that rounds its pictures itself, added in order.
    fn by_pictures(&self, x: &[f32], g: &[f32]) -> Buffer {
        let (layout, plan, len) = (self.layout, self.layout.plan, self.blocks() * BLOCK);
        let ([x_bytes, g_bytes], [x_row, g_row]) = (layout.bytes(), layout.row_bytes());
        let parts = PARTS.min(plan.groups);
        let mut room = Buffer::recycled::<f32>(parts * len);
        let Some(sums) = room.slice_mut::<f32>(parts * len) else { return room };
        threads::for_each_piece(sums, len, plan.cost, |part, sums| {
            let out = SendPointer(sums.as_mut_ptr());
            let (mut near_x, mut near_g) = (Buffer::recycled::<u8>(x_bytes + AFTER), Buffer::recycled::<u8>(g_bytes));
            let groups = part * plan.groups / parts..(part + 1) * plan.groups / parts;
            for group in groups.clone() {
                let (Some(to_x), Some(to_g)) = (near_x.slice_mut::<u8>(x_bytes), near_g.slice_mut::<u8>(g_bytes)) else { return };
                // SAFETY: this module is used only where there are tiles.
                to_x.chunks_exact_mut(x_row).enumerate().for_each(|(row, to)| unsafe { layout.round_x(to, x, group, row) });
                // SAFETY: as above.
                to_g.chunks_exact_mut(g_row).enumerate().for_each(|(row, to)| unsafe { layout.round_g(to, g, group, row) });
                let (x, g) = (near_x.slice::<u8>(x_bytes + AFTER), near_g.slice::<u8>(g_bytes));
                self.add(&out, 0..self.blocks(), [x, g], group > groups.start);
            }
        });
        let (total, others) = sums.split_at_mut(len);
        for part in others.chunks_exact(len) {
            total.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
        room
    }

    /// Sums over all pictures, which are rounded first; each task has some of the blocks.
    fn by_blocks(&self, x: &[f32], g: &[f32]) -> Buffer {
        let (layout, plan, blocks) = (self.layout, self.layout.plan, self.blocks());
        let ([x_bytes, g_bytes], [x_row, g_row]) = (layout.bytes(), layout.row_bytes());
        let mut room = Buffer::recycled::<f32>(blocks * BLOCK);
        let Some(sums) = room.slice_mut::<f32>(blocks * BLOCK) else { return room };
        let (all_x, all_g) = (plan.groups * x_bytes, plan.groups * g_bytes);
        let (mut x_room, mut g_room) = (Buffer::recycled::<u8>(all_x + AFTER), Buffer::recycled::<u8>(all_g));
        if let (Some(to_x), Some(to_g)) = (x_room.slice_mut::<u8>(all_x), g_room.slice_mut::<u8>(all_g)) {
            let (height, out_height) = (layout.read[0], layout.geometry.out_height);
            // SAFETY: this module is used only where there are tiles.
            threads::for_each_piece(to_x, x_row, plan.cost, |i, to| unsafe { layout.round_x(to, x, i / height, i % height) });
            // SAFETY: as above.
            let round_g = |i: usize, to: &mut [u8]| unsafe { layout.round_g(to, g, i / out_height, i % out_height) };
            threads::for_each_piece(to_g, g_row, plan.cost, round_g);
        }
        let (x, g) = (x_room.slice::<u8>(all_x + AFTER), g_room.slice::<u8>(all_g));
        let tasks = (blocks / SMALL).clamp(PARTS, 4 * PARTS);
        let start = SendPointer(sums.as_mut_ptr());
        threads::for_each(tasks, plan.cost, |task| {
            for group in 0..plan.groups {
                let near = [&x[group * x_bytes..][..x_bytes + AFTER], &g[group * g_bytes..][..g_bytes]];
                self.add(&start, task * blocks / tasks..(task + 1) * blocks / tasks, near, group > 0);
            }
        });
        room
    }

    /// Adds what a group of pictures gives to some blocks, or begins with it. Nobody else uses these blocks meanwhile.
    fn add(&self, out: &SendPointer<f32>, blocks: Range<usize>, [x, g]: [&[u8]; 2], accumulate: bool) {
        let (layout, plan) = (self.layout, self.layout.plan);
        assert!(blocks.end <= self.blocks(), "a block outside the sums");
        // SAFETY: this module is used only where there are tiles, and this task is alone in its thread.
        let tiles = unsafe { Tiles::configure(2 * plan.deep) };
        let b_row = 4 * layout.place;
        let reach = self.steps.iter().map(|step| step[1] as usize).max().unwrap_or(0) + (plan.deep - 1) * b_row + 64;
        let parts = self.steps.len().div_ceil(RESIDENT);
        for part in 0..parts {
            let steps = &self.steps[part * self.steps.len() / parts..(part + 1) * self.steps.len() / parts];
            for index in blocks.clone() {
                let (down, across) = (index / self.across, index % self.across);
                let a = [0, 1].map(|i| g[(2 * down + i).min(layout.high - 1) * plan.tiles * BYTES..].as_ptr());
                let b = [0, 1].map(|i| {
                    let start = self.starts[(2 * across + i).min(self.starts.len() - 1)] as usize;
                    assert!(start + reach <= x.len(), "a place outside its picture");
                    x[start..].as_ptr()
                });
                // SAFETY: `out` are the sums, and the block is one of them.
                let out = unsafe { out.0.add(index * BLOCK) };
                let block = Block { steps, a, a_row: 64, b, b_row, out, accumulate: accumulate || part > 0 };
                // SAFETY: a are whole tiles at all steps, what b reads is inside x (checked above), and no other task has
                // these sums.
                unsafe { multiply(&tiles, &block) }
            }
        }
    }

    /// Brings the sums into the order of the weights of this group.
    fn write(&self, dw: &mut [f32], sums: &[f32]) {
        let (layout, geometry) = (self.layout, self.layout.geometry);
        let (len, taps) = (geometry.filter_len(), geometry.kernel[0] * geometry.kernel[1]);
        // All of a tile at a time, and those of the same channels after each other: what is written to stays near.
        let (wide, runs) = (layout.plan.wide, layout.across() / layout.plan.wide);
        threads::for_each_piece(dw, LINES * len, (layout.filters * len) as f64, |high, filters| {
            for tile in (0..wide).flat_map(|from| (0..runs).map(move |run| run * wide + from)) {
                let block = high / 2 * self.across + tile / 2;
                let sums = &sums[(block * 4 + high % 2 * 2 + tile % 2) * RESULT..][..RESULT];
                let (first, from) = layout.run(tile);
                let count = LINES.min(layout.plan.merged * layout.channels - from);
                for (filter, sums) in filters.chunks_exact_mut(len).zip(sums.chunks_exact(LINES)) {
                    let (mut tap, mut c) = (first + from / layout.channels, from % layout.channels);
                    for sum in &sums[..count] {
                        filter[c * taps + tap] = *sum;
                        c += 1;
                        if c == layout.channels {
                            (c, tap) = (0, tap + 1);
                        }
                    }
                }
            }
        });
    }
}
