//! Cross-entropies with class weights, an ignored label, label smoothing and a choice of reduction.

use super::loss_cross_entropy::Target;
use super::loss_elements::check_parameter;
use super::loss_reduction::{Reduced, Reduction};
use super::registry::{Entry, Sample};
use super::sample::{ROWS, indices};
use super::worked::total;
use crate::array::{Array, Map2, Shape};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Operand, Outputs, Part, Saves, ToVariable, Variable, Worked, apply,
};
use crate::error::{Error, Result};
use crate::expression::{Expression, Operation};
use crate::kernels::float::Float;

/// What counts how much in [`softmax_cross_entropy_with`] and [`negative_log_likelihood`].
#[derive(Debug, Clone)]
pub struct CrossEntropyOptions {
    /// The weight of every class, 0 or above, of shape `[classes]`; all 1 if there are none.
    pub class_weights: Option<Array>,
    /// Samples with this label, which need not be that of a class, do not count: their loss and gradient are 0.
    pub ignored_label: Option<i64>,
    /// The share of every target that is spread evenly over all classes, from 0 to 1.
    pub label_smoothing: f64,
    /// What becomes of the losses of the samples.
    pub reduction: Reduction,
}

impl Default for CrossEntropyOptions {
    /// All classes weigh 1, no label is ignored, nothing is smoothed; the mean.
    fn default() -> CrossEntropyOptions {
        CrossEntropyOptions { class_weights: None, ignored_label: None, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

/// The weight of every class in every row, and what a mean divides by.
#[derive(Debug)]
struct Weights {
    /// Of the shape of x: smoothed target times class weight, 0 in rows that do not count.
    q: Array,
    reduced: Reduced,
}

impl Weights {
    fn new(operation: &str, x: &Variable, t: impl ToVariable, options: &CrossEntropyOptions) -> Result<Weights> {
        let smoothing = options.label_smoothing;
        check_parameter(operation, "label smoothing", smoothing, (0.0..=1.0).contains(&smoothing), "from 0 to 1")?;
        let classes = x.shape().last().copied().unwrap_or(1);
        // The function will see x in this type.
        let x = &Variable::constant(x.array().widened());
        let class_weights = match &options.class_weights {
            Some(weights) => Some(checked_weights(operation, weights, classes)?.to_dtype(x.dtype())),
            None => None,
        };
        let t = t.to_variable(x.dtype()).into_array();
        let ignored = options.ignored_label.filter(|_| t.dtype() == crate::array::DType::I64 && t.shape() != x.shape());
        if ignored.is_none() && options.ignored_label.is_some() {
            return Err(Error::value(format!("{operation}: there is no label to ignore, t are probabilities"))
                .help("give labels (i64), or a row of zeros for what should not count"));
        }
        let counts = match ignored {
            Some(label) => Some(t.not_equal(&Array::from(label))?),
            None => None,
        };
        let t = match &counts {
            // Any label that exists: the row is taken out below.
            Some(counts) => counts.choose(&t, &Array::from(0i64))?,
            None => t,
        };
        let target = Target::new(operation, x, t)?;
        let mut q = target.rows(x.array())?;
        let weigh = |q: &Array| class_weights.as_ref().map_or(Ok(q.clone()), |w| q.mul(w));
        let rows = &x.shape()[..x.rank() - 1];
        // A mean over labels divides by their weights, one over probabilities by the number of rows, as PyTorch's does.
        let mut weights = match target {
            Target::Labels(_) => weigh(&q)?.sum_axes(&[-1], false)?,
            Target::Rows(_) => q.sum_axes(&[-1], false)?.full_like(1.0),
        };
        if smoothing > 0.0 {
            q = q.scale(1.0 - smoothing).shift(smoothing / classes as f64);
        }
        q = weigh(&q)?;
        if let Some(counts) = counts {
            let counts = counts.to_dtype(x.dtype()).reshape_to(Shape::new(rows)?)?;
            weights = weights.mul(&counts)?;
            q = q.mul(&counts.expand_dims(-1)?)?;
        }
        let weight = weights.to_f64_vec().into_iter().sum();
        Ok(Weights { q, reduced: Reduced::by_weight(operation, options.reduction, x.len(), weight)? })
    }

    /// −Σ q ln p of every row, reduced, from the logarithms of the probabilities.
    fn loss(&self, operation: &str, logarithms: &Array) -> Result<Array> {
        Ok(self.reduced.of(logarithms.map2(operation, &self.q, Surprise)?.sum_axes(&[-1], false)?))
    }

    /// The gradient by the loss of every row, for all classes of the row.
    fn upstream(&self, gy: &Variable) -> Result<Variable> {
        let g = self.reduced.upstream(gy);
        if self.reduced.reduction != Reduction::None {
            return Ok(g);
        }
        let column = [gy.shape(), &[1]].concat();
        g.reshape_as(&column)
    }
}

fn checked_weights<'a>(operation: &str, weights: &'a Array, classes: usize) -> Result<&'a Array> {
    if weights.shape() != [classes] {
        return Err(Error::shape(format!(
            "{operation}: the class weights have shape {:?}, x has {classes} classes",
            weights.shape()
        ))
        .help("there must be one weight for every class"));
    }
    match weights.to_f64_vec().into_iter().enumerate().find(|(_, w)| !(w.is_finite() && *w >= 0.0)) {
        Some((class, weight)) => Err(Error::value(format!("{operation}: the weight of class {class} is {weight}"))
            .help("weights must be finite and 0 or above")),
        None => Ok(weights),
    }
}

/// −q l, and 0 where q = 0 whatever l is.
#[derive(Clone, Copy)]
struct Surprise;

impl Map2 for Surprise {
    const COST: f64 = 0.3;
    #[inline(always)]
    fn call<T: Float>(self, l: T, q: T) -> T {
        if q == T::ZERO { T::ZERO } else { -(q * l) }
    }
}

#[derive(Debug)]
struct WeightedSoftmaxCrossEntropy(Weights);

impl Function for WeightedSoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let logarithms = Variable::constant(inputs[0].clone()).log_softmax(-1)?;
        Ok([self.0.loss(self.name(), logarithms.array())?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        // p Σq − q
        let Weights { q, .. } = &self.0;
        let sums = q.sum_axes(&[-1], true)?;
        let slope = context.input(0).softmax(-1)?.mul(&sums)?.sub(q)?;
        Ok([Some(slope.mul(self.0.upstream(&gy[0])?)?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedWeighted::new(calculation, &self.0, true)))
    }
}

/// [`softmax_cross_entropy`](super::softmax_cross_entropy) with options: −Σ q ln softmax(x) for every row of logits x `[…,
/// classes]`, where q is the target times the class weights, and the target is first smoothed to (1 − s)t + s/classes. t are
/// labels (i64, shape `[…]`) or probabilities (shape of x).
///
/// The mean divides by the sum of the weights of the samples' classes, leaving ignored ones out; for probabilities by the
/// number of rows. Where that sum is 0, since every label is ignored, the loss is 0 and so is the gradient (PyTorch's is NaN).
/// Unreduced, the losses have shape `[…]`. Label smoothing: Szegedy et al. (2016), "Rethinking the Inception architecture".
///
/// ```
/// use kudari::functions::{CrossEntropyOptions, softmax_cross_entropy_with};
/// use kudari::{Array, Variable};
///
/// let x = Variable::parameter(Array::from([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]));
/// let options = CrossEntropyOptions { ignored_label: Some(-1), ..CrossEntropyOptions::default() };
/// let loss = softmax_cross_entropy_with(&x, Array::from([-1i64, 2]), &options)?;
/// assert!((loss.item()? - 3f64.ln()).abs() < 1e-15);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Shapes that do not fit, a label out of range, weights that are negative or not one for every class, a smoothing that is not
/// from 0 to 1, a label to ignore among probabilities, or the mean over an empty batch.
#[track_caller]
pub fn softmax_cross_entropy_with(x: &Variable, t: impl ToVariable, options: &CrossEntropyOptions) -> Result<Variable> {
    apply(WeightedSoftmaxCrossEntropy(Weights::new("softmax_cross_entropy", x, t, options)?), &[x])
}

#[derive(Debug)]
struct NegativeLogLikelihood(Weights);

impl Function for NegativeLogLikelihood {
    fn name(&self) -> &'static str {
        "negative_log_likelihood"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.0.loss(self.name(), inputs[0])?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(self.0.upstream(&gy[0])?.mul(self.0.q.neg())?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedWeighted::new(calculation, &self.0, false)))
    }
}

