//! What a network computes differently when one weight moves: the loops of training by numerical gradients.
//!
//! A weight of a linear layer changes one output of it, and that only in samples whose input is not 0: these samples are
//! `samples`, one row of results each. Numbers of one unit in all samples are `column`s.

use super::float::Float;
use super::simd::vectorized;

vectorized! {
    /// `out[r] = column[samples[r]] + step·inputs[r]`: a unit's numbers when the weight of these inputs moves by `step`.
    pub(crate) fn moved[T: Float](out: &mut [T], column: &[T], samples: &[i64], inputs: &[T], step: T) {
        for ((o, &sample), &x) in out.iter_mut().zip(samples).zip(inputs) {
            *o = column[sample as usize] + step * x;
        }
    }
}

vectorized! {
    /// `out[r] = base[samples[r]] + (after[r] − column[samples[r]])·weights`, rows as long as `weights`: the next layer's
    /// numbers when one of its inputs becomes `after`.
    pub(crate) fn through[T: Float](out: &mut [T], base: &[T], samples: &[i64], after: &[T], column: &[T], weights: &[T]) {
        let width = weights.len();
        for ((out, &sample), &after) in out.chunks_exact_mut(width).zip(samples).zip(after) {
            let sample = sample as usize;
            let (base, change) = (&base[sample * width..(sample + 1) * width], after - column[sample]);
            for ((o, &b), &w) in out.iter_mut().zip(base).zip(weights) {
                *o = b + change * w;
            }
        }
    }
}

/// `out[r] = base[samples[r]]` with `after[r]` at the place `unit`, rows of `width` numbers.
pub(crate) fn replaced<T: Float>(out: &mut [T], base: &[T], samples: &[i64], after: &[T], unit: usize, width: usize) {
    for ((out, &sample), &after) in out.chunks_exact_mut(width).zip(samples).zip(after) {
        out.copy_from_slice(&base[sample as usize * width..][..width]);
        out[unit] = after;
    }
}

/// The inputs of a layer that are not 0, source by source: those of source j stand at `starts[j]..starts[j + 1]`.
pub(crate) struct Sources<T> {
    starts: Vec<usize>,
    samples: Vec<i64>,
    inputs: Vec<T>,
}

impl<T: Float> Sources<T> {
    /// From inputs `[samples, width]`; with `one`, a last source that is 1 in every sample, as a bias has.
    pub fn new(inputs: &[T], width: usize, one: bool) -> Sources<T> {
        let count = inputs.len() / width.max(1);
        let mut sources = Sources { starts: vec![0; width + 1], samples: Vec::new(), inputs: Vec::new() };
        for row in inputs.chunks_exact(width.max(1)) {
            sources.starts[1..].iter_mut().zip(row).for_each(|(n, &x)| *n += usize::from(x != T::ZERO));
        }
        for j in 0..width {
            sources.starts[j + 1] += sources.starts[j];
        }
        let total = sources.starts[width];
        (sources.samples, sources.inputs) = (vec![0; total], vec![T::ZERO; total]);
        let mut places = sources.starts.clone();
        for (sample, row) in inputs.chunks_exact(width.max(1)).enumerate() {
            for (place, &x) in places.iter_mut().zip(row).filter(|(_, x)| **x != T::ZERO) {
                (sources.samples[*place], sources.inputs[*place]) = (sample as i64, x);
                *place += 1;
            }
        }
        if one {
            sources.samples.extend(0..count as i64);
            sources.inputs.resize(total + count, T::ONE);
            sources.starts.push(total + count);
        }
        sources
    }

    /// Number of sources.
    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of inputs that are not 0, over all sources.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The samples that source j reaches, in rising order, and its inputs there.
    pub fn of(&self, j: usize) -> (&[i64], &[T]) {
        let range = self.starts[j]..self.starts[j + 1];
        (&self.samples[range.clone()], &self.inputs[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_the_columns_without_zeros_and_the_bias_s_ones() {
        let sources = Sources::new(&[0.0, 2.0, 0.0, 3.0, 4.0, 0.0], 3, true);
        assert_eq!((sources.count(), sources.len()), (4, 5));
        let all: Vec<(&[i64], &[f64])> = (0..4).map(|j| sources.of(j)).collect();
        assert_eq!(all, [(&[1][..], &[3.0][..]), (&[0, 1], &[2.0, 4.0]), (&[], &[]), (&[0, 1], &[1.0, 1.0])]);
        assert_eq!(Sources::new(&[1.0, 0.0], 2, false).count(), 2);
    }

    /// Two units, two outputs of the next layer: by hand.
    #[test]
    fn a_moved_weight_reaches_the_next_layer() {
        let (mut moved_unit, mut next, mut rows) = ([0.0; 2], [0.0; 4], [0.0; 4]);
        moved(&mut moved_unit, &[1.0, 5.0, 7.0], &[0, 2], &[2.0, -1.0], 0.5);
        assert_eq!(moved_unit, [2.0, 6.5]);
        let base = [10.0, 20.0, 0.0, 0.0, 30.0, 40.0];
        through(&mut next, &base, &[0, 2], &moved_unit, &[1.0, 5.0, 7.0], &[3.0, -2.0]);
        assert_eq!(next, [13.0, 18.0, 28.5, 41.0]);
        replaced(&mut rows, &base, &[0, 2], &moved_unit, 1, 2);
        assert_eq!(rows, [10.0, 2.0, 30.0, 6.5]);
    }
}
