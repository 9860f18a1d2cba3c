//! Connectionist temporal classification: the loss of a sequence of labels whose alignment to the steps of time is unknown.

use super::loss_elements::check_float;
use super::loss_reduction::{Reduced, Reduction};
use super::registry::{Entry, Sample};
use super::sample::indices;
use super::worked_ctc::WorkedCtc;
use super::{choose, stack};
use crate::array::{Array, DType, Shape};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::kernels::ctc::Batch;
use crate::kernels::float::{Float, with_float};

/// How [`ctc`] is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CtcOptions {
    /// The class that stands for no label; 0 by default.
    pub blank: usize,
    /// Whether a sample with an infinite loss, whose labels do not fit into its steps, say, counts 0 instead, with the gradient 0.
    pub zero_infinity: bool,
    /// What becomes of the losses of the samples. A mean divides each by its number of labels first.
    pub reduction: Reduction,
}

/// The labels of a batch, and how long its sequences are.
#[derive(Debug, Clone)]
pub(super) struct Sequences {
    pub(super) blank: usize,
    /// `[samples, longest]`, contiguous.
    labels: Array,
    pub(super) input_lengths: Vec<usize>,
    pub(super) target_lengths: Vec<usize>,
}

impl Sequences {
    /// The labels of a sample.
    pub(super) fn labels(&self, sample: usize) -> &[i64] {
        let longest = self.labels.shape()[1];
        let all = self.labels.contiguous_slice::<i64>().unwrap_or(&[]);
        all.get(sample * longest..sample * longest + self.target_lengths[sample]).unwrap_or(&[])
    }

    /// The classes of a sample's states: blanks around and between its labels.
    pub(super) fn classes(&self, sample: usize) -> Vec<usize> {
        let labels = self.labels(sample).iter().flat_map(|&label| [label as usize, self.blank]);
        std::iter::once(self.blank).chain(labels).collect()
    }

    /// Whether a walk may come to `state` from two states before, over a blank between different labels.
    pub(super) fn may_pass(classes: &[usize], state: usize) -> bool {
        state >= 3 && state % 2 == 1 && classes[state] != classes[state - 2]
    }

    /// Whether the labels fit into the steps: one each, and a blank between equal ones.
    pub(super) fn fits(&self, sample: usize) -> bool {
        let labels = self.labels(sample);
        labels.len() + labels.windows(2).filter(|pair| pair[0] == pair[1]).count() <= self.input_lengths[sample]
    }

    /// The loss of every sample.
    fn losses(&self, x: &Array) -> Result<Vec<f64>> {
        let x = x.widened().contiguous();
        let mut losses = vec![0.0; self.input_lengths.len()];
        with_float!(x.dtype(), T => self.batch::<T>(&x).losses(&mut losses), else return Err(not_float(&x)));
        Ok(losses)
    }

    fn batch<'a, T: Float>(&'a self, x: &'a Array) -> Batch<'a, T> {
        Batch {
            x: x.contiguous_slice::<T>().unwrap_or(&[]),
            samples: x.shape()[1],
            classes: x.shape()[2],
            blank: self.blank,
            labels: self.labels.contiguous_slice::<i64>().unwrap_or(&[]),
            longest: self.labels.shape()[1],
            input_lengths: &self.input_lengths,
            target_lengths: &self.target_lengths,
        }
    }
}

#[derive(Debug)]
struct Ctc {
    sequences: Sequences,
    /// What every sample's loss is multiplied by before the reduction; 0 for one that does not count.
    factors: Vec<f64>,
    reduced: Reduced,
}