/// The negative log-likelihood −Σ q x of every row of log-probabilities x `[…, classes]`: with labels, minus the number that
/// stands at the label, times its class's weight. Of [`log_softmax`](Variable::log_softmax) it is
/// [`softmax_cross_entropy_with`], whose options, targets and divisors it has.
///
/// # Errors
///
/// As [`softmax_cross_entropy_with`].
#[track_caller]
pub fn negative_log_likelihood(x: &Variable, t: impl ToVariable, options: &CrossEntropyOptions) -> Result<Variable> {
    super::loss_elements::check_float("negative_log_likelihood", x)?;
    apply(NegativeLogLikelihood(Weights::new("negative_log_likelihood", x, t, options)?), &[x])
}

/// −Σ q ln p of rows, with p = softmax(x) or ln p = x.
struct WorkedWeighted {
    shape: Vec<usize>,
    q: Vec<f64>,
    reduced: Reduced,
    softmax: bool,
}

/// Numbers of the parts.
const WEIGHT: usize = 0;
const PROBABILITY: usize = 1;

impl WorkedWeighted {
    fn new(calculation: &Calculation<'_>, weights: &Weights, softmax: bool) -> WorkedWeighted {
        let shape = calculation.inputs[0].shape().to_vec();
        WorkedWeighted { shape, q: weights.q.to_f64_vec(), reduced: weights.reduced, softmax }
    }

