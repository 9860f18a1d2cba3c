//! Convolutions as plain loops, number by number as the definition says. The fast kernels are tested against them.

use super::Geometry;
use crate::kernels::float::Float;

/// One picture of [`forward`](super::forward).
pub(super) fn forward<T: Float>(out: &mut [T], x: &[T], w: &[T], bias: Option<&[T]>, relu: bool, geometry: &Geometry) {
    let (taps, each) = (geometry.kernel[0] * geometry.kernel[1], geometry.channels / geometry.groups);
    for (place, out) in out.chunks_exact_mut(geometry.filters).enumerate() {
        for (f, out) in out.iter_mut().enumerate() {
            let (first, w) = (geometry.first_channel(f), &w[f * each * taps..]);
            let mut sum = bias.map_or(T::ZERO, |bias| bias[f]);
            for_each_tap(geometry, place, |pixel, tap| {
                for c in 0..each {
                    sum = sum + x[pixel * geometry.channels + first + c] * w[c * taps + tap];
                }
            });
            *out = if relu && sum < T::ZERO { T::ZERO } else { sum };
        }
    }
}

/// One picture of [`backward_input`](super::backward_input).
pub(super) fn backward_input<T: Float>(dx: &mut [T], g: &[T], w: &[T], geometry: &Geometry) {
    let (taps, each) = (geometry.kernel[0] * geometry.kernel[1], geometry.channels / geometry.groups);
    dx.fill(T::ZERO);
    for (place, g) in g.chunks_exact(geometry.filters).enumerate() {
        for (f, &g) in g.iter().enumerate() {
            let (first, w) = (geometry.first_channel(f), &w[f * each * taps..]);
            for_each_tap(geometry, place, |pixel, tap| {
                for c in 0..each {
                    let dx = &mut dx[pixel * geometry.channels + first + c];
                    *dx = *dx + g * w[c * taps + tap];
                }
            });
        }
    }
}

/// Filter `f` of [`backward_weight`](super::backward_weight).
pub(super) fn backward_weight<T: Float>(dw: &mut [T], f: usize, x: &[T], g: &[T], geometry: &Geometry) {
    let (taps, each) = (geometry.kernel[0] * geometry.kernel[1], geometry.channels / geometry.groups);
    let first = geometry.first_channel(f);
    dw.fill(T::ZERO);
    for n in 0..geometry.batch {
        let x = &x[n * geometry.input_len()..];
        for place in 0..geometry.out_height * geometry.out_width {
            let g = g[n * geometry.output_len() + place * geometry.filters + f];
            for_each_tap(geometry, place, |pixel, tap| {
                for c in 0..each {
                    let dw = &mut dw[c * taps + tap];
                    *dw = *dw + g * x[pixel * geometry.channels + first + c];
                }
            });
        }
    }
}

/// Calls `body(pixel of the input, number of the kernel)` for all that meet at a place of the output. Pixels and places are
/// counted row by row.
#[inline(always)]
fn for_each_tap(geometry: &Geometry, place: usize, mut body: impl FnMut(usize, usize)) {
    let [height, width] = geometry.kernel;
    let (oy, ox) = (place / geometry.out_width, place % geometry.out_width);
    for ky in 0..height {
        let Some(y) = geometry.input_place(0, oy, ky) else { continue };
        for kx in 0..width {
            if let Some(x) = geometry.input_place(1, ox, kx) {
                body(y * geometry.width + x, ky * width + kx);
            }
        }
    }
}
