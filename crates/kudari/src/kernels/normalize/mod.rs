//! Normalisation of the rows of a matrix (layer and RMS normalisation), and of its columns or of planes (batch normalisation).

mod planes;

use super::float::Float;
use super::memory::Buffer;
use super::simd::vectorized;
use super::threads::{self, SendPointer};

pub(crate) use planes::{plane_moments, plane_products, planes_gradient, scale_planes};

/// Numbers of a piece of work: they stay in the second-level cache for the passes over them.
const PIECE: usize = 16 * 1024;
const LANES: usize = 16;

/// What rows or columns are normalised with.
#[derive(Clone, Copy)]
pub(crate) struct Scale<'a, T> {
    /// Added to the variance.
    pub epsilon: T,
    /// A factor and a term for every column; 1 and 0 without.
    pub weight: Option<&'a [T]>,
    pub bias: Option<&'a [T]>,
    /// Take the mean off first.
    pub centred: bool,
}

/// Rows of a piece for rows of `columns` numbers.
fn rows_per_piece(columns: usize) -> usize {
    (PIECE / columns.max(1)).max(1)
}

/// `out[r, c] = (x[r, c] − m_r) / √(v_r + ε) · w_c + b_c` with the mean m and the variance v of row r; m = 0 unless centred.
pub(crate) fn rows<T: Float>(out: &mut [T], x: &[T], columns: usize, scale: &Scale<'_, T>) {
    let piece = rows_per_piece(columns) * columns;
    threads::for_each_piece(out, piece.max(1), x.len() as f64 * 0.4, |index, part| {
        let x = &x[index * piece..index * piece + part.len()];
        normalize_rows(part, x, columns, scale);
    });
}

/// The gradients of [`rows`]: by x, and with `by_scale` by weight and bias.
pub(crate) fn rows_gradient<T: Float>(
    dx: &mut [T],
    by_scale: Option<[&mut [T]; 2]>,
    g: &[T],
    x: &[T],
    columns: usize,
    scale: &Scale<'_, T>,
) {
    let piece = rows_per_piece(columns) * columns;
    let pieces = dx.len().div_ceil(piece.max(1));
    let wanted = by_scale.is_some();
    // Every piece has sums of its own, which are added in order.
    let room = if wanted { 2 * columns * pieces } else { 0 };
    let mut sums = Buffer::recycled::<T>(room);
    let Some(sums) = sums.slice_mut::<T>(room) else { return };
    let start = SendPointer(sums.as_mut_ptr());
    threads::for_each_piece(dx, piece.max(1), x.len() as f64 * 0.8, |index, part| {
        let range = index * piece..index * piece + part.len();
        let start = &start;
        let mut none = [];
        let sums = if wanted {
            // SAFETY: piece `index` has 2 · columns sums of its own inside `sums`.
            unsafe { std::slice::from_raw_parts_mut(start.0.add(2 * columns * index), 2 * columns) }
        } else {
            &mut none[..]
        };
        sums.fill(T::ZERO);
        gradient_of_rows(part, sums, &g[range.clone()], &x[range], columns, scale);
    });
    if let Some([by_weight, by_bias]) = by_scale {
        by_weight.fill(T::ZERO);
        by_bias.fill(T::ZERO);
        for part in sums.chunks_exact(2 * columns.max(1)) {
            add(by_weight, &part[..columns]);
            add(by_bias, &part[columns..]);
        }
    }
}

vectorized! {
    fn add[T: Float](to: &mut [T], x: &[T]) {
        to.iter_mut().zip(x).for_each(|(to, &x)| *to = *to + x);
    }
}

/// Adds up lanes in a fixed order.
#[inline(always)]
fn total<T: Float>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] = lanes[l] + lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Σ (x − m)^power for a power of 1 or 2, in lanes.
#[inline(always)]
fn moment<T: Float>(x: &[T], mean: T, squared: bool) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for chunk in whole {
        for l in 0..LANES {
            let d = chunk[l] - mean;
            lanes[l] = lanes[l] + if squared { d * d } else { d };
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        let d = x - mean;
        *lane = *lane + if squared { d * d } else { d };
    }
    total(lanes)
}

