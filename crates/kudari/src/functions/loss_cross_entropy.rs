//! Cross-entropies of labels or probabilities: of logits, of probabilities, and of logits of one class.

use super::loss::{numbers, pair_samples, same_shape};
use super::loss_classification::weighted_sigmoid_samples;
use super::loss_reduction::{Reduction, check_some};
use super::loss_weighted::{samples as weighted_samples, softmax_cross_entropy_with};
use super::registry::{Entry, Sample};
use super::sample::{ROWS, indices};
use super::worked_loss::{Inside, WorkedBinary, WorkedCrossEntropy};
use crate::array::{Array, DType, Map2};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Outputs, Saves, Span, ToVariable, Variable, Worked, apply, apply_infallible,
};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, Float, with_float};
use crate::kernels::loss as kernel;

/// What a cross-entropy compares with.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// The class of every row.
    Labels(Array),
    /// The probability of every class in every row.
    Rows(Array),
}

impl Target {
    /// Reads targets for `y` of shape `[…, classes]`: labels of shape `[…]` or probabilities of the shape of y.
    pub(super) fn new(operation: &str, y: &Variable, t: impl ToVariable) -> Result<Target> {
        let t = t.to_variable(y.dtype()).into_array();
        let Some((&classes, rows)) = y.shape().split_last() else {
            return Err(Error::shape(format!("{operation}: y is a single number")).help("y has shape [samples, classes]"));
        };
        let fail = |what: &str| {
            Error::shape(format!("{operation}: y has shape {:?}, {what} {:?}", y.shape(), t.shape()))
                .help("t is either i64 labels, one per row of y, or probabilities of the shape of y")
        };
        if t.dtype() == DType::I64 && t.shape() != y.shape() {
            // A column of labels is taken as a list: [n, 1] like [n].
            if t.shape() != rows && t.shape() != [rows, &[1]].concat() {
                return Err(fail("the labels"));
            }
            return Ok(Target::Labels(t.checked_indices(operation, "label", classes)?));
        }
        if t.shape() != y.shape() {
            return Err(fail("the probabilities"));
        }
        Ok(Target::Rows(t.to_dtype(y.dtype().widened())))
    }

    /// As probabilities for `y`.
    pub(super) fn rows(&self, y: &Array) -> Result<Array> {
        match self {
            Target::Rows(rows) => Ok(rows.clone()),
            Target::Labels(labels) => {
                let classes = y.shape().last().copied().unwrap_or(1);
                let hot = labels.one_hot(classes, y.dtype())?;
                hot.reshape_to(crate::array::Shape::new(y.shape())?)
            }
        }
    }
}

/// Number of rows of `[…, classes]`.
fn row_count(y: &Array) -> f64 {
    let classes = y.shape().last().copied().unwrap_or(1);
    (y.len() / classes.max(1)) as f64
}

#[derive(Debug)]
struct SoftmaxCrossEntropy {
    target: Target,
    /// The probabilities that the forward pass found.
    probabilities: Array,
}

impl SoftmaxCrossEntropy {
    /// Probabilities and loss in one pass over the logits.
    fn compute(x: &Array, target: &Target) -> Result<(Array, Array)> {
        let classes = x.shape().last().copied().unwrap_or(1);
        match target {
            Target::Labels(labels) => {
                fn run<T: Float>(x: &Array, labels: &[i64], classes: usize) -> (Array, Array) {
                    let x = x.contiguous();
                    let mut loss = 0.0;
                    let p = Array::build(crate::array::Shape::from_valid(x.shape()), |p: &mut [T]| {
                        let mut losses = crate::kernels::memory::Buffer::recycled::<T>(labels.len());
                        let values = x.contiguous_slice::<T>().unwrap_or(&[]);
                        if let Some(losses) = losses.slice_mut::<T>(labels.len()) {
                            kernel::softmax_cross_entropy(p, losses, values, labels, classes);
                            loss = losses.iter().map(|l| l.to_f64()).sum();
                        }
                    });
                    let mean = x.constant_like(loss / labels.len() as f64);
                    (p, mean)
                }
                Ok(with_float!(x.dtype(), T => {
                    run::<T>(x, labels.contiguous_slice().unwrap_or(&[]), classes)
                }, else return Err(not_float(x))))
            }
            Target::Rows(t) => {
                let x = Variable::constant(x.clone());
                let logarithms = x.log_softmax(-1)?.into_array();
                let loss = logarithms.mul(t)?.sum().scale(-1.0 / row_count(t));
                Ok((logarithms.exp(), loss))
            }
        }
    }
}

