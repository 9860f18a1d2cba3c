//! Metrics of outputs that order: top k, the area under the curve, perplexity.

use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// The share of rows of `[n, classes]` whose label is among the `k` classes with the largest outputs, from 0 to 1. Of equal
/// outputs the first counts as the larger, NaN as the largest, as for [`accuracy`](super::accuracy), which is k = 1.
///
/// # Errors
///
/// Another shape, no rows, labels that do not fit, or a k that is not from 1 to the number of classes.
pub fn top_k_accuracy(y: impl AsRef<Array>, t: impl AsRef<Array>, k: usize) -> Result<f64> {
    let y = y.as_ref();
    let &[rows, classes] = y.shape() else {
        return Err(Error::shape(format!("top_k_accuracy: outputs of shape {:?}", y.shape()))
            .help("classes need outputs of shape [n, classes]"));
    };
    if k == 0 || k > classes {
        return Err(Error::value(format!("top_k_accuracy: k = {k} of {classes} classes")).help("give 1 to the number of classes"));
    }
    let labels = labels("top_k_accuracy", t.as_ref(), rows, classes)?;
    let outputs = y.to_f64_vec();
    let within = outputs.chunks(classes).zip(&labels).filter(|(row, label)| {
        let label = **label;
        let own = row[label];
        let before = |(class, &other): (usize, &f64)| match (other.is_nan(), own.is_nan()) {
            (true, true) => class < label,
            (false, false) => other > own || (other == own && class < label),
            (nan, _) => nan,
        };
        row.iter().enumerate().filter(|&one| before(one)).count() < k
    });
    Ok(within.count() as f64 / rows as f64)
}

/// The area under the receiver operating characteristic: the probability that a sample of class 1 gets a larger output than
/// one of class 0, with a half for equal outputs (Mann and Whitney 1947). 1 is a perfect order, ½ is chance.
///
/// `y` are n numbers (logits or probabilities of class 1, also as `[n, 1]`), `t` n labels 0 and 1.
///
/// ```
/// use kudari::{Array, metrics::roc_auc};
/// // Of the four pairs three are in order.
/// assert_eq!(roc_auc(&Array::from([0.1, 0.4, 0.35, 0.8]), &Array::from([0i64, 0, 1, 1]))?, 0.75);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Numbers of outputs and labels that differ, labels other than 0 and 1, samples of one class only, an output that is NaN.
pub fn roc_auc(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let y = y.as_ref();
    if !matches!(y.shape(), [_] | [_, 1]) {
        return Err(Error::shape(format!("roc_auc: outputs of shape {:?}", y.shape())).help("give one output a sample, [n]"));
    }
    let labels = labels("roc_auc", t.as_ref(), y.len(), 2)?;
    let mut order: Vec<(f64, usize)> = y.to_f64_vec().into_iter().zip(labels).collect();
    if let Some(place) = order.iter().position(|(output, _)| output.is_nan()) {
        return Err(Error::value(format!("roc_auc: output {place} is NaN")).help("NaN has no place in an order"));
    }
    let ones = order.iter().filter(|(_, label)| *label == 1).count();
    let zeros = order.len() - ones;
    if ones == 0 || zeros == 0 {
        return Err(Error::value(format!("roc_auc: {zeros} samples of class 0, {ones} of class 1"))
            .help("an order of two classes needs samples of both"));
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    // For every group of equal outputs: pairs with the zeros before it, and half of those within.
    let (mut won, mut before) = (0.0, 0.0);
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let ones = group.iter().filter(|(_, label)| *label == 1).count() as f64;
        let zeros = group.len() as f64 - ones;
        won += ones * (before + 0.5 * zeros);
        before += zeros;
    }
    Ok(won / (ones as f64 * zeros as f64))
}

