//! Losses: how wrong an output is, as one number. Here those of differences; probabilities, classes, distances and
//! sequences have files of their own beside this one.
//!
//! Each says its divisor: sums divide by nothing, means of squares by the number of elements, cross-entropies by the
//! number of rows (samples). Targets of cross-entropies are integer labels or rows of probabilities (one-hot rows are
//! the usual case).

use super::loss_reduction::{Reduction, check_some};
use super::registry::{Entry, Sample};
use super::worked_loss::{Differences, WorkedDifferences};
use crate::array::{Array, DType};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, ToVariable, Variable, Worked, apply};
use crate::error::{Error, Result};

/// A loss of the differences y − t: type, name, value from the differences, and the slope by them.
macro_rules! difference_losses {
    ($(
        $(#[$doc:meta])*
        $name:ident => $type:ident {
            value: |$d1:ident, $n1:ident| $value:expr,
            slope: |$d2:ident, $n2:ident| $slope:expr,
            worked: $worked:expr,
            reduction: $reduction:ident,
        }
    )*) => {$(
        #[derive(Debug)]
        struct $type;

        impl Function for $type {
            fn name(&self) -> &'static str {
                stringify!($name)
            }
            fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                let $d1 = inputs[0].sub(inputs[1])?;
                let $n1 = $d1.len() as f64;
                let _ = $n1;
                Ok([$value].into())
            }
            fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                let $d2 = context.input(0).sub(context.input(1))?;
                let $n2 = $d2.len() as f64;
                let _ = $n2;
                let slope: Variable = $slope;
                let by_y = slope.mul(&gy[0])?;
                let by_t = if context.needs(1) { Some(by_y.neg()) } else { None };
                Ok([Some(by_y), by_t].into_iter().collect())
            }
            fn saves(&self) -> Saves {
                Saves::INPUTS
            }
            fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                Some(Box::new(WorkedDifferences { count: calculation.inputs[0].len(), kind: $worked }))
            }
        }

        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// y and t have different shapes: they are not stretched, since that is nearly always a mistake. A mean over nothing.
        #[track_caller]
        pub fn $name(y: &Variable, t: impl ToVariable) -> Result<Variable> {
            let t = numbers(t, y.dtype());
            same_shape(stringify!($name), y, &t)?;
            check_some(stringify!($name), Reduction::$reduction, y.len())?;
            apply($type, &[y, &t])
        }
    )*};
}

difference_losses! {
    /// The sum of squared errors ½Σ(y − t)², over everything: the ½ makes the slope y − t.
    sum_squared_error => SumSquaredError {
        value: |d, n| d.mul(&d)?.sum().scale(0.5),
        slope: |d, n| d,
        worked: Differences::HalfSquares,
        reduction: Sum,
    }
    /// The mean squared error Σ(y − t)² / n over all n elements.
    mean_squared_error => MeanSquaredError {
        value: |d, n| d.mul(&d)?.sum().scale(1.0 / n),
        slope: |d, n| d * (2.0 / n),
        worked: Differences::MeanOfSquares,
        reduction: Mean,
    }
    /// The mean absolute error Σ|y − t| / n over all n elements. Where y = t the slope is taken as 0.
    mean_absolute_error => MeanAbsoluteError {
        value: |d, n| d.abs().sum().scale(1.0 / n),
        slope: |d, n| d.sign() * (1.0 / n),
        worked: Differences::MeanOfMagnitudes,
        reduction: Mean,
    }
}

/// Targets as floating-point numbers: integers and truth values are converted exactly.
pub(super) fn numbers(t: impl ToVariable, dtype: DType) -> Variable {
    let t = t.to_variable(dtype);
    if t.dtype().is_float() { t } else { Variable::constant(t.array().to_dtype(dtype)) }
}

pub(super) fn same_shape(operation: &str, y: &Variable, t: &Variable) -> Result<()> {
    if y.shape() == t.shape() {
        return Ok(());
    }
    Err(Error::shape(format!("{operation}: y has shape {:?}, t {:?}", y.shape(), t.shape()))
        .help("both must have the same shape; reshape one of them"))
}

/// Samples of a loss of y and t, both differentiable.
macro_rules! pair_samples {
    ($call:expr, $t_low:expr, $t_high:expr) => {
        || {
            let of = |shape: &'static [usize]| {
                Sample::new(&[(shape, -1.0, 0.0), (shape, $t_low, $t_high)], |v: &[Variable]| $call(&v[0], &v[1]))
            };
            let timed = [$crate::functions::sample::ROWS; 2];
            vec![of(&[3, 2]).timed_at(&timed), of(&[]), of(&[4]), of(&[2, 3]).strided()]
        }
    };
}
pub(super) use pair_samples;

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sum_squared_error",
        usage: "sum_squared_error(&y, &t)?",
        formula: "½ Σ (y − t)²",
        derivative: "dy: g(y − t), dt: −g(y − t)",
        notes: "Divides by nothing: a sum over samples and outputs.",
        samples: pair_samples!(sum_squared_error, -1.0, 1.0),
    },
    Entry {
        name: "mean_squared_error",
        usage: "mean_squared_error(&y, &t)?",
        formula: "Σ (y − t)² / n",
        derivative: "dy: 2g(y − t)/n, dt: −2g(y − t)/n",
        notes: "Divides by the number of elements.",
        samples: pair_samples!(mean_squared_error, -1.0, 1.0),
    },
    Entry {
        name: "mean_absolute_error",
        usage: "mean_absolute_error(&y, &t)?",
        formula: "Σ |y − t| / n",
        derivative: "dy: g sign(y − t)/n, dt: −g sign(y − t)/n",
        notes: "Divides by the number of elements. Where y = t the slope is taken as 0.",
        samples: pair_samples!(mean_absolute_error, 0.2, 1.0),
    },
];
