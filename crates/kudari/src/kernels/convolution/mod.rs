//! Two-dimensional convolutions of pictures that lie in memory with the channels last, and their gradients.
//!
//! Every slice is contiguous: x is `[batch, height, width, channels]`, the result and its gradient `[batch, out_height,
//! out_width, filters]`, the weight `[filters, channels / groups, kernel height, kernel width]`. Places beside the picture
//! count as zeros. The three functions are linear, and each is the gradient of the others.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod fast;
#[cfg(test)]
mod plain;
mod taps;
mod tile;
mod weight;
mod winograd;
mod zeros;

use super::float::Float;

/// Sizes of a two-dimensional convolution. Pairs are vertical, horizontal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Pictures.
    pub batch: usize,
    /// Channels of the input.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Channels of the output.
    pub filters: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows and columns of zeros on every side.
    pub padding: [usize; 2],
    /// Steps in the input from one number of the kernel to the next.
    pub dilation: [usize; 2],
    /// Channels and filters are cut into so many groups that see nothing of each other.
    pub groups: usize,
}

impl Geometry {
    /// Numbers of one picture.
    pub(crate) fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers of one result.
    pub(crate) fn output_len(&self) -> usize {
        self.out_height * self.out_width * self.filters
    }

    /// Numbers of one filter.
    pub(crate) fn filter_len(&self) -> usize {
        self.channels / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// The first channel of the input that filter `f` sees.
    #[inline(always)]
    pub(crate) fn first_channel(&self, f: usize) -> usize {
        f / (self.filters / self.groups) * (self.channels / self.groups)
    }

    /// The place in the input that meets number `k` of the kernel at place `o` of the output, along one axis (0 vertical, 1
    /// horizontal); `None` beside the picture.
    #[inline(always)]
    pub(crate) fn input_place(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let size = if axis == 0 { self.height } else { self.width };
        let place = (o * self.stride[axis] + k * self.dilation[axis]).checked_sub(self.padding[axis])?;
        (place < size).then_some(place)
    }
}

/// `out[n, oy, ox, f] = bias[f] + Σ x[n, oy·s + ky·d − p, ox·s + kx·d − p, c] w[f, c, ky, kx]`; with `relu` the result is
/// `max(…, 0)` (NaN stays NaN).
pub(crate) fn forward<T: Float>(out: &mut [T], x: &[T], w: &[T], bias: Option<&[T]>, relu: bool, geometry: &Geometry) {
    if bf16::forward(out, [x, w], bias, relu, geometry) {
        return;
    }
    if winograd::fits::<T>(geometry) {
        return winograd::forward(out, x, w, bias, relu, geometry);
    }
    fast::forward([x, w], bias, relu, geometry, |gather, weights| gather.run(out, weights));
}

/// The gradient by x: `dx[n, oy·s + ky·d − p, ox·s + kx·d − p, c] = Σ g[n, oy, ox, f] w[f, c, ky, kx]`.
pub(crate) fn backward_input<T: Float>(dx: &mut [T], g: &[T], w: &[T], geometry: &Geometry) {
    if winograd::fits::<T>(geometry) && !bf16::wanted::<T>() {
        return winograd::backward_input(dx, g, w, geometry);
    }
    if fast::misses_places(geometry) {
        dx.fill(T::ZERO);
    }
    if !bf16::backward_input(dx, [g, w], geometry) {
        fast::backward_input([g, w], geometry, |gather, weights| gather.run(dx, weights));
    }
}

/// The gradient by w: `dw[f, c, ky, kx] = Σ x[n, oy·s + ky·d − p, ox·s + kx·d − p, c] g[n, oy, ox, f]`.
pub(crate) fn backward_weight<T: Float>(dw: &mut [T], x: &[T], g: &[T], geometry: &Geometry) {
    if bf16::backward_weight(dw, [x, g], geometry) {
        return;
    }
    if winograd::fits::<T>(geometry) {
        return winograd::backward_weight(dw, x, g, geometry);
    }
    weight::backward_weight(dw, x, g, geometry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry() -> Geometry {
        Geometry {
            batch: 2,
            channels: 4,
            height: 6,
            width: 5,
            filters: 6,
            out_height: 3,
            out_width: 6,
            kernel: [3, 2],
            stride: [2, 1],
            padding: [1, 2],
            dilation: [1, 3],
            groups: 2,
        }
    }

    /// Whole numbers, so that every order of adding gives the same.
    fn numbers(count: usize, step: usize) -> Vec<f64> {
        (0..count).map(|i| (i * step % 23) as f64 - 11.0).collect()
    }

    /// The definition, with the picture laid into zeros.
    fn by_definition(x: &[f64], w: &[f64], at: [usize; 4], geometry: &Geometry) -> f64 {
        let Geometry { channels, height, width, filters, kernel, stride, padding, dilation, groups, .. } = *geometry;
        let (rows, columns, each) = (height + 2 * padding[0], width + 2 * padding[1], channels / groups);
        let mut padded = vec![0.0; geometry.batch * rows * columns * channels];
        for (i, &value) in x.iter().enumerate() {
            let [c, ix, iy, n] = [i % channels, i / channels % width, i / (channels * width) % height, i / geometry.input_len()];
            padded[((n * rows + iy + padding[0]) * columns + ix + padding[1]) * channels + c] = value;
        }
        let [n, oy, ox, f] = at;
        let mut sum = 0.0;
        for c in 0..each {
            for ky in 0..kernel[0] {
                for kx in 0..kernel[1] {
                    let (iy, ix) = (oy * stride[0] + ky * dilation[0], ox * stride[1] + kx * dilation[1]);
                    let channel = f / (filters / groups) * each + c;
                    let x = padded[((n * rows + iy) * columns + ix) * channels + channel];
                    sum += x * w[((f * each + c) * kernel[0] + ky) * kernel[1] + kx];
                }
            }
        }
        sum
    }

    #[test]
    fn a_convolution_follows_its_definition() {
        let geometry = geometry();
        let x = numbers(geometry.batch * geometry.input_len(), 7);
        let w = numbers(geometry.filters * geometry.filter_len(), 5);
        let bias = numbers(geometry.filters, 3);
        let mut out = vec![f64::NAN; geometry.batch * geometry.output_len()];
        for relu in [false, true] {
            forward(&mut out, &x, &w, Some(&bias), relu, &geometry);
            let mut at = 0;
            for n in 0..geometry.batch {
                for oy in 0..geometry.out_height {
                    for ox in 0..geometry.out_width {
                        for (f, &bias) in bias.iter().enumerate() {
                            let sum = bias + by_definition(&x, &w, [n, oy, ox, f], &geometry);
                            assert_eq!(out[at], if relu { sum.max(0.0) } else { sum });
                            at += 1;
                        }
                    }
                }
            }
        }
        let nan = vec![f64::NAN; x.len()];
        forward(&mut out, &nan, &w, None, true, &geometry);
        assert!(out.iter().any(|y| y.is_nan()));
    }

    /// For a linear function and its gradients, Σ g·y(x, w) = Σ dx(g, w)·x = Σ dw(x, g)·w; unit vectors for x and w tell
    /// every number apart.
    #[test]
    fn the_gradients_belong_to_the_convolution() {
        let geometry = geometry();
        let (inputs, weights) = (geometry.batch * geometry.input_len(), geometry.filters * geometry.filter_len());
        let outputs = geometry.batch * geometry.output_len();
        let (x, w, g) = (numbers(inputs, 7), numbers(weights, 5), numbers(outputs, 9));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut dx, mut dw, mut y) = (vec![f64::NAN; inputs], vec![f64::NAN; weights], vec![0.0; outputs]);
        backward_input(&mut dx, &g, &w, &geometry);
        backward_weight(&mut dw, &x, &g, &geometry);
        for (i, &dx) in dx.iter().enumerate() {
            let mut unit = vec![0.0; inputs];
            unit[i] = 1.0;
            forward(&mut y, &unit, &w, None, false, &geometry);
            assert_eq!(dx, product(&g, &y), "x {i}");
        }
        for (i, &dw) in dw.iter().enumerate() {
            let mut unit = vec![0.0; weights];
            unit[i] = 1.0;
            forward(&mut y, &x, &unit, None, false, &geometry);
            assert_eq!(dw, product(&g, &y), "w {i}");
        }
    }

    /// The fast functions against the plain loops, for kinds of convolutions that are cut in different ways.
    #[test]
    fn the_fast_functions_agree_with_the_plain_loops() {
        let plain = Geometry { padding: [0, 0], stride: [1, 1], dilation: [1, 1], groups: 1, kernel: [3, 3], ..geometry() };
        let of = |base: Geometry| {
            let out = |size: usize, axis: usize| {
                (size + 2 * base.padding[axis] - (base.kernel[axis] - 1) * base.dilation[axis] - 1) / base.stride[axis] + 1
            };
            Geometry { out_height: out(base.height, 0), out_width: out(base.width, 1), ..base }
        };
        let kinds = [
            // Whole and partial tiles, one channel, more filters than a panel holds.
            Geometry { batch: 3, channels: 16, height: 14, width: 15, filters: 40, kernel: [3, 2], ..plain },
            Geometry { batch: 1, channels: 1, height: 28, width: 28, filters: 32, ..plain },
            Geometry { batch: 9, channels: 5, height: 7, width: 6, filters: 7, padding: [1, 2], ..plain },
            // Strides with and without places that nothing meets, dilation, more padding than the kernel reaches.
            Geometry { batch: 2, channels: 8, height: 17, width: 18, filters: 33, stride: [2, 3], padding: [1, 1], ..plain },
            Geometry { batch: 2, channels: 3, height: 9, width: 9, filters: 4, kernel: [1, 2], stride: [3, 3], ..plain },
            Geometry { batch: 2, channels: 6, height: 12, width: 11, filters: 4, dilation: [2, 3], padding: [3, 1], ..plain },
            Geometry { batch: 1, channels: 2, height: 4, width: 5, filters: 3, kernel: [2, 1], padding: [3, 2], ..plain },
            // Groups, and one channel each.
            Geometry { batch: 2, channels: 8, height: 9, width: 8, filters: 12, groups: 4, padding: [1, 1], ..plain },
            Geometry { batch: 2, channels: 6, height: 8, width: 8, filters: 6, groups: 6, stride: [2, 1], ..plain },
            // Weights so large that they are cut into tasks.
            Geometry { batch: 2, channels: 96, height: 6, width: 6, filters: 160, kernel: [3, 2], padding: [1, 1], ..plain },
            // By Winograd's method: even and odd sizes, every padding, partial vectors, weights summed in both ways.
            Geometry { batch: 3, channels: 16, height: 14, width: 15, filters: 40, ..plain },
            Geometry { batch: 5, channels: 17, height: 4, width: 5, filters: 33, padding: [1, 2], ..plain },
            Geometry { batch: 2, channels: 184, height: 6, width: 3, filters: 200, padding: [0, 1], ..plain },
            // The same in its larger squares.
            Geometry { batch: 6, channels: 17, height: 13, width: 14, filters: 33, padding: [1, 2], ..plain },
            Geometry { batch: 5, channels: 16, height: 22, width: 19, filters: 40, padding: [2, 0], ..plain },
            Geometry { batch: 8, channels: 120, height: 8, width: 7, filters: 130, padding: [1, 1], ..plain },
            // Weights whose panels are the tasks, with more squares than are taken at once.
            Geometry { batch: 130, channels: 170, height: 3, width: 4, filters: 180, padding: [1, 0], ..plain },
            Geometry { batch: 33, channels: 250, height: 8, width: 7, filters: 260, padding: [1, 1], ..plain },
            // No pictures.
            Geometry { batch: 0, channels: 16, height: 8, width: 8, filters: 16, ..plain },
            Geometry { batch: 0, channels: 260, height: 8, width: 8, filters: 260, ..plain },
            Geometry { batch: 0, channels: 3, height: 8, width: 8, filters: 4, stride: [2, 2], ..plain },
        ];
        fn compare<T: Float>(geometry: &Geometry, tolerance: f64) {
            let random = |count: usize, key: u64| -> Vec<T> {
                let number = |i: usize| crate::kernels::random::philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0;
                (0..count).map(|i| T::from_f64(number(i))).collect()
            };
            let (xs, ys) = (geometry.input_len(), geometry.output_len());
            let x = random(geometry.batch * xs, 1);
            let w = random(geometry.filters * geometry.filter_len(), 2);
            let (mut g, bias) = (random(geometry.batch * ys, 3), random(geometry.filters, 4));
            // The plain loops take minutes for many pictures under valgrind: they see a few of them, and the others have no gradient.
            let every = if geometry.batch > 16 { geometry.batch / 2 } else { 1 };
            let is_seen = |picture: usize| picture.is_multiple_of(every) || picture + 1 == geometry.batch;
            for (_, g) in g.chunks_exact_mut(ys).enumerate().filter(|(picture, _)| !is_seen(*picture)) {
                g.fill(T::ZERO);
            }
            let seen = |of: &[T], len: usize| -> Vec<T> {
                of.chunks_exact(len)
                    .enumerate()
                    .filter(|(picture, _)| is_seen(*picture))
                    .flat_map(|(_, of)| of.to_vec())
                    .collect()
            };
            let (few_x, few_g) = (seen(&x, xs), seen(&g, ys));
            let few = Geometry { batch: few_x.len() / xs, ..*geometry };
            let empty = |len: usize| vec![T::from_f64(f64::NAN); len];
            let near = |what: &str, got: &[T], expected: &[T], terms: usize| {
                assert_eq!(got.len(), expected.len());
                for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
                    let error = (got.to_f64() - expected.to_f64()).abs();
                    assert!(error <= tolerance * (terms as f64 + 1.0), "{what} {i} of {geometry:?}: {got:?} ≠ {expected:?}");
                }
            };
            for relu in [false, true] {
                let (mut fast, mut slow) = (empty(g.len()), empty(few_g.len()));
                forward(&mut fast, &x, &w, Some(&bias), relu, geometry);
                for (x, slow) in few_x.chunks_exact(xs).zip(slow.chunks_exact_mut(ys)) {
                    plain::forward(slow, x, &w, Some(&bias), relu, geometry);
                }
                near("forward", &seen(&fast, ys), &slow, geometry.filter_len());
            }
            let (mut fast, mut slow) = (empty(x.len()), empty(few_x.len()));
            backward_input(&mut fast, &g, &w, geometry);
            for (g, slow) in few_g.chunks_exact(ys).zip(slow.chunks_exact_mut(xs)) {
                plain::backward_input(slow, g, &w, geometry);
            }
            near("backward_input", &seen(&fast, xs), &slow, geometry.filters * geometry.kernel[0] * geometry.kernel[1]);
            let (mut fast, mut slow) = (empty(w.len()), empty(w.len()));
            backward_weight(&mut fast, &x, &g, geometry);
            for (f, slow) in slow.chunks_exact_mut(geometry.filter_len()).enumerate() {
                plain::backward_weight(slow, f, &few_x, &few_g, &few);
            }
            near("backward_weight", &fast, &slow, few.batch * geometry.out_height * geometry.out_width);
        }
        for geometry in kinds.into_iter().map(of) {
            compare::<f32>(&geometry, if winograd::fits::<f32>(&geometry) { 2e-6 } else { 1e-6 });
            if geometry.batch <= 16 {
                compare::<f64>(&geometry, 1e-14); // which has no method for large weights
            }
        }
    }

