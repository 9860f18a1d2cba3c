//! Metrics of numbers against numbers.

use crate::array::Array;
use crate::error::{Error, Result};

/// The mean distance, (1/n)·Σ |y − t|, over all numbers.
///
/// # Errors
///
/// Shapes that differ (`[n]` and `[n, 1]` fit each other), or no numbers.
pub fn mean_absolute_error(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let (y, t) = pairs("mean_absolute_error", y.as_ref(), t.as_ref())?;
    Ok(y.iter().zip(&t).map(|(y, t)| (y - t).abs()).sum::<f64>() / y.len() as f64)
}

/// The root of the mean squared distance, √((1/n)·Σ (y − t)²), over all numbers: in the unit of the targets.
///
/// # Errors
///
/// As [`mean_absolute_error`].
pub fn root_mean_squared_error(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let (y, t) = pairs("root_mean_squared_error", y.as_ref(), t.as_ref())?;
    Ok((y.iter().zip(&t).map(|(y, t)| (y - t) * (y - t)).sum::<f64>() / y.len() as f64).sqrt())
}

/// The share of the targets' variance that is explained, R² = 1 − Σ (t − y)² / Σ (t − mean)²: 1 is perfect, 0 is as good as
/// always giving the mean, below 0 is worse. Of `[n, k]` the mean over the k columns.
///
/// # Errors
///
/// As [`mean_absolute_error`], and a column of targets that are all equal: there is no variance to explain.
pub fn r_squared(y: impl AsRef<Array>, t: impl AsRef<Array>) -> Result<f64> {
    let shape = y.as_ref().shape().to_vec();
    let (y, t) = pairs("r_squared", y.as_ref(), t.as_ref())?;
    let rows = shape.first().copied().unwrap_or(1);
    let columns = y.len() / rows;
    let mut total = 0.0;
    for column in 0..columns {
        let of = |values: &[f64]| values.iter().skip(column).step_by(columns).copied().collect::<Vec<f64>>();
        let (y, t) = (of(&y), of(&t));
        let mean = t.iter().sum::<f64>() / rows as f64;
        let spread = t.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>();
        if t.iter().all(|value| *value == t[0]) {
            return Err(Error::value(format!("r_squared: all targets of column {column} are {}", t[0]))
                .help("targets that do not vary leave nothing to explain; look at the mean absolute error"));
        }
        total += 1.0 - y.iter().zip(&t).map(|(y, t)| (t - y) * (t - y)).sum::<f64>() / spread;
    }
    Ok(total / columns as f64)
}

/// Outputs and targets as f64, as many of each and at least one.
fn pairs(metric: &str, y: &Array, t: &Array) -> Result<(Vec<f64>, Vec<f64>)> {
    // A column may stand for a list. More than that is a mistake that broadcasting would hide.
    let list = |shape: &[usize]| matches!(shape, [_] | [_, 1]);
    if y.shape() != t.shape() && !(y.len() == t.len() && list(y.shape()) && list(t.shape())) {
        return Err(Error::shape(format!("{metric}: outputs of shape {:?}, targets of shape {:?}", y.shape(), t.shape()))
            .help("outputs and targets have the same shape"));
    }
    if y.is_empty() {
        return Err(Error::value(format!("{metric}: no numbers")).help("give at least one"));
    }
    Ok((y.to_f64_vec(), t.to_f64_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        let (y, wide) = (Array::from([1.0, 2.0]), Array::from([[1.0, 2.0]]));
        let none = Array::zeros(&[0], DType::F32).unwrap();
        let all = |y: &Array, t: &Array| [mean_absolute_error(y, t), root_mean_squared_error(y, t), r_squared(y, t)];
        assert!(all(&y, &wide).iter().all(|result| result.is_err()));
        assert!(all(&none, &none).into_iter().all(|result| result.unwrap_err().what().ends_with("no numbers")));
        let told = r_squared(Array::from([[1.0, 2.0], [2.0, 2.0]]), Array::from([[1.0, 3.0], [2.0, 3.0]])).unwrap_err();
        assert_eq!(told.what(), "r_squared: all targets of column 1 are 3");
        assert!(r_squared(Array::from([1.0]), Array::from([2.0])).is_err());
        assert_eq!(r_squared(Array::from([1.0, 2.0]), Array::from([2.0, 1.0])).unwrap(), -3.0);
    }
}
