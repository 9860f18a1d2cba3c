//! What a report shows of a network's predictions beside its scores.

use super::evaluate::{analyse, outputs};
use super::importance::{Importance, permutation_importance};
use super::losses::Loss;
use crate::array::{DType, Stream};
use crate::data::Dataset;
use crate::data::table::Preparation;
use crate::error::Result;
use crate::model::Network;

/// So many of the rows that are most wrong are kept.
const WORST_ROWS: usize = 12;
/// At most so many points are drawn.
const POINTS: usize = 1_200;
/// Bins of the distribution of residuals; odd, so that one is around 0.
const BINS: usize = 41;
/// The distribution is drawn between these quantiles, as far as it is even; a few outliers would leave nothing of the rest.
const TAIL: f64 = 0.005;

/// Rows that are looked at, at most.
const MOST_ROWS: usize = 200_000;

/// What a report shows of a network's predictions beside its scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// How predicted numbers differ from the true ones.
    pub residuals: Option<Residuals>,
    /// How much the network relies on each column of a table.
    pub importance: Option<Importance>,
    /// The rows of a table that are most wrong, the worst first.
    pub worst_rows: Vec<WorstRow>,
}

impl Findings {
    /// Looks at what a network makes of data, of the first 200,000 samples where there are more: of numbers the residuals, of the rows of a table also the importance of its columns and the worst
    /// rows. `seed` decides which rows are drawn and how columns are shuffled.
    ///
    /// # Errors
    ///
    /// The network does not fit the data.
    pub fn of(network: &Network, data: &Dataset, loss: &Loss, table: Option<&Preparation>, seed: u64) -> Result<Findings> {
        let mut findings = Findings::default();
        if data.is_empty() {
            return Ok(findings);
        }
        // Of more rows the first tell as much, in memory that does not grow with them.
        let data = &data.first(data.len().min(MOST_ROWS))?;
        let cells = |index: usize| -> Result<Vec<(String, String)>> {
            let Some(table) = table else { return Ok(Vec::new()) };
            Ok(table.cells(&data.batch(&[index as i64])?.x.array().to_f64_vec()))
        };
        if data.classes().is_empty() {
            let pairs = pairs(network, data, table)?;
            findings.residuals = Residuals::of(&pairs, seed)?;
            if table.is_some() {
                for index in largest(&pairs) {
                    let Some(&(truth, predicted)) = pairs.get(index) else { continue };
                    findings.worst_rows.push(WorstRow { index, cells: cells(index)?, wrong: Wrong::Number { truth, predicted } });
                }
            }
        } else if table.is_some()
            && let Some(analysis) = analyse(network, data, WORST_ROWS)?
        {
            for sample in analysis.worst {
                let wrong = Wrong::Class {
                    label: sample.label,
                    predicted: sample.predicted,
                    probability: sample.probability,
                    label_probability: sample.label_probability,
                };
                findings.worst_rows.push(WorstRow { index: sample.index, cells: cells(sample.index)?, wrong });
            }
        }
        if let Some(table) = table {
            let columns: Vec<(&str, usize)> = table.widths().collect();
            let importance = permutation_importance(network, data, loss, &columns, seed)?;
            // A network that failed says nothing about columns.
            findings.importance = Some(importance).filter(|found| found.loss.is_finite());
        }
        Ok(findings)
    }
}

/// A row of a table that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstRow {
    /// Its number among the test data, from 0.
    pub index: usize,
    /// Its columns with their values.
    pub cells: Vec<(String, String)>,
    /// What was predicted.
    pub wrong: Wrong,
}

/// A wrong prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wrong {
    /// Of a class.
    Class {
        /// The number of its class.
        label: usize,
        /// The number of the class that it was taken for.
        predicted: usize,
        /// The probability that the network gave to what it took it for.
        probability: f64,
        /// The probability that it gave to its class.
        label_probability: f64,
    },
    /// Of a number.
    Number {
        /// The true one.
        truth: f64,
        /// What was predicted.
        predicted: f64,
    },
}

/// How predicted numbers differ from the true ones: residual = predicted − true.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// (true, predicted) of some samples, drawn by the seed if there are many.
    pub points: Vec<(f64, f64)>,
    /// The number of all samples.
    pub count: usize,
    /// The mean of the residuals: what predictions are too large by on the whole.
    pub mean: f64,
    /// The standard deviation of the residuals, with divisor n.
    pub deviation: f64,
    /// The first edge of the bins, and their width.
    pub bins: (f64, f64),
    /// How many residuals lie in each bin.
    pub counts: Vec<usize>,
    /// How many lie below the first and above the last.
    pub beyond: (usize, usize),
}

