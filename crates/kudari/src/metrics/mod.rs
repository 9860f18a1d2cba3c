//! Floor 5: metrics, numbers that say how good predictions are. They speak of arrays and know no gradients.

mod classes;
mod ranking;
mod regression;
mod significance;

pub use classes::{ClassScore, ClassScores, class_scores};
pub use ranking::{perplexity, roc_auc, top_k_accuracy};
pub use regression::{mean_absolute_error, r_squared, root_mean_squared_error};
pub use significance::{MeanDeviation, WelchTest, holm, welch_test};

use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// The class with the largest output in every row of `[n, classes]`; for `[n]` or `[n, 1]`, where the output is a logit
/// of class 1, whether it is above 0.
///
/// # Errors
///
/// Another shape, or rows without classes.
pub fn predicted_classes(y: impl AsRef<Array>) -> Result<Array> {
    let y = y.as_ref();
    match *y.shape() {
        [n] | [n, 1] => Ok(y.greater(&y.full_like(0.0))?.to_dtype(DType::I64).reshape(&[n as isize])?),
        [_, _] => y.argmax(1),
        _ => Err(Error::shape(format!("outputs of shape {:?}", y.shape())).help("classes need outputs of shape [n, classes]")),
    }
}

/// The share of rows whose predicted class is the label, from 0 to 1; NaN of no rows.
///
/// # Errors
///
/// The numbers of outputs and labels differ.
pub fn accuracy(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let classes = predicted_classes(y)?;
    let t = t.as_ref().to_dtype(DType::I64).flatten();
    if t.shape() != classes.shape() {
        return Err(Error::shape(format!("accuracy: {} outputs, {} labels", classes.len(), t.len())));
    }
    Ok(classes.equal(&t)?.count_true() as f64 / t.len() as f64)
}

/// The first row of `[…, classes]` whose probabilities do not sum to 1, with its sum: a cross-entropy of such rows is a
/// number, but not what it is taken for. Sums are compared to within 1e-6 in f64, 1e-3 in f32.
///
/// ```
/// # use kudari::{Array, metrics::row_that_does_not_sum_to_one};
/// let (row, sum) = row_that_does_not_sum_to_one(&Array::from([0.1, 0.6, 0.2, 0.0, 0.0])).unwrap();
/// assert!(row == 0 && (sum - 0.9).abs() < 1e-12);
/// ```
pub fn row_that_does_not_sum_to_one(p: &Array) -> Option<(usize, f64)> {
    let classes = p.shape().last().copied().filter(|&n| n > 0)?;
    let slack = if p.dtype() == DType::F64 { 1e-6 } else { 1e-3 };
    let sums = p.to_f64_vec().chunks(classes).map(|row| row.iter().sum::<f64>()).collect::<Vec<_>>();
    sums.into_iter().enumerate().find(|(_, sum)| (sum - 1.0).abs() > slack)
}

/// How often each class (row) was taken for each class (column).
///
/// # Errors
///
/// The numbers of predictions and labels differ, or one of them is outside `0..classes`.
pub fn confusion_matrix(predicted: &Array, t: &Array, classes: usize) -> Result<Vec<Vec<usize>>> {
    let predicted = predicted.indices("confusion_matrix", "prediction", classes)?;
    let labels = t.flatten().indices("confusion_matrix", "label", classes)?;
    if predicted.len() != labels.len() {
        return Err(Error::shape(format!("confusion_matrix: {} predictions, {} labels", predicted.len(), labels.len())));
    }
    let mut counts = vec![vec![0; classes]; classes];
    for (&p, &l) in predicted.iter().zip(&labels) {
        counts[l as usize][p as usize] += 1;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_and_confusion() {
        let y = Array::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]);
        let t = Array::from([1i64, 0, 0]);
        assert_eq!(accuracy(&y, &t).unwrap(), 2.0 / 3.0);
        assert_eq!(confusion_matrix(&predicted_classes(&y).unwrap(), &t, 2).unwrap(), [[1, 1], [0, 1]]);
        assert_eq!(predicted_classes(Array::from([[-1.0], [2.0]])).unwrap().to_vec::<i64>().unwrap(), [0, 1]);
        assert!(accuracy(&y, Array::from([1i64])).is_err() && confusion_matrix(&t, &t, 1).is_err());
    }
}
