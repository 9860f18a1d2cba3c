//! L-BFGS: curvature from the last steps.

mod line_search;

use std::collections::VecDeque;

use line_search::{Limits, Point, strong_wolfe};

use super::memory::half_parameters;
use super::rules::common;
use super::{Change, Optimizer, Settings};
use crate::array::Array;
use crate::autograd::{Gradients, Variable};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::float::with_float;
use crate::layers::{Layer, Path};

/// L-BFGS (Liu and Nocedal 1989), for small problems whose loss is computed from all data at once.
///
/// The direction is −H·g, where H approximates the inverse of the matrix of second derivatives from the last changes of
/// parameters and gradient; the step length is the learning rate (1 is usual) or found by a line search. One step is up to
/// twenty iterations and computes the loss many times, so it takes a closure: [`Lbfgs::step_with`] instead of
/// [`step`](Optimizer::step), which is an error. Iterations, tolerances and line search are as in PyTorch. All arithmetic
/// of its own is in f64. Weight decay, clipping and groups would change the loss behind its back and are errors.
///
/// ```
/// use kudari::layers::Linear;
/// use kudari::optimizers::Lbfgs;
/// use kudari::{Array, Variable, functions::mean_squared_error};
///
/// let mut net = Linear::new(1, 1);
/// let (x, t) = (Variable::constant(Array::from([[0.0f32], [1.0]])), Array::from([[1.0f32], [3.0]]));
/// Lbfgs::new(1.0).strong_wolfe().step_with(&mut net, |net| mean_squared_error(&net.forward(&x)?, &t))?;
/// assert!((net.weight().array().item::<f32>()? - 2.0).abs() < 1e-3);
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lbfgs {
    settings: Settings,
    iterations: usize,
    evaluations: Option<usize>,
    history: usize,
    least_gradient: f64,
    least_change: f64,
    line_search: bool,
    state: State,
}

/// What is remembered from iteration to iteration.
#[derive(Debug, Clone, Default)]
struct State {
    /// The last changes, the oldest first.
    changes: VecDeque<Curvature>,
    /// The gradient before the last iteration, its direction and step length; `None` before the first.
    last: Option<(Vec<f64>, Vec<f64>, f64)>,
    /// The inverse of the matrix of second derivatives as one number.
    scale: f64,
}

/// How gradient and parameters changed in an iteration.
#[derive(Debug, Clone)]
struct Curvature {
    gradient: Vec<f64>,
    parameters: Vec<f64>,
    /// 1 / (gradient · parameters).
    inverse: f64,
}

impl Lbfgs {
    /// With a learning rate (1 is usual), 20 iterations a step, a memory of 100 of them, and no line search.
    pub fn new(learning_rate: f64) -> Lbfgs {
        Lbfgs {
            settings: Settings::new(learning_rate),
            iterations: 20,
            evaluations: None,
            history: 100,
            least_gradient: 1e-7,
            least_change: 1e-9,
            line_search: false,
            state: State::default(),
        }
    }

    /// With step lengths that keep the strong Wolfe conditions, for the cost of some more evaluations of the loss.
    #[must_use]
    pub fn strong_wolfe(mut self) -> Lbfgs {
        self.line_search = true;
        self
    }

