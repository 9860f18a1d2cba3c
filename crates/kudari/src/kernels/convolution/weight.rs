//! The gradient by the weight: `dw[f, c, tap] = Σ_places x[place + offset(tap), c] · g[place, f]`.
//!
//! A tile has a dozen pairs (number of the kernel, channel) as rows and filters as columns, and walks over the places of
//! a picture, or of several small ones; both x and g are read where they lie. Small weights get a sum of their own for each of several groups of
//! pictures, which are added in order; large ones are cut into tasks themselves. Both by the sizes alone.

use std::ops::Range;

use super::Geometry;
use super::tile::{Micro, ROWS, Tile};
use super::zeros::Frame;
use crate::kernels::float::Float;
use crate::kernels::matmul::{self, Matrix};
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// Numbers of g that are used for many tiles in turn: they stay in the first-level cache.
const RESIDENT: usize = 4 * 1024;
/// Weights up to this many numbers are summed by groups of pictures.
const SMALL: usize = 64 * 1024;
/// Filters whose sums are brought into order at a time.
const FILTERS: usize = 16;
/// Groups of pictures, or tasks of large weights.
const PARTS: usize = 8;

/// See [`backward_weight`](super::backward_weight).
pub(super) fn backward_weight<T: Float>(dw: &mut [T], x: &[T], g: &[T], geometry: &Geometry) {
    let &Geometry { batch, channels, filters, kernel, groups, .. } = geometry;
    let (each, columns, taps) = (channels / groups, filters / groups, kernel[0] * kernel[1]);
    let len = each * taps * columns;
    if batch == 0 || geometry.output_len() == 0 {
        dw.fill(T::ZERO);
        return;
    }
    let micro = Micro::<T>::best();
    let tiles = (each * taps).div_ceil(micro.rows);
    let (by_pictures, by_tiles) = if len <= SMALL { (PARTS.min(batch), 1) } else { (1, (2 * PARTS).min(tiles)) };
    let cost = (geometry.output_len() * batch * each * taps) as f64 / groups as f64 / 70.0;
    let frame = frame(geometry);
    let has_zeros = frame.len() != geometry.input_len();
    // Where every task sees all pictures, their zeros are put around them once.
    let framed = (has_zeros && by_tiles > 1).then(|| frame.copies_by_threads(x));
    let mut sums = Buffer::recycled::<T>(by_pictures * len);
    let Some(sums) = sums.slice_mut::<T>(by_pictures * len) else { return };
    for group in 0..groups {
        let start = SendPointer(sums.as_mut_ptr());
        threads::for_each(by_pictures * by_tiles, cost, |task| {
            let (pictures, part) = (task / by_tiles, task % by_tiles);
            let start = &start;
            let tiles = part * tiles / by_tiles..(part + 1) * tiles / by_tiles;
            let (x, has_zeros) = match &framed {
                Some(framed) => (framed.slice::<T>(batch * frame.len()), false),
                None => (x, has_zeros),
            };
            let work = Work { x, g, geometry, frame: &frame, has_zeros, group, micro, tiles };
            // SAFETY: every group of pictures has `len` numbers of its own, every task its own tiles of them.
            let out = SendPointer(unsafe { start.0.add(pictures * len) });
            work.run(&out, len, pictures * batch / by_pictures..(pictures + 1) * batch / by_pictures);
        });
        let (total, others) = sums.split_at_mut(len);
        for part in others.chunks_exact(len.max(1)) {
            total.iter_mut().zip(part).for_each(|(sum, &x)| *sum = *sum + x);
        }
        let total = &*total;
        let filter_len = geometry.filter_len();
        let dw = &mut dw[group * columns * filter_len..(group + 1) * columns * filter_len];
        // Some filters at a time are turned over in registers, then the numbers of each are put in their order.
        threads::for_each_piece(dw, FILTERS * filter_len.max(1), len as f64 * 0.5, |block, filters| {
            let mut turned = Buffer::recycled::<T>(filters.len());
            let Some(turned) = turned.slice_mut::<T>(filters.len()) else { return };
            let sums = Matrix { data: total, offset: block * FILTERS, row_stride: columns as isize, column_stride: 1 };
            matmul::turned(turned, sums, filter_len);
            for (filter, turned) in filters.chunks_exact_mut(filter_len).zip(turned.chunks_exact(filter_len)) {
                for (c, numbers) in filter.chunks_exact_mut(taps).enumerate() {
                    numbers.iter_mut().enumerate().for_each(|(tap, number)| *number = turned[tap * each + c]);
                }
            }
        });
    }
}

