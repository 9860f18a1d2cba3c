//! Floor 7: descending on a formula, step by step, and what is to be said of the way.
//!
//! The same optimizers that train networks move the variables of a formula. The gradient comes from backpropagation, or
//! from differences, whose digits can get lost on the way. [`Verdict`] tells what happened and how it is known;
//! [`Basins`] descends from many points at once.

mod basins;
mod verdict;

pub use basins::{Basin, Basins};
pub use verdict::{Outcome, Verdict};

use crate::array::Array;
use crate::autograd::{Gradients, Variable};
use crate::check::Numerical;
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::layers::Parameter;
use crate::optimizers::Optimizer;

/// Where the gradient of every step comes from.
#[derive(Debug, Clone, Copy)]
pub enum Slope {
    /// Backpropagation: exact up to rounding.
    Exact,
    /// Differences.
    Numerical(Numerical),
}

/// From where on differences say nothing, since x + h = x.
#[derive(Debug, Clone, PartialEq)]
pub struct LostDigits {
    /// The first point, counted in steps from the start, at which this was so for a variable.
    pub from: usize,
    /// The index of this variable.
    pub variable: usize,
    /// The first point from which on it was so for all variables: the gradient is exactly 0, and plain descent stands still.
    pub all_from: Option<usize>,
}

/// The way that an optimizer took.
#[derive(Debug, Clone)]
pub struct Descent {
    /// Every point, the start first.
    pub path: Vec<Vec<f64>>,
    /// The value of the formula at every point.
    pub values: Vec<f64>,
    /// The Euclidean norm of the gradient at every point, as the optimizer was told it.
    pub slopes: Vec<f64>,
    /// Whether and where differences lost all digits.
    pub lost: Option<LostDigits>,
    /// Why it ended early, if it did: the formula has no value at the point after the last one of the path.
    pub stopped: Option<Error>,
}

/// Descends from `start`, `steps` steps long. `go_on` is asked before every step, with its number, and may end the descent.
///
/// ```
/// # use kudari::{descent::{Slope, descend}, formula::Formula, optimizers::Sgd};
/// let bowl = Formula::parse("x0^2 + x1^2")?;
/// let descent = descend(&bowl, &[-3.0, 4.0], &mut Sgd::new(0.1), Slope::Exact, 100, &mut |_| true)?;
/// assert!(descent.path[100].iter().all(|x| x.abs() < 1e-9));
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Another number of coordinates than the formula has variables; no value or no slope at the start; settings of the optimizer
/// that make no sense. What goes wrong later ends the descent and stands in [`Descent::stopped`].
pub fn descend(
    formula: &Formula,
    start: &[f64],
    optimizer: &mut dyn Optimizer,
    slope: Slope,
    steps: usize,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Descent> {
    formula.check_count(start.len())?;
    let mut parameters = start.iter().map(|&x| Parameter::from_array(Array::from([x]))).collect::<Result<Vec<_>>>()?;
    let mut descent = Descent { path: Vec::new(), values: Vec::new(), slopes: Vec::new(), lost: None, stopped: None };
    for step in 0..=steps {
        let place: Vec<f64> = parameters.iter().map(|p| p.array().item_f64()).collect::<Result<_>>()?;
        let measured = match slope {
            Slope::Exact => exact(formula, &parameters, &place),
            Slope::Numerical(numerical) => by_differences(formula, &parameters, &place, &numerical),
        };
        let measured = match measured {
            Ok(measured) => measured,
            Err(error) if step > 0 => {
                descent.stopped = Some(error);
                break;
            }
            Err(error) => return Err(error),
        };
        descent.push(place, &measured);
        if step == steps || !go_on(step + 1) {
            break;
        }
        optimizer.step(&mut parameters, &measured.gradients)?;
    }
    Ok(descent)
}

impl Descent {
    /// The number of steps that were made.
    pub fn steps(&self) -> usize {
        self.path.len().saturating_sub(1)
    }

    /// The last point.
    pub fn end(&self) -> &[f64] {
        self.path.last().map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, place: Vec<f64>, measured: &Measured) {
        let here = self.path.len();
        if let Some(variable) = measured.lost.iter().position(|&lost| lost) {
            let lost = self.lost.get_or_insert(LostDigits { from: here, variable, all_from: None });
            match measured.lost.iter().all(|&lost| lost) {
                true => lost.all_from = lost.all_from.or(Some(here)),
                false => lost.all_from = None,
            }
        }
        self.path.push(place);
        self.values.push(measured.value);
        // Not `Gradients::norm`, whose squares overflow where a descent runs away.
        let numbers = measured.gradients.arrays().flat_map(Array::to_f64_vec);
        self.slopes.push(numbers.fold(0.0, f64::hypot));
    }
}

/// What an optimizer is told at a point.
struct Measured {
    value: f64,
    gradients: Gradients,
    /// For each variable, whether its difference lost all digits.
    lost: Vec<bool>,
}

fn exact(formula: &Formula, parameters: &[Parameter], place: &[f64]) -> Result<Measured> {
    let variables: Vec<Variable> = parameters.iter().map(|p| p.variable().clone()).collect();
    let value = formula.apply(&variables)?;
    let gradients = if value.wants_gradient() { value.backward()? } else { Gradients::default() };
    if !gradients.arrays().all(Array::all_finite) {
        // This finds the part of the formula that has no slope.
        formula.value_and_gradient(place)?;
    }
    Ok(Measured { value: value.item()?, gradients, lost: Vec::new() })
}

fn by_differences(formula: &Formula, parameters: &[Parameter], place: &[f64], numerical: &Numerical) -> Result<Measured> {
    let value = formula.checked_value(place)?;
    let mut point = place.to_vec();
    let (mut sum, mut lost) = (None, Vec::new());
    for (i, parameter) in parameters.iter().enumerate() {
        let along = |x: f64| {
            point[i] = x;
            formula.checked_value(&point)
        };
        let estimate = numerical.try_derivative(along, place[i])?;
        point[i] = place[i];
        lost.push(estimate.lost);
        // A linear function with these slopes has them as its gradients.
        let term = parameter.variable().mul(estimate.value)?;
        sum = Some(match sum {
            None => term,
            Some(sum) => term.add(sum)?,
        });
    }
    let gradients = sum.map_or(Ok(Gradients::default()), |sum: Variable| sum.backward())?;
    Ok(Measured { value, gradients, lost })
}