pub(super) fn not_float(x: &Array) -> Error {
    Error::dtype(format!("softmax_cross_entropy: not defined for {}", x.dtype())).help("convert to f32 or f64")
}

impl Function for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([Self::compute(inputs[0], &self.target)?.1].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let x = context.input(0);
        let n = row_count(x.array());
        let gx = match &self.target {
            Target::Labels(labels) if !context.create_graph() => {
                let classes = x.shape().last().copied().unwrap_or(1);
                let scale = gy[0].item()? / n;
                Variable::constant(with_float!(x.dtype(), T => {
                    Array::build(crate::array::Shape::from_valid(x.shape()), |out: &mut [T]| {
                        let p = self.probabilities.contiguous_slice::<T>().unwrap_or(&[]);
                        let labels = labels.contiguous_slice::<i64>().unwrap_or(&[]);
                        kernel::softmax_cross_entropy_slope(out, p, labels, classes, T::from_f64(scale));
                    })
                }, else return Err(not_float(x.array()))))
            }
            target => {
                // p·Σt − t, where Σt is 1 for probabilities.
                let t = target.rows(x.array())?;
                let p = if context.create_graph() { x.softmax(-1)? } else { Variable::constant(self.probabilities.clone()) };
                let sums = t.sum_axes(&[-1], true)?;
                p.mul(&sums)?.sub(&t)?.mul(&gy[0] * (1.0 / n))?
            }
        };
        Ok([Some(gx)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let inside = Inside::Softmax;
        Some(Box::new(WorkedCrossEntropy::new(calculation, self.target.rows(calculation.inputs[0]).ok()?, inside)))
    }
}

/// The cross-entropy of softmax(x) with the targets, −Σ t ln softmax(x), averaged over the rows.
///
/// x are logits of shape `[…, classes]`; t are labels (i64, shape `[…]`) or probabilities (shape of x). Exact for any
/// logits: no probability is rounded to 0 on the way, so confident mistakes keep their loss and their gradient.
///
/// # Errors
///
/// Shapes that do not fit, a label out of range, numbers that are not floating-point, an empty batch, whose mean does not exist.
#[track_caller]
pub fn softmax_cross_entropy(x: &Variable, t: impl ToVariable) -> Result<Variable> {
    let target = Target::new("softmax_cross_entropy", x, t)?;
    check_some("softmax_cross_entropy", Reduction::Mean, x.len())?;
    let span = Span::begin();
    let (probabilities, loss) = SoftmaxCrossEntropy::compute(&x.array().widened(), &target)?;
    Ok(apply_infallible(span, SoftmaxCrossEntropy { target, probabilities }, &[x], loss.to_dtype(x.dtype())))
}

#[derive(Debug)]
struct CrossEntropy {
    target: Array,
    epsilon: f64,
}

/// −t ln(p + ε), and 0 where t = 0 whatever p is.
#[derive(Clone, Copy)]
pub(super) struct Surprise(pub f64);

impl Map2 for Surprise {
    const COST: f64 = 5.0;
    #[inline(always)]
    fn call<T: Float>(self, p: T, t: T) -> T {
        if t == T::ZERO { T::ZERO } else { -t * (p + T::from_f64(self.0)).ln() }
    }
}

impl Function for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let terms = inputs[0].map2("cross_entropy", &self.target, Surprise(self.epsilon))?;
        Ok([terms.sum().scale(1.0 / row_count(inputs[0]))].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let p = context.input(0);
        let absent = self.target.equal(&self.target.constant_like(0.0))?;
        let safe = super::choose(&absent, 1.0, p.add(self.epsilon)?)?;
        let scale = &gy[0] * (-1.0 / row_count(p.array()));
        let gx = self.target.to_variable(p.dtype()).div(safe)?.mul(scale)?;
        Ok([Some(gx)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let inside = Inside::Nothing { epsilon: self.epsilon };
        Some(Box::new(WorkedCrossEntropy::new(calculation, self.target.clone(), inside)))
    }
}

/// The cross-entropy of probabilities p with the targets, −Σ t ln(p + ε), averaged over the rows; one axis is one row.
///
/// With ε = 0 it is exact: infinite if a class that occurs got probability 0. A small ε (the book "Deep Learning from
/// Scratch" uses 1e-7) keeps it finite, but caps the loss at −ln ε and takes the gradient of confident mistakes away:
/// [`softmax_cross_entropy`] of the logits needs no ε and keeps both.
///
/// # Errors
///
/// Shapes that do not fit, a label out of range, numbers that are not floating-point, an empty batch, whose mean does not exist.
#[track_caller]
pub fn cross_entropy(p: &Variable, t: impl ToVariable, epsilon: f64) -> Result<Variable> {
    let target = Target::new("cross_entropy", p, t)?.rows(&p.array().widened())?;
    check_some("cross_entropy", Reduction::Mean, p.len())?;
    apply(CrossEntropy { target, epsilon }, &[p])
}

#[derive(Debug)]
struct SigmoidCrossEntropy;

/// max(x, 0) − xt + ln(1 + e^−|x|).
#[derive(Clone, Copy)]
pub(super) struct BinarySurprise;

impl Map2 for BinarySurprise {
    const COST: f64 = 6.0;
    #[inline(always)]
    fn call<T: Float>(self, x: T, t: T) -> T {
        x.larger(T::ZERO) - x * t + (-x.abs()).exp().ln_1p()
    }
}

impl Function for SigmoidCrossEntropy {
    fn name(&self) -> &'static str {
        "sigmoid_cross_entropy"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let terms = inputs[0].map2("sigmoid_cross_entropy", inputs[1], BinarySurprise)?;
        Ok([terms.sum().scale(1.0 / inputs[0].len() as f64)].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, t) = (context.input(0), context.input(1));
        let scale = &gy[0] * (1.0 / x.len() as f64);
        let by_x = x.sigmoid().sub(t)?.mul(&scale)?;
        let by_t = if context.needs(1) { Some(x.neg().mul(&scale)?) } else { None };
        Ok([Some(by_x), by_t].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedBinary { shape: calculation.inputs[0].shape().to_vec(), count: calculation.inputs[0].len() }))
    }
}