    /// Weights summed by groups of pictures, and weights cut into tasks.
    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let plain = Geometry { padding: [1, 1], stride: [1, 1], dilation: [1, 1], groups: 1, kernel: [3, 3], ..geometry() };
        let small =
            Geometry { batch: 11, channels: 16, height: 13, width: 13, filters: 24, out_height: 13, out_width: 13, ..plain };
        let large = Geometry { batch: 3, channels: 96, height: 5, width: 5, filters: 96, out_height: 5, out_width: 5, ..plain };
        let direct = Geometry { kernel: [3, 2], out_width: 14, ..small };
        let large_direct = Geometry { kernel: [3, 2], out_width: 6, ..large };
        let larger = Geometry { channels: 184, filters: 200, ..large };
        let in_large_squares = Geometry { batch: 9, channels: 136, height: 8, width: 8, out_height: 8, out_width: 8, ..larger };
        for geometry in [small, large, direct, large_direct, larger, in_large_squares] {
            let random = |count: usize, key: u64| -> Vec<f32> {
                (0..count).map(|i| crate::kernels::random::philox(i as u128, key)[0] as f32 / 2f32.powi(31) - 1.0).collect()
            };
            let x = random(geometry.batch * geometry.input_len(), 1);
            let w = random(geometry.filters * geometry.filter_len(), 2);
            let g = random(geometry.batch * geometry.output_len(), 3);
            let all = |threads| {
                crate::kernels::threads::set_threads(threads);
                let (mut y, mut dx, mut dw) = (vec![0.0; g.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
                forward(&mut y, &x, &w, None, false, &geometry);
                backward_input(&mut dx, &g, &w, &geometry);
                backward_weight(&mut dw, &x, &g, &geometry);
                (y, dx, dw)
            };
            let one = all(1);
            assert!([2, 3, 5].iter().all(|&threads| all(threads) == one), "{geometry:?}");
        }
    }
}
