//! Derivatives by differences.

use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// An automatic step with this relative error is not improved further.
const GOOD: f64 = 1e-9;

/// Which difference stands for the derivative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Difference {
    /// (f(x+h) − f(x)) / h; its error falls with h.
    Forward,
    /// (f(x+h) − f(x−h)) / 2h; its error falls with h².
    Central,
    /// Central differences of h and h/2 combined so that their h² errors cancel (Richardson's extrapolation); the error
    /// falls with h⁴.
    #[default]
    Richardson,
}

impl Difference {
    /// The step at which truncation and rounding are about equal for a function of ordinary scale, relative to |x|.
    fn automatic_step(self) -> f64 {
        match self {
            Difference::Forward => f64::EPSILON.sqrt(),
            Difference::Central => f64::EPSILON.cbrt(),
            Difference::Richardson => f64::EPSILON.powf(0.2),
        }
    }
}

/// A derivative found by differences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The derivative.
    pub value: f64,
    /// An estimate of its error: what another step would change, and what rounding can do.
    pub error: f64,
    /// The step that was used.
    pub step: f64,
    /// The step is so small that x + h = x: all digits are lost and the value means nothing.
    pub lost: bool,
}

/// A gradient found by differences: values and errors in the shape of the argument, f64.
#[derive(Debug, Clone)]
pub struct GradientEstimate {
    /// The derivatives.
    pub values: Array,
    /// An estimate of the error of each.
    pub errors: Array,
    /// Whether a step was too small to change its element.
    pub lost: bool,
}

/// How to differentiate numerically.
///
/// ```
/// # use kudari::check::{Difference, Numerical};
/// let central = Numerical::new().difference(Difference::Central).step(1e-4);
/// let slope = central.derivative(|x| x * x + 16.0, 3.0);
/// assert_eq!(slope.value, 6.00000000000378); // exactly what a loop in Python prints
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Numerical {
    difference: Difference,
    step: Option<f64>,
}

impl Numerical {
    /// Richardson's extrapolation with an automatic step.
    pub fn new() -> Numerical {
        Numerical::default()
    }

    /// Another difference.
    #[must_use]
    pub fn difference(mut self, difference: Difference) -> Numerical {
        self.difference = difference;
        self
    }

    /// A fixed step h instead of the automatic one, which is proportional to max(|x|, 1) and
    /// shrinks where the error is large.
    #[must_use]
    pub fn step(mut self, h: f64) -> Numerical {
        self.step = Some(h);
        self
    }

    /// The derivative of `f` at `x`.
    pub fn derivative(&self, mut f: impl FnMut(f64) -> f64, x: f64) -> Estimate {
        match self.try_derivative(|x| Ok(f(x)), x) {
            Ok(estimate) => estimate,
            Err(_) => Estimate { value: f64::NAN, error: f64::NAN, step: 0.0, lost: true }, // `f` cannot fail here
        }
    }

    /// The derivative of a function that may fail.
    ///
    /// # Errors
    ///
    /// What `f` returns.
    pub fn try_derivative(&self, mut f: impl FnMut(f64) -> Result<f64>, x: f64) -> Result<Estimate> {
        if let Some(h) = self.step {
            return self.with_step(&mut f, x, h);
        }
        let mut h = self.difference.automatic_step() * x.abs().max(1.0);
        let mut best = self.with_step(&mut f, x, h)?;
        // A function that changes fast, or has a kink inside the step, shows by a large error: smaller steps then.
        for _ in 0..3 {
            if best.error <= GOOD * best.value.abs().max(1.0) {
                break;
            }
            h *= 0.1;
            let other = self.with_step(&mut f, x, h)?;
            if other.error < best.error || best.error.is_nan() {
                best = other;
            }
        }
        Ok(best)
    }

    fn with_step(&self, f: &mut dyn FnMut(f64) -> Result<f64>, x: f64, h: f64) -> Result<Estimate> {
        // The values met on the way tell how large rounding can be.
        let mut largest = 0f64;
        let mut at = |x: f64| -> Result<f64> {
            let y = f(x)?;
            largest = largest.max(y.abs());
            Ok(y)
        };
        let (value, truncation) = if self.difference == Difference::Forward {
            let start = at(x)?;
            let mut slope = |h: f64| Ok::<_, Error>((at(x + h)? - start) / h);
            let whole = slope(h)?;
            (whole, 2.0 * (whole - slope(h / 2.0)?).abs())
        } else {
            let mut slope = |h: f64| Ok::<_, Error>((at(x + h)? - at(x - h)?) / (2.0 * h));
            let (whole, half) = (slope(h)?, slope(h / 2.0)?);
            let extrapolated = (4.0 * half - whole) / 3.0;
            match self.difference {
                Difference::Richardson => (extrapolated, (extrapolated - half).abs() / 4.0),
                _ => (whole, (whole - extrapolated).abs()),
            }
        };
        let lost = x + h == x;
        let rounding = 2.0 * f64::EPSILON * largest / h.abs();
        Ok(Estimate { value, error: if lost { f64::INFINITY } else { truncation + rounding }, step: h, lost })
    }

    /// The gradient of `f`, a function of an array of any shape. The array itself is never changed.
    ///
    /// # Errors
    ///
    /// What `f` returns.
    pub fn gradient(&self, mut f: impl FnMut(&Array) -> Result<f64>, x: &Array) -> Result<GradientEstimate> {
        // Integers are converted exactly: a step of 1e-4 would vanish in them.
        let mut point = x.to_dtype(DType::F64).copy();
        let count = point.len();
        let (mut values, mut errors, mut lost) = (Vec::with_capacity(count), Vec::with_capacity(count), false);
        for i in 0..count {
            let old = point.make_mut::<f64>()[i];
            let estimate = self.try_derivative(
                |moved| {
                    point.make_mut::<f64>()[i] = moved;
                    f(&point)
                },
                old,
            )?;
            point.make_mut::<f64>()[i] = old;
            values.push(estimate.value);
            errors.push(estimate.error);
            lost |= estimate.lost;
        }
        Ok(GradientEstimate {
            values: Array::from_slice(&values, x.shape())?,
            errors: Array::from_slice(&errors, x.shape())?,
            lost,
        })
    }
}

/// The derivative of `f` at `x` by Richardson's extrapolation, with an estimate of its error.
pub fn numerical_derivative(f: impl FnMut(f64) -> f64, x: f64) -> Estimate {
    Numerical::new().derivative(f, x)
}

/// The gradient of `f` at an array of any shape, f64, by Richardson's extrapolation.
///
/// # Errors
///
/// What `f` returns.
pub fn numerical_gradient(f: impl FnMut(&Array) -> Result<f64>, x: &Array) -> Result<Array> {
    Ok(Numerical::new().gradient(f, x)?.values)
}
