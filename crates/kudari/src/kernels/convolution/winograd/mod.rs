//! Convolutions of 3×3 with step 1 by Winograd's methods F(2×2, 3×3) and F(4×4, 3×3): a half and a quarter of the multiplications.
//!
//! The output is cut into squares of 2×2 (or 4×4) places; each depends on a square of 4×4 (6×6) of the input. With the transforms
//! `V = Bᵀ d B` of the input's squares and `U = G w Gᵀ` of the kernel a square of the
//! output is `Aᵀ [Σ_c U ⊙ V] A`: for each of the 16 (36) positions in the transformed square one product of matrices, (squares ×
//! channels) · (channels × filters), 16 multiplications for 4 places (36 for 16) instead of 9 for each. The gradient by the input is
//! such a convolution of the output's gradient with the kernel turned round; that by the weight is the transposed
//! calculation, `Gᵀ [Σ_squares V ⊙ A g Aᵀ] G`. In f32 the rounding errors are about two times those of the direct sum.
//!
//! Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015).

mod convolve;
mod loops;
mod method;
mod squares;
mod weight;

use std::ops::Range;

use super::Geometry;
use crate::kernels::float::{DType, Float};
use convolve::{Convolution, Kernels};
use method::Method;
use squares::Squares;

pub(super) use weight::backward_weight;

/// Channels and filters from which on the transforms cost less than the multiplications they save.
const ENOUGH: usize = 16;
/// Numbers between two positions in memory: at a distance of a power of two all of them would share one place in the caches.
const APART: usize = 16;
/// Pieces in which the threads share the transforms of many squares.
const PIECES: usize = 16;

/// One of so many equal parts of a count.
fn part(count: usize, part: usize, parts: usize) -> Range<usize> {
    part * count / parts..(part + 1) * count / parts
}

/// Whether a convolution is of the kind that this module is for. Numbers of f64 are there for their digits: they keep the
/// direct sum.
pub(super) fn fits<T: Float>(geometry: &Geometry) -> bool {
    let &Geometry { batch, channels, filters, kernel, stride, padding, dilation, groups, .. } = geometry;
    T::DTYPE == DType::F32
        && batch > 0
        && (kernel, stride, dilation, groups) == ([3, 3], [1, 1], [1, 1], 1)
        && padding.iter().all(|&p| p <= 2)
        && channels.min(filters) >= ENOUGH
        && geometry.out_height.min(geometry.out_width) >= 2
}

/// See [`forward`](super::forward).
pub(super) fn forward<T: Float>(out: &mut [T], x: &[T], w: &[T], bias: Option<&[T]>, relu: bool, geometry: &Geometry) {
    let &Geometry { batch, channels, height, width, filters, out_height, out_width, padding, .. } = geometry;
    let method = Method::best(batch, [out_height, out_width]);
    let squares =
        Squares { method, batch, picture: [height, width], depth: channels, before: padding, out: [out_height, out_width] };
    let kernels = Kernels { numbers: w, channel_step: 9, column_step: channels * 9, turned: false };
    Convolution { squares, picture: x, columns: filters, kernels, bias, relu }.run(out);
}

/// See [`backward_input`](super::backward_input).
pub(super) fn backward_input<T: Float>(dx: &mut [T], g: &[T], w: &[T], geometry: &Geometry) {
    let &Geometry { batch, channels, height, width, filters, out_height, out_width, padding, .. } = geometry;
    let before = padding.map(|p| 2 - p);
    let method = Method::best(batch, [height, width]);
    let squares = Squares { method, batch, picture: [out_height, out_width], depth: filters, before, out: [height, width] };
    let kernels = Kernels { numbers: w, channel_step: channels * 9, column_step: 9, turned: true };
    Convolution { squares, picture: g, columns: channels, kernels, bias: None, relu: false }.run(dx);
}
