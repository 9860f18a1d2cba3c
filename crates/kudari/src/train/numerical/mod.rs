//! Gradients by differences: the loss is computed again for every parameter, moved a little.
//!
//! That needs no derivative of anything, which is why beginners' programs train this way, and thousands of losses per
//! update, which is why nobody else does. It gives what backpropagation gives, but for an error that falls with the step
//! and, where the step is small, the digits that rounding takes.
//!
//! In a network of linear layers and activation functions a weight changes one number per sample of the layer's result,
//! and from there on only what depends on it: [`changes`] computes just that, on all threads. Every other network goes
//! through the [`plain`] loop, which computes every loss from the beginning.

mod changes;
mod cost;
mod plain;
mod route;

use std::fmt;

pub use cost::NumericalCost;

use self::changes::Attempt;
use super::losses::Loss;
use crate::array::Array;
use crate::autograd::{Gradients, part};
use crate::check::Difference;
use crate::data::Batch;
use crate::error::{Error, Result};
use crate::kernels::float::{Float, with_float};
use crate::kernels::precision::{Precision, with_precision};
use crate::layers::{Layer, Path, parameter_count};
use crate::model::Network;

/// How gradients are taken by differences of the loss.
///
/// ```
/// use kudari::train::{Loss, NumericalGradient};
/// use kudari::model::{Network, NetworkOptions};
///
/// let options = NetworkOptions { double: true, ..NetworkOptions::default() };
/// let mut network = Network::new("linear(8) tanh linear(2)", &[2], &options)?;
/// let batch = kudari::data::xor().with_dtype(kudari::DType::F64)?.all()?;
/// let loss = Loss::named("softmax_cross_entropy")?;
/// let found = NumericalGradient::default().differentiate(&mut network, loss, &batch)?;
///
/// let exact = loss.of(&network.forward(&batch.x)?, &batch.t)?.backward()?;
/// let differences = found.gradients.arrays().zip(exact.arrays()).map(|(a, b)| a.sub(b));
/// for difference in differences {
///     assert!(difference?.sum_of_squares() < 1e-16);
/// }
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericalGradient {
    /// Which difference stands for the derivative.
    pub difference: Difference,
    /// The step h, above 0.
    pub h: f64,
}

impl Default for NumericalGradient {
    /// Central differences with h = 1e-4.
    fn default() -> NumericalGradient {
        NumericalGradient { difference: Difference::Central, h: 1e-4 }
    }
}

/// A batch's loss with its gradients by differences.
#[derive(Debug, Clone)]
pub struct Differentiated {
    /// The loss.
    pub loss: f64,
    /// Its gradients by all parameters; none if the loss is NaN or infinite.
    pub gradients: Gradients,
    /// Whether the differences have lost all their digits.
    pub lost: Option<DigitsLost>,
}

/// Differences that mean nothing. Displays as a line that says why and what to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DigitsLost {
    /// The step.
    pub h: f64,
    /// Parameters x for which x + h = x; 0 if all differences of the loss are 0 nevertheless.
    pub vanished: usize,
    /// All parameters.
    pub parameters: usize,
}

impl fmt::Display for DigitsLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.vanished {
            0 => write!(
                f,
                "all differences of the loss are 0: a step of h = {:e} loses all digits, or nothing can be learnt",
                self.h
            ),
            n => write!(
                f,
                "h = {:e} has lost all digits in {n} of {} parameters: x + h = x there, and the difference is 0; take a larger h",
                self.h, self.parameters
            ),
        }
    }
}

impl NumericalGradient {
    /// Whether the step makes sense.
    ///
    /// # Errors
    ///
    /// A step that is not above 0 and finite.
    pub fn validate(&self) -> Result<()> {
        if self.h > 0.0 && self.h.is_finite() {
            return Ok(());
        }
        Err(Error::value(format!("a step h of {}", self.h)).help("the step must be above 0 and finite, e.g. 1e-4"))
    }