    /// With at most this many iterations a step, and 5/4 as many evaluations.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Lbfgs {
        self.iterations = iterations;
        self
    }

    /// With at most about this many evaluations of the loss a step.
    #[must_use]
    pub fn evaluations(mut self, evaluations: usize) -> Lbfgs {
        self.evaluations = Some(evaluations);
        self
    }

    /// With a memory of this many iterations, of two numbers for each number of the parameters.
    #[must_use]
    pub fn history(mut self, history: usize) -> Lbfgs {
        self.history = history;
        self
    }

    /// With other limits below which a step ends: of the largest element of the gradient (1e-7), and of the change of the
    /// parameters or the loss (1e-9).
    #[must_use]
    pub fn tolerances(mut self, gradient: f64, change: f64) -> Lbfgs {
        (self.least_gradient, self.least_change) = (gradient, change);
        self
    }

    /// One step: up to [`iterations`](Lbfgs::iterations) iterations on the loss that `closure` computes of the layer as it
    /// is then. Gives the loss before the step.
    ///
    /// # Errors
    ///
    /// Settings that make no sense here, an error of `closure`, or a loss or gradient that is not finite; then the
    /// parameters are as before the step, and what was remembered is forgotten.
    pub fn step_with<L: Layer + ?Sized>(
        &mut self,
        layer: &mut L,
        mut closure: impl FnMut(&L) -> Result<Variable>,
    ) -> Result<f64> {
        self.check()?;
        let mut half = None;
        layer.visit(&Path::ROOT, &mut |_, p| half = half.or(Some(p.array().dtype()).filter(|dtype| dtype.is_half())));
        if let Some(dtype) = half {
            return Err(half_parameters(dtype));
        }
        let mut state = std::mem::take(&mut self.state);
        // Before the parameters are counted: lazy layers have their sizes only then.
        let start = evaluate(layer, &mut closure)?;
        let before = gather(layer);
        if state.last.as_ref().is_some_and(|last| last.0.len() != before.len()) {
            state = State::default(); // another layer than before
        }
        let outcome = self.iterate(layer, &before, start, &mut state, &mut closure);
        match outcome {
            Ok(_) => self.state = state,
            Err(_) => scatter(layer, &before),
        }
        outcome
    }

    /// Whether all settings can be used.
    fn check(&self) -> Result<()> {
        self.settings.validate()?;
        let settings = &self.settings;
        let plain = Settings { rate_factor: settings.rate_factor, ..Settings::new(settings.learning_rate) };
        if *settings != plain {
            return Err(Error::value("lbfgs with weight decay, clipping or groups")
                .help("put the penalty into the loss of the closure; the line search limits steps"));
        }
        let tolerances = [self.least_gradient, self.least_change];
        if self.iterations == 0 || self.history == 0 || !tolerances.iter().all(|&t| t >= 0.0) {
            return Err(Error::value("lbfgs with no iterations, no history or a tolerance below 0").help("give at least 1"));
        }
        Ok(())
    }

    fn iterate<L: Layer + ?Sized>(
        &self,
        layer: &mut L,
        before: &[f64],
        (first, mut gradient): (f64, Vec<f64>),
        state: &mut State,
        closure: &mut impl FnMut(&L) -> Result<Variable>,
    ) -> Result<f64> {
        let rate = self.settings.learning_rate * self.settings.rate_factor;
        let most = self.evaluations.unwrap_or(self.iterations.saturating_mul(5) / 4);
        let mut loss = first;
        let mut evaluations = 1;
        if largest(&gradient) <= self.least_gradient {
            return Ok(first);
        }
        let mut place = before.to_vec();
        for iteration in 1..=self.iterations {
            let fresh = state.last.is_none();
            let direction = state.direction(&gradient, self.history);
            let length = if fresh { rate * (1.0 / gradient.iter().map(|g| g.abs()).sum::<f64>()).min(1.0) } else { rate };
            let slope = dot(&gradient, &direction);
            let last_loss = loss;
            let uphill = slope > -self.least_change;
            state.last = Some((gradient.clone(), direction, length));
            let Some((_, direction, length)) = state.last.as_mut().filter(|_| !uphill) else { break };
            let mut used = 0;
            if self.line_search {
                let start = Point { length: 0.0, loss, gradient, slope };
                let rounds = most.saturating_sub(evaluations);
                let limits = Limits { rounds, change: self.least_change, largest: largest(direction) };
                let (end, count) = strong_wolfe(&start, *length, &limits, |length| {
                    scatter(layer, &along(&place, direction, length));
                    let (loss, gradient) = evaluate(layer, closure)?;
                    Ok(Point { length, loss, slope: dot(&gradient, direction), gradient })
                })?;
                (*length, loss, gradient, used) = (end.length, end.loss, end.gradient, count);
                scatter(layer, &along(&place, direction, *length));
            } else {
                scatter(layer, &along(&place, direction, *length));
                // The loss after the last iteration is the next step's to compute: by then the batch may be another.
                if iteration < self.iterations {
                    (loss, gradient) = evaluate(layer, closure)?;
                    used = 1;
                }
            }
            place = gather(layer);
            evaluations += used;
            let arrived = largest(&gradient) <= self.least_gradient;
            let still = largest(direction) * length.abs() <= self.least_change || (loss - last_loss).abs() < self.least_change;
            if evaluations >= most || arrived || still {
                break;
            }
        }
        Ok(first)
    }
}