    fn classes(&self) -> usize {
        self.shape.last().copied().unwrap_or(1).max(1)
    }

    fn row(&self, row: usize) -> std::ops::Range<usize> {
        row * self.classes()..(row + 1) * self.classes()
    }
}

impl Worked for WorkedWeighted {
    fn parts(&self) -> Vec<Part> {
        let part = |letter| Part { letter, shape: self.shape.clone() };
        if self.softmax { vec![part("q"), part("p")] } else { vec![part("q")] }
    }
    fn part(&self, part: usize, at: usize) -> Expression<Operand> {
        if part == WEIGHT {
            return Expression::Number(self.q[at]);
        }
        let exponential = |at: usize| Operand::input(0, at).call(Operation::Exp);
        exponential(at).over(total(self.row(at / self.classes()).map(exponential).collect()))
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let logarithm = |at| match self.softmax {
            true => Operand::part(PROBABILITY, at).call(Operation::Ln),
            false => Operand::input(0, at),
        };
        let term = |at: usize| match self.q[at] {
            1.0 => logarithm(at).neg(),
            _ => Operand::part(WEIGHT, at).times(logarithm(at)).neg(),
        };
        let of_row = |row| total(self.row(row).filter(|&at| self.q[at] != 0.0).map(term).collect());
        self.reduced.expression(at, self.q.len() / self.classes(), of_row)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_row = |row: usize| {
            let sum = total(self.row(row).filter(|&at| self.q[at] != 0.0).map(|at| Operand::part(WEIGHT, at)).collect());
            let slope = |at| {
                let q = Operand::part(WEIGHT, at);
                let slope = if self.softmax { Operand::part(PROBABILITY, at).times(sum.clone()).minus(q) } else { q.neg() };
                (Operand::Input { input: 0, at }, slope)
            };
            self.row(row).map(slope).collect()
        };
        self.reduced.slopes(at, self.q.len() / self.classes(), of_row)
    }
}

/// Samples of a loss with every option.
pub(super) fn samples(call: fn(&Variable, &Array, &CrossEntropyOptions) -> Result<Variable>) -> Vec<Sample> {
    let weights = Array::from([0.5, 2.0, 1.0]);
    let labels = Array::from([2i64, -100, 0, 1]);
    let rows = Array::from([[0.5, 0.5, 0.0], [0.0, 0.2, 0.8]]);
    let plain = CrossEntropyOptions::default();
    let all = CrossEntropyOptions {
        class_weights: Some(weights.clone()),
        ignored_label: Some(-100),
        label_smoothing: 0.1,
        ..plain.clone()
    };
    let of = move |shape: &'static [usize], t: &Array, options: CrossEntropyOptions| {
        let t = t.clone();
        Sample::new(&[(shape, -2.0, 2.0)], move |v: &[Variable]| call(&v[0], &t, &options))
    };
    vec![
        of(&[4, 3], &labels, all.clone()),
        of(&[4, 3], &labels, CrossEntropyOptions { reduction: Reduction::Sum, label_smoothing: 0.0, ..all.clone() }),
        of(&[4, 3], &labels, CrossEntropyOptions { reduction: Reduction::None, ..all }).strided(),
        of(&[2, 3], &rows, CrossEntropyOptions { class_weights: Some(weights), ..plain.clone() }),
        of(&[2, 3], &rows, CrossEntropyOptions { label_smoothing: 0.3, reduction: Reduction::None, ..plain.clone() }),
        of(&[3], &Array::from(1i64), plain.clone()).timed_as(move || of(ROWS, &indices(&[256], 256), plain.clone())),
    ]
}