/// How many equally likely classes would surprise as much: e to the mean cross-entropy of the labels under the softmax of the
/// logits. From 1; the number of classes for equal logits.
///
/// `y` is `[…, classes]`, `t` labels of the shape `[…]`.
///
/// # Errors
///
/// No labels, or labels that do not fit.
pub fn perplexity(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let (y, t) = (y.as_ref(), t.as_ref());
    let Some((&classes, outer)) = y.shape().split_last() else {
        return Err(Error::shape("perplexity: a single number").help("classes need logits of shape […, classes]"));
    };
    if t.shape() != outer {
        return Err(Error::shape(format!("perplexity: logits of shape {:?}, labels of shape {:?}", y.shape(), t.shape()))
            .help("the labels have the logits' shape without the last axis"));
    }
    let labels = labels("perplexity", t, t.len(), classes)?;
    let logits = y.to_f64_vec();
    let surprise = logits.chunks(classes).zip(&labels).map(|(row, &label)| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter().map(|v| (v - largest).exp()).sum::<f64>().ln() + (largest - row[label])
    });
    Ok((surprise.sum::<f64>() / labels.len() as f64).exp())
}

/// The labels as places in `0..classes`, `count` of them and at least one.
fn labels(metric: &str, t: &Array, count: usize, classes: usize) -> Result<Vec<usize>> {
    if t.len() != count {
        return Err(Error::shape(format!("{metric}: {count} outputs, {} labels", t.len())));
    }
    if count == 0 {
        return Err(Error::value(format!("{metric}: no samples")).help("give at least one"));
    }
    if t.dtype() == DType::Bool {
        return labels(metric, &t.to_dtype(DType::I64), count, classes);
    }
    let labels = t.flatten().indices(metric, "label", classes)?;
    Ok(labels.into_iter().map(|label| label as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_the_largest_output_as_for_accuracy() {
        let y = Array::from([[f64::NAN, 1.0, 2.0], [f64::NAN, f64::NAN, 2.0]]);
        let t = Array::from([0i64, 1]);
        assert_eq!((top_k_accuracy(&y, &t, 1).unwrap(), top_k_accuracy(&y, &t, 2).unwrap()), (0.5, 1.0));
        assert_eq!(super::super::accuracy(&y, &t).unwrap(), 0.5);
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let told = |result: Result<f64>| result.unwrap_err().what().to_string();
        let (y, t) = (Array::from([[0.5, 1.0], [2.0, 1.0]]), Array::from([1i64, 0]));
        assert_eq!(told(top_k_accuracy(&y, &t, 0)), "top_k_accuracy: k = 0 of 2 classes");
        assert_eq!(told(top_k_accuracy(&y, &t, 3)), "top_k_accuracy: k = 3 of 2 classes");
        assert!(top_k_accuracy(&t, &t, 1).is_err() && top_k_accuracy(&y, Array::from([2i64, 0]), 1).is_err());
        let none = Array::zeros(&[0, 3], DType::F32).unwrap();
        let no_labels = Array::zeros(&[0], DType::I64).unwrap();
        assert_eq!(told(top_k_accuracy(&none, &no_labels, 1)), "top_k_accuracy: no samples");
        assert_eq!(told(perplexity(&none, &no_labels)), "perplexity: no samples");
        assert!(perplexity(Array::from(1.0), &t).is_err() && perplexity(&y, Array::from([1i64])).is_err());
        let outputs = Array::from([0.5, 1.0]);
        assert_eq!(told(roc_auc(&outputs, Array::from([1i64, 1]))), "roc_auc: 0 samples of class 0, 2 of class 1");
        assert_eq!(told(roc_auc(Array::from([0.5, f64::NAN]), &t)), "roc_auc: output 1 is NaN");
        assert!(roc_auc(&outputs, Array::from([0i64, 2])).is_err() && roc_auc(&y, &t).is_err());
        assert_eq!(told(roc_auc(Array::zeros(&[0], DType::F64).unwrap(), &no_labels)), "roc_auc: no samples");
        assert_eq!(roc_auc(&outputs, Array::from([false, true])).unwrap(), 1.0);
    }
}