impl State {
    /// Takes in how the gradient has changed, and gives −H·g by two loops over the last changes (Nocedal 1980).
    fn direction(&mut self, gradient: &[f64], history: usize) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let Some((last, walked, length)) = &self.last else { return direction };
        let change: Vec<f64> = gradient.iter().zip(last).map(|(g, last)| g - last).collect();
        let step: Vec<f64> = walked.iter().map(|d| d * length).collect();
        let product = dot(&change, &step);
        // Where the loss is not curved upwards the change says nothing of a minimum.
        if product > 1e-10 {
            while self.changes.len() >= history {
                self.changes.pop_front();
            }
            self.scale = product / dot(&change, &change);
            self.changes.push_back(Curvature { gradient: change, parameters: step, inverse: 1.0 / product });
        } else if self.changes.is_empty() {
            self.scale = 1.0;
        }
        let mut shares = vec![0.0; self.changes.len()];
        for (change, share) in self.changes.iter().zip(&mut shares).rev() {
            *share = dot(&change.parameters, &direction) * change.inverse;
            add(&mut direction, -*share, &change.gradient);
        }
        direction.iter_mut().for_each(|d| *d *= self.scale);
        for (change, share) in self.changes.iter().zip(&shares) {
            let back = dot(&change.gradient, &direction) * change.inverse;
            add(&mut direction, share - back, &change.parameters);
        }
        direction
    }
}

impl Optimizer for Lbfgs {
    common!("lbfgs");
    fn remembered(&self) -> usize {
        2 * self.history
    }
    fn update(&mut self, _: usize, _: &mut Array, _: &Array, _: Change) -> Result<()> {
        Err(needs_closure())
    }
    /// Always an error: use [`Lbfgs::step_with`].
    fn step(&mut self, _: &mut dyn Layer, _: &Gradients) -> Result<()> {
        Err(needs_closure())
    }
}

fn needs_closure() -> Error {
    Error::value("lbfgs computes the loss several times in a step, one gradient is not enough")
        .help("call step_with(&mut net, |net| loss) with the calculation of the loss")
}

/// The loss and its gradient by all parameters, one after the other; 0 where the loss does not depend on one.
fn evaluate<L: Layer + ?Sized>(layer: &L, closure: &mut impl FnMut(&L) -> Result<Variable>) -> Result<(f64, Vec<f64>)> {
    let loss = closure(layer)?;
    let (value, gradients) = (loss.item()?, loss.backward()?);
    let mut flat = Vec::new();
    layer.visit(&Path::ROOT, &mut |_, parameter| match gradients.get(parameter.variable()) {
        Some(gradient) => flat.extend(gradient.to_f64_vec()),
        None => flat.resize(flat.len() + parameter.array().len(), 0.0),
    });
    if value.is_finite() && flat.iter().all(|g| g.is_finite()) {
        return Ok((value, flat));
    }
    let what = if value.is_finite() { "the gradients are not finite".to_string() } else { format!("the loss is {value}") };
    Err(Error::new(ErrorKind::NonFinite, format!("lbfgs: {what}")).help("try strong_wolfe(), or a smaller learning rate"))
}

/// All parameters, one after the other.
fn gather<L: Layer + ?Sized>(layer: &L) -> Vec<f64> {
    let mut flat = Vec::new();
    layer.visit(&Path::ROOT, &mut |_, parameter| flat.extend(parameter.array().to_f64_vec()));
    flat
}

/// Puts them back.
fn scatter<L: Layer + ?Sized>(layer: &mut L, mut flat: &[f64]) {
    layer.visit_mut(&Path::ROOT, &mut |_, parameter| {
        let array = parameter.array_mut();
        let (own, rest) = flat.split_at(array.len().min(flat.len()));
        flat = rest;
        with_float!(array.dtype(), T => {
            array.make_mut::<T>().iter_mut().zip(own).for_each(|(to, &from)| *to = from as T);
        }, else {});
    });
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

fn along(from: &[f64], direction: &[f64], length: f64) -> Vec<f64> {
    from.iter().zip(direction).map(|(from, d)| from + length * d).collect()
}

/// The largest absolute value.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}
