//! Pictures with zeros around them.

use std::ops::Range;

use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads;

/// Pictures `[height, width, channels]` and the zeros around them: rows `rows` of those that have `top` rows of zeros above them and as
/// many as are asked for below, each row with `left` places of zeros before it and `columns` places in all.
pub(super) struct Frame {
    pub sizes: [usize; 3],
    /// Top and left.
    pub before: [usize; 2],
    pub rows: Range<usize>,
    pub columns: usize,
}

impl Frame {
    /// Numbers of a picture with its zeros.
    pub(super) fn len(&self) -> usize {
        self.rows.len() * self.columns * self.sizes[2]
    }

    /// Numbers of a picture.
    fn picture_len(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Copies of pictures, one after the other.
    pub(super) fn copies<T: Float>(&self, pictures: &[T]) -> Buffer {
        self.make(pictures, |copies| {
            let pictures = pictures.chunks_exact(self.picture_len().max(1));
            copies.chunks_exact_mut(self.len().max(1)).zip(pictures).for_each(|(copy, picture)| self.copy(copy, picture));
        })
    }

    /// The same by all threads.
    pub(super) fn copies_by_threads<T: Float>(&self, pictures: &[T]) -> Buffer {
        let len = self.picture_len();
        self.make(pictures, |copies| {
            let cost = copies.len() as f64 * 0.2;
            threads::for_each_piece(copies, self.len(), cost, |n, copy| self.copy(copy, &pictures[n * len..(n + 1) * len]));
        })
    }

    fn make<T: Float>(&self, pictures: &[T], fill: impl FnOnce(&mut [T])) -> Buffer {
        let len = pictures.len() / self.picture_len().max(1) * self.len();
        let mut copies = Buffer::recycled::<T>(len);
        if let Some(copies) = copies.slice_mut::<T>(len) {
            fill(copies);
        }
        copies
    }

    fn copy<T: Float>(&self, copy: &mut [T], picture: &[T]) {
        let ([height, width, channels], [top, left]) = (self.sizes, self.before);
        for (y, row) in self.rows.clone().zip(copy.chunks_exact_mut((self.columns * channels).max(1))) {
            match y.checked_sub(top).filter(|&y| y < height) {
                Some(y) => {
                    let (from, to) = (left * channels, (left + width) * channels);
                    row[..from].fill(T::ZERO);
                    row[from..to].copy_from_slice(&picture[y * width * channels..(y + 1) * width * channels]);
                    row[to..].fill(T::ZERO);
                }
                None => row.fill(T::ZERO),
            }
        }
    }
}
