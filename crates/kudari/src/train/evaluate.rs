//! Measuring a network on data.

use super::losses::Loss;
use crate::array::Array;
use crate::autograd::inference;
use crate::data::Dataset;
use crate::error::Result;
use crate::metrics::{confusion_matrix, mean_absolute_error, predicted_classes, r_squared, root_mean_squared_error};
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

/// How near the network comes to the targets; `None` if they are classes.
///
/// # Errors
///
/// The network does not fit the data.
pub fn number_scores(network: &Network, data: &Dataset) -> Result<Option<NumberScores>> {
    if !data.classes().is_empty() {
        return Ok(None);
    }
    let (y, t) = (outputs(network, data)?, data.targets());
    Ok(Some(NumberScores {
        r_squared: r_squared(&y, t).ok(),
        root_mean_squared_error: root_mean_squared_error(&y, t)?,
        mean_absolute_error: mean_absolute_error(&y, t)?,
    }))
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
    let mut predictions = Vec::new();
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
        predictions.extend(predicted);
        Ok(())
    })?;
    // Smallest probability of the right class first; the number in the data set settles ties.
    wrong.sort_by(|a, b| a.label_probability.total_cmp(&b.label_probability).then(a.index.cmp(&b.index)));
    wrong.truncate(worst);
    for sample in &mut wrong {
        sample.values = data.batch(&[sample.index as i64])?.x.array().to_f64_vec();
    }
    let predictions = Array::from_slice(&predictions, &[predictions.len()])?;
    Ok(Some(Analysis { confusion: confusion_matrix(&predictions, data.targets(), classes)?, worst: wrong }))
}
