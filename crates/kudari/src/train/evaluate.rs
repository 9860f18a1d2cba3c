//! Measuring a network on data.

use super::losses::Loss;
use crate::array::Array;
use crate::autograd::inference;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::metrics::{confusion_matrix, predicted_classes};
use crate::model::Network;

/// Samples that go through the network at once.
const CHUNK: usize = 1000;

/// Loss and accuracy on a data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The loss over all samples.
    pub loss: f64,
    /// The share classified rightly of the samples that the loss does not ignore; `None` if the targets are numbers.
    pub accuracy: Option<f64>,
}

/// Runs all of `data` through the network in chunks; `each` gets the outputs and the first sample's number.
fn for_each_chunk(
    network: &Network,
    data: &Dataset,
    mut each: impl FnMut(usize, &crate::Variable, &Array) -> Result<()>,
) -> Result<()> {
    inference(|| {
        for from in (0..data.len()).step_by(CHUNK) {
            let batch = data.range(from, from + CHUNK)?;
            each(from, &network.forward(&batch.x)?, &batch.t)?;
        }
        Ok(())
    })
}

/// The loss and accuracy of a network on a data set.
///
/// # Errors
///
/// The network does not fit the data.
pub fn evaluate(network: &Network, data: &Dataset, loss: &Loss) -> Result<Evaluation> {
    let (mut total, mut weights, mut right, mut count) = (0.0, 0.0, 0u64, 0u64);
    let ignored = loss.ignored_label();
    for_each_chunk(network, data, |_, y, t| {
        let weight = if loss.averages() { loss.divisor(t)? } else { 1.0 };
        total += loss.of(y, t)?.item()? * weight;
        weights += weight;
        if !data.classes().is_empty() {
            let (predicted, labels) = (predicted_classes(y)?.to_vec::<i64>()?, t.to_vec::<i64>()?);
            for (predicted, label) in predicted.into_iter().zip(labels).filter(|(_, label)| Some(*label) != ignored) {
                count += 1;
                right += u64::from(predicted == label);
            }
        }
        Ok(())
    })?;
    let mean = if weights > 0.0 { total / weights } else { 0.0 };
    Ok(Evaluation {
        loss: if loss.averages() { mean } else { total },
        accuracy: (count > 0).then(|| right as f64 / count as f64),
    })
}

/// How near a network comes to targets that are numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberScores {
    /// The share of the targets' variance that is explained; `None` where all are equal.
    pub r_squared: Option<f64>,
    /// √(mean of (y − t)²).
    pub root_mean_squared_error: f64,
    /// The mean of |y − t|.
    pub mean_absolute_error: f64,
}

impl NumberScores {
    /// The same where a target that was learnt as 1 stands for `unit`.
    #[must_use]
    pub fn in_unit(self, unit: f64) -> NumberScores {
        NumberScores {
            root_mean_squared_error: self.root_mean_squared_error * unit,
            mean_absolute_error: self.mean_absolute_error * unit,
            ..self
        }
    }
}

/// What a network gives for all samples.
pub(super) fn outputs(network: &Network, data: &Dataset) -> Result<Array> {
    let mut outputs = Vec::new();
    for_each_chunk(network, data, |_, y, _| {
        outputs.push(y.array().clone());
        Ok(())
    })?;
    Array::concatenate(&outputs.iter().collect::<Vec<_>>(), 0)
}

/// How near the network comes to the targets; `None` if they are classes. Of several numbers a sample R² is the mean over them.
///
/// # Errors
///
/// The network does not fit the data, or there are no data.
pub fn number_scores(network: &Network, data: &Dataset) -> Result<Option<NumberScores>> {
    let sums = distances(network, data)?;
    let Some(first) = sums.first() else { return Ok(None) };
    let (numbers, columns) = (first.count * sums.len() as f64, sums.len() as f64);
    let r_squared = sums.iter().map(Distances::r_squared).sum::<Option<f64>>();
    Ok(Some(NumberScores {
        r_squared: r_squared.map(|sum| sum / columns),
        root_mean_squared_error: (sums.iter().map(|sum| sum.squared).sum::<f64>() / numbers).sqrt(),
        mean_absolute_error: sums.iter().map(|sum| sum.absolute).sum::<f64>() / numbers,
    }))
}

/// As [`number_scores`], for each of the numbers of a sample; none if the targets are classes.
///
/// # Errors
///
/// As [`number_scores`].
pub fn number_scores_each(network: &Network, data: &Dataset) -> Result<Vec<NumberScores>> {
    let scores = |sum: &Distances| NumberScores {
        r_squared: sum.r_squared(),
        root_mean_squared_error: (sum.squared / sum.count).sqrt(),
        mean_absolute_error: sum.absolute / sum.count,
    };
    Ok(distances(network, data)?.iter().map(scores).collect())
}

