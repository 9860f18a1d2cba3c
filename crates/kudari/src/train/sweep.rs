//! Many trainings at once, and what they have in common.

use super::record::EpochRecord;
use crate::kernels::precision::{precision, with_precision};
use crate::kernels::threads::for_each_piece;

/// `run(0)`, …, `run(count − 1)` in the order of their numbers, each whole on one thread and as many at a time as there are
/// threads: small networks train fastest that way. A single run may use all threads for itself. No result depends on it. The
/// caller's [`with_precision`] holds for all runs.
pub fn run_each<R: Send>(count: usize, run: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    let precision = precision();
    let run = |number| with_precision(precision, || run(number));
    for_each_piece(&mut results, 1, f64::INFINITY, |number, slot| slot.iter_mut().for_each(|slot| *slot = Some(run(number))));
    results.into_iter().flatten().collect()
}

/// The quantiles of some values. Between two values they lie on a straight line, as in NumPy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The least value.
    pub least: f64,
    /// The lower quartile: a quarter of the values is below it.
    pub lower: f64,
    /// The median: half of the values is below it.
    pub median: f64,
    /// The upper quartile: a quarter of the values is above it.
    pub upper: f64,
    /// The largest value.
    pub most: f64,
}

impl Spread {
    /// The spread of `values`; NaN counts as infinite, as the loss of a training that diverged. `None` of no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = values.into_iter().map(|v| if v.is_nan() { f64::INFINITY } else { v }).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let [low, high] = [place.floor(), place.ceil()].map(|p| sorted.get(p as usize).copied().unwrap_or(f64::NAN));
            // Between equal values, infinite ones too, there is nothing to interpolate.
            if low == high { low } else { low + (high - low) * place.fract() }
        };
        (!sorted.is_empty()).then(|| Spread {
            least: quantile(0.0),
            lower: quantile(0.25),
            median: quantile(0.5),
            upper: quantile(0.75),
            most: quantile(1.0),
        })
    }
}

/// The spread of `value` over several trainings of one kind, at every iteration that the longest of them was measured at. One
/// that ended before counts as infinite there.
pub fn band(histories: &[&[EpochRecord]], value: impl Fn(&EpochRecord) -> f64) -> Vec<(u64, Spread)> {
    let Some(longest) = histories.iter().max_by_key(|history| history.len()) else { return Vec::new() };
    let at = |iteration: u64| {
        let measured = |history: &&[EpochRecord]| {
            let place = history.binary_search_by_key(&iteration, |r| r.iteration).ok()?;
            history.get(place).map(&value)
        };
        Spread::of(histories.iter().map(|history| measured(history).unwrap_or(f64::INFINITY)))
    };
    longest.iter().filter_map(|record| Some((record.iteration, at(record.iteration)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::precision::Precision;
    use crate::kernels::threads::{set_threads, threads};

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        let chosen = threads();
        for count in [1, 2, 5] {
            set_threads(count);
            assert_eq!(run_each(50, |i| i * i), (0..50).map(|i| i * i).collect::<Vec<_>>());
        }
        let precisions = with_precision(Precision::Bf16, || run_each(50, |_| precision()));
        set_threads(chosen);
        assert_eq!(precisions, [Precision::Bf16; 50]);
        assert!(run_each(0, |i| i).is_empty());
    }

    /// The quantile q of n values stands at place q(n − 1) among them when they are sorted: worked out by hand.
    #[test]
    fn quantiles_lie_between_the_values() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied()).map(|s| [s.least, s.lower, s.median, s.upper, s.most]);
        assert_eq!(spread(&[3.0, 1.0, 2.0, 10.0]), Some([1.0, 1.75, 2.5, 4.75, 10.0]));
        assert_eq!(spread(&[5.0]), Some([5.0; 5]));
        assert_eq!(spread(&[]), None);
        let infinite = f64::INFINITY;
        assert_eq!(spread(&[1.0, f64::NAN, 2.0, infinite, 3.0]), Some([1.0, 2.0, 3.0, infinite, infinite]));
        assert_eq!(spread(&[1.0, infinite]), Some([1.0, infinite, infinite, infinite, infinite]));
    }

    #[test]
    fn a_training_that_ended_early_is_infinite_afterwards() {
        let record = |iteration: u64, train_loss: f64| EpochRecord { iteration, train_loss, ..EpochRecord::default() };
        let (long, short) = (vec![record(0, 2.0), record(10, 1.0), record(20, 0.5)], vec![record(0, 4.0), record(7, 9.0)]);
        let band = band(&[&short, &long], |r| r.train_loss);
        assert_eq!(
            band.iter().map(|b| (b.0, b.1.least, b.1.most)).collect::<Vec<_>>(),
            [(0, 2.0, 4.0), (10, 1.0, f64::INFINITY), (20, 0.5, f64::INFINITY)]
        );
    }
}
