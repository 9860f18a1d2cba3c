//! Poolings: the largest number or the mean of every window of a picture, for each channel by itself.
//!
//! Every slice is contiguous with the channels last: x is `[batch, height, width, channels]`, the result `[batch, out_height,
//! out_width, channels]`. The loops run over the channels of one pixel, which lie side by side and become vectors.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

/// Sizes of a pooling. Pairs are vertical, horizontal. Every window has a pixel inside the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Pictures.
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub size: [usize; 2],
    pub stride: [usize; 2],
    /// Rows and columns beside the picture, on every side.
    pub padding: [usize; 2],
}

impl Windows {
    /// Numbers of one picture.
    pub(crate) fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers of one result.
    pub(crate) fn output_len(&self) -> usize {
        self.out_height * self.out_width * self.channels
    }

    /// The part of a window that lies inside the picture.
    #[inline(always)]
    fn inside(&self, window: usize) -> Inside {
        let range = |axis: usize, o: usize, size: usize| {
            let first = (o * self.stride[axis]).saturating_sub(self.padding[axis]);
            let skipped = self.padding[axis].saturating_sub(o * self.stride[axis]);
            let end = (o * self.stride[axis] + self.size[axis]).saturating_sub(self.padding[axis]).min(size);
            (first, end, skipped)
        };
        let (top, bottom, above) = range(0, window / self.out_width, self.height);
        let (left, right, before) = range(1, window % self.out_width, self.width);
        let (width, columns) = (self.width, self.size[1]);
        Inside { top, bottom, left, right, first_place: above * columns + before, width, columns }
    }

    /// Calls `body(pixel of the picture, place in the window)` for the pixels of a window, row by row.
    pub(crate) fn for_each_pixel(&self, window: usize, body: impl FnMut(usize, usize)) {
        self.inside(window).for_each(body);
    }

    /// Whether every pixel belongs to exactly one window.
    fn tile(&self) -> bool {
        let whole = [self.out_height * self.size[0], self.out_width * self.size[1]] == [self.height, self.width];
        whole && self.size == self.stride && self.padding == [0, 0]
    }

    /// Estimated nanoseconds on one thread.
    fn cost(&self) -> f64 {
        (self.batch * self.output_len() * self.size[0] * self.size[1]) as f64 * 0.15
    }
}

/// The part of a window that lies inside the picture: rows `top..bottom` and columns `left..right`.
struct Inside {
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
    /// The place of its first pixel in the window.
    first_place: usize,
    /// Width of the picture, and of the window.
    width: usize,
    columns: usize,
}

impl Inside {
    #[inline(always)]
    fn first_pixel(&self) -> usize {
        self.top * self.width + self.left
    }

    #[inline(always)]
    fn for_each(&self, mut body: impl FnMut(usize, usize)) {
        for y in self.top..self.bottom {
            let place = self.first_place + (y - self.top) * self.columns;
            for x in self.left..self.right {
                body(y * self.width + x, place + x - self.left);
            }
        }
    }
}

/// The largest number of every window and its place in the window, counted row by row. The first of equal ones wins, and a
/// NaN wins over every number.
pub(crate) fn max_forward<T: Float>(out: &mut [T], winners: &mut [u8], x: &[T], windows: &Windows) {
    let (from, to) = (windows.input_len(), windows.output_len());
    assert!(winners.len() == out.len() && out.len() == windows.batch * to, "a winner for each result");
    let winners = threads::SendPointer(winners.as_mut_ptr());
    threads::for_each_piece(out, to, windows.cost(), |n, out| {
        let winners = &winners;
        // SAFETY: picture n of the winners, which are as many as the results (asserted above) and are cut at the same places;
        // every n comes once, and the borrow of the winners outlives the loop.
        let winners = unsafe { std::slice::from_raw_parts_mut(winners.0.add(n * to), to) };
        max_picture(out, winners, &x[n * from..(n + 1) * from], windows);
    });
}