    /// By how much a parameter is moved; a loss is computed for each.
    fn steps(&self) -> &'static [f64] {
        match self.difference {
            Difference::Forward => &[1.0],
            Difference::Central => &[1.0, -1.0],
            Difference::Richardson => &[1.0, -1.0, 0.5, -0.5],
        }
    }

    /// The derivative from the losses at those steps and the one without a step; or from their changes, and 0.
    fn derivative(&self, losses: &[f64], start: f64) -> f64 {
        match *losses {
            [right] => (right - start) / self.h,
            [right, left] => (right - left) / (2.0 * self.h),
            [right, left, near_right, near_left] => {
                (4.0 * (near_right - near_left) / self.h - (right - left) / (2.0 * self.h)) / 3.0
            }
            _ => f64::NAN, // `steps` has no other number of them
        }
    }

    /// The loss of a batch and its gradients by all parameters of the network, which is left as it was found. The same
    /// bits on any number of threads. Nothing is rounded to bf16, whatever [`with_precision`](crate::with_precision) says:
    /// the differences would drown.
    ///
    /// # Errors
    ///
    /// A step that makes no sense, or a batch that does not fit the network.
    pub fn differentiate(&self, network: &mut Network, loss: &Loss, batch: &Batch) -> Result<Differentiated> {
        self.validate()?;
        with_precision(Precision::F32, || match changes::differentiate(self, network, loss, batch, usize::MAX)? {
            Attempt::Found { loss, gradients, .. } => Ok(self.differentiated(network, loss, gradients)),
            Attempt::Unknown(_) => self.differentiate_plainly(network, |network| plain::loss_of(network, loss, batch)),
        })
    }

    /// The same by computing every loss from the beginning, which works for everything that has parameters: the reference
    /// for [`differentiate`](NumericalGradient::differentiate). Parameters are left as they were found, also when `loss` fails.
    ///
    /// # Errors
    ///
    /// A step that makes no sense, or what `loss` returns.
    pub fn differentiate_plainly<L: Layer>(&self, layer: &mut L, loss: impl FnMut(&L) -> Result<f64>) -> Result<Differentiated> {
        self.validate()?;
        let (start, gradients) = plain::gradients(self, layer, loss)?;
        Ok(self.differentiated(layer, start, gradients))
    }

    /// With a look at whether the digits of the differences are lost.
    fn differentiated(&self, layer: &dyn Layer, loss: f64, gradients: Gradients) -> Differentiated {
        let smallest = self.steps().iter().fold(f64::INFINITY, |least, step| least.min(step.abs())) * self.h;
        let mut vanished = 0;
        layer.visit(&Path::ROOT, &mut |_, parameter| vanished += unmoved(parameter.array(), smallest));
        let flat = gradients.arrays().all(|g| g.sum_of_squares() == 0.0);
        let lost = DigitsLost { h: self.h, vanished, parameters: parameter_count(layer) };
        let is_lost = loss.is_finite() && (vanished > 0 || flat);
        Differentiated { loss, gradients, lost: is_lost.then_some(lost) }
    }
}

/// How many numbers x of the array are so large, or the step so small, that x + step = x.
fn unmoved(array: &Array, step: f64) -> usize {
    fn count<T: Float>(array: &Array, step: f64) -> usize {
        let step = T::from_f64(step);
        array.contiguous_slice::<T>().unwrap_or(&[]).iter().filter(|&&x| x + step == x).count()
    }
    with_float!(array.dtype(), T => count::<T>(array, step), else 0)
}

/// How a training takes its gradients.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum GradientMethod {
    /// From the derivatives of all functions.
    #[default]
    Backpropagation,
    /// By differences of the loss.
    Numerical(NumericalGradient),
}

impl GradientMethod {
    /// The loss of a batch and its gradients; none if the loss is NaN or infinite.
    pub(super) fn differentiate(&self, network: &mut Network, loss: &Loss, batch: &Batch) -> Result<Differentiated> {
        match self {
            GradientMethod::Numerical(numerical) => part("numerical gradient", || numerical.differentiate(network, loss, batch)),
            GradientMethod::Backpropagation => {
                let loss = loss.of(&network.forward(&batch.x)?, &batch.t)?;
                let value = loss.item()?;
                let gradients = if value.is_finite() { loss.backward()? } else { Gradients::default() };
                Ok(Differentiated { loss: value, gradients, lost: None })
            }
        }
    }
}
