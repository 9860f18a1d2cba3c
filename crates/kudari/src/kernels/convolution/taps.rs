//! The forward pass and the gradient by the input: sums over the numbers of the kernel, gathered from a picture.
//!
//! Both are one calculation, `out[place] = Σ_taps Σ_c picture[start(place) + offset(tap) + c] · w[tap, c]`: the forward pass
//! gathers from x, the gradient by the input from the gradient of the output. With a stride the latter falls apart into
//! phases, since only some numbers of the kernel meet a given row or column of the input.

use std::ops::Range;

use super::tile::{Micro, ROWS, Tile};
use super::zeros::Frame;
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Numbers of packed weights that are used for many tiles in turn: they stay in the first-level cache.
const RESIDENT: usize = 10 * 1024;
/// Above this many packed weights the columns are cut into tasks too, so that each task's weights stay in its cache.
const SHARED: usize = 128 * 1024;
/// Tiles of a task at least, where there are rows and pictures enough: few places would leave a large part of their tiles empty.
const FEWEST_TILES: usize = 8;
/// Multiply-adds of a task, about.
const TASK: usize = 2_000_000;

/// One axis of the picture that is gathered from, vertical or horizontal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// Size of the picture, and how many of the places before and after it are read, as zeros.
    pub size: usize,
    pub before: usize,
    pub after: usize,
    /// Places of the output, the first and the step between them where they are written.
    pub places: usize,
    pub out_first: usize,
    pub out_step: usize,
    /// Where place 0 starts to read in the picture with its zeros, and the step to the next.
    pub first: usize,
    pub step: usize,
}

impl Axis {
    fn padded(&self) -> usize {
        self.before + self.size + self.after
    }
}

/// A number of the kernel: how far from a place's start it reads, and which of the kernel's numbers it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    pub offset: [usize; 2],
    pub number: usize,
}

/// Where the weights of a group lie: that of a number of the kernel, a channel and a column is at `first + tap + c·by_channel
/// + column·by_column`.
pub(super) struct Weights<'a, T> {
    pub data: &'a [T],
    pub first: usize,
    pub by_channel: usize,
    pub by_column: usize,
}

impl<T> Weights<'_, T> {
    /// Where a weight lies.
    #[inline(always)]
    pub(super) fn at(&self, tap: usize, c: usize, column: usize) -> usize {
        self.first + tap + c * self.by_channel + column * self.by_column
    }
}

/// Everything about a gathering, for one group of channels.
pub(super) struct Gather<'a, T> {
    pub batch: usize,
    /// Vertical and horizontal.
    pub axes: [Axis; 2],
    pub taps: &'a [Tap],
    /// The pictures, `[batch, size, size, channels]`; the group's channels start at `first_channel`.
    pub picture: &'a [T],
    pub channels: usize,
    pub first_channel: usize,
    pub depth: usize,
    /// Columns of the output: of each place, those of the group start at `first_column`.
    pub columns: usize,
    pub first_column: usize,
    pub width: usize,
    /// Numbers of one output picture, and of one of its rows.
    pub out_len: usize,
    pub out_row: usize,
    pub bias: Option<&'a [T]>,
    pub relu: bool,
}