/// What is read of a picture with its zeros.
fn frame(geometry: &Geometry) -> Frame {
    let &Geometry { channels, height, width, out_height, out_width, kernel, stride, padding, dilation, .. } = geometry;
    let [rows, columns] = [0, 1].map(|axis| {
        let (size, places) = if axis == 0 { (height, out_height) } else { (width, out_width) };
        let read = (places - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
        read.max(size + padding[axis])
    });
    Frame { sizes: [height, width, channels], before: padding, rows: 0..rows, columns }
}

/// What a task does.
struct Work<'a, T> {
    /// The pictures: without their zeros, if they have any, or as the frame has them.
    x: &'a [T],
    g: &'a [T],
    geometry: &'a Geometry,
    frame: &'a Frame,
    has_zeros: bool,
    group: usize,
    micro: Micro<T>,
    tiles: Range<usize>,
}

impl<T: Float> Work<'_, T> {
    /// Sums over some pictures: `out[(tap, c)][f]`, for this task's tiles.
    fn run(&self, out: &SendPointer<T>, len: usize, pictures: Range<usize>) {
        let &Geometry { channels, filters, out_height, out_width, kernel, stride, dilation, groups, .. } = self.geometry;
        let (each, columns, micro) = (channels / groups, filters / groups, self.micro);
        let rows = each * kernel[0] * kernel[1];
        let tiles = rows.div_ceil(micro.rows);
        let (row_len, picture_len) = (self.frame.columns * channels, self.frame.len());
        // Rows of the output that a tile walks over, of several pictures where they are small.
        let block = (RESIDENT / (out_width * micro.columns)).max(1);
        let together = (block / out_height).clamp(1, pictures.len().max(1));
        let mut offsets = Buffer::recycled::<i64>(together * out_height);
        let Some(offsets) = offsets.slice_mut::<i64>(together * out_height) else { return };
        for (line, offset) in offsets.iter_mut().enumerate() {
            *offset = (line / out_height * picture_len + line % out_height * stride[0] * row_len) as i64;
        }
        for first in pictures.clone().step_by(together) {
            let count = together.min(pictures.end - first);
            let x_len = if self.has_zeros { self.geometry.input_len() } else { picture_len };
            let g_len = self.geometry.output_len();
            let (x, g) = (&self.x[first * x_len..][..count * x_len], &self.g[first * g_len..][..count * g_len]);
            let copy = self.has_zeros.then(|| self.frame.copies(x));
            let source = copy.as_ref().map_or(x, |copy| copy.slice::<T>(count * picture_len));
            let lines = count * out_height;
            for from in (0..lines).step_by(block) {
                let offsets = &offsets[from..lines.min(from + block)];
                for j in (0..columns).step_by(micro.columns) {
                    let wide = micro.columns.min(columns - j);
                    let farthest = offsets.last().map_or(0, |&offset| offset as usize) + (out_width - 1) * stride[1] * channels;
                    let b = &g[from * out_width * filters + self.group * columns + j..];
                    assert!((offsets.len() * out_width - 1) * filters + wide <= b.len(), "a place outside the gradient");
                    for tile in self.tiles.clone() {
                        let (begin, end) = (tile * rows / tiles, (tile + 1) * rows / tiles);
                        let mut a = [source.as_ptr(); ROWS];
                        let mut to = [out.0; ROWS];
                        let (mut tap, mut c) = (begin / each, begin % each);
                        for (r, row) in (begin..end).enumerate() {
                            let (ky, kx) = (tap / kernel[1], tap % kernel[1]);
                            let at = ky * dilation[0] * row_len + kx * dilation[1] * channels + self.group * each + c;
                            assert!(at + farthest < source.len() && row * columns + j + wide <= len, "a row outside its picture");
                            // SAFETY: both offsets have just been checked.
                            (a[r], to[r]) = unsafe { (source.as_ptr().add(at), out.0.add(row * columns + j)) };
                            c += 1;
                            if c == each {
                                (c, tap) = (0, tap + 1);
                            }
                        }
                        let tile = Tile {
                            a,
                            rows: end - begin,
                            offsets,
                            depth: out_width,
                            a_step: (stride[1] * channels) as isize,
                            b: b.as_ptr(),
                            b_segment: (out_width * filters) as isize,
                            b_step: filters as isize,
                            out: to,
                            columns: wide,
                            whole: wide == micro.columns,
                            accumulate: first > pictures.start || from > 0,
                            bias: std::ptr::null(),
                            relu: false,
                        };
                        // SAFETY: the farthest place of every row and of g is inside (checked above); the rows of `out` belong to
                        // this task.
                        unsafe { micro.run(&tile) }
                    }
                }
            }
        }
    }
}