vectorized! {
    fn max_picture[T: Float](out: &mut [T], winners: &mut [u8], x: &[T], windows: &Windows) {
        let channels = windows.channels.max(1);
        for (window, (out, winners)) in out.chunks_exact_mut(channels).zip(winners.chunks_exact_mut(channels)).enumerate() {
            let inside = windows.inside(window);
            out.copy_from_slice(&x[inside.first_pixel() * channels..][..channels]);
            winners.fill(inside.first_place as u8);
            // Loops of their own rather than `for_each`: as a closure this would not become vector instructions.
            for y in inside.top..inside.bottom {
                for column in inside.left..inside.right {
                    let x = &x[(y * inside.width + column) * channels..][..channels];
                    let place = (inside.first_place + (y - inside.top) * inside.columns + column - inside.left) as u8;
                    for ((best, winner), &x) in out.iter_mut().zip(winners.iter_mut()).zip(x) {
                        // A NaN is not equal to itself: it wins, and then stays. Two comparisons are all that vectors need.
                        #[allow(clippy::eq_op, clippy::neg_cmp_op_on_partial_ord)]
                        let better = (*best == *best) & !(x <= *best);
                        *best = if better { x } else { *best };
                        *winner = if better { place } else { *winner };
                    }
                }
            }
        }
    }
}

/// The opposite of [`pick`]: `dx` is g at the winners' pixels, added up where windows overlap, and 0 elsewhere.
pub(crate) fn scatter<T: Float>(dx: &mut [T], g: &[T], winners: &[u8], windows: &Windows) {
    let len = windows.output_len();
    threads::for_each_piece(dx, windows.input_len(), windows.cost(), |n, dx| {
        let picture = n * len..(n + 1) * len;
        scatter_picture(dx, &g[picture.clone()], &winners[picture], windows);
    });
}

vectorized! {
    fn scatter_picture[T: Float](dx: &mut [T], g: &[T], winners: &[u8], windows: &Windows) {
        let channels = windows.channels.max(1);
        if windows.tile() {
            // Every pixel belongs to one window: it is written once.
            for (window, (g, winners)) in g.chunks_exact(channels).zip(winners.chunks_exact(channels)).enumerate() {
                windows.inside(window).for_each(|pixel, place| {
                    let dx = &mut dx[pixel * channels..][..channels];
                    for ((dx, &g), &winner) in dx.iter_mut().zip(g).zip(winners) {
                        *dx = if winner == place as u8 { g } else { T::ZERO };
                    }
                });
            }
            return;
        }
        dx.fill(T::ZERO);
        for (window, (g, winners)) in g.chunks_exact(channels).zip(winners.chunks_exact(channels)).enumerate() {
            // Every pixel of the window is written, most of them with + 0: cheaper than a jump for each number.
            windows.inside(window).for_each(|pixel, place| {
                let dx = &mut dx[pixel * channels..][..channels];
                for ((dx, &g), &winner) in dx.iter_mut().zip(g).zip(winners) {
                    *dx = *dx + if winner == place as u8 { g } else { T::ZERO };
                }
            });
        }
    }
}

/// The numbers of x at the winners' pixels.
pub(crate) fn pick<T: Float>(out: &mut [T], x: &[T], winners: &[u8], windows: &Windows) {
    let (from, to) = (windows.input_len(), windows.output_len());
    threads::for_each_piece(out, to, windows.cost(), |n, out| {
        pick_picture(out, &x[n * from..(n + 1) * from], &winners[n * to..(n + 1) * to], windows);
    });
}

vectorized! {
    fn pick_picture[T: Float](out: &mut [T], x: &[T], winners: &[u8], windows: &Windows) {
        let channels = windows.channels.max(1);
        for (window, (out, winners)) in out.chunks_exact_mut(channels).zip(winners.chunks_exact(channels)).enumerate() {
            windows.inside(window).for_each(|pixel, place| {
                let x = &x[pixel * channels..][..channels];
                for ((out, &x), &winner) in out.iter_mut().zip(x).zip(winners) {
                    *out = if winner == place as u8 { x } else { *out };
                }
            });
        }
    }
}

/// The mean of every window. Pixels beside the picture count as zeros: the divisor is always the size of the window.
pub(crate) fn average_forward<T: Float>(out: &mut [T], x: &[T], windows: &Windows) {
    let len = windows.input_len();
    threads::for_each_piece(out, windows.output_len(), windows.cost(), |n, out| {
        average_picture(out, &x[n * len..(n + 1) * len], windows);
    });
}

vectorized! {
    fn average_picture[T: Float](out: &mut [T], x: &[T], windows: &Windows) {
        let channels = windows.channels.max(1);
        let count = T::from_f64((windows.size[0] * windows.size[1]) as f64);
        for (window, out) in out.chunks_exact_mut(channels).enumerate() {
            out.fill(T::ZERO);
            windows.inside(window).for_each(|pixel, _| {
                for (out, &x) in out.iter_mut().zip(&x[pixel * channels..][..channels]) {
                    *out = *out + x;
                }
            });
            for out in out {
                *out = *out / count;
            }
        }
    }
}

