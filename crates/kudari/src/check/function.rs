//! The gradients of a function of the registry against differences, on all of its samples.

use super::gradients::{CheckOptions, check_gradients, larger};
use crate::array::Array;
use crate::functions::Entry;

/// The result of checking a function.
#[derive(Debug, Clone)]
pub struct FunctionReport {
    /// The order to which all derivatives agree with differences: 2 if first and second ones do, 1 if only the first ones do,
    /// else 0.
    pub order: u8,
    /// Number of derivatives compared.
    pub checked: usize,
    /// The largest relative error of first derivatives, as [`Worst::error`](super::Worst::error).
    pub first_error: f64,
    /// The largest relative error of second derivatives.
    pub second_error: f64,
    /// What is wrong, a line a sample; empty if everything agrees.
    pub failures: Vec<String>,
}

/// Checks the gradients of a function to second order, in f64, by [`check_gradients`] with its default tolerances on all
/// samples that the registry has for it. That a sample has a kink, that nothing could be compared and that the function
/// changes its inputs are failures too.
///
/// ```
/// # use kudari::{check::check_function, functions::function_named};
/// let report = check_function(function_named("tanh")?);
/// assert!(report.order == 2 && report.second_error < 1e-5);
/// # Ok::<(), kudari::Error>(())
/// ```
pub fn check_function(entry: &Entry) -> FunctionReport {
    let options = CheckOptions::default();
    let mut found = FunctionReport { order: 2, checked: 0, first_error: 0.0, second_error: 0.0, failures: Vec::new() };
    let samples = (entry.samples)();
    if samples.is_empty() {
        found.fail(0, format!("{} has no samples", entry.name));
    }
    for (number, sample) in samples.iter().enumerate() {
        let before: Vec<Array> = sample.inputs.iter().map(Array::copy).collect();
        let fault = match check_gradients(&sample.call, &sample.inputs, &options) {
            Ok(report) => {
                found.checked += report.checked;
                found.first_error = larger(found.first_error, report.first_error);
                found.second_error = larger(found.second_error, report.second_error);
                // Only wrong second derivatives leave the first ones as they are. A NaN is not within.
                let first_agree = report.kinks.is_empty() && report.checked > 0 && report.first_error <= options.first_tolerance;
                let wrong = !report.passed || !first_agree;
                wrong.then(|| (u8::from(first_agree), format!("{:?} {:?}", report.worst, report.kinks)))
            }
            Err(error) => Some((0, error.to_string())),
        };
        if let Some((order, text)) = fault {
            found.fail(order, format!("{} sample {number}: {text}", entry.name));
        }
        if !sample.inputs.iter().zip(&before).all(|(a, b)| a.same_as(b)) {
            found.fail(0, format!("{} sample {number}: an input was changed", entry.name));
        }
    }
    found
}

impl FunctionReport {
    fn fail(&mut self, order: u8, text: String) {
        self.order = self.order.min(order);
        self.failures.push(text);
    }
}