/// The cross-entropy of sigmoid(x) with targets from 0 to 1, −t ln σ(x) − (1 − t) ln(1 − σ(x)), averaged over all
/// elements. x are logits; t has the same shape. Exact for any logits.
///
/// # Errors
///
/// x and t have different shapes, or there is nothing to average.
#[track_caller]
pub fn sigmoid_cross_entropy(x: &Variable, t: impl ToVariable) -> Result<Variable> {
    let t = numbers(t, x.dtype());
    same_shape("sigmoid_cross_entropy", x, &t)?;
    check_some("sigmoid_cross_entropy", Reduction::Mean, x.len())?;
    apply(SigmoidCrossEntropy, &[x, &t])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cross_entropy",
        usage: "cross_entropy(&p, &t, epsilon)?",
        formula: "−Σ t ln(p + ε) / n",
        derivative: "−gt/(p + ε)/n",
        notes: "p are probabilities, t labels or probabilities. Divides by the number of rows. ε = 0 is exact; 1e-7 caps the loss at 16.1.",
        samples: || {
            let labels = Array::from([2i64, 0]);
            let rows = Array::from([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]);
            let large = || {
                let labels = indices(&[256], 256);
                Sample::new(&[(ROWS, 0.2, 1.0)], move |v: &[Variable]| cross_entropy(&v[0], &labels, 0.0))
            };
            vec![
                Sample::new(&[(&[2, 3], 0.2, 1.0)], move |v: &[Variable]| cross_entropy(&v[0], &labels, 0.0)).timed_as(large),
                Sample::new(&[(&[2, 3], 0.2, 1.0)], move |v: &[Variable]| cross_entropy(&v[0], &rows, 1e-7)).strided(),
                Sample::new(&[(&[3], 0.2, 1.0)], |v: &[Variable]| cross_entropy(&v[0], Array::from(1i64), 1e-7)),
            ]
        },
    },
    Entry {
        name: "softmax_cross_entropy",
        usage: "softmax_cross_entropy(&x, &t)?",
        formula: "−Σ t ln softmax(x) / n",
        derivative: "g(softmax(x) Σt − t)/n",
        notes: "x are logits, t labels or probabilities. Divides by the number of rows. `softmax_cross_entropy_with` takes class \
                weights, a label to ignore, label smoothing (Szegedy et al. 2016) and a reduction.",
        samples: || {
            let labels = Array::from([2i64, 0]);
            let rows = Array::from([[0.5, 0.5, 0.0], [0.0, 0.2, 1.0]]);
            let deep = Array::from([[0i64, 1], [3, 2]]);
            let large = || {
                let labels = indices(&[256], 256);
                Sample::new(&[(ROWS, -2.0, 2.0)], move |v: &[Variable]| softmax_cross_entropy(&v[0], &labels))
            };
            let mut samples = vec![
                Sample::new(&[(&[2, 3], -2.0, 2.0)], move |v: &[Variable]| softmax_cross_entropy(&v[0], &labels)).timed_as(large),
                Sample::new(&[(&[2, 3], -2.0, 2.0)], move |v: &[Variable]| softmax_cross_entropy(&v[0], &rows)),
                Sample::new(&[(&[2, 2, 4], -2.0, 2.0)], move |v: &[Variable]| softmax_cross_entropy(&v[0], &deep)).strided(),
                Sample::new(&[(&[3], -2.0, 2.0)], |v: &[Variable]| softmax_cross_entropy(&v[0], Array::from(1i64))),
            ];
            samples.extend(weighted_samples(|x, t, options| softmax_cross_entropy_with(x, t, options)));
            samples
        },
    },
    Entry {
        name: "sigmoid_cross_entropy",
        usage: "sigmoid_cross_entropy(&x, &t)?",
        formula: "Σ (max(x, 0) − xt + ln(1 + e^(−|x|))) / n",
        derivative: "dx: g(σ(x) − t)/n, dt: −gx/n",
        notes: "x are logits, t from 0 to 1, σ the sigmoid. Divides by the number of elements. `sigmoid_cross_entropy_with` takes a \
                weight for the class 1 and a reduction.",
        samples: || {
            let mut samples = pair_samples!(sigmoid_cross_entropy, 0.0, 1.0)();
            samples.extend(weighted_sigmoid_samples());
            samples
        },
    },
];

