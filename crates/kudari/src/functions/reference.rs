//! How far each function is from independent reference values, as the tests measured it.

use super::registry::Entry;
use crate::array::DType;

/// What the tests measured: a line a function, its fields apart by tabs. `tests/reference` writes and checks it.
const MEASURED: &str = include_str!("reference_errors.tsv");

/// The largest errors of a function in one type, over all its reference values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceError {
    /// Of its values, relative to the largest value of the array; for elementwise functions relative to each value.
    pub value: f64,
    /// Of its gradients, relative to the largest element of the gradient.
    pub gradient: f64,
}

impl ReferenceError {
    /// The larger of both.
    pub fn largest(self) -> f64 {
        self.value.max(self.gradient)
    }
}

impl Entry {
    /// How far the function is from reference values of other programs (PyTorch, SciPy, arithmetic of 60 digits), in f64 or
    /// f32: the largest relative errors that the tests measured. `None` for other types and for functions that were not
    /// compared.
    pub fn reference_error(&self, dtype: DType) -> Option<ReferenceError> {
        let first = match dtype {
            DType::F64 => 0,
            DType::F32 => 2,
            _ => return None,
        };
        let (_, fields) = MEASURED.lines().filter_map(|line| line.split_once('\t')).find(|(name, _)| *name == self.name)?;
        let numbers: Vec<f64> = fields.split('\t').map_while(|field| field.parse().ok()).collect();
        Some(ReferenceError { value: *numbers.get(first)?, gradient: *numbers.get(first + 1)? })
    }
}
