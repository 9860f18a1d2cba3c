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
//! not depend on the number of threads.

#[cfg(target_arch = "x86_64")]
mod pack;
mod plain;
#[cfg(target_arch = "x86_64")]
mod product;
#[cfg(target_arch = "x86_64")]
mod tile;

use super::matmul::Matrix;
use super::simd;

/// `out (m × n, row-major) = bf16(a) (m × k) · bf16(b) (k × n)`, or `+=` with `accumulate`, with sums in f32.
pub(crate) fn matmul(out: &mut [f32], [m, k, n]: [usize; 3], a: Matrix<'_, f32>, b: Matrix<'_, f32>, accumulate: bool) {
    assert_eq!(out.len(), m * n, "the output's size");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            out.fill(0.0);
        }
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if simd::tiles() {
        return product::matmul(out, [m, k, n], a, b, accumulate);
    }
    plain::matmul(out, [m, k, n], a, b, accumulate);
}

#[cfg(test)]
mod tests;