/// Mean (0 unless centred) and 1/√(variance + ε) of a row.
#[inline(always)]
fn statistics<T: Float>(x: &[T], scale: &Scale<'_, T>) -> (T, T) {
    let count = T::from_f64(x.len() as f64);
    let mean = if scale.centred { moment(x, T::ZERO, false) / count } else { T::ZERO };
    let variance = moment(x, mean, true) / count;
    (mean, T::ONE / (variance + scale.epsilon).sqrt())
}

vectorized! {
    fn normalize_rows[T: Float](out: &mut [T], x: &[T], columns: usize, scale: &Scale<'_, T>) {
        for (out, x) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            let (mean, factor) = statistics(x, scale);
            match (scale.weight, scale.bias) {
                (Some(weight), Some(bias)) => {
                    for (((out, &x), &w), &b) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                        *out = (x - mean) * factor * w + b;
                    }
                }
                (Some(weight), None) => {
                    for ((out, &x), &w) in out.iter_mut().zip(x).zip(weight) {
                        *out = (x - mean) * factor * w;
                    }
                }
                _ => {
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out = (x - mean) * factor;
                    }
                }
            }
        }
    }
}

vectorized! {
    /// With x̂ the normalised row and h = g·w: dx = (h − [centred] mean h − x̂ · mean(h·x̂)) / √(v + ε); `sums` get Σ g·x̂ and Σ g.
    fn gradient_of_rows[T: Float](dx: &mut [T], sums: &mut [T], g: &[T], x: &[T], columns: usize, scale: &Scale<'_, T>) {
        let count = T::from_f64(columns as f64);
        for ((dx, x), g) in dx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns)) {
            let (mean, factor) = statistics(x, scale);
            // h is put into dx for the second pass.
            match scale.weight {
                Some(weight) => dx.iter_mut().zip(g).zip(weight).for_each(|((h, &g), &w)| *h = g * w),
                None => dx.copy_from_slice(g),
            }
            let (mut plain, mut along) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            let ((h_whole, h_rest), (x_whole, x_rest)) = (dx.as_chunks::<LANES>(), x.as_chunks::<LANES>());
            for (h, x) in h_whole.iter().zip(x_whole) {
                for l in 0..LANES {
                    plain[l] = plain[l] + h[l];
                    along[l] = along[l] + h[l] * (x[l] - mean);
                }
            }
            for (l, (&h, &x)) in h_rest.iter().zip(x_rest).enumerate() {
                plain[l] = plain[l] + h;
                along[l] = along[l] + h * (x - mean);
            }
            let plain = if scale.centred { total(plain) / count } else { T::ZERO };
            let along = total(along) / count * factor * factor;
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = (*dx - plain - (x - mean) * along) * factor;
            }
            if !sums.is_empty() {
                let (by_weight, by_bias) = sums.split_at_mut(columns);
                for (((by_weight, by_bias), &g), &x) in by_weight.iter_mut().zip(by_bias).zip(g).zip(x) {
                    *by_weight = *by_weight + g * ((x - mean) * factor);
                    *by_bias = *by_bias + g;
                }
            }
        }
    }
}

/// Mean and variance (divided by the number of rows) of every column.
pub(crate) fn column_moments<T: Float>(mean: &mut [T], variance: &mut [T], x: &[T]) {
    let columns = mean.len();
    let rows = rows_per_piece(columns);
    let pieces = x.len().div_ceil((rows * columns).max(1));
    // Every piece gives its sums and its squared distances from its own mean.
    let mut parts = Buffer::recycled::<T>(2 * columns * pieces);
    let Some(parts) = parts.slice_mut::<T>(2 * columns * pieces) else { return };
    threads::for_each_piece(parts, 2 * columns.max(1), x.len() as f64 * 0.2, |index, part| {
        let x = &x[index * rows * columns..x.len().min((index + 1) * rows * columns)];
        let (sums, squares) = part.split_at_mut(columns);
        moments_of_piece(sums, squares, x);
    });
    mean.fill(T::ZERO);
    variance.fill(T::ZERO);
    // Two groups joined: the squared distances gain d² · n·m/(n + m), d being the distance of their means (Chan, Golub and
    // LeVeque 1979).
    let (mut seen, total) = (0.0, x.len() as f64 / columns.max(1) as f64);
    for part in parts.chunks_exact(2 * columns.max(1)) {
        let here = (total - seen).min(rows as f64);
        let (share, weight) = (T::from_f64(here / (seen + here)), T::from_f64(seen * here / (seen + here)));
        for (c, (mean, squares)) in mean.iter_mut().zip(variance.iter_mut()).enumerate() {
            let d = part[c] - *mean;
            *mean = *mean + d * share;
            *squares = *squares + part[columns + c] + d * d * weight;
        }
        seen += here;
    }
    let share = T::from_f64(1.0 / total);
    variance.iter_mut().for_each(|squares| *squares = *squares * share);
}

