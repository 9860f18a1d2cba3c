//! Batch normalisation of pictures that lie channel by channel: x is `[samples, channels, size]`, and the `size` numbers of a plane
//! follow each other. The same formulas as for columns.

use super::super::float::Float;
use super::super::memory::Buffer;
use super::super::simd::vectorized;
use super::super::threads;
use super::{LANES, moment, total};

/// Where the planes of one channel lie.
#[derive(Clone, Copy)]
struct Planes {
    /// The channel's number, and how many there are.
    channel: usize,
    channels: usize,
    size: usize,
}

impl Planes {
    fn of<T>(self, x: &[T]) -> impl Iterator<Item = &[T]> {
        x.chunks_exact(self.size).skip(self.channel).step_by(self.channels)
    }
}

/// Two numbers for every channel, each channel by itself.
fn for_each_channel<T: Float>([first, second]: [&mut [T]; 2], size: usize, cost: f64, of: impl Fn(&mut [T], Planes) + Sync) {
    let channels = first.len();
    let mut pairs = Buffer::recycled::<T>(2 * channels);
    let Some(pairs) = pairs.slice_mut::<T>(2 * channels) else { return };
    threads::for_each_piece(pairs, 2, cost, |channel, pair| of(pair, Planes { channel, channels, size }));
    for ((pair, first), second) in pairs.chunks_exact(2).zip(first).zip(second) {
        (*first, *second) = (pair[0], pair[1]);
    }
}

/// Mean and variance (divided by the number of values) of every channel.
pub(crate) fn plane_moments<T: Float>(mean: &mut [T], variance: &mut [T], x: &[T], size: usize) {
    for_each_channel([mean, variance], size, x.len() as f64 * 0.2, |pair, planes| moments_of_channel(pair, x, planes));
}

vectorized! {
    fn moments_of_channel[T: Float](pair: &mut [T], x: &[T], planes: Planes) {
        let share = T::from_f64((planes.channels as f64) / (x.len() as f64));
        let mean = planes.of(x).fold(T::ZERO, |sum, plane| sum + moment(plane, T::ZERO, false)) * share;
        let squares = planes.of(x).fold(T::ZERO, |sum, plane| sum + moment(plane, mean, true));
        (pair[0], pair[1]) = (mean, squares * share);
    }
}

/// `out[n, c, i] = (x[n, c, i] − mean_c) · factor_c + term_c`.
pub(crate) fn scale_planes<T: Float>(out: &mut [T], x: &[T], size: usize, [mean, factor, term]: [&[T]; 3]) {
    threads::for_each_piece(out, size, x.len() as f64 * 0.2, |index, part| {
        let channel = index % mean.len();
        scale_plane(part, &x[index * size..], mean[channel], factor[channel], term[channel]);
    });
}

vectorized! {
    fn scale_plane[T: Float](out: &mut [T], x: &[T], mean: T, factor: T, term: T) {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - mean) * factor + term);
    }
}

/// For every channel Σ g·(x − mean) and Σ g.
pub(crate) fn plane_products<T: Float>(along: &mut [T], plain: &mut [T], g: &[T], x: &[T], size: usize, mean: &[T]) {
    for_each_channel([along, plain], size, x.len() as f64 * 0.2, |pair, planes| {
        products_of_channel(pair, g, x, planes, mean[planes.channel]);
    });
}

vectorized! {
    fn products_of_channel[T: Float](pair: &mut [T], g: &[T], x: &[T], planes: Planes, mean: T) {
        let (mut all_along, mut all_plain) = (T::ZERO, T::ZERO);
        for (g, x) in planes.of(g).zip(planes.of(x)) {
            let (mut along, mut plain) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            let ((g_whole, g_rest), (x_whole, x_rest)) = (g.as_chunks::<LANES>(), x.as_chunks::<LANES>());
            for (g, x) in g_whole.iter().zip(x_whole) {
                for l in 0..LANES {
                    along[l] = along[l] + g[l] * (x[l] - mean);
                    plain[l] = plain[l] + g[l];
                }
            }
            for (l, (&g, &x)) in g_rest.iter().zip(x_rest).enumerate() {
                along[l] = along[l] + g * (x - mean);
                plain[l] = plain[l] + g;
            }
            (all_along, all_plain) = (all_along + total(along), all_plain + total(plain));
        }
        (pair[0], pair[1]) = (all_along, all_plain);
    }
}

