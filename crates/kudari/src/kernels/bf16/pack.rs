//! Rounds an operand to bf16 and brings it into the order in which tiles are read.
//!
//! A tile is 16 lines of 32 places: rows of the left operand or columns of the right one, along the inner dimension. Two
//! neighbouring places are a pair of 32 bits, so that a tile is 16 × 16 pairs: line by line for the left operand, place by
//! place for the right one. The source has its numbers together along the lines, which gives tiles of lines, or across
//! them, which gives tiles of places; where that is not the order that is needed, the pairs are transposed in registers.

use std::arch::x86_64::*;

use super::registers::{interleave, rounded, transposed};
use super::tile::{BYTES, DEPTH, LINES};
use crate::kernels::matmul::Matrix;

/// An operand as lines along the inner dimension.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    data: &'a [f32],
    offset: isize,
    /// The distance from one line to the next.
    between: isize,
    /// The distance from one place of a line to the next.
    along: isize,
    pub count: usize,
    /// Whether tiles are stored place by place, as those of a right operand.
    by_place: bool,
}

impl<'a> Lines<'a> {
    /// The rows of a left operand.
    pub(super) fn rows(a: Matrix<'a, f32>, count: usize) -> Self {
        let (between, along) = (a.row_stride, a.column_stride);
        Lines { data: a.data, offset: a.offset as isize, between, along, count, by_place: false }
    }

    /// The columns of a right operand.
    pub(super) fn columns(b: Matrix<'a, f32>, count: usize) -> Self {
        let (between, along) = (b.column_stride, b.row_stride);
        Lines { data: b.data, offset: b.offset as isize, between, along, count, by_place: true }
    }

    /// Packs places `from..from + depth` of the lines from `first` on, in groups of 16 lines: `target[group][tile]`. It has
    /// room for whole groups; places and lines that are missing in the last tiles are zero.
    pub(super) fn pack(&self, target: &mut [u8], first: usize, from: usize, depth: usize) {
        let group_bytes = depth.div_ceil(DEPTH) * BYTES;
        let groups = target.len() / group_bytes;
        let count = (groups * LINES).min(self.count - first);
        let at = |line: usize, place: usize| self.offset + line as isize * self.between + place as isize * self.along;
        let (last, end) = (first + count - 1, from + depth - 1);
        let corners = [at(first, from), at(last, from), at(first, end), at(last, end)];
        assert!(corners.iter().all(|&c| c >= 0 && (c as usize) < self.data.len()), "a block outside its matrix");
        assert!(count > (groups - 1) * LINES && target.len() == groups * group_bytes, "the room for packed tiles");
        let mut tile = |group: usize, step: usize| {
            let (line, place) = (first + group * LINES, from + step * DEPTH);
            let source = Source {
                start: self.data.as_ptr().wrapping_offset(at(line, place)),
                between: self.between,
                along: self.along,
                lines: LINES.min(first + count - line),
                places: DEPTH.min(from + depth - place),
            };
            let target = target[group * group_bytes + step * BYTES..][..BYTES].as_mut_ptr();
            // SAFETY: `product` runs only with tiles and hence with these instructions; the corners vouch for the source, and
            // the target is a whole tile.
            unsafe { source.pack(target, self.by_place) }
        };
        if self.between == 1 {
            // A cache line of the source holds the same place of 16 lines: neighbouring groups read neighbouring cache lines.
            (0..group_bytes / BYTES).for_each(|step| (0..groups).for_each(|group| tile(group, step)));
        } else {
            (0..groups).for_each(|group| (0..group_bytes / BYTES).for_each(|step| tile(group, step)));
        }
    }
}

/// What one tile is made from: up to 16 lines of up to 32 places.
struct Source {
    start: *const f32,
    between: isize,
    along: isize,
    lines: usize,
    places: usize,
}