impl<T: Float> Gather<'_, T> {
    /// Runs the gathering.
    pub(super) fn run(&self, out: &mut [T], weights: &Weights<'_, T>) {
        assert_eq!(out.len(), self.batch * self.out_len, "the output's size");
        let micro = Micro::<T>::best();
        let panels = self.columns.div_ceil(micro.columns);
        let panel_len = self.taps.len() * self.depth * micro.columns;
        let mut packed = Buffer::recycled::<T>(panels * panel_len);
        if let Some(values) = packed.slice_mut::<T>(panels * panel_len) {
            self.pack(values, micro.columns, weights);
        }
        let packed = packed.slice::<T>(panels * panel_len);
        let [rows, columns] = self.axes.map(|axis| axis.places);
        let row_work = (columns * self.taps.len() * self.depth * self.columns).max(1);
        // Tasks: pieces of pictures, or some pictures where they are small, and panels where the weights are large.
        let cut_panels = packed.len() > SHARED;
        let fewest = (FEWEST_TILES * micro.rows).div_ceil(columns.max(1));
        let rows_per_task = if cut_panels { rows } else { (TASK / row_work).max(fewest).clamp(1, rows.max(1)) };
        let pieces = rows.div_ceil(rows_per_task);
        let together = fewest.div_ceil(rows_per_task.max(1));
        let groups = if pieces == 1 { self.batch.div_ceil(together) } else { self.batch };
        let tasks = groups * pieces * if cut_panels { panels } else { 1 };
        // Where every panel's tasks see all pictures, their zeros are put around them once.
        let frame = self.frame(0..rows);
        let framed = (cut_panels && self.has_zeros()).then(|| frame.copies_by_threads(self.picture));
        let framed = framed.as_ref().map(|copies| copies.slice::<T>(self.batch * frame.len()));
        let start = SendPointer(out.as_mut_ptr());
        let cost = (self.batch * rows * row_work) as f64 / 70.0;
        threads::for_each(tasks, cost, |task| {
            let start = &start;
            // Tasks of one panel follow each other, so that a thread keeps its weights.
            let (mine, piece) = (task / (groups * pieces), task % (groups * pieces));
            let mine = if cut_panels { mine..mine + 1 } else { 0..panels };
            let (group, first) = (piece / pieces, piece % pieces * rows_per_task);
            let pictures = group * self.batch / groups..(group + 1) * self.batch / groups;
            let rows = first..rows.min(first + rows_per_task);
            self.piece(start, pictures, rows, mine, framed, packed, panel_len, micro);
        });
    }

    /// Packs the weights: `packed[panel][tap][c][column in panel]`, zeros beyond the last column.
    fn pack(&self, values: &mut [T], wide: usize, weights: &Weights<'_, T>) {
        // A piece is a few channels of a panel: kernels are read as they lie, and what is written stays in the caches.
        const CHANNELS: usize = 16;
        let (step, pieces) = (self.depth * wide, self.depth.div_ceil(CHANNELS));
        let panel_len = self.taps.len() * step;
        let (panels, cost) = (values.len() / panel_len.max(1), values.len() as f64 * 0.5);
        let start = SendPointer(values.as_mut_ptr());
        threads::for_each(panels * pieces, cost, |piece| {
            let (panel, first, start) = (piece / pieces, piece % pieces * CHANNELS, &start);
            for c in first..self.depth.min(first + CHANNELS) {
                for j in 0..wide {
                    let column = panel * wide + j;
                    for (t, tap) in self.taps.iter().enumerate() {
                        let number = || weights.data[weights.at(tap.number, c, column)];
                        let number = if column < self.columns { number() } else { T::ZERO };
                        // SAFETY: t, c and j are inside the panel, and row c of it belongs to this piece alone.
                        unsafe { *start.0.add(panel * panel_len + t * step + c * wide + j) = number }
                    }
                }
            }
        });
    }

    /// Whether there are zeros around the pictures that are read.
    fn has_zeros(&self) -> bool {
        self.axes.iter().any(|axis| axis.before + axis.after > 0)
    }

    /// What some rows of the output read.
    fn frame(&self, rows: Range<usize>) -> Frame {
        let [vertical, horizontal] = self.axes;
        let reach = self.taps.iter().map(|tap| tap.offset[0]).max().unwrap_or(0);
        let last = rows.end.max(rows.start + 1) - 1;
        let bottom = (vertical.first + last * vertical.step + reach + 1).min(vertical.padded());
        Frame {
            sizes: [vertical.size, horizontal.size, self.channels],
            before: [vertical.before, horizontal.before],
            rows: vertical.first + rows.start * vertical.step..bottom,
            columns: horizontal.padded(),
        }
    }

    /// Rows `rows` of some pictures, for the columns of some panels. `framed` are what they read of all pictures with their zeros,
    /// if that is there.
    #[allow(clippy::too_many_arguments)]
    fn piece(
        &self,
        out: &SendPointer<T>,
        pictures: Range<usize>,
        rows: Range<usize>,
        panels: Range<usize>,
        framed: Option<&[T]>,
        packed: &[T],
        panel_len: usize,
        micro: Micro<T>,
    ) {
        let [vertical, horizontal] = self.axes;
        let picture_len = vertical.size * horizontal.size * self.channels;
        let mine = &self.picture[pictures.start * picture_len..pictures.end * picture_len];
        // Zeros around the pictures are read where they would stand: from a copy of the rows that this piece needs.
        let frame = self.frame(rows.clone());
        let row_len = frame.columns * self.channels;
        let copy = (framed.is_none() && self.has_zeros()).then(|| frame.copies(mine));
        let (source, source_len) = match (framed, &copy) {
            (Some(framed), _) => (&framed[pictures.start * frame.len()..pictures.end * frame.len()], frame.len()),
            (None, Some(copy)) => (copy.slice::<T>(pictures.len() * frame.len()), frame.len()),
            (None, None) => (&mine[frame.rows.start * row_len..], picture_len),
        };
        let mut offsets = Buffer::recycled::<i64>(self.taps.len());
        let Some(offsets) = offsets.slice_mut::<i64>(self.taps.len()) else { return };
        for (offset, tap) in offsets.iter_mut().zip(self.taps) {
            *offset = (tap.offset[0] * row_len + tap.offset[1] * self.channels) as i64;
        }
        let farthest = offsets.iter().copied().max().unwrap_or(0) as usize + self.depth;
        // Taps are taken in blocks whose weights stay in the first-level cache.
        let block = (RESIDENT / (self.depth * micro.columns).max(1)).max(1);
        let each = rows.len() * horizontal.places;
        let places = pictures.len() * each;
        let tiles = places.div_ceil(micro.rows);
        for panel in panels {
            let j = panel * micro.columns;
            let columns = micro.columns.min(self.columns - j);
            for from in (0..self.taps.len()).step_by(block) {
                let to = self.taps.len().min(from + block);
                let weights =
                    &packed[panel * panel_len + from * self.depth * micro.columns..][..(to - from) * self.depth * micro.columns];
                let (first, last) = (from == 0, to == self.taps.len());
                for tile in 0..tiles {
                    let (begin, end) = (tile * places / tiles, (tile + 1) * places / tiles);
                    let mut a = [source.as_ptr(); ROWS];
                    let mut to_rows = [out.0; ROWS];
                    let (mut n, mut y, mut x) = (begin / each, begin % each / horizontal.places, begin % horizontal.places);
                    for r in 0..end - begin {
                        let at = n * source_len
                            + y * vertical.step * row_len
                            + (horizontal.first + x * horizontal.step) * self.channels
                            + self.first_channel;
                        assert!(at + farthest <= source.len(), "a place outside its picture");
                        let to = (pictures.start + n) * self.out_len
                            + (vertical.out_first + (rows.start + y) * vertical.out_step) * self.out_row
                            + (horizontal.out_first + x * horizontal.out_step) * self.width
                            + self.first_column
                            + j;
                        assert!(to + columns <= pictures.end * self.out_len, "a place outside the output");
                        // SAFETY: both offsets have just been checked.
                        (a[r], to_rows[r]) = unsafe { (source.as_ptr().add(at), out.0.add(to)) };
                        x += 1;
                        if x == horizontal.places {
                            (x, y) = (0, y + 1);
                        }
                        if y == rows.len() {
                            (y, n) = (0, n + 1);
                        }
                    }
                    let tile = Tile {
                        a,
                        rows: end - begin,
                        offsets: &offsets[from..to],
                        depth: self.depth,
                        a_step: 1,
                        b: weights.as_ptr(),
                        b_segment: (self.depth * micro.columns) as isize,
                        b_step: micro.columns as isize,
                        out: to_rows,
                        columns,
                        whole: true,
                        accumulate: !first,
                        bias: match self.bias {
                            Some(bias) if first => bias[self.first_column + j..][..columns].as_ptr(),
                            _ => std::ptr::null(),
                        },
                        relu: self.relu && last,
                    };
                    // SAFETY: every row reads `farthest` numbers from its start at most, which is inside the source; the weights
                    // hold all segments; every place of the output belongs to one tile of one task.
                    unsafe { micro.run(&tile) }
                }
            }
        }
    }
}