/// `dx[n, c, i] = (g[n, c, i] − term_c − (x[n, c, i] − mean_c) · slope_c) · factor_c`.
pub(crate) fn planes_gradient<T: Float>(dx: &mut [T], g: &[T], x: &[T], size: usize, [mean, factor, term, slope]: [&[T]; 4]) {
    threads::for_each_piece(dx, size, x.len() as f64 * 0.3, |index, part| {
        let channel = index % mean.len();
        let numbers = [mean[channel], factor[channel], term[channel], slope[channel]];
        gradient_of_plane(part, &g[index * size..], &x[index * size..], numbers);
    });
}

vectorized! {
    fn gradient_of_plane[T: Float](dx: &mut [T], g: &[T], x: &[T], numbers: [T; 4]) {
        let [mean, factor, term, slope] = numbers;
        for ((dx, &g), &x) in dx.iter_mut().zip(g).zip(x) {
            *dx = (g - term - (x - mean) * slope) * factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{near, numbers};
    use super::super::{column_moments, column_products, columns_gradient, scale_columns};
    use super::*;

    /// Against the kernels of columns, which the formulas are checked with, on the same pictures with the channels last.
    #[test]
    fn planes_are_columns_that_lie_otherwise() {
        for (samples, channels, size) in [(3, 5, 7), (1, 1, 1), (4, 3, 100), (2, 40, 33)] {
            let count = samples * channels * size;
            let turned = |x: &[f64]| -> Vec<f64> {
                let at = |i: usize| (i / (channels * size), i / channels % size, i % channels);
                (0..count).map(at).map(|(n, p, c)| x[(n * channels + c) * size + p]).collect()
            };
            let (x, g) = (numbers(count, 1), numbers(count, 2));
            let (across, gradient) = (turned(&x), turned(&g));
            let [factor, term, slope] = [3, 4, 5].map(|key| numbers(channels, key));
            let zeros = || [vec![0.0; channels], vec![0.0; channels]];

            let ([mut mean, mut variance], [mut expected, mut spread]) = (zeros(), zeros());
            plane_moments(&mut mean, &mut variance, &x, size);
            column_moments(&mut expected, &mut spread, &across);
            near(&mean, &expected);
            near(&variance, &spread);

            let ([mut along, mut plain], [mut expected, mut sums]) = (zeros(), zeros());
            plane_products(&mut along, &mut plain, &g, &x, size, &mean);
            column_products(&mut expected, &mut sums, &gradient, &across, &mean);
            near(&along, &expected);
            near(&plain, &sums);

            let (mut out, mut expected) = (vec![f64::NAN; count], vec![f64::NAN; count]);
            scale_planes(&mut out, &x, size, [&mean, &factor, &term]);
            scale_columns(&mut expected, &across, [&mean, &factor, &term]);
            near(&turned(&out), &expected);
            planes_gradient(&mut out, &g, &x, size, [&mean, &factor, &term, &slope]);
            columns_gradient(&mut expected, &gradient, &across, [&mean, &factor, &term, &slope]);
            near(&turned(&out), &expected);
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let (x, g) = (numbers(20 * 33 * 200, 1), numbers(20 * 33 * 200, 2));
        let all = |threads| {
            super::super::super::threads::set_threads(threads);
            let mut sums = [0.0; 33].map(|_| 0.0);
            let [mut variance, mut along, mut plain] = [sums; 3];
            plane_moments(&mut sums, &mut variance, &x, 200);
            plane_products(&mut along, &mut plain, &g, &x, 200, &sums);
            (sums, variance, along, plain)
        };
        let one = all(1);
        assert!([2, 3, 5].iter().all(|&threads| all(threads) == one));
    }
}