impl Function for Ctc {
    fn name(&self) -> &'static str {
        "ctc"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let losses = self.sequences.losses(inputs[0])?;
        let weighted = losses.iter().zip(&self.factors).map(|(loss, factor)| if *factor == 0.0 { 0.0 } else { loss * factor });
        let terms = Array::from_vec(weighted.collect(), &[losses.len()])?;
        Ok([self.reduced.of(terms).to_dtype(inputs[0].dtype())].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let x = context.input(0);
        let g = self.reduced.upstream(&gy[0]);
        if context.create_graph() {
            return Ok([Some(self.differentiable_gradient(x, &g)?)].into_iter().collect());
        }
        let x = x.array().contiguous();
        let samples = self.factors.len();
        let g = g.array().broadcast_to(&[samples])?.to_f64_vec();
        let factors: Vec<f64> = self.factors.iter().zip(g).map(|(factor, g)| factor * g).collect();
        let (steps, classes) = (x.shape()[0], x.shape()[2]);
        let gradient = with_float!(x.dtype(), T => {
            Array::build(Shape::from_valid(&[samples, steps, classes]), |out: &mut [T]| {
                self.sequences.batch::<T>(&x).gradients(out, steps, &factors);
            })
        }, else return Err(not_float(&x)));
        Ok([Some(Variable::constant(gradient.swap_axes(0, 1)?))].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let shape = calculation.inputs[0].shape().try_into().ok()?;
        Some(Box::new(WorkedCtc::new(self.sequences.clone(), self.factors.clone(), self.reduced, shape)))
    }
}

/// Takes the place of −∞ in logarithms that are differentiated: its exponential is 0, and no difference of it is NaN.
const IMPOSSIBLE: f64 = -1e30;

impl Ctc {
    /// The gradient by x as a function of x that can be differentiated: the same recursions, one function after the other.
    fn differentiable_gradient(&self, x: &Variable, g: &Variable) -> Result<Variable> {
        let (steps, classes) = (x.shape()[0], x.shape()[2]);
        if x.is_empty() {
            return Ok(Variable::constant(x.array().full_like(0.0)));
        }
        let g = g.broadcast_to(&[self.factors.len()])?;
        let mut gradients = Vec::with_capacity(self.factors.len());
        for (sample, &factor) in self.factors.iter().enumerate() {
            let count = self.sequences.input_lengths[sample];
            let here = sample as isize;
            if factor == 0.0 || count == 0 {
                gradients.push(Variable::constant(Array::zeros(&[steps, classes], x.dtype())?));
                continue;
            }
            let own = x.slice(&[(0..count as isize).into(), (here..here + 1).into()])?.reshape_as(&[count, classes])?;
            // In f64 for either type, as the kernel.
            let shares = self.shares(&own.to_dtype(DType::F64)?, sample)?.to_dtype(x.dtype())?;
            // Labels that do not fit have no gradient, as by the kernel.
            let factor = if self.sequences.fits(sample) { factor } else { f64::NAN };
            let scale = g.slice(&[(here..here + 1).into()])? * -factor;
            gradients.push(shares.mul(scale)?.embed(&[steps, classes], &[(0..count as isize).into()])?);
        }
        stack(&gradients.iter().collect::<Vec<_>>(), 1)
    }

