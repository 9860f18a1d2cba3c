//! Losses of numbers that should be met: robust ones, and the negative log-likelihoods of distributions.

use super::algebra::Algebra;
use super::loss::{numbers, same_shape};
use super::loss_elements::{ElementLoss, Parameters, WorkedTerms, apply_pairs, check_float, check_parameter};
use super::loss_reduction::{Reduced, Reduction};
use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::read;
use crate::array::{Array, Map3};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, ToVariable, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::kernels::float::Float;

#[derive(Debug, Clone, Copy)]
struct SquaredError;

impl ElementLoss for SquaredError {
    const NAME: &'static str = "squared_error";
    const TERM: &'static str = "(y − t)²";
    const SLOPES: [&'static str; 2] = ["2(y − t)", "2(t − y)"];
    const COST: f64 = 0.2;
    #[inline(always)]
    fn value<T: Float>(self, y: T, t: T) -> T {
        (y - t) * (y - t)
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A {
        (y.clone() - t.clone()) * y.constant(2.0)
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A {
        (t.clone() - y.clone()) * y.constant(2.0)
    }
}

/// The squared errors (y − t)² with a choice of reduction; the mean, [`mean_squared_error`](super::mean_squared_error), divides
/// by the number of elements.
///
/// # Errors
///
/// y and t have different shapes, or the mean over nothing is asked for.
#[track_caller]
pub fn squared_error(y: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(SquaredError, y, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct AbsoluteError;

impl ElementLoss for AbsoluteError {
    const NAME: &'static str = "absolute_error";
    const TERM: &'static str = "|y − t|";
    const SLOPES: [&'static str; 2] = ["sign(y − t)", "sign(t − y)"];
    const COST: f64 = 0.2;
    #[inline(always)]
    fn value<T: Float>(self, y: T, t: T) -> T {
        (y - t).abs()
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A {
        (y.clone() - t.clone()).sign()
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A {
        (t.clone() - y.clone()).sign()
    }
}

/// The absolute errors |y − t| with a choice of reduction; the mean, [`mean_absolute_error`](super::mean_absolute_error), divides
/// by the number of elements. Where y = t the slope is taken as 0.
///
/// # Errors
///
/// y and t have different shapes, or the mean over nothing is asked for.
#[track_caller]
pub fn absolute_error(y: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(AbsoluteError, y, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct Huber {
    delta: f64,
}

impl ElementLoss for Huber {
    const NAME: &'static str = "huber";
    const TERM: &'static str = "½(y − t)² for |y − t| ≤ δ, else δ(|y − t| − ½δ)";
    const SLOPES: [&'static str; 2] = ["min(max(y − t, −δ), δ)", "min(max(t − y, −δ), δ)"];
    const COST: f64 = 0.3;
    fn parameters(self) -> Parameters {
        Parameters::from_slice(&[("δ", self.delta)])
    }
    #[inline(always)]
    fn value<T: Float>(self, y: T, t: T) -> T {
        let (d, delta, half) = ((y - t).abs(), T::from_f64(self.delta), T::from_f64(0.5));
        if d <= delta { half * d * d } else { delta * (d - half * delta) }
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A {
        (y.clone() - t.clone()).clip(-self.delta, self.delta)
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A {
        (t.clone() - y.clone()).clip(-self.delta, self.delta)
    }
}

/// Huber's loss of the errors d = y − t: ½d² where |d| ≤ δ, beyond that δ(|d| − ½δ), so that an outlier pulls with δ at
/// most. The mean divides by the number of elements. Huber (1964), "Robust estimation of a location parameter".
///
/// # Errors
///
/// y and t have different shapes, δ is not above 0, or the mean over nothing is asked for.
#[track_caller]
pub fn huber(y: &Variable, t: impl ToVariable, delta: f64, reduction: Reduction) -> Result<Variable> {
    check_parameter(Huber::NAME, "δ", delta, delta > 0.0, "above 0")?;
    apply_pairs(Huber { delta }, y, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct SmoothL1 {
    beta: f64,
}

impl ElementLoss for SmoothL1 {
    const NAME: &'static str = "smooth_l1";
    const TERM: &'static str = "½(y − t)²/β for |y − t| < β, else |y − t| − ½β";
    const SLOPES: [&'static str; 2] = ["min(max((y − t)/β, −1), 1)", "min(max((t − y)/β, −1), 1)"];
    const COST: f64 = 0.3;
    fn parameters(self) -> Parameters {
        Parameters::from_slice(&[("β", self.beta)])
    }
    #[inline(always)]
    fn value<T: Float>(self, y: T, t: T) -> T {
        let (d, beta, half) = ((y - t).abs(), T::from_f64(self.beta), T::from_f64(0.5));
        if d < beta { half * d * d / beta } else { d - half * beta }
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A {
        ((y.clone() - t.clone()) / y.constant(self.beta)).clip(-1.0, 1.0)
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A {
        ((t.clone() - y.clone()) / y.constant(self.beta)).clip(-1.0, 1.0)
    }
}

/// The smooth L1 loss of the errors d = y − t: ½d²/β where |d| < β, beyond that |d| − ½β. It is [`huber`] with δ = β,
/// divided by β: the slope of an outlier is ±1 whatever β is, and β → 0 is the absolute error. The mean divides by the
/// number of elements. Girshick (2015), "Fast R-CNN".
///
/// # Errors
///
/// y and t have different shapes, β is not above 0, or the mean over nothing is asked for.
#[track_caller]
pub fn smooth_l1(y: &Variable, t: impl ToVariable, beta: f64, reduction: Reduction) -> Result<Variable> {
    check_parameter(SmoothL1::NAME, "β", beta, beta > 0.0, "above 0; mean_absolute_error is the case of 0")?;
    apply_pairs(SmoothL1 { beta }, y, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct LogCosh;

impl ElementLoss for LogCosh {
    const NAME: &'static str = "log_cosh";
    const TERM: &'static str = "ln((e^(y − t) + e^(t − y))/2)";
    const SLOPES: [&'static str; 2] = ["tanh(y − t)", "tanh(t − y)"];
    const COST: f64 = 6.0;
    #[inline(always)]
    fn value<T: Float>(self, y: T, t: T) -> T {
        let d = (y - t).abs();
        if d < T::from_f64(0.5) {
            // −½ ln(1 − tanh²): |d| and ln 2 would cancel.
            let slope = d.tanh();
            T::from_f64(-0.5) * (-(slope * slope)).ln_1p()
        } else {
            d + (-(d + d)).exp().ln_1p() - T::from_f64(std::f64::consts::LN_2)
        }
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A {
        (y.clone() - t.clone()).tanh()
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A {
        (t.clone() - y.clone()).tanh()
    }
}

/// The logarithm of the hyperbolic cosine of the errors, ln cosh(y − t): about ½d² near 0 and |d| − ln 2 far away, smooth
/// everywhere, and computed without overflow. The mean divides by the number of elements.
///
/// # Errors
///
/// y and t have different shapes, or the mean over nothing is asked for.
#[track_caller]
pub fn log_cosh(y: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(LogCosh, y, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct PoissonNll;

impl ElementLoss for PoissonNll {
    const NAME: &'static str = "poisson_nll";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const TERM: &'static str = "e^x − t x";
    const SLOPES: [&'static str; 2] = ["e^x − t", "−x"];
    const COST: f64 = 3.0;
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        x.exp() - t * x
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, x: &A, t: &A) -> A {
        x.exp() - t.clone()
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, _: &A) -> A {
        -x.clone()
    }
}

/// The negative log-likelihood of counts t under a Poisson distribution whose rate is e^x: e^x − tx, without the term
/// ln t! that no x changes. The mean divides by the number of elements.
///
/// # Errors
///
/// x and t have different shapes, or the mean over nothing is asked for.
#[track_caller]
pub fn poisson_nll(x: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(PoissonNll, x, t, reduction)
}

/// How [`gaussian_nll`] is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianNllOptions {
    /// Variances below it count as it.
    pub epsilon: f64,
    /// Whether the constant ½ ln 2π is added, so that the loss is the whole negative log-likelihood.
    pub full: bool,
    /// What becomes of the terms.
    pub reduction: Reduction,
}

impl Default for GaussianNllOptions {
    /// ε = 1e-6, without the constant, the mean.
    fn default() -> GaussianNllOptions {
        GaussianNllOptions { epsilon: 1e-6, full: false, reduction: Reduction::Mean }
    }
}

/// ½ ln 2π
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

#[derive(Debug)]
struct GaussianNll {
    epsilon: f64,
    full: bool,
    reduced: Reduced,
}

#[derive(Clone, Copy)]
struct GaussianTerm {
    epsilon: f64,
    constant: f64,
}

impl Map3 for GaussianTerm {
    const COST: f64 = 5.0;
    #[inline(always)]
    fn call<T: Float>(self, y: T, t: T, v: T) -> T {
        let (d, v) = (y - t, v.larger(T::from_f64(self.epsilon)));
        T::from_f64(0.5) * (v.ln() + d * d / v) + T::from_f64(self.constant)
    }
}

impl Function for GaussianNll {
    fn name(&self) -> &'static str {
        "gaussian_nll"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let term = GaussianTerm { epsilon: self.epsilon, constant: if self.full { HALF_LN_TWO_PI } else { 0.0 } };
        Ok([self.reduced.of(inputs[0].map3("gaussian_nll", inputs[1], inputs[2], term)?)].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (y, t, v) = (context.input(0), context.input(1), context.input(2));
        let g = self.reduced.upstream(&gy[0]);
        // A variance below ε counts as ε and still has the slope there: it would never grow again without one.
        let raised = v.array().maximum(&v.array().constant_like(self.epsilon))?.sub(v.array())?;
        let v = v.add(Variable::constant(raised))?;
        let share = y.sub(t)?.div(&v)?;
        let by_y = share.mul(&g)?;
        let by_t = if context.needs(1) { Some(by_y.neg()) } else { None };
        let by_v = match context.needs(2) {
            true => Some((1.0 / &v - share.square()).mul(g * 0.5)?),
            false => None,
        };
        Ok([Some(by_y), by_t, by_v].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let letters = ["y", "t", "v", "s"];
        let read = |formula: &str| read(formula, &letters, &[("ε", self.epsilon)]);
        let slopes = ["(y − t)/s", "(t − y)/s", "½(1/s − (y − t)²/s²)"];
        Some(Box::new(WorkedTerms {
            reduced: self.reduced,
            shape: calculation.inputs[0].shape().to_vec(),
            letters: letters[..3].to_vec(),
            part: Some(("s", read("max(v, ε)")?)),
            term: read(if self.full { "½(ln s + (y − t)²/s) + ½ ln(2π)" } else { "½(ln s + (y − t)²/s)" })?,
            slopes: slopes.into_iter().map(read).collect::<Option<_>>()?,
        }))
    }
}

/// The negative log-likelihood of t under normal distributions with means y and variances v, all of one shape:
/// ½(ln max(v, ε) + (y − t)²/max(v, ε)), and ½ ln 2π more if it should be whole. The mean divides by the number of elements.
///
/// A variance below ε has the slope that it would have at ε, as in PyTorch. Nix and Weigend (1994), "Estimating the mean
/// and variance of the target probability distribution".
///
/// # Errors
///
/// Different shapes, a negative variance, an ε that is not above 0, or the mean over nothing.
#[track_caller]
pub fn gaussian_nll(y: &Variable, t: impl ToVariable, v: &Variable, options: &GaussianNllOptions) -> Result<Variable> {
    let name = "gaussian_nll";
    let GaussianNllOptions { epsilon, full, reduction } = *options;
    check_float(name, y)?;
    check_parameter(name, "ε", epsilon, epsilon > 0.0, "above 0")?;
    let t = numbers(t, y.dtype());
    same_shape(name, y, &t)?;
    if v.shape() != y.shape() {
        return Err(Error::shape(format!("{name}: y has shape {:?}, v {:?}", y.shape(), v.shape()))
            .help("there must be a variance for every output; stretch them with broadcast_to"));
    }
    if v.array().less(&v.array().constant_like(0.0))?.any() {
        return Err(Error::value(format!("{name}: a variance is negative")).help("take exp or softplus of a network's output"));
    }
    let reduced = Reduced::by_count(name, reduction, y.len())?;
    apply(GaussianNll { epsilon, full, reduced }, &[y, &t, v])
}

/// Samples of a loss of y and t, both differentiable, with every reduction. Intervals keep away from kinks.
macro_rules! pair_samples {
    ($call:expr, $($y:expr, $t:expr);+) => {
        || {
            let of = |shape: &'static [usize], y: (f64, f64), t: (f64, f64), reduction: Reduction| {
                Sample::new(&[(shape, y.0, y.1), (shape, t.0, t.1)], move |v: &[Variable]| $call(&v[0], &v[1], reduction))
            };
            [$(($y, $t)),+]
                .into_iter()
                .flat_map(|(y, t)| {
                    [
                        of(&[3, 2], y, t, Reduction::Mean).timed_at(&[$crate::functions::sample::ROWS; 2]),
                        of(&[], y, t, Reduction::Mean),
                        of(&[4], y, t, Reduction::Sum),
                        of(&[2, 3], y, t, Reduction::None).strided(),
                    ]
                })
                .collect::<Vec<Sample>>()
        }
    };
}
pub(super) use pair_samples;

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "squared_error",
        usage: "squared_error(&y, &t, reduction)?",
        formula: SquaredError::TERM,
        derivative: "dy: 2g(y − t), dt: −2g(y − t)",
        notes: "The mean divides by the number of elements.",
        samples: pair_samples!(squared_error, (-1.0, 1.0), (-1.0, 1.0)),
    },
    Entry {
        name: "absolute_error",
        usage: "absolute_error(&y, &t, reduction)?",
        formula: AbsoluteError::TERM,
        derivative: "dy: g sign(y − t), dt: −g sign(y − t)",
        notes: "The mean divides by the number of elements. Where y = t the slope is taken as 0.",
        samples: pair_samples!(absolute_error, (-1.0, 0.0), (0.2, 1.0)),
    },
    Entry {
        name: "huber",
        usage: "huber(&y, &t, delta, reduction)?",
        formula: Huber::TERM,
        derivative: "dy: g min(max(y − t, −δ), δ), dt: the opposite",
        notes: "The mean divides by the number of elements. Huber (1964).",
        samples: pair_samples!(|y, t, r| huber(y, t, 0.5, r), (-0.2, 0.2), (-0.2, 0.2); (1.0, 2.0), (-1.0, 0.4)),
    },
    Entry {
        name: "smooth_l1",
        usage: "smooth_l1(&y, &t, beta, reduction)?",
        formula: SmoothL1::TERM,
        derivative: "dy: g min(max((y − t)/β, −1), 1), dt: the opposite",
        notes: "huber divided by β. The mean divides by the number of elements. Girshick (2015).",
        samples: pair_samples!(|y, t, r| smooth_l1(y, t, 0.5, r), (-0.2, 0.2), (-0.2, 0.2); (-1.0, 0.4), (1.0, 2.0)),
    },
    Entry {
        name: "log_cosh",
        usage: "log_cosh(&y, &t, reduction)?",
        formula: LogCosh::TERM,
        derivative: "dy: g tanh(y − t), dt: −g tanh(y − t)",
        notes: "Computed without overflow. The mean divides by the number of elements.",
        samples: pair_samples!(log_cosh, (-1.0, 1.0), (-1.0, 1.0); (1.0, 3.0), (-2.0, 1.0)),
    },
    Entry {
        name: "poisson_nll",
        usage: "poisson_nll(&x, &t, reduction)?",
        formula: PoissonNll::TERM,
        derivative: "dx: g(e^x − t), dt: −gx",
        notes: "The rate is e^x; without ln t!, which no x changes. The mean divides by the number of elements.",
        samples: pair_samples!(poisson_nll, (-1.0, 1.0), (0.0, 3.0)),
    },
    Entry {
        name: "gaussian_nll",
        usage: "gaussian_nll(&y, &t, &v, &GaussianNllOptions::default())?",
        formula: "½(ln s + (y − t)²/s) with s = max(v, ε)",
        derivative: "dy: g(y − t)/s, dt: −g(y − t)/s, dv: ½g(1/s − (y − t)²/s²)",
        notes: "v are variances; below ε = 1e-6 their slope is that at ε. `full` adds ½ ln 2π. The mean divides by the number of \
                elements. Nix and Weigend (1994).",
        samples: || {
            let of = |shape: &'static [usize], full: bool, reduction: Reduction| {
                let inputs = [(shape, -1.0, 1.0), (shape, -1.0, 1.0), (shape, 0.4, 2.0)];
                let options = GaussianNllOptions { full, reduction, ..GaussianNllOptions::default() };
                Sample::new(&inputs, move |v: &[Variable]| gaussian_nll(&v[0], &v[1], &v[2], &options))
            };
            vec![
                of(&[3, 2], false, Reduction::Mean).timed_at(&[ROWS; 3]),
                of(&[], true, Reduction::Mean),
                of(&[4], true, Reduction::Sum),
                of(&[2, 3], false, Reduction::None).strided(),
            ]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    #[test]
    fn what_cannot_be_used_is_refused() {
        let y = Variable::constant(Array::from([1.0, 2.0]));
        let what = |loss: Result<Variable>| loss.unwrap_err().what().to_string();
        assert_eq!(what(huber(&y, Array::from([1.0]), 1.0, Reduction::Mean)), "huber: y has shape [2], t [1]");
        assert_eq!(what(huber(&y, &y, -1.0, Reduction::Mean)), "huber: δ is -1");
        assert_eq!(what(smooth_l1(&y, &y, f64::INFINITY, Reduction::Mean)), "smooth_l1: β is inf");
        let integers = Variable::constant(Array::from([1i64, 2]));
        assert_eq!(what(log_cosh(&integers, &integers, Reduction::Mean)), "log_cosh: not defined for i64");
        let empty = Variable::constant(Array::zeros(&[0, 3], DType::F32).unwrap());
        let error = "squared_error: the mean over an empty batch does not exist";
        assert_eq!(what(squared_error(&empty, &empty, Reduction::Mean)), error);
        assert_eq!(squared_error(&empty, &empty, Reduction::Sum).unwrap().item().unwrap(), 0.0);
        assert_eq!(squared_error(&empty, &empty, Reduction::None).unwrap().shape(), [0, 3]);
        let error = "mean_squared_error: the mean over an empty batch does not exist";
        assert_eq!(what(super::super::mean_squared_error(&empty, &empty)), error);
        let options = GaussianNllOptions::default();
        let negative = Variable::constant(Array::from([1.0, -0.5]));
        assert_eq!(what(gaussian_nll(&y, &y, &negative, &options)), "gaussian_nll: a variance is negative");
        let one = Variable::constant(Array::from([1.0]));
        assert_eq!(what(gaussian_nll(&y, &y, &one, &options)), "gaussian_nll: y has shape [2], v [1]");
        let options = GaussianNllOptions { epsilon: 0.0, ..options };
        assert_eq!(what(gaussian_nll(&y, &y, &y, &options)), "gaussian_nll: ε is 0");
    }
}