impl Residuals {
    /// Of (true, predicted) pairs; `None` if none is finite.
    fn of(pairs: &[(f64, f64)], seed: u64) -> Result<Option<Residuals>> {
        // Squares and differences of larger numbers would be infinite.
        let drawable = |value: &f64| value.abs() < 1e150;
        let finite: Vec<(f64, f64)> = pairs.iter().copied().filter(|(t, p)| drawable(t) && drawable(p)).collect();
        let count = finite.len();
        let mut residuals: Vec<f64> = finite.iter().map(|(t, p)| p - t).collect();
        residuals.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (residuals.first(), residuals.last()) else { return Ok(None) };
        let mean = residuals.iter().map(|r| r / count as f64).sum::<f64>();
        let deviation = residuals.iter().map(|r| (r - mean) * (r - mean) / count as f64).sum::<f64>().sqrt();
        let at = |share: f64| residuals.get((share * (count - 1) as f64).round() as usize).copied().unwrap_or(0.0);
        // To both sides of 0 alike, so that a shift is seen.
        let wide = least.abs().max(most.abs());
        let middle = at(TAIL).abs().max(at(1.0 - TAIL).abs());
        let reach = if middle > 0.0 && wide > 2.0 * middle { middle } else { wide };
        let reach = if reach > 0.0 { reach * (1.0 + 1e-9) } else { 1.0 };
        let width = 2.0 * reach / BINS as f64;
        let (mut counts, mut beyond) = (vec![0; BINS], (0, 0));
        for residual in &residuals {
            let place = ((residual + reach) / width).floor();
            match counts.get_mut(place.max(0.0) as usize) {
                Some(count) if place >= 0.0 => *count += 1,
                Some(_) => beyond.0 += 1,
                None => beyond.1 += 1,
            }
        }
        let mut drawn: Vec<i64> = (0..count as i64).collect();
        if count > POINTS {
            drawn = Stream::new(seed, "residual points").permutation(count).to_vec::<i64>()?;
            drawn.truncate(POINTS);
            drawn.sort_unstable();
        }
        let points = drawn.into_iter().filter_map(|i| finite.get(i as usize).copied()).collect();
        Ok(Some(Residuals { points, count, mean, deviation, bins: (-reach, width), counts, beyond }))
    }
}

/// (true, predicted) of every sample's first number, as they stand in the table.
fn pairs(network: &Network, data: &Dataset, table: Option<&Preparation>) -> Result<Vec<(f64, f64)>> {
    let first = |array: &crate::Array| -> Result<Vec<f64>> {
        let rows = array.shape().first().copied().unwrap_or(0);
        let width = array.len().checked_div(rows).unwrap_or(1).max(1);
        Ok(array.to_dtype(DType::F64).to_vec::<f64>()?.into_iter().step_by(width).collect())
    };
    let target = table.and_then(|table| table.target().numbers().first());
    let number = |output: f64| target.map_or(output, |target| target.number_of(output));
    let (truth, predicted) = (first(&data.targets()?)?, first(&outputs(network, data)?)?);
    Ok(truth.into_iter().zip(predicted).map(|(t, p)| (number(t), number(p))).collect())
}