    /// How probable every class is at every step, given the labels: `[steps, classes]` from log-probabilities of that shape.
    fn shares(&self, x: &Variable, sample: usize) -> Result<Variable> {
        let classes = self.sequences.classes(sample);
        let (steps, states) = (x.shape()[0], classes.len());
        let indices: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
        let indices = Array::from_vec(indices, &[1, states])?.broadcast_to(&[steps, states])?;
        let emissions = x.gather(&indices, 1)?;
        let emission = |step: usize| emissions.slice(&[(step as isize..step as isize + 1).into()])?.reshape_as(&[states]);
        let where_possible = |possible: Vec<bool>, x: &Variable| choose(&Array::from_vec(possible, &[states])?, x, IMPOSSIBLE);
        // Moves the states on (or back) and leaves impossible ones behind, also where they may not be passed over.
        let moved = |x: &Variable, by: isize| -> Result<Variable> {
            let from: Vec<i64> = (0..states as isize).map(|s| (s - by).clamp(0, states as isize - 1) as i64).collect();
            let possible = (0..states as isize).map(|s| {
                let other = s - by;
                let inside = (0..states as isize).contains(&other);
                inside && (by.abs() < 2 || Sequences::may_pass(&classes, s.max(other) as usize))
            });
            where_possible(possible.collect(), &x.gather(&Array::from_vec(from, &[states])?, 0)?)
        };
        let come_together = |x: &Variable, direction: isize| -> Result<Variable> {
            let ways = [x, &moved(x, direction)?, &moved(x, 2 * direction)?];
            stack(&ways, 0)?.logsumexp_axes(&[0], false)
        };
        // Less the largest of a step, so that long sequences keep their digits: no share depends on it.
        let less_largest = |x: Variable| x.sub(x.array().max_axes(&[], false)?);
        let mut forward = vec![less_largest(where_possible((0..states).map(|s| s < 2).collect(), &emission(0)?)?)?];
        for step in 1..steps {
            forward.push(less_largest(come_together(&forward[step - 1], 1)?.add(emission(step)?)?)?);
        }
        let nothing = Variable::constant(Array::zeros(&[states], x.dtype())?);
        let at_end = where_possible((0..states).map(|s| s + 2 >= states).collect(), &nothing)?;
        let mut backward = vec![at_end];
        for step in (1..steps).rev() {
            let after = backward[backward.len() - 1].add(emission(step)?)?;
            backward.push(less_largest(come_together(&after, -1)?)?);
        }
        backward.reverse();
        let joined = stack(&forward.iter().collect::<Vec<_>>(), 0)?.add(stack(&backward.iter().collect::<Vec<_>>(), 0)?)?;
        joined.softmax(-1)?.scatter_add(&indices, 1, x.shape())
    }
}

fn not_float(x: &Array) -> Error {
    Error::dtype(format!("ctc: not defined for {}", x.dtype())).help("convert to f32 or f64")
}

/// The loss of connectionist temporal classification, −ln P(labels): P adds up the probabilities of all walks through the steps
/// that give the labels, one class a step, when equal classes in a row count once and blanks are then left out.
///
/// x are log-probabilities `[steps, samples, classes]` (of [`log_softmax`](Variable::log_softmax) over the last axis), labels
/// (i64) have shape `[samples, longest]`; of sample n the first `input_lengths[n]` steps and the first `target_lengths[n]`
/// labels count. Computed in f64 for either type, from logarithms, so that nothing underflows.
///
/// The mean is PyTorch's: each loss is divided by its number of labels (at least 1), and their sum by the number of samples.
/// Unreduced, the losses have shape `[samples]`. Labels that do not fit into the steps (one step each, and one more between
/// equal ones) have an infinite loss and the gradient NaN, or both 0 with [`CtcOptions::zero_infinity`], as has any other sample
/// whose loss is infinite, from log-probabilities of −∞.
///
/// The gradient is that by x, −P(class at the step | labels); PyTorch's own returns that by the logits before a log-softmax,
/// which is the same once it has passed there. Second derivatives are right, and slow: many small functions for every step.
/// Graves, Fernández, Gomez and Schmidhuber (2006), "Connectionist temporal classification".
///
/// ```
/// use kudari::functions::{CtcOptions, ctc};
/// use kudari::{Array, Variable};
///
/// // Two steps, one sample, a blank and one label, all equally probable: three of the four walks give the label.
/// let x = Variable::constant(Array::full(&[2, 1, 2], 0.5f64.ln(), kudari::DType::F64)?);
/// let loss = ctc(&x, &Array::from([[1i64]]), &[2], &[1], &CtcOptions::default())?;
/// assert!((loss.item()? + 0.75f64.ln()).abs() < 1e-15);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Shapes or numbers of lengths that do not fit, lengths beyond what there is, labels that are not i64, out of range or the
/// blank, or the mean over an empty batch.
#[track_caller]
pub fn ctc(
    x: &Variable,
    labels: &Array,
    input_lengths: &[usize],
    target_lengths: &[usize],
    options: &CtcOptions,
) -> Result<Variable> {
    check_float("ctc", x)?;
    let &[steps, samples, classes] = x.shape() else {
        return Err(Error::shape(format!("ctc: x has shape {:?}", x.shape()))
            .help("x are log-probabilities of shape [steps, samples, classes]"));
    };
    if options.blank >= classes {
        return Err(Error::value(format!("ctc: the blank is {}, there are {classes} classes", options.blank))
            .help("the blank must be one of the classes"));
    }
    let &[rows, longest] = labels.shape() else {
        return Err(Error::shape(format!("ctc: the labels have shape {:?}", labels.shape()))
            .help("labels have shape [samples, longest]; fill shorter rows up with any number"));
    };
    if [rows, input_lengths.len(), target_lengths.len()] != [samples; 3] {
        let counts = format!("{rows} rows of labels, {} and {} lengths", input_lengths.len(), target_lengths.len());
        return Err(Error::shape(format!("ctc: {samples} samples, but {counts}"))
            .help("there must be a row of labels, an input length and a target length for every sample"));
    }
    for (what, lengths, most) in [("input", input_lengths, steps), ("target", target_lengths, longest)] {
        if let Some((sample, length)) = lengths.iter().enumerate().find(|(_, length)| **length > most) {
            return Err(Error::value(format!("ctc: {what} length {length} of sample {sample} is more than {most}"))
                .help(format!("{what} lengths must be from 0 to {most}")));
        }
    }
    if labels.dtype() != DType::I64 {
        return Err(Error::dtype(format!("ctc: labels of type {}", labels.dtype())).help("labels are i64"));
    }
    let sequences = Sequences {
        blank: options.blank,
        labels: labels.contiguous(),
        input_lengths: input_lengths.to_vec(),
        target_lengths: target_lengths.to_vec(),
    };
    for sample in 0..samples {
        let bad = |label: &i64| *label < 0 || *label as usize >= classes || *label as usize == options.blank;
        if let Some((place, label)) = sequences.labels(sample).iter().enumerate().find(|(_, label)| bad(label)) {
            return Err(Error::value(format!("ctc: label {label} at [{sample}, {place}]"))
                .help(format!("labels must be below {classes}, the number of classes, and not the blank, {}", options.blank)));
        }
    }
    let mut factors: Vec<f64> = match options.reduction {
        Reduction::Mean => target_lengths.iter().map(|&length| 1.0 / length.max(1) as f64).collect(),
        Reduction::Sum | Reduction::None => vec![1.0; samples],
    };
    if options.zero_infinity {
        let losses = sequences.losses(x.array())?;
        factors.iter_mut().zip(losses).filter(|(_, loss)| *loss == f64::INFINITY).for_each(|(factor, _)| *factor = 0.0);
    }
    let reduced = Reduced::by_count("ctc", options.reduction, samples)?;
    apply(Ctc { sequences, factors, reduced }, &[x])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "ctc",
    usage: "ctc(&x, &labels, &input_lengths, &target_lengths, &CtcOptions::default())?",
    formula: "−ln Σ over the walks that give the labels of Π e^x",
    derivative: "−g P(class at the step | labels)",
    notes: "x are log-probabilities [steps, samples, classes]. The mean divides each loss by its number of labels and the sum by \
            the number of samples, as PyTorch's. Graves et al. (2006).",
    samples: || {
        let of = |shape: &'static [usize], labels: Array, lengths: [&'static [usize]; 2], options: CtcOptions| {
            let call = move |v: &[Variable]| ctc(&v[0], &labels, lengths[0], lengths[1], &options);
            Sample::new(&[(shape, -3.0, 0.0)], call)
        };
        let pairs = Array::from([[1i64, 2], [2, 2]]);
        let mean = CtcOptions::default();
        vec![
            of(&[4, 2, 3], pairs.clone(), [&[4, 3], &[2, 2]], mean),
            of(&[3, 2, 3], pairs.clone(), [&[3, 2], &[1, 0]], CtcOptions { reduction: Reduction::None, ..mean }).strided(),
            of(&[2, 2, 3], pairs, [&[2, 2], &[2, 2]], CtcOptions { zero_infinity: true, reduction: Reduction::Sum, ..mean }),
            of(&[5, 1, 4], Array::from([[0i64, 1, 0]]), [&[5], &[3]], CtcOptions { blank: 3, ..mean }).timed_as(move || {
                // 16 samples of 64 steps and 64 classes with 20 labels each.
                let lengths: [&'static [usize]; 2] = [&[64; 16], &[20; 16]];
                of(&[64, 16, 64], indices(&[16, 20], 63), lengths, CtcOptions { blank: 63, ..mean })
            }),
        ]
    },
}];

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(shape: &[usize]) -> Variable {
        Variable::parameter(Array::full(shape, -(shape[2] as f64).ln(), DType::F64).unwrap())
    }

    #[test]
    fn labels_that_do_not_fit() {
        let (x, labels) = (uniform(&[2, 1, 3]), Array::from([[1i64, 1]]));
        let plain = CtcOptions::default();
        let loss = ctc(&x, &labels, &[2], &[2], &plain).unwrap();
        assert_eq!(loss.item().unwrap(), f64::INFINITY);
        assert!(loss.backward().unwrap().get(&x).unwrap().to_f64_vec().iter().any(|g| g.is_nan()));
        let loss = ctc(&x, &labels, &[2], &[2], &CtcOptions { zero_infinity: true, ..plain }).unwrap();
        assert_eq!(loss.item().unwrap(), 0.0);
        assert!(loss.backward().unwrap().get(&x).unwrap().to_f64_vec().iter().all(|&g| g == 0.0));
        // Impossible classes make it infinite too.
        let never = Variable::parameter(Array::from([[[0.0, f64::NEG_INFINITY]]]));
        let loss = ctc(&never, &Array::from([[1i64]]), &[1], &[1], &CtcOptions { zero_infinity: true, ..plain }).unwrap();
        assert_eq!(loss.item().unwrap(), 0.0);
        assert!(loss.backward().unwrap().get(&never).unwrap().to_f64_vec().iter().all(|&g| g == 0.0));
        // No step and no label: certain.
        assert_eq!(ctc(&x, &labels, &[0], &[0], &plain).unwrap().item().unwrap(), 0.0);
    }

    #[test]
    fn wrong_input_is_refused() {
        let (x, labels, plain) = (uniform(&[2, 1, 3]), Array::from([[1i64, 2]]), CtcOptions::default());
        let what = |x: &Variable, labels: &Array, inputs: &[usize], targets: &[usize], options: &CtcOptions| {
            ctc(x, labels, inputs, targets, options).unwrap_err().what().to_string()
        };
        assert_eq!(what(&x, &labels, &[3], &[2], &plain), "ctc: input length 3 of sample 0 is more than 2");
        assert_eq!(what(&x, &labels, &[2], &[3], &plain), "ctc: target length 3 of sample 0 is more than 2");
        assert_eq!(what(&x, &labels, &[2, 2], &[2], &plain), "ctc: 1 samples, but 1 rows of labels, 2 and 1 lengths");
        assert_eq!(what(&x, &Array::from([[1i64, 3]]), &[2], &[2], &plain), "ctc: label 3 at [0, 1]");
        assert_eq!(what(&x, &Array::from([[0i64, 1]]), &[2], &[2], &plain), "ctc: label 0 at [0, 0]");
        assert_eq!(what(&x, &labels, &[2], &[2], &CtcOptions { blank: 3, ..plain }), "ctc: the blank is 3, there are 3 classes");
        let empty = Variable::constant(Array::zeros(&[2, 0, 3], DType::F64).unwrap());
        let none = Array::zeros(&[0, 2], DType::I64).unwrap();
        assert_eq!(what(&empty, &none, &[], &[], &plain), "ctc: the mean over an empty batch does not exist");
    }
}
