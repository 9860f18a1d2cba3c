//! Pictures rounded to bf16, laid out so that places of the output are a constant distance apart.
//!
//! With a vertical step s the rows are sorted into s planes, row y being row y / s of plane y % s: neighbouring rows of the
//! output then read neighbouring rows of a plane. Rows are multiples of the horizontal step, so that the places of all rows
//! follow each other at one distance, with a few between two rows that nobody asked for. The zeros after a row are those
//! before the next one.

use std::arch::x86_64::*;

use super::super::taps::Axis;
use crate::kernels::bf16::tile::LINES;
use crate::kernels::memory::Buffer;
use crate::kernels::threads;

/// Numbers that a thread rounds before it looks for more, about.
const PIECE: usize = 16_384;
/// Bytes of a group of pictures that the second-level cache holds beside the weights.
const NEAR: usize = 1024 * 1024;
/// Estimated nanoseconds to round a number.
const ROUND_NS: f64 = 0.25;

/// Where the numbers of rounded pictures lie. All is counted in numbers of two bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    axes: [Axis; 2],
    /// Channels that are kept of each place: those that there are, then zeros.
    pub channels: usize,
    /// From a row to the next, from a plane to the next, from a picture to the next.
    row: usize,
    plane: usize,
    pub picture: usize,
    /// Pictures that there is room for.
    pictures: usize,
}

impl Layout {
    pub(super) fn new(axes: [Axis; 2], channels: usize, pictures: usize) -> Layout {
        let [vertical, horizontal] = axes;
        // Much padding makes more places than a picture has.
        let columns = horizontal.size + horizontal.before.max(horizontal.after);
        let columns = columns.max(horizontal.places * horizontal.step).next_multiple_of(horizontal.step);
        let row = columns * channels;
        let plane = (vertical.before + vertical.size + vertical.after).div_ceil(vertical.step) * row;
        // After the last row come the zeros that stand before a next one. An odd number of cache lines, so that the same
        // place of many pictures does not fall into one set of the cache.
        let lines = (vertical.step * plane + horizontal.before * channels).div_ceil(32);
        let layout = Layout { axes, channels, row, plane, picture: (lines | 1) * 32, pictures };
        Layout { pictures: if layout.in_groups() { pictures.next_multiple_of(LINES) } else { pictures }, ..layout }
    }

    /// All numbers, with what a tile reads that begins with the last place.
    pub(super) fn len(&self) -> usize {
        self.pictures * self.picture + LINES * self.place() + 32
    }

    /// From a place of the output to the next, also where the next row begins after [`Layout::run`] places.
    pub(super) fn place(&self) -> usize {
        self.axes[1].step * self.channels
    }

    /// Places from one row of the output to the next.
    pub(super) fn run(&self) -> usize {
        self.row / self.place()
    }

    /// How far from a place's start the numbers lie that a gathering along these axes reads `offset` rows and columns from
    /// where it starts to read. Its picture is the same, with no more zeros around it than here.
    pub(super) fn offset(&self, axes: &[Axis; 2], offset: [usize; 2]) -> usize {
        let [y, x] = [0, 1].map(|axis| self.axes[axis].before - axes[axis].before + axes[axis].first + offset[axis]);
        let step = self.axes[0].step;
        y % step * self.plane + y / step * self.row + x * self.channels
    }

    /// Whether there is room for whole groups of pictures, which the second-level cache holds; those that do not exist are
    /// readable, but hold anything.
    pub(super) fn in_groups(&self) -> bool {
        LINES * self.picture * size_of::<u16>() <= NEAR
    }

    /// Rounds `depth` channels, `first` and following of `all`, of pictures `[batch, size, size, all]`.
    pub(super) fn round(&self, x: &[f32], batch: usize, [first, depth, all]: [usize; 3]) -> Buffer {
        let [vertical, horizontal] = self.axes;
        let (picture, width) = (vertical.size * horizontal.size * all, horizontal.size * all);
        assert!(batch <= self.pictures && first + depth <= all && depth <= self.channels, "the channels of a picture");
        let mut copy = Buffer::recycled::<u8>(2 * self.len());
        let Some(numbers) = copy.slice_mut::<u8>(2 * self.len()) else { return copy };
        let numbers = &mut numbers[..2 * batch * self.picture];
        // Pieces are whole rows, and the last of a picture is whatever is left of it.
        let rows = vertical.step * (self.plane / self.row.max(1));
        let block = (PIECE / self.row.max(1)).clamp(1, rows.max(1));
        let blocks = rows.div_ceil(block);
        let start = threads::SendPointer(numbers.as_mut_ptr());
        threads::for_each(batch * blocks, (batch * self.picture) as f64 * ROUND_NS, |piece| {
            let (n, from) = (piece / blocks, piece % blocks * block);
            let to = if from + block >= rows { self.picture } else { (from + block) * self.row };
            let start = &start;
            // SAFETY: the pieces of a picture follow each other without overlapping, inside the picture's numbers.
            let piece = unsafe {
                let begin = 2 * (n * self.picture + from * self.row);
                std::slice::from_raw_parts_mut(start.0.add(begin), 2 * (to - from * self.row))
            };
            let x = &x[n * picture..(n + 1) * picture];
            for (row, target) in (from..).zip(piece.chunks_mut(2 * self.row)) {
                let in_plane = self.plane / self.row;
                let y = (row % in_plane * vertical.step + row / in_plane).checked_sub(vertical.before);
                let Some(y) = y.filter(|&y| row < rows && y < vertical.size) else {
                    target.fill(0);
                    continue;
                };
                let (before, rest) = target.split_at_mut(2 * horizontal.before * self.channels);
                let (places, after) = rest.split_at_mut(2 * horizontal.size * self.channels);
                before.fill(0);
                after.fill(0);
                // SAFETY: this module is used only where there are tiles, and with them these instructions.
                unsafe { round_row(places, &x[y * width..(y + 1) * width], [first, depth, all], self.channels) }
            }
        });
        copy
    }
}

/// Rounds some channels of a row of places, and puts `kept` numbers where each place was.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn round_row(target: &mut [u8], x: &[f32], [first, depth, all]: [usize; 3], kept: usize) {
    if depth == all && kept == all {
        return round(target, x);
    }
    for (target, place) in target.chunks_exact_mut(2 * kept).zip(x.chunks_exact(all)) {
        let (numbers, zeros) = target.split_at_mut(2 * depth);
        round(numbers, &place[first..first + depth]);
        zeros.fill(0);
    }
}

/// Rounds as many numbers as the target has room for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn round(target: &mut [u8], x: &[f32]) {
    assert_eq!(target.len(), 2 * x.len(), "room for the rounded numbers");
    for (target, x) in target.chunks_mut(32).zip(x.chunks(16)) {
        let mask = ((1u32 << x.len()) - 1) as u16;
        // SAFETY: as many numbers are read and written as the two pieces have; both types are 256 bits, any of which are
        // valid.
        unsafe {
            let rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x.as_ptr()));
            let rounded = std::mem::transmute::<__m256bh, __m256i>(rounded);
            _mm256_mask_storeu_epi16(target.as_mut_ptr().cast(), mask, rounded);
        }
    }
}
