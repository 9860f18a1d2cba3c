//! Convolutions by tiles in terms of their parts: which pictures are rounded for which gatherings.
//!
//! Tiles are used for all sizes. With one channel or a few most of a tile is zeros, but writing the result and rounding the
//! factors, which f32 needs as well, take longer than the sums then.

use super::super::Geometry;
use super::super::fast;
use super::super::taps::{Axis, Gather, Weights};
use super::gather::{self, Inner};
use super::pictures::Layout;
use super::weight::{self, Plan};
use crate::kernels::bf16::tile::LINES;
use crate::kernels::memory::Buffer;
use crate::kernels::simd;

/// Whether there are tiles, something to compute, and weights that are found by 32-bit distances.
pub(super) fn possible(geometry: &Geometry) -> bool {
    let some = geometry.batch * geometry.output_len() * geometry.input_len() * geometry.filter_len() > 0;
    simd::tiles() && some && geometry.filters * geometry.filter_len() <= i32::MAX as usize / LINES
}

/// See [`forward`](super::super::forward), for what is [`possible`].
pub(super) fn forward(out: &mut [f32], factors: [&[f32]; 2], bias: Option<&[f32]>, relu: bool, geometry: &Geometry) {
    fast::forward(factors, bias, relu, geometry, |gather, weights| {
        Rounded::of(gather, gather.axes, true).run(gather, out, weights);
    });
}

/// See [`backward_input`](super::super::backward_input), likewise; places that no number of the kernel meets are not written.
pub(super) fn backward_input(dx: &mut [f32], factors: [&[f32]; 2], geometry: &Geometry) {
    let axes = [0, 1].map(|axis| fast::all_phases(geometry, axis));
    // One copy serves all phases of a group, if it is the same for all.
    let merge = geometry.stride == [1, 1];
    let mut rounded: Option<(usize, Rounded)> = None;
    fast::backward_input(factors, geometry, |gather, weights| {
        let group = gather.first_channel;
        if rounded.as_ref().is_none_or(|(first, _)| *first != group) {
            rounded = Some((group, Rounded::of(gather, axes, merge)));
        }
        if let Some((_, rounded)) = &rounded {
            rounded.run(gather, dx, weights);
        }
    });
}

/// The rounded pictures of a gathering.
struct Rounded {
    layout: Layout,
    numbers: Buffer,
    merge: bool,
}

impl Rounded {
    /// With so many zeros around them, for numbers of the kernel that are merged or not.
    fn of(gather: &Gather<'_, f32>, axes: [Axis; 2], merge: bool) -> Rounded {
        let channels = Inner::new(gather.taps, gather.depth, merge).channels;
        let layout = Layout::new(axes, channels, gather.batch);
        let numbers = layout.round(gather.picture, gather.batch, [gather.first_channel, gather.depth, gather.channels]);
        Rounded { layout, numbers, merge }
    }

    fn run(&self, gather: &Gather<'_, f32>, out: &mut [f32], weights: &Weights<'_, f32>) {
        let inner = Inner::new(gather.taps, gather.depth, self.merge);
        gather::run(gather, out, weights, &inner, self.layout, self.numbers.slice::<u8>(2 * self.layout.len()));
    }
}

/// See [`backward_weight`](super::super::backward_weight), likewise.
pub(super) fn backward_weight(dw: &mut [f32], factors: [&[f32]; 2], geometry: &Geometry) {
    weight::backward_weight(dw, factors, geometry, Plan::new(geometry));
}