/// Sums over outputs and targets of one column.
#[derive(Clone, Default)]
struct Distances {
    count: f64,
    absolute: f64,
    squared: f64,
    /// The mean of the targets so far, and the sum of their squared distances from it (Welford's recurrence).
    mean: f64,
    spread: f64,
    first: f64,
    differ: bool,
}

impl Distances {
    fn add(&mut self, y: f64, t: f64) {
        if self.count == 0.0 {
            self.first = t;
        }
        self.differ |= t != self.first;
        self.count += 1.0;
        self.absolute += (y - t).abs();
        self.squared += (y - t) * (y - t);
        let from_mean = t - self.mean;
        self.mean += from_mean / self.count;
        self.spread += from_mean * (t - self.mean);
    }

    /// None where all targets are equal: there is no variance to explain.
    fn r_squared(&self) -> Option<f64> {
        self.differ.then(|| 1.0 - self.squared / self.spread)
    }
}

/// The sums for each number of a sample; none if the targets are classes.
fn distances(network: &Network, data: &Dataset) -> Result<Vec<Distances>> {
    let Some(columns) = data.target_size().filter(|_| data.classes().is_empty()) else { return Ok(Vec::new()) };
    if data.is_empty() {
        return Err(Error::value(format!("{}: no samples to measure on", data.name())));
    }
    let mut sums = vec![Distances::default(); columns];
    for_each_chunk(network, data, |_, y, t| {
        if y.array().len() != t.len() {
            let [y, t] = [y.shape(), t.shape()].map(|shape| format!("{shape:?}"));
            return Err(Error::shape(format!("{}: outputs of shape {y}, targets of shape {t}", data.name()))
                .help("outputs and targets have the same shape"));
        }
        let (y, t) = (y.array().to_f64_vec(), t.to_f64_vec());
        for (y, t) in y.chunks_exact(columns.max(1)).zip(t.chunks_exact(columns.max(1))) {
            sums.iter_mut().zip(y.iter().zip(t)).for_each(|(sum, (&y, &t))| sum.add(y, t));
        }
        Ok(())
    })?;
    Ok(sums)
}

/// How a network classifies a data set, in detail.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// How often each class (row) was taken for each class (column).
    pub confusion: Vec<Vec<usize>>,
    /// The samples with the largest loss among those classified wrongly, the worst first.
    pub worst: Vec<WorstSample>,
}

/// A sample that was classified wrongly.
#[derive(Debug, Clone)]
pub struct WorstSample {
    /// Its number in the data set.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// What it was taken for.
    pub predicted: usize,
    /// The probability that the network gave to what it took it for.
    pub probability: f64,
    /// The probability that the network gave to its class.
    pub label_probability: f64,
    /// Its numbers, as the network sees them.
    pub values: Vec<f64>,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// Confusion matrix and worst samples of a classifier whose outputs are logits, one per class (one output: the logit of
/// class 1). `None` if the targets are numbers.
///
/// # Errors
///
/// The network does not fit the data.
pub fn analyse(network: &Network, data: &Dataset, worst: usize) -> Result<Option<Analysis>> {
    let classes = data.classes().len();
    if classes == 0 {
        return Ok(None);
    }
    let mut confusion = vec![vec![0; classes]; classes];
    let mut wrong: Vec<WorstSample> = Vec::new();
    for_each_chunk(network, data, |from, y, t| {
        let predicted = predicted_classes(y)?.to_vec::<i64>()?;
        let probabilities = network.probabilities(y)?;
        for (i, (&p, &label)) in predicted.iter().zip(&t.to_vec::<i64>()?).enumerate() {
            if p != label {
                let probability = |class: i64| probabilities.get(&[i, class as usize]);
                wrong.push(WorstSample {
                    index: from + i,
                    label: label as usize,
                    predicted: p as usize,
                    probability: probability(p)?,
                    label_probability: probability(label)?,
                    values: Vec::new(),
                    shape: data.sample_shape().to_vec(),
                });
            }
        }
        let found = confusion_matrix(&Array::from_slice(&predicted, &[predicted.len()])?, t, classes)?;
        confusion.iter_mut().flatten().zip(found.into_iter().flatten()).for_each(|(sum, count)| *sum += count);
        // Smallest probability of the right class first; the number in the data set settles ties.
        wrong.sort_by(|a, b| a.label_probability.total_cmp(&b.label_probability).then(a.index.cmp(&b.index)));
        wrong.truncate(worst);
        Ok(())
    })?;
    for sample in &mut wrong {
        sample.values = data.batch(&[sample.index as i64])?.x.array().to_f64_vec();
    }
    Ok(Some(Analysis { confusion, worst: wrong }))
}
