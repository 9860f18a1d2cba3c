//! The forward pass and the gradient by the input in terms of [`Gather`], one group of channels after the other.

use smallvec::SmallVec;

use super::Geometry;
use super::taps::{Axis, Gather, Tap, Weights};
use crate::kernels::float::Float;

/// See [`forward`](super::forward); `run` does each of the gatherings.
pub(super) fn forward<T: Float>(
    [x, w]: [&[T]; 2],
    bias: Option<&[T]>,
    relu: bool,
    geometry: &Geometry,
    mut run: impl FnMut(&Gather<'_, T>, &Weights<'_, T>),
) {
    let &Geometry { batch, channels, filters, kernel, stride, padding, dilation, groups, .. } = geometry;
    let sizes = [[geometry.height, geometry.out_height], [geometry.width, geometry.out_width]];
    let axes = [0, 1].map(|axis| {
        let [size, places] = sizes[axis];
        let read = (places.max(1) - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
        let (before, step) = (padding[axis], stride[axis]);
        Axis { size, before, after: read.saturating_sub(size + before), places, out_first: 0, out_step: 1, first: 0, step }
    });
    let taps: SmallVec<[Tap; 25]> = (0..kernel[0] * kernel[1])
        .map(|number| Tap { offset: [number / kernel[1] * dilation[0], number % kernel[1] * dilation[1]], number })
        .collect();
    let (depth, columns) = (channels / groups, filters / groups);
    for group in 0..groups {
        let gather = Gather {
            batch,
            axes,
            taps: &taps,
            picture: x,
            channels,
            first_channel: group * depth,
            depth,
            columns,
            first_column: group * columns,
            width: filters,
            out_len: geometry.output_len(),
            out_row: geometry.out_width * filters,
            bias,
            relu,
        };
        let first = group * columns * depth * taps.len();
        run(&gather, &Weights { data: w, first, by_channel: taps.len(), by_column: depth * taps.len() });
    }
}

/// See [`backward_input`](super::backward_input); `run` does each of the gatherings, those of one group after the other.
/// Places that no number of the kernel meets are not written.
pub(super) fn backward_input<T: Float>(
    [g, w]: [&[T]; 2],
    geometry: &Geometry,
    mut run: impl FnMut(&Gather<'_, T>, &Weights<'_, T>),
) {
    let &Geometry { batch, channels, filters, kernel, groups, .. } = geometry;
    let (depth, columns) = (filters / groups, channels / groups);
    let all = kernel[0] * kernel[1];
    let phases = [0, 1].map(|axis| phases(geometry, axis));
    for group in 0..groups {
        for (vertical, rows) in &phases[0] {
            for (horizontal, columns_of_kernel) in &phases[1] {
                let taps: SmallVec<[Tap; 25]> = rows
                    .iter()
                    .flat_map(|&(ky, y)| {
                        columns_of_kernel.iter().map(move |&(kx, x)| Tap { offset: [y, x], number: ky * kernel[1] + kx })
                    })
                    .collect();
                if taps.is_empty() || vertical.places == 0 || horizontal.places == 0 {
                    continue;
                }
                let gather = Gather {
                    batch,
                    axes: [*vertical, *horizontal],
                    taps: &taps,
                    picture: g,
                    channels: filters,
                    first_channel: group * depth,
                    depth,
                    columns,
                    first_column: group * columns,
                    width: channels,
                    out_len: geometry.input_len(),
                    out_row: geometry.width * channels,
                    bias: None,
                    relu: false,
                };
                let first = group * depth * columns * all;
                run(&gather, &Weights { data: w, first, by_channel: columns * all, by_column: all });
            }
        }
    }
}

/// Whether there are places of the input that no number of the kernel meets, whose gradient is 0.
pub(super) fn misses_places(geometry: &Geometry) -> bool {
    [0, 1].iter().any(|&axis| phases(geometry, axis).iter().any(|(_, numbers)| numbers.is_empty()))
}

/// The numbers of the kernel that meet the places of a phase, with how far from their starts they read.
type Met = SmallVec<[(usize, usize); 7]>;

/// All phases of an axis.
fn phases(geometry: &Geometry, axis: usize) -> SmallVec<[(Axis, Met); 2]> {
    (0..geometry.stride[axis]).map(|first| phase(geometry, axis, first)).collect()
}

/// The picture with the zeros that any of the phases reads.
pub(super) fn all_phases(geometry: &Geometry, axis: usize) -> Axis {
    let widest = |a: Axis, b: Axis| Axis { before: a.before.max(b.before), after: a.after.max(b.after), ..a };
    (1..geometry.stride[axis]).map(|first| phase(geometry, axis, first).0).fold(phase(geometry, axis, 0).0, widest)
}

/// The places `first`, `first + stride`, … of the input along one axis: what they gather from the output, and the numbers
/// of the kernel that meet them with their offsets.
///
/// Place i = first + j·stride of the input takes part in the output o with number k where o·stride + k·dilation − padding
/// = i, so o = j + (first + padding − k·dilation) / stride, for those k for which this is whole.
fn phase(geometry: &Geometry, axis: usize, first: usize) -> (Axis, Met) {
    let (size, out) = if axis == 0 { (geometry.height, geometry.out_height) } else { (geometry.width, geometry.out_width) };
    let [stride, padding, dilation] = [geometry.stride, geometry.padding, geometry.dilation].map(|pair| pair[axis] as isize);
    let ahead = |k: usize| first as isize + padding - k as isize * dilation;
    let meets = |k: &usize| ahead(*k).rem_euclid(stride) == 0;
    let shifts: SmallVec<[(usize, isize); 7]> =
        (0..geometry.kernel[axis]).filter(meets).map(|k| (k, ahead(k).div_euclid(stride))).collect();
    let places = size.saturating_sub(first).div_ceil(stride as usize);
    let least = shifts.iter().map(|&(_, shift)| shift).min().unwrap_or(0);
    let most = shifts.iter().map(|&(_, shift)| shift).max().unwrap_or(0);
    let before = (-least).max(0) as usize;
    let after = (most + places as isize - out as isize).max(0) as usize;
    let (start, step) = ((before as isize + least) as usize, 1);
    let axis = Axis { size: out, before, after, places, out_first: first, out_step: stride as usize, first: start, step };
    (axis, shifts.into_iter().map(|(k, shift)| (k, (shift - least) as usize)).collect())
}