vectorized! {
    /// The means of the columns, and the sums of the squared distances from them.
    fn moments_of_piece[T: Float](means: &mut [T], squares: &mut [T], x: &[T]) {
        let columns = means.len();
        means.fill(T::ZERO);
        squares.fill(T::ZERO);
        for row in x.chunks_exact(columns) {
            means.iter_mut().zip(row).for_each(|(sum, &x)| *sum = *sum + x);
        }
        let share = T::from_f64(1.0 / (x.len() / columns) as f64);
        means.iter_mut().for_each(|sum| *sum = *sum * share);
        for row in x.chunks_exact(columns) {
            for ((square, &mean), &x) in squares.iter_mut().zip(&*means).zip(row) {
                *square = *square + (x - mean) * (x - mean);
            }
        }
    }
}

/// `out[r, c] = (x[r, c] − mean_c) · factor_c + term_c`.
pub(crate) fn scale_columns<T: Float>(out: &mut [T], x: &[T], [mean, factor, term]: [&[T]; 3]) {
    let columns = mean.len();
    let piece = rows_per_piece(columns) * columns;
    threads::for_each_piece(out, piece.max(1), x.len() as f64 * 0.2, |index, part| {
        scale_rows(part, &x[index * piece..index * piece + part.len()], mean, factor, term);
    });
}

vectorized! {
    fn scale_rows[T: Float](out: &mut [T], x: &[T], mean: &[T], factor: &[T], term: &[T]) {
        for (out, x) in out.chunks_exact_mut(mean.len()).zip(x.chunks_exact(mean.len())) {
            for ((((out, &x), &mean), &factor), &term) in out.iter_mut().zip(x).zip(mean).zip(factor).zip(term) {
                *out = (x - mean) * factor + term;
            }
        }
    }
}

/// For every column Σ g·(x − mean) and Σ g.
pub(crate) fn column_products<T: Float>(along: &mut [T], plain: &mut [T], g: &[T], x: &[T], mean: &[T]) {
    let columns = mean.len();
    let piece = rows_per_piece(columns) * columns;
    let pieces = x.len().div_ceil(piece.max(1));
    let mut parts = Buffer::recycled::<T>(2 * columns * pieces);
    let Some(parts) = parts.slice_mut::<T>(2 * columns * pieces) else { return };
    threads::for_each_piece(parts, 2 * columns.max(1), x.len() as f64 * 0.2, |index, part| {
        let range = index * piece..x.len().min((index + 1) * piece);
        let (along, plain) = part.split_at_mut(columns);
        products_of_piece(along, plain, &g[range.clone()], &x[range], mean);
    });
    along.fill(T::ZERO);
    plain.fill(T::ZERO);
    for part in parts.chunks_exact(2 * columns.max(1)) {
        add(along, &part[..columns]);
        add(plain, &part[columns..]);
    }
}

vectorized! {
    fn products_of_piece[T: Float](along: &mut [T], plain: &mut [T], g: &[T], x: &[T], mean: &[T]) {
        let columns = mean.len();
        along.fill(T::ZERO);
        plain.fill(T::ZERO);
        for (g, x) in g.chunks_exact(columns).zip(x.chunks_exact(columns)) {
            for ((((along, plain), &g), &x), &mean) in along.iter_mut().zip(plain.iter_mut()).zip(g).zip(x).zip(mean) {
                *along = *along + g * (x - mean);
                *plain = *plain + g;
            }
        }
    }
}

