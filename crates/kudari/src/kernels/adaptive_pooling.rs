//! Adaptive poolings: the largest number or the mean of every part of a picture that is cut into a given number of parts.
//!
//! Every slice is contiguous with the channels last: x is `[batch, height, width, channels]`, the result `[batch, parts of the
//! height, parts of the width, channels]`. The loops run over the channels of one pixel, which lie side by side and become
//! vectors.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

/// A picture cut into parts. Where the parts do not fit evenly, neighbours share a row or column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Pictures.
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// First row and row after the last of the parts of the height; none where there are no pictures.
    pub rows: Vec<[usize; 2]>,
    /// The same of the width.
    pub columns: Vec<[usize; 2]>,
}

/// The places `[⌊i·size/count⌋, ⌈(i + 1)·size/count⌉)` of part i of `count`, none of which is empty.
pub(crate) fn cut(size: usize, count: usize) -> Vec<[usize; 2]> {
    // In 128 bits the product of two sizes cannot overflow.
    let (size, count) = (size as u128, count as u128);
    (0..count).map(|i| [(i * size / count) as usize, ((i + 1) * size).div_ceil(count) as usize]).collect()
}

impl Parts {
    /// Numbers of one picture.
    fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers of one result.
    fn output_len(&self) -> usize {
        self.rows.len() * self.columns.len() * self.channels
    }

    /// Rows and columns of a part, the parts being counted row by row.
    #[inline(always)]
    fn part(&self, number: usize) -> [[usize; 2]; 2] {
        [self.rows[number / self.columns.len()], self.columns[number % self.columns.len()]]
    }

    /// How many pixels a part has.
    fn count(&self, number: usize) -> usize {
        self.part(number).map(|[start, end]| end - start).iter().product()
    }

    /// Calls `body` with the pixels of a part, row by row.
    #[inline(always)]
    pub(crate) fn for_each_pixel(&self, number: usize, mut body: impl FnMut(usize)) {
        let [[top, bottom], [left, right]] = self.part(number);
        for y in top..bottom {
            for x in left..right {
                body(y * self.width + x);
            }
        }
    }

    /// Estimated nanoseconds on one thread.
    fn cost(&self) -> f64 {
        let covered = |parts: &[[usize; 2]]| parts.iter().map(|[start, end]| end - start).sum::<usize>() as f64;
        (self.batch * self.channels) as f64 * covered(&self.rows) * covered(&self.columns) * 0.15
    }
}

/// Channels that are looked at together.
const BLOCK: usize = 64;

/// The pixel of the largest number of every part: the first of equal ones, and the first NaN where there is one.
pub(crate) fn largest<T: Float>(winners: &mut [i64], x: &[T], parts: &Parts) {
    let len = parts.input_len();
    threads::for_each_piece(winners, parts.output_len(), parts.cost(), |n, winners| {
        largest_of_picture(winners, &x[n * len..(n + 1) * len], parts);
    });
}

vectorized! {
    fn largest_of_picture[T: Float](winners: &mut [i64], x: &[T], parts: &Parts) {
        let channels = parts.channels.max(1);
        for (number, winners) in winners.chunks_exact_mut(channels).enumerate() {
            let [[top, bottom], [left, right]] = parts.part(number);
            for (block, winners) in winners.chunks_mut(BLOCK).enumerate() {
                let of = |pixel: usize| &x[pixel * channels + block * BLOCK..][..winners.len()];
                let first = top * parts.width + left;
                let mut best = [T::ZERO; BLOCK];
                best[..winners.len()].copy_from_slice(of(first));
                let mut found = [first as i64; BLOCK];
                // Loops of their own rather than `for_each_pixel`: as a closure this would not become vector instructions.
                for y in top..bottom {
                    for column in left..right {
                        let pixel = y * parts.width + column;
                        for ((best, found), &x) in best.iter_mut().zip(&mut found).zip(of(pixel)) {
                            // A NaN is not equal to itself: it wins, and then stays.
                            #[allow(clippy::eq_op, clippy::neg_cmp_op_on_partial_ord)]
                            let better = (*best == *best) & !(x <= *best);
                            *best = if better { x } else { *best };
                            *found = if better { pixel as i64 } else { *found };
                        }
                    }
                }
                let count = winners.len();
                winners.copy_from_slice(&found[..count]);
            }
        }
    }
}

