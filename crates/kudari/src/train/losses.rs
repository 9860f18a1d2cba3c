//! Losses by name, with the targets brought into the form that each needs.

use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};
use crate::functions;

/// A loss that training knows by its name.
pub struct Loss {
    /// The name.
    pub name: &'static str,
    /// Whether it takes class numbers as they are; the others compare element by element.
    takes_labels: bool,
    /// Whether it averages over the rows of a batch; the others are sums.
    averages: bool,
    function: fn(&Variable, &Array) -> Result<Variable>,
    /// The losses of the rows.
    rows: fn(&Array, &Array) -> Result<Array>,
}

/// Every loss that training knows.
pub const LOSSES: &[Loss] = &[
    Loss {
        name: "softmax_cross_entropy",
        takes_labels: true,
        averages: true,
        function: |y, t| functions::softmax_cross_entropy(y, t),
        rows: functions::softmax_cross_entropy_rows,
    },
    Loss {
        name: "cross_entropy",
        takes_labels: true,
        averages: true,
        function: |y, t| functions::cross_entropy(y, t, 0.0),
        rows: |y, t| functions::cross_entropy_rows(y, t, 0.0),
    },
    Loss {
        name: "sigmoid_cross_entropy",
        takes_labels: false,
        averages: true,
        function: |y, t| functions::sigmoid_cross_entropy(y, t),
        rows: functions::sigmoid_cross_entropy_rows,
    },
    Loss {
        name: "mean_squared_error",
        takes_labels: false,
        averages: true,
        function: |y, t| functions::mean_squared_error(y, t),
        rows: |y, t| squares(y, t)?.mean_axes(&[-1], false),
    },
    Loss {
        name: "mean_absolute_error",
        takes_labels: false,
        averages: true,
        function: |y, t| functions::mean_absolute_error(y, t),
        rows: |y, t| y.sub(t)?.abs().mean_axes(&[-1], false),
    },
    Loss {
        name: "sum_squared_error",
        takes_labels: false,
        averages: false,
        function: |y, t| functions::sum_squared_error(y, t),
        rows: |y, t| Ok(squares(y, t)?.sum_axes(&[-1], false)?.scale(0.5)),
    },
];

/// (y − t)².
fn squares(y: &Array, t: &Array) -> Result<Array> {
    let difference = y.sub(t)?;
    difference.mul(&difference)
}

impl Loss {
    /// The loss of this name.
    ///
    /// # Errors
    ///
    /// An unknown name.
    pub fn named(name: &str) -> Result<&'static Loss> {
        LOSSES.iter().find(|l| l.name == name).ok_or_else(|| {
            let nearest = LOSSES.iter().map(|l| (strsim::damerau_levenshtein(name, l.name), l.name)).min();
            let names = LOSSES.iter().map(|l| l.name).collect::<Vec<_>>().join(", ");
            let guess = nearest.filter(|n| n.0 <= 4).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
            Error::new(ErrorKind::Notation, format!("unknown loss `{name}`")).help(format!("{guess}the losses are {names}"))
        })
    }

    /// The loss of outputs y `[n, …]` for a data set's targets: numbers, or class numbers `[n]`, which become one-hot
    /// rows (or a column of 0 and 1 for one output) where the loss compares element by element.
    ///
    /// # Errors
    ///
    /// Outputs and targets that do not fit.
    pub fn of(&self, y: &Variable, t: &Array) -> Result<Variable> {
        (self.function)(y, &self.targets(y.array(), t)?)
    }

    /// The loss of every row of outputs y `[n, …]` by itself, for targets as [`Loss::targets`] gives them: [`Loss::of`] is
    /// their mean if the loss averages, else their sum. No gradients.
    pub(super) fn of_rows(&self, y: &Array, targets: &Array) -> Result<Array> {
        (self.rows)(y, targets)
    }

    /// A data set's targets as the loss takes them for outputs y.
    pub(super) fn targets(&self, y: &Array, t: &Array) -> Result<Array> {
        if self.takes_labels || t.dtype() != DType::I64 {
            return Ok(t.clone());
        }
        match *y.shape() {
            [n, 1] => t.to_dtype(y.dtype()).reshape(&[n as isize, 1]),
            [_, classes] => t.one_hot(classes, y.dtype()),
            _ => Ok(t.clone()),
        }
    }

    /// Whether it is the cross-entropy of a sample's class, averaged over the samples, for outputs of this shape: then guessing
    /// with the classes' shares costs the entropy of the labels.
    pub fn is_cross_entropy_of_classes(&self, output_shape: &[usize]) -> bool {
        self.name == "softmax_cross_entropy"
            || self.name == "cross_entropy"
            || self.name == "sigmoid_cross_entropy" && output_shape == [1]
    }

    /// Whether it averages over the rows of a batch; the others are sums.
    pub fn averages(&self) -> bool {
        self.averages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_to_the_loss() {
        let wide = Array::from([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.4, 0.35, 0.25]]);
        let narrow = Array::from([[0.2], [-0.6], [3.0], [0.4]]);
        let probabilities = Array::from([[0.2, 0.8, 0.0], [1.0, 0.0, 0.0], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]]);
        let (classes, bits) = (Array::from([2i64, 0, 1, 1]), Array::from([1i64, 0, 0, 1]));
        for loss in LOSSES {
            let mut cases = vec![(&wide, &classes), (&wide, &probabilities)];
            cases.extend((!loss.takes_labels).then_some((&narrow, &bits)));
            for (y, t) in cases {
                let whole = loss.of(&Variable::constant(y.clone()), t).unwrap().item().unwrap();
                let rows = loss.of_rows(y, &loss.targets(y, t).unwrap()).unwrap();
                assert_eq!(rows.shape(), [4]);
                let sum: f64 = rows.to_f64_vec().iter().sum();
                let expected = if loss.averages { sum / 4.0 } else { sum };
                assert!((whole - expected).abs() < 1e-15, "{}: {whole}, by rows {expected}", loss.name);
                // Each row is the loss of that sample alone.
                for (i, row) in rows.to_f64_vec().into_iter().enumerate() {
                    let only = |a: &Array| a.slice_axis(0, i as isize..i as isize + 1).unwrap();
                    let alone = loss.of(&Variable::constant(only(y)), &only(t)).unwrap().item().unwrap();
                    assert!((row - alone).abs() < 1e-15, "{} row {i}: {row}, alone {alone}", loss.name);
                }
            }
        }
    }

    #[test]
    fn labels_become_what_the_loss_compares_with() {
        let t = Array::from([1i64, 0]);
        let of = |name: &str, y: Array| Loss::named(name).unwrap().of(&Variable::constant(y), &t).unwrap().item().unwrap();
        assert_eq!(of("sum_squared_error", Array::from([[0.0, 1.0], [0.5, 0.0]])), 0.125);
        assert_eq!(of("mean_squared_error", Array::from([[1.0], [0.5]])), 0.125);
        assert!((of("sigmoid_cross_entropy", Array::from([[0.0], [0.0]])) - 2f64.ln()).abs() < 1e-15);
        assert!((of("softmax_cross_entropy", Array::from([[0.0, 0.0], [0.0, 0.0]])) - 2f64.ln()).abs() < 1e-15);
        let error = Loss::named("softmax_crossentropy").err().unwrap();
        assert!(error.what_to_do().starts_with("did you mean `softmax_cross_entropy`?"));
    }
}