/// The numbers of the pairs that differ most, the largest difference first.
fn largest(pairs: &[(f64, f64)]) -> Vec<usize> {
    let error = |i: &usize| pairs.get(*i).map_or(0.0, |(t, p)| (p - t).abs());
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    // NaN counts as the largest, and the number settles ties.
    order.sort_by(|a, b| error(b).total_cmp(&error(a)).then(a.cmp(b)));
    order.truncate(WORST_ROWS);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use crate::data::table::Table;
    use crate::layers::Layer;
    use crate::model::NetworkOptions;

    fn residuals(of: &[f64]) -> Residuals {
        Residuals::of(&of.iter().map(|r| (1.0, 1.0 + r)).collect::<Vec<_>>(), 1).unwrap().unwrap()
    }

    #[test]
    fn residuals_are_counted_around_zero() {
        let some = residuals(&[-0.5, 0.0, 0.0, 0.25, 1.0]);
        assert!(some.count == 5 && some.beyond == (0, 0) && (some.mean - 0.15).abs() < 1e-12);
        assert!((some.deviation - (1.3125f64 / 5.0 - 0.15 * 0.15).sqrt()).abs() < 1e-12);
        let (low, width) = some.bins;
        assert!((low + 1.0).abs() < 1e-6 && (low + width * BINS as f64 - 1.0).abs() < 1e-6);
        assert_eq!((some.counts[BINS / 2], some.counts[BINS - 1], some.counts.iter().sum::<usize>()), (2, 1, 5));
        // One in a thousand far away does not spoil the picture, and all are there.
        let mut many: Vec<f64> = (0..1000).map(|i| f64::from(i % 21 - 10) / 10.0).collect();
        (many[3], many[7]) = (500.0, -900.0);
        let far = residuals(&many);
        assert_eq!((far.beyond, far.counts.iter().sum::<usize>(), far.points.len()), ((1, 1), 998, 1000));
        assert!(far.bins.0 > -2.0);
        // All right: a bin of everything.
        let right = residuals(&[0.0; 4]);
        assert_eq!((right.counts[BINS / 2], right.bins.0), (4, -1.0));
        let (none, failed) = (Residuals::of(&[], 1).unwrap(), Residuals::of(&[(1.0, f64::NAN)], 1).unwrap());
        assert!(none.is_none() && failed.is_none());
        let drawn = residuals(&vec![0.5; 5000]);
        assert_eq!((drawn.points.len(), drawn.count), (POINTS, 5000));
    }

    /// The network says 2·(scaled a); a has mean 2 and deviation √2 in the rows.
    #[test]
    fn rows_of_a_table_are_shown_as_they_stand() {
        let table = Table::from_bytes("t", b"a,b,y\n0,x,1.5\n1,y,2.5\n2,x,3.5\n3,y,4.5\n4,x,5.5\n").unwrap();
        let features: Vec<String> = ["a", "b"].map(str::to_string).to_vec();
        let rows = [0, 1, 2, 3, 4];
        let preparation = Preparation::learn(&table, &rows, &["y"], &features).unwrap();
        let data = preparation.dataset(&table, &rows).unwrap();
        let mut network = Network::new("linear(1)", &[3], &NetworkOptions::default()).unwrap();
        let weight = Array::from([[2.0f32, 0.0, 0.0]]);
        network.set_arrays(&[("0.weight".into(), weight), ("0.bias".into(), Array::from([0.0f32]))]).unwrap();
        let loss = Loss::named("mean_squared_error").unwrap();
        let found = Findings::of(&network, &data, loss, Some(&preparation), 1).unwrap();
        // Predictions are 3.5 + 2·(y − 3.5): −0.5, 1.5, 3.5, 5.5, 7.5.
        let residuals = found.residuals.unwrap();
        let expected = [(1.5, -0.5), (2.5, 1.5), (3.5, 3.5), (4.5, 5.5), (5.5, 7.5)];
        for ((t, p), (et, ep)) in residuals.points.iter().zip(expected) {
            assert!((t - et).abs() < 1e-5 && (p - ep).abs() < 1e-5, "{:?}", residuals.points);
        }
        let names: Vec<&str> = found.importance.as_ref().unwrap().columns.iter().map(|c| c.column.as_str()).collect();
        assert_eq!((names, found.worst_rows.len()), (vec!["a", "b"], 5));
        let worst: Vec<usize> = found.worst_rows.iter().map(|row| row.index).collect();
        assert!(worst[..2] == [0, 4] || worst[..2] == [4, 0], "{worst:?}");
        let four = found.worst_rows.iter().find(|row| row.index == 4).unwrap();
        assert_eq!(four.cells, [("a".to_string(), "4".to_string()), ("b".to_string(), "x".to_string())]);

        // Other data have no columns.
        let plain = Findings::of(&network, &data, loss, None, 1).unwrap();
        assert!(plain.importance.is_none() && plain.worst_rows.is_empty() && plain.residuals.is_some());
    }

    #[test]
    fn wrong_classes_of_a_table() {
        let table = Table::from_bytes("t", b"a,class\n0,no\n1,yes\n0,yes\n1,no\n5,yes\n").unwrap();
        let rows = [0, 1, 2, 3, 4];
        let preparation = Preparation::learn(&table, &rows, &["class"], &["a".to_string()]).unwrap();
        let data = preparation.dataset(&table, &rows).unwrap();
        let mut network = Network::new("linear(2)", &[1], &NetworkOptions::default()).unwrap();
        let weight = Array::from([[-1.0f32], [1.0]]);
        network.set_arrays(&[("0.weight".into(), weight), ("0.bias".into(), Array::from([-0.5f32, 0.5]))]).unwrap();
        let found = Findings::of(&network, &data, Loss::named("softmax_cross_entropy").unwrap(), Some(&preparation), 1).unwrap();
        assert!(found.residuals.is_none() && !found.worst_rows.is_empty());
        for row in &found.worst_rows {
            let Wrong::Class { label, predicted, probability, label_probability } = row.wrong else { panic!("{row:?}") };
            assert!(label != predicted && probability > label_probability && row.cells.len() == 1, "{row:?}");
        }
    }
}