/// The mean of every part.
pub(crate) fn average<T: Float>(out: &mut [T], x: &[T], parts: &Parts) {
    let len = parts.input_len();
    threads::for_each_piece(out, parts.output_len(), parts.cost(), |n, out| {
        average_picture(out, &x[n * len..(n + 1) * len], parts);
    });
}

vectorized! {
    fn average_picture[T: Float](out: &mut [T], x: &[T], parts: &Parts) {
        let channels = parts.channels.max(1);
        for (number, out) in out.chunks_exact_mut(channels).enumerate() {
            out.fill(T::ZERO);
            parts.for_each_pixel(number, |pixel| {
                for (out, &x) in out.iter_mut().zip(&x[pixel * channels..][..channels]) {
                    *out = *out + x;
                }
            });
            let count = T::from_f64(parts.count(number) as f64);
            for out in out {
                *out = *out / count;
            }
        }
    }
}

/// The opposite of [`average`]: every pixel's share of g, added up where parts share it.
pub(crate) fn spread<T: Float>(dx: &mut [T], g: &[T], parts: &Parts) {
    let len = parts.output_len();
    threads::for_each_piece(dx, parts.input_len(), parts.cost(), |n, dx| {
        spread_picture(dx, &g[n * len..(n + 1) * len], parts);
    });
}

vectorized! {
    fn spread_picture[T: Float](dx: &mut [T], g: &[T], parts: &Parts) {
        let channels = parts.channels.max(1);
        dx.fill(T::ZERO);
        for (number, g) in g.chunks_exact(channels).enumerate() {
            let count = T::from_f64(parts.count(number) as f64);
            parts.for_each_pixel(number, |pixel| {
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

    #[test]
    fn parts_cover_an_axis_in_order() {
        assert_eq!(cut(6, 3), [[0, 2], [2, 4], [4, 6]]);
        assert_eq!(cut(7, 3), [[0, 3], [2, 5], [4, 7]]);
        assert_eq!(cut(2, 5), [[0, 1], [0, 1], [0, 2], [1, 2], [1, 2]]);
        assert_eq!(cut(usize::MAX, 2), [[0, usize::MAX / 2 + 1], [usize::MAX / 2, usize::MAX]]);
    }

    /// Small whole numbers with many ties and a NaN, more channels than a block has, and parts that share pixels.
    #[test]
    fn poolings_follow_their_definition() {
        for channels in [1, 3, 70] {
            let parts = Parts { batch: 2, channels, height: 7, width: 5, rows: cut(7, 3), columns: cut(5, 4) };
            let mut x: Vec<f64> = (0..2 * parts.input_len()).map(|i| (i * 5 % 7) as f64 - 3.0).collect();
            x[parts.input_len() / 2] = f64::NAN;
            let count = 2 * parts.output_len();
            let g: Vec<f64> = (0..count).map(|i| (i * 3 % 8) as f64).collect();
            let (mut winners, mut mean) = (vec![-1; count], vec![f64::NAN; count]);
            largest(&mut winners, &x, &parts);
            average(&mut mean, &x, &parts);
            let mut dx = vec![f64::NAN; x.len()];
            spread(&mut dx, &g, &parts);
            let mut expected = vec![0.0; x.len()];
            for at in 0..count {
                let (channel, part, n) = (at % channels, at / channels % 12, at / (12 * channels));
                let of = |pixel: usize| (n * 35 + pixel) * channels + channel;
                let inside = |i: usize, parts: &[[usize; 2]], at: usize| (parts[at][0]..parts[at][1]).contains(&i);
                let pixels: Vec<usize> = (0..35)
                    .filter(|pixel| inside(pixel / 5, &parts.rows, part / 4) && inside(pixel % 5, &parts.columns, part % 4))
                    .collect();
                let mut best = pixels[0];
                for &pixel in &pixels {
                    let (new, old) = (x[of(pixel)], x[of(best)]);
                    if new > old || new.is_nan() && !old.is_nan() {
                        best = pixel;
                    }
                    expected[of(pixel)] += g[at] / pixels.len() as f64;
                }
                assert_eq!(winners[at], best as i64);
                let sum: f64 = pixels.iter().map(|&pixel| x[of(pixel)]).sum();
                assert_eq!(mean[at].to_bits(), (sum / pixels.len() as f64).to_bits());
            }
            assert_eq!(dx, expected);
        }
    }
}
