//! The derivatives of a formula, found in three ways.

use super::{Estimate, Numerical};
use crate::error::Result;
use crate::formula::Formula;

/// The derivatives of a formula at one point.
#[derive(Debug, Clone)]
pub struct Derivatives {
    /// The value of the formula.
    pub value: f64,
    /// The derivative by each variable, by backpropagation: exact up to rounding.
    pub exact: Vec<f64>,
    /// The same by the rules of differentiation; `None` where a formula is too long for them.
    pub by_rules: Vec<Option<f64>>,
    /// The same by differences; an error where the formula has no value at a point that the difference needs.
    pub numerical: Vec<Result<Estimate>>,
}

/// Differentiates a formula at a point by backpropagation, by the rules, and numerically.
///
/// # Errors
///
/// Another number of coordinates than the formula has variables; no value or no slope at the point.
pub fn derivatives(formula: &Formula, at: &[f64], numerical: &Numerical) -> Result<Derivatives> {
    let (value, exact) = formula.value_and_gradient(at)?;
    let by_rules = (0..at.len()).map(|i| {
        let place = |name: &String| formula.variables().iter().position(|v| v == name).map_or(f64::NAN, |i| at[i]);
        Some(formula.derivative(i)?.evaluate(&mut |name| place(name)))
    });
    let numerical = (0..at.len()).map(|i| {
        let mut moved = at.to_vec();
        let along = |x: f64| {
            moved[i] = x;
            formula.checked_value(&moved)
        };
        numerical.try_derivative(along, at[i])
    });
    Ok(Derivatives { value, exact, by_rules: by_rules.collect(), numerical: numerical.collect() })
}