/// The opposite of [`average_forward`]: every pixel's share of g, added up where windows overlap.
pub(crate) fn average_backward<T: Float>(dx: &mut [T], g: &[T], windows: &Windows) {
    let len = windows.output_len();
    threads::for_each_piece(dx, windows.input_len(), windows.cost(), |n, dx| {
        spread_picture(dx, &g[n * len..(n + 1) * len], windows);
    });
}

vectorized! {
    fn spread_picture[T: Float](dx: &mut [T], g: &[T], windows: &Windows) {
        let channels = windows.channels.max(1);
        let count = T::from_f64((windows.size[0] * windows.size[1]) as f64);
        dx.fill(T::ZERO);
        for (window, g) in g.chunks_exact(channels).enumerate() {
            windows.inside(window).for_each(|pixel, _| {
                for (dx, &g) in dx[pixel * channels..][..channels].iter_mut().zip(g) {
                    *dx = *dx + g / count;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(channels: usize) -> Windows {
        Windows {
            batch: 2,
            channels,
            height: 7,
            width: 6,
            out_height: 4,
            out_width: 3,
            size: [3, 2],
            stride: [2, 2],
            padding: [1, 0],
        }
    }

    /// Whole numbers with many ties.
    fn numbers(count: usize, step: usize) -> Vec<f64> {
        (0..count).map(|i| (i * step % 7) as f64 - 3.0).collect()
    }

    /// Pixels and places of the window at (oy, ox), looked for in the whole picture.
    fn pixels(windows: &Windows, oy: usize, ox: usize) -> Vec<(usize, usize)> {
        let place = |at: usize, o: usize, axis: usize| {
            let place = at as isize + windows.padding[axis] as isize - (o * windows.stride[axis]) as isize;
            (0..windows.size[axis] as isize).contains(&place).then_some(place as usize)
        };
        let mut found = Vec::new();
        for y in 0..windows.height {
            for x in 0..windows.width {
                if let (Some(ky), Some(kx)) = (place(y, oy, 0), place(x, ox, 1)) {
                    found.push((y * windows.width + x, ky * windows.size[1] + kx));
                }
            }
        }
        found
    }

    #[test]
    fn poolings_follow_their_definition() {
        for channels in [1, 3, 8, 37] {
            let windows = windows(channels);
            let (inputs, outputs) = (windows.batch * windows.input_len(), windows.batch * windows.output_len());
            let (mut x, g) = (numbers(inputs, 5), numbers(outputs, 3));
            x[inputs / 2] = f64::NAN;
            let (mut largest, mut winners) = (vec![0.0; outputs], vec![255; outputs]);
            max_forward(&mut largest, &mut winners, &x, &windows);
            let (mut mean, mut picked) = (vec![0.0; outputs], vec![0.0; outputs]);
            average_forward(&mut mean, &x, &windows);
            pick(&mut picked, &x, &winners, &windows);
            let (mut dx_max, mut dx_mean) = (vec![0.0; inputs], vec![0.0; inputs]);
            for at in 0..outputs {
                let (channel, window, n) = (at % channels, at / channels % 12, at / (12 * channels));
                let pixels = pixels(&windows, window / 3, window % 3);
                let of = |pixel: usize| (n * 42 + pixel) * channels + channel;
                let (mut best, mut winner) = (pixels[0].0, pixels[0].1);
                for &(pixel, place) in &pixels {
                    let (new, old) = (x[of(pixel)], x[of(best)]);
                    if new > old || new.is_nan() && !old.is_nan() {
                        (best, winner) = (pixel, place);
                    }
                    dx_mean[of(pixel)] += g[at] / 6.0;
                }
                dx_max[of(best)] += g[at];
                assert_eq!((largest[at].to_bits(), winners[at]), (x[of(best)].to_bits(), winner as u8));
                assert_eq!(picked[at].to_bits(), largest[at].to_bits());
                let sum: f64 = pixels.iter().map(|&(pixel, _)| x[of(pixel)]).sum();
                assert_eq!(mean[at].to_bits(), (sum / 6.0).to_bits());
            }
            let (mut scattered, mut spread) = (vec![f64::NAN; inputs], vec![f64::NAN; inputs]);
            scatter(&mut scattered, &g, &winners, &windows);
            average_backward(&mut spread, &g, &windows);
            assert_eq!((scattered, spread), (dx_max, dx_mean));
        }
    }
}
