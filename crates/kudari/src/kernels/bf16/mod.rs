//! Matrix products of f32 numbers rounded to bf16, with sums in f32.
//!
//! bf16 is the upper half of an f32: the same range, 8 binary digits instead of 24. Rounding is to nearest, ties to
//! even; NaN stays NaN (quiet), and numbers below the smallest normal one (2⁻¹²⁶) become zero of their sign before they
//! are rounded, as the processor's conversion does.
//!
//! Where the processor has AMX ([`simd::tiles`]), [`product`] multiplies tiles of 16 × 16 numbers ([`tile`]) that
//! [`pack`] has rounded and brought into order. Elsewhere [`plain`] rounds copies of the operands and gives them to the
//! f32 product. Both multiply the same rounded numbers, and a product of two of them is exact in f32 but for one beyond its
//! range; they differ in the order of the sum, and in that tiles take sums below 2⁻¹²⁶ for zero. On either, the bits do
//! not depend on the number of threads. [Convolutions](super::convolution) do the same with their factors.

#[cfg(target_arch = "x86_64")]
mod pack;
mod plain;
#[cfg(target_arch = "x86_64")]
mod product;
#[cfg(target_arch = "x86_64")]
pub(super) mod registers;
#[cfg(target_arch = "x86_64")]
pub(super) mod tile;

use super::float::{DType, Float};
use super::matmul::{Ending, Matrix};
use super::memory::Buffer;
use super::precision::{Precision, precision};
use super::simd;

/// The product with its ending, if it is one of f32 numbers and this thread has asked for bf16; else nothing is done.
#[inline]
pub(crate) fn multiplied<T: Float>(
    out: &mut [T],
    sizes: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    ending: Ending<'_, T>,
) -> bool {
    if T::DTYPE != DType::F32 || precision() != Precision::Bf16 {
        return false;
    }
    // SAFETY: T has the tag of f32, and each type has a tag of its own: the slices stay what they are.
    unsafe {
        let out = std::slice::from_raw_parts_mut(out.as_mut_ptr().cast(), out.len());
        let numbers = |x: &[T]| std::slice::from_raw_parts(x.as_ptr().cast::<f32>(), x.len());
        let matrix = |x: &Matrix<'_, T>| Matrix {
            data: numbers(x.data),
            offset: x.offset,
            row_stride: x.row_stride,
            column_stride: x.column_stride,
        };
        let ending = Ending { accumulate: ending.accumulate, bias: ending.bias.map(numbers), relu: ending.relu };
        matmul(out, sizes, matrix(&a), matrix(&b), ending);
    }
    true
}

/// `out (m × n, row-major) = bf16(a) (m × k) · bf16(b) (k × n)` with an ending, summed in f32.
pub(crate) fn matmul(out: &mut [f32], [m, k, n]: [usize; 3], a: Matrix<'_, f32>, b: Matrix<'_, f32>, ending: Ending<'_, f32>) {
    #[cfg(target_arch = "x86_64")]
    if simd::tiles() && m * k * n > 0 {
        return product::matmul(out, [m, k, n], a, b, ending);
    }
    plain::matmul(out, [m, k, n], a, b, ending);
}

/// The numbers rounded to bf16, as f32.
pub(super) fn rounded(x: &[f32]) -> Buffer {
    plain::rounded(x)
}

#[cfg(test)]
mod tests;
