//! Pictures with zeros around them.

use std::ops::Range;

use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;

/// Rows `rows` of a picture `[height, width, channels]` that has `top` rows of zeros above it and as many as are asked for
/// below, each row with `left` places of zeros before it and `columns` places in all.
pub(super) fn with_zeros<T: Float>(
    picture: &[T],
    [height, width, channels]: [usize; 3],
    [top, left]: [usize; 2],
    rows: Range<usize>,
    columns: usize,
) -> Buffer {
    let row_len = columns * channels;
    let len = rows.len() * row_len;
    let mut copy = Buffer::recycled::<T>(len);
    if let Some(values) = copy.slice_mut::<T>(len) {
        for (y, row) in rows.zip(values.chunks_exact_mut(row_len.max(1))) {
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
    copy
}
