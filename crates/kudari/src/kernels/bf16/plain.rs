//! The product where there are no tiles, and the twin that tiles are tested against: rounded copies of the operands,
//! multiplied as f32.

use crate::kernels::matmul::{Ending, Matrix, matmul_with};
use crate::kernels::memory::Buffer;
use crate::kernels::precision::{Precision, with_precision};
use crate::kernels::simd::vectorized;
use crate::kernels::threads;

/// About as many numbers are rounded by a thread before it looks for more.
const PIECE: usize = 16_384;

/// As [`super::matmul`].
pub(super) fn matmul(out: &mut [f32], [m, k, n]: [usize; 3], a: Matrix<'_, f32>, b: Matrix<'_, f32>, ending: Ending<'_, f32>) {
    let (a_room, b_room) = (rounded_copy(a, [m, k]), rounded_copy(b, [k, n]));
    let (a, b) = (copied(&a_room, a, [m, k]), copied(&b_room, b, [k, n]));
    with_precision(Precision::F32, || matmul_with(out, [m, k, n], a, b, ending));
}

/// `x` rounded to the nearest bf16, ties to even, as an f32.
#[inline(always)]
pub(super) fn round(x: f32) -> f32 {
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let sign = bits & 0x8000_0000;
    // Half of the last place that stays, less one unless that place is odd: a carry is the rounding up, also to infinity.
    // Only a NaN can carry out of the 32 bits.
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    let quiet_nan = (bits | 0x0040_0000) & 0xffff_0000;
    // Chosen without branches, so that the loop below becomes vector instructions.
    let normal = if magnitude < 0x0080_0000 { sign } else { nearest };
    f32::from_bits(if magnitude > 0x7f80_0000 { quiet_nan } else { normal })
}

vectorized! {
    fn round_all[](out: &mut [f32], x: &[f32]) {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = round(x));
    }
}

/// The numbers rounded.
pub(super) fn rounded(x: &[f32]) -> Buffer {
    let mut copy = Buffer::recycled::<f32>(x.len());
    if let Some(copy) = copy.slice_mut::<f32>(x.len()) {
        threads::for_each_piece(copy, PIECE, x.len() as f64 * 0.3, |piece, out| {
            round_all(out, &x[piece * PIECE..piece * PIECE + out.len()]);
        });
    }
    copy
}

/// Whether the copy keeps the columns of the matrix together rather than its rows.
fn by_column(x: &Matrix<'_, f32>) -> bool {
    x.row_stride == 1 && x.column_stride != 1
}

/// The rounded numbers, line by line without gaps.
fn rounded_copy(x: Matrix<'_, f32>, [rows, columns]: [usize; 2]) -> Buffer {
    let mut copy = Buffer::recycled::<f32>(rows * columns);
    let (length, between, along) =
        if by_column(&x) { (rows, x.column_stride, x.row_stride) } else { (columns, x.row_stride, x.column_stride) };
    if let Some(copy) = copy.slice_mut::<f32>(rows * columns) {
        let lines = (PIECE / length.max(1)).max(1);
        threads::for_each_piece(copy, lines * length, (rows * columns) as f64 * 0.3, |piece, out| {
            for (line, out) in out.chunks_exact_mut(length).enumerate() {
                let start = x.offset as isize + (piece * lines + line) as isize * between;
                if along == 1 {
                    round_all(out, &x.data[start as usize..start as usize + length]);
                } else {
                    let number = |place: usize| x.data[(start + place as isize * along) as usize];
                    out.iter_mut().enumerate().for_each(|(place, out)| *out = round(number(place)));
                }
            }
        });
    }
    copy
}

/// The matrix in the rounded copy of `x`.
fn copied<'a>(room: &'a Buffer, x: Matrix<'_, f32>, [rows, columns]: [usize; 2]) -> Matrix<'a, f32> {
    let (row_stride, column_stride) = if by_column(&x) { (1, rows as isize) } else { (columns as isize, 1) };
    Matrix { data: room.slice::<f32>(rows * columns), offset: 0, row_stride, column_stride }
}