/// `dx[r, c] = (g[r, c] − term_c − (x[r, c] − mean_c) · slope_c) · factor_c`.
pub(crate) fn columns_gradient<T: Float>(dx: &mut [T], g: &[T], x: &[T], [mean, factor, term, slope]: [&[T]; 4]) {
    let columns = mean.len();
    let piece = rows_per_piece(columns) * columns;
    threads::for_each_piece(dx, piece.max(1), x.len() as f64 * 0.3, |index, part| {
        let range = index * piece..index * piece + part.len();
        gradient_of_columns(part, &g[range.clone()], &x[range], mean, factor, term, slope);
    });
}

vectorized! {
    fn gradient_of_columns[T: Float](dx: &mut [T], g: &[T], x: &[T], mean: &[T], factor: &[T], term: &[T], slope: &[T]) {
        let columns = mean.len();
        for ((dx, g), x) in dx.chunks_exact_mut(columns).zip(g.chunks_exact(columns)).zip(x.chunks_exact(columns)) {
            for c in 0..columns {
                dx[c] = (g[c] - term[c] - (x[c] - mean[c]) * slope[c]) * factor[c];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn numbers(count: usize, key: u64) -> Vec<f64> {
        (0..count).map(|i| super::super::random::philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0).collect()
    }

    pub(super) fn near(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} ≠ {b}"));
    }

    /// Against the formulas, number by number; enough rows for several pieces.
    #[test]
    fn rows_and_columns_follow_their_formulas() {
        for (rows, columns) in [(3, 5), (1, 1), (700, 37), (40, 16)] {
            let (x, g) = (numbers(rows * columns, 1), numbers(rows * columns, 2));
            let (w, b) = (numbers(columns, 3), numbers(columns, 4));
            let mut out = vec![f64::NAN; x.len()];
            for centred in [true, false] {
                let scale = Scale { epsilon: 1e-3, weight: Some(&w[..]), bias: Some(&b[..]), centred };
                super::rows(&mut out, &x, columns, &scale);
                for (r, row) in x.chunks(columns).enumerate() {
                    let mean = if centred { row.iter().sum::<f64>() / columns as f64 } else { 0.0 };
                    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / columns as f64;
                    let expected: Vec<f64> =
                        (0..columns).map(|c| (row[c] - mean) / (variance + 1e-3).sqrt() * w[c] + b[c]).collect();
                    near(&out[r * columns..(r + 1) * columns], &expected);
                }
            }
            let column = |x: &[f64], c: usize| x.iter().skip(c).step_by(columns).copied().collect::<Vec<_>>();
            let (mut mean, mut variance) = (vec![0.0; columns], vec![0.0; columns]);
            column_moments(&mut mean, &mut variance, &x);
            let (mut along, mut plain) = (vec![0.0; columns], vec![0.0; columns]);
            column_products(&mut along, &mut plain, &g, &x, &b);
            for c in 0..columns {
                let (x, g) = (column(&x, c), column(&g, c));
                let expected = x.iter().sum::<f64>() / rows as f64;
                near(&[mean[c]], &[expected]);
                near(&[variance[c]], &[x.iter().map(|x| (x - expected).powi(2)).sum::<f64>() / rows as f64]);
                near(&[plain[c]], &[g.iter().sum()]);
                near(&[along[c]], &[g.iter().zip(&x).map(|(g, x)| g * (x - b[c])).sum()]);
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let (x, g) = (numbers(3000 * 33, 1), numbers(3000 * 33, 2));
        let w = numbers(33, 3);
        let all = |threads| {
            super::super::threads::set_threads(threads);
            let scale = Scale { epsilon: 1e-5, weight: Some(&w[..]), bias: None, centred: true };
            let (mut dx, mut by) = (vec![0.0; x.len()], vec![0.0; 4 * 33]);
            let (by_weight, rest) = by.split_at_mut(33);
            let (by_bias, moments) = rest.split_at_mut(33);
            rows_gradient(&mut dx, Some([by_weight, by_bias]), &g, &x, 33, &scale);
            let (mean, variance) = moments.split_at_mut(33);
            column_moments(mean, variance, &x);
            (dx, by)
        };
        let one = all(1);
        assert!([2, 3, 5].iter().all(|&threads| all(threads) == one));
    }
}