impl Source {
    /// # Safety
    ///
    /// All numbers of the source are readable and a tile is writable at `target`, which is aligned to 64 bytes.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn pack(&self, target: *mut u8, by_place: bool) {
        let whole = self.lines == LINES && self.places == DEPTH;
        // SAFETY: the caller's promise; the copy of a source that is together in neither direction is as readable.
        unsafe {
            match (self.along == 1, self.between == 1, by_place, whole) {
                (true, _, false, true) => self.line_by_line::<true, false>(target),
                (true, _, false, false) => self.line_by_line::<false, false>(target),
                (true, _, true, true) => self.line_by_line::<true, true>(target),
                (true, _, true, false) => self.line_by_line::<false, true>(target),
                (false, true, true, true) => self.place_by_place::<true, false>(target),
                (false, true, true, false) => self.place_by_place::<false, false>(target),
                (false, true, false, true) => self.place_by_place::<true, true>(target),
                (false, true, false, false) => self.place_by_place::<false, true>(target),
                (false, false, ..) => {
                    let copy = self.gather();
                    Source { start: copy.as_ptr().cast(), between: DEPTH as isize, along: 1, ..*self }.pack(target, by_place);
                }
            }
        }
    }

    /// A register for each line, of its pairs of places.
    ///
    /// # Safety
    ///
    /// As [`Source::pack`], with `along` 1.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn line_by_line<const WHOLE: bool, const TRANSPOSED: bool>(&self, target: *mut u8) {
        let mask = ((1u64 << self.places) - 1) as u32;
        let pairs = |line: usize| {
            if !WHOLE && line >= self.lines {
                return _mm512_setzero_si512();
            }
            let from = self.start.wrapping_offset(line as isize * self.between);
            // SAFETY: the lines and places that exist are readable; others are not read.
            unsafe {
                if WHOLE {
                    rounded(_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16)))
                } else {
                    let high = _mm512_maskz_loadu_ps((mask >> 16) as u16, from.wrapping_add(16));
                    rounded(_mm512_maskz_loadu_ps(mask as u16, from), high)
                }
            }
        };
        // SAFETY: the target is a tile.
        unsafe { store::<TRANSPOSED>(target, pairs) }
    }

    /// A register for each pair of places, of the pairs of all lines.
    ///
    /// # Safety
    ///
    /// As [`Source::pack`], with `between` 1.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn place_by_place<const WHOLE: bool, const TRANSPOSED: bool>(&self, target: *mut u8) {
        let mask = ((1u32 << self.lines) - 1) as u16;
        let interleave = interleave();
        let numbers = |place: usize| {
            let from = self.start.wrapping_offset(place as isize * self.along);
            // SAFETY: the places and lines that exist are readable; others are not read.
            unsafe {
                match (WHOLE, place < self.places) {
                    (true, _) => _mm512_loadu_ps(from),
                    (false, true) => _mm512_maskz_loadu_ps(mask, from),
                    (false, false) => _mm512_setzero_ps(),
                }
            }
        };
        let pairs = |pair: usize| _mm512_permutexvar_epi16(interleave, rounded(numbers(2 * pair), numbers(2 * pair + 1)));
        // SAFETY: the target is a tile.
        unsafe { store::<TRANSPOSED>(target, pairs) }
    }

    /// The numbers of a source that lie apart in both directions.
    ///
    /// # Safety
    ///
    /// They are readable.
    unsafe fn gather(&self) -> [[f32; DEPTH]; LINES] {
        let mut copy = [[0.0; DEPTH]; LINES];
        for (line, copy) in copy.iter_mut().enumerate().take(self.lines) {
            for (place, number) in copy.iter_mut().enumerate().take(self.places) {
                // SAFETY: the numbers of the source are readable.
                *number = unsafe { *self.start.offset(line as isize * self.between + place as isize * self.along) };
            }
        }
        copy
    }
}

/// Puts 16 registers of pairs where a tile is to be, as they are or rows for columns.
///
/// # Safety
///
/// A tile is writable at `target`, which is aligned to 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn store<const TRANSPOSED: bool>(target: *mut u8, pairs: impl Fn(usize) -> __m512i) {
    // SAFETY: 16 registers fill a tile.
    unsafe {
        if TRANSPOSED {
            let lines = transposed(std::array::from_fn(pairs));
            (0..LINES).for_each(|line| _mm512_store_si512(target.add(line * 64).cast(), lines[line]));
        } else {
            (0..LINES).for_each(|line| _mm512_store_si512(target.add(line * 64).cast(), pairs(line)));
        }
    }
}
