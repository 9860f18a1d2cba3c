//! What is measured around the step: numerical derivatives, the gradient in f32, losses after the update.

use super::derivation::Derivation;
use super::problem::Problem;
use crate::array::{Array, DType};
use crate::autograd::{Variable, no_grad};
use crate::error::Result;
use crate::layers::Layer;
use crate::optimizers::{self, Optimizer};

/// A derivative by a parameter, computed without the chain rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checked {
    /// The number of the derivative in the derivation.
    pub id: usize,
    /// By backpropagation, in f64.
    pub backward: f64,
    /// Worked out by the chain rule from the line's own expression.
    pub by_chain: f64,
    /// The central difference.
    pub numerical: f64,
    /// The slopes to the left and to the right where they differ: the loss has a kink here.
    pub kink: Option<(f64, f64)>,
    /// By backpropagation in f32, as frameworks print it.
    pub single: f64,
    /// How far the rounding of the loss alone may move a difference.
    pub noise: f64,
}

impl Checked {
    /// |backward − numerical| relative to the larger of both; 0 where both are 0.
    pub fn relative_difference(&self) -> f64 {
        let scale = self.backward.abs().max(self.numerical.abs());
        if scale == 0.0 { 0.0 } else { (self.backward - self.numerical).abs() / scale }
    }

    /// Whether the two agree, or the value lies between the slopes at a kink.
    pub fn agrees(&self) -> bool {
        match self.kink {
            Some((left, right)) => {
                let slack = KINK * (left - right).abs() + self.noise;
                (left.min(right) - slack..=left.max(right) + slack).contains(&self.backward)
            }
            None => self.relative_difference() < AGREE || (self.backward - self.numerical).abs() < self.noise,
        }
    }
}

/// The step of the central difference: at this size rounding and curvature are both small in f64.
pub const STEP: f64 = 1e-5;
/// Relative differences below this are good.
pub const AGREE: f64 = 1e-7;
/// The step at which a kink is told from curvature.
const KINK_STEP: f64 = STEP / 10.0;
/// One-sided slopes that differ by more than this, relative to the larger, mean a kink; and by this share of its jump a
/// one-sided slope may be off through curvature.
const KINK: f64 = 1e-3;

/// The loss of the problem's network as it is now.
pub(super) fn loss(problem: &Problem) -> Result<f64> {
    no_grad(|| problem.loss.of(&problem.network.forward(&Variable::constant(problem.input.clone()))?, &problem.target)?.item())
}

/// The derivatives by the given parameters (block of the parameter, place in it), each three ways.
///
/// # Errors
///
/// What the network and the loss return.
pub(super) fn check(problem: &mut Problem, derivation: &Derivation, chosen: &[(usize, usize)]) -> Result<Vec<Checked>> {
    let arrays = problem.network.arrays();
    if arrays.is_empty() {
        return Ok(Vec::new());
    }
    let single = single_gradients(problem)?;
    let here = loss(problem)?;
    let mut checked = Vec::new();
    for &(block, at) in chosen {
        let Some(gradient) = derivation.gradient_of(block) else { continue };
        let Some(place) = derivation.parameters.iter().position(|p| p.1 == block) else { continue };
        let name = &derivation.parameters[place].0;
        let mut at_offset = |offset: f64| -> Result<f64> {
            let mut moved = arrays.clone();
            for (_, array) in moved.iter_mut().filter(|a| a.0 == *name) {
                let mut values = array.to_f64_vec();
                values[at] += offset;
                *array = Array::from_vec(values, array.shape())?;
            }
            problem.network.set_arrays(&moved)?;
            loss(problem)
        };
        let (above, below) = (at_offset(STEP)?, at_offset(-STEP)?);
        let (left, right) = ((here - below) / STEP, (above - here) / STEP);
        // Where the slopes differ as much at a tenth of the step, it is a kink and no curvature.
        let steep = left.abs().max(right.abs());
        let kink = if (left - right).abs() > KINK * steep && steep > 0.0 {
            let (left, right) = ((here - at_offset(-KINK_STEP)?) / KINK_STEP, (at_offset(KINK_STEP)? - here) / KINK_STEP);
            ((left - right).abs() > KINK * steep).then_some((left, right))
        } else {
            None
        };
        let id = derivation.blocks[gradient].first + at;
        checked.push(Checked {
            id,
            backward: derivation.value(id),
            by_chain: derivation.worked_value(id),
            numerical: (above - below) / (2.0 * STEP),
            kink,
            noise: 4.0 * f64::EPSILON * here.abs().max(f64::MIN_POSITIVE) / KINK_STEP,
            single: single.iter().find(|g| g.0 == *name).map_or(f64::NAN, |g| g.1[at]),
        });
    }
    problem.network.set_arrays(&arrays)?;
    Ok(checked)
}

/// The gradients by every parameter with the network in f32.
fn single_gradients(problem: &mut Problem) -> Result<Vec<(String, Vec<f64>)>> {
    let exact = problem.network.arrays();
    problem.network.convert(DType::F32)?;
    let x = Variable::constant(problem.input.to_dtype(DType::F32));
    let target = if problem.target.dtype().is_float() { problem.target.to_dtype(DType::F32) } else { problem.target.clone() };
    let found = problem.network.forward(&x).and_then(|y| problem.loss.of(&y, &target)).and_then(|loss| {
        let gradients = loss.backward()?;
        let mut found = Vec::new();
        problem.network.visit(&crate::layers::Path::ROOT, &mut |path, parameter| {
            let gradient = gradients.get(parameter.variable());
            found.push((path.to_string(), gradient.map_or(Vec::new(), Array::to_f64_vec)));
        });
        Ok(found)
    });
    problem.network.convert(DType::F64)?;
    problem.network.set_arrays(&exact)?;
    found
}

/// The losses after 0, 1, …, `steps` updates by the problem's optimizer with this learning rate; the network is left as it
/// was.
///
/// # Errors
///
/// What the network and the loss return.
pub(super) fn losses_after(problem: &mut Problem, learning_rate: f64, steps: usize) -> Result<Vec<f64>> {
    let before = problem.network.arrays();
    let x = Variable::constant(problem.input.clone());
    let mut losses = Vec::with_capacity(steps + 1);
    let mut optimizer = optimizers::parse(&problem.optimizer, learning_rate)?;
    for _ in 0..steps {
        let loss = problem.loss.of(&problem.network.forward(&x)?, &problem.target)?;
        losses.push(loss.item()?);
        descend(problem, &loss, optimizer.as_mut())?;
    }
    losses.push(loss(problem)?);
    problem.network.set_arrays(&before)?;
    Ok(losses)
}

/// One update of every parameter.
fn descend(problem: &mut Problem, loss: &Variable, optimizer: &mut dyn Optimizer) -> Result<()> {
    if problem.network.arrays().is_empty() {
        return Ok(()); // nothing to move
    }
    optimizer.step(&mut problem.network, &loss.backward()?)
}

/// The derivation of the next step: of the network after the update. The network is left as it was.
///
/// # Errors
///
/// What the network and the loss return.
pub(super) fn next_step(problem: &mut Problem) -> Result<Derivation> {
    let before = problem.network.arrays();
    let x = Variable::constant(problem.input.clone());
    let loss = problem.loss.of(&problem.network.forward(&x)?, &problem.target)?;
    let mut optimizer = optimizers::parse(&problem.optimizer, problem.learning_rate)?;
    descend(problem, &loss, optimizer.as_mut())?;
    let next = Derivation::new(problem);
    problem.network.set_arrays(&before)?;
    next
}