#[cfg(test)]
mod tests {
    use super::super::loss::{mean_squared_error, sum_squared_error};
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got / expected - 1.0).abs() < 1e-12, "{got} ≠ {expected}");
    }

    fn variable<const N: usize>(x: [f64; N]) -> Variable {
        Variable::constant(Array::from(x))
    }

    /// ACCEPTANCE, section A.
    #[test]
    fn the_published_losses() {
        let t = Array::from([0.0, 1.0, 0.0, 0.0, 0.0]);
        let loss = |y: [f64; 5], epsilon| cross_entropy(&variable(y), &t, epsilon).unwrap().item().unwrap();
        close(loss([0.1, 0.6, 0.2, 0.0, 0.0], 0.0), 0.5108256237659907);
        close(loss([0.1, 0.6, 0.2, 0.0, 0.0], 1e-7), 0.510825457099338);
        close(loss([0.1, 0.2, 0.05, 0.0, 0.0], 0.0), 1.6094379124341003);
        close(loss([0.1, 0.2, 0.05, 0.0, 0.0], 1e-7), 1.6094374124342252);
        let y = variable([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]);
        close(cross_entropy(&y, Array::from(2i64), 0.0).unwrap().item().unwrap(), 0.5108256237659907);
        let hot = Array::from(2i64).one_hot(10, DType::F64).unwrap();
        close(sum_squared_error(&y, &hot).unwrap().item().unwrap(), 0.0975);
    }

    /// ACCEPTANCE, section A: the 1e-7 takes the gradient of a confident mistake away.
    #[test]
    fn a_confident_mistake() {
        let x = Variable::parameter(Array::from([0.0, -20.0]));
        let gradient = |loss: Variable| loss.backward().unwrap().get(&x).unwrap().to_f64_vec();
        let exact = gradient(softmax_cross_entropy(&x, Array::from(1i64)).unwrap());
        close(exact[0], 0.9999999979388464);
        close(exact[1], -0.9999999979388464);
        let capped = gradient(cross_entropy(&x.softmax(-1).unwrap(), Array::from(1i64), 1e-7).unwrap());
        assert!((capped[0] - 0.02019528).abs() < 1e-8 && (capped[1] + 0.02019528).abs() < 1e-8);
    }

    #[test]
    fn targets_that_do_not_fit() {
        let y = Variable::constant(Array::zeros(&[2, 3], DType::F32).unwrap());
        let error = softmax_cross_entropy(&y, Array::from([0i64, 3])).unwrap_err();
        assert_eq!(error.what(), "softmax_cross_entropy: label 3 at position 1 is outside 0..3");
        assert!(softmax_cross_entropy(&y, Array::from([0i64])).is_err());
        assert!(softmax_cross_entropy(&y, Array::from([[0i64], [1]])).is_ok());
        assert!(cross_entropy(&y, Array::from([0.5f32, 0.5]), 0.0).is_err());
        let error = mean_squared_error(&y, Array::zeros(&[2, 1], DType::F32).unwrap()).unwrap_err();
        assert_eq!(error.what(), "mean_squared_error: y has shape [2, 3], t [2, 1]");
        assert_eq!(mean_squared_error(&y, Array::zeros(&[2, 3], DType::I64).unwrap()).unwrap().item().unwrap(), 0.0);
    }
}
