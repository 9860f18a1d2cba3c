//! Two-dimensional convolutions of pictures that lie in memory with the channels last, and their gradients.
//!
//! Every slice is contiguous: x is `[batch, height, width, channels]`, the result and its gradient `[batch, out_height,
//! out_width, filters]`, the weight `[filters, channels / groups, kernel height, kernel width]`. Places beside the picture
//! count as zeros. The three functions are linear, and each is the gradient of the others.

mod plain;

use super::float::Float;
use super::threads;

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

    /// Estimated nanoseconds of one of the functions on one thread.
    fn cost(&self) -> f64 {
        (self.batch * self.output_len() * self.filter_len()) as f64
    }
}

/// `out[n, oy, ox, f] = bias[f] + Σ x[n, oy·s + ky·d − p, ox·s + kx·d − p, c] w[f, c, ky, kx]`; with `relu` the result is
/// `max(…, 0)` (NaN stays NaN).
pub(crate) fn forward<T: Float>(out: &mut [T], x: &[T], w: &[T], bias: Option<&[T]>, relu: bool, geometry: &Geometry) {
    let len = geometry.input_len();
    threads::for_each_piece(out, geometry.output_len(), geometry.cost(), |n, out| {
        plain::forward(out, &x[n * len..(n + 1) * len], w, bias, relu, geometry);
    });
}

/// The gradient by x: `dx[n, oy·s + ky·d − p, ox·s + kx·d − p, c] = Σ g[n, oy, ox, f] w[f, c, ky, kx]`.
pub(crate) fn backward_input<T: Float>(dx: &mut [T], g: &[T], w: &[T], geometry: &Geometry) {
    let len = geometry.output_len();
    threads::for_each_piece(dx, geometry.input_len(), geometry.cost(), |n, dx| {
        plain::backward_input(dx, &g[n * len..(n + 1) * len], w, geometry);
    });
}

/// The gradient by w: `dw[f, c, ky, kx] = Σ x[n, oy·s + ky·d − p, ox·s + kx·d − p, c] g[n, oy, ox, f]`.
pub(crate) fn backward_weight<T: Float>(dw: &mut [T], x: &[T], g: &[T], geometry: &Geometry) {
    threads::for_each_piece(dw, geometry.filter_len(), geometry.cost(), |f, dw| {
        plain::backward_weight(dw, f, x, g, geometry);
    });
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
}