/// The functions of this file that have no entry elsewhere.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "negative_log_likelihood",
    usage: "negative_log_likelihood(&x, &t, &CrossEntropyOptions::default())?",
    formula: "−Σ q x / Σ w",
    derivative: "−gq/Σw",
    notes: "x are log-probabilities, t labels or probabilities, q targets times class weights w. The mean divides by the weights \
            of the labels that are not ignored (0 if there are none), for probabilities by the number of rows.",
    samples: || samples(|x, t, options| negative_log_likelihood(x, t, options)),
}];

#[cfg(test)]
mod tests {
    use super::super::softmax_cross_entropy;
    use super::*;
    use crate::array::DType;

    fn logits() -> Variable {
        Variable::parameter(Array::from([[0.5, -1.0, 2.0], [1.0, 0.0, 0.25]]))
    }

    #[test]
    fn without_options_it_is_the_plain_function() {
        let (x, t) = (logits(), Array::from([2i64, 1]));
        let plain = softmax_cross_entropy(&x, &t).unwrap();
        let options = CrossEntropyOptions::default();
        let with = softmax_cross_entropy_with(&x, &t, &options).unwrap();
        let likelihood = negative_log_likelihood(&x.log_softmax(-1).unwrap(), &t, &options).unwrap();
        let gradient = |loss: &Variable| loss.backward().unwrap().get(&x).unwrap().to_f64_vec();
        let expected = gradient(&plain);
        for other in [with, likelihood] {
            assert!((plain.item().unwrap() - other.item().unwrap()).abs() < 1e-15);
            assert!(expected.iter().zip(gradient(&other)).all(|(a, b)| (a - b).abs() < 1e-15));
        }
    }

    #[test]
    fn when_every_label_is_ignored_loss_and_gradient_are_zero() {
        let x = logits();
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let options = CrossEntropyOptions { ignored_label: Some(-1), reduction, ..CrossEntropyOptions::default() };
            let loss = softmax_cross_entropy_with(&x, Array::from([-1i64, -1]), &options).unwrap();
            assert!(loss.array().to_f64_vec().iter().all(|&l| l == 0.0));
            assert!(loss.sum().backward().unwrap().get(&x).unwrap().to_f64_vec().iter().all(|&g| g == 0.0));
        }
    }

    #[test]
    fn options_that_cannot_be_used() {
        let plain = CrossEntropyOptions::default();
        let labels = Array::from([0i64, 2]);
        let what = |t: &Array, options: CrossEntropyOptions| {
            softmax_cross_entropy_with(&logits(), t, &options).unwrap_err().what().to_string()
        };
        let weights = |weights: Array| CrossEntropyOptions { class_weights: Some(weights), ..plain.clone() };
        let place = "softmax_cross_entropy: ";
        let few = weights(Array::from([1.0, 2.0]));
        assert_eq!(what(&labels, few), format!("{place}the class weights have shape [2], x has 3 classes"));
        assert_eq!(what(&labels, weights(Array::from([1.0, -2.0, 1.0]))), format!("{place}the weight of class 1 is -2"));
        let smoothed = CrossEntropyOptions { label_smoothing: 1.5, ..plain.clone() };
        assert_eq!(what(&labels, smoothed), format!("{place}label smoothing is 1.5"));
        let ignoring = CrossEntropyOptions { ignored_label: Some(-1), ..plain.clone() };
        let rows = Array::zeros(&[2, 3], DType::F64).unwrap();
        assert_eq!(what(&rows, ignoring.clone()), format!("{place}there is no label to ignore, t are probabilities"));
        assert_eq!(what(&Array::from([-1i64, 3]), ignoring), format!("{place}label 3 at position 1 is outside 0..3"));
        let empty = Variable::constant(Array::zeros(&[0, 3], DType::F32).unwrap());
        let none = Array::zeros(&[0], DType::I64).unwrap();
        let error = softmax_cross_entropy_with(&empty, &none, &plain).unwrap_err();
        assert_eq!(error.what(), format!("{place}the mean over an empty batch does not exist"));
        let sum = CrossEntropyOptions { reduction: Reduction::Sum, ..plain };
        assert_eq!(softmax_cross_entropy_with(&empty, &none, &sum).unwrap().item().unwrap(), 0.0);
    }
}
