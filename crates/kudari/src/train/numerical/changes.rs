//! Only what a moved parameter changes is computed again.
//!
//! Weight w[i, j] of a linear layer moved by ±h changes the layer's result in column i alone, by ±h·xⱼ, and that only in
//! samples where xⱼ is not 0. Elementwise functions change that column alone; for the next linear layer the change Δ of the
//! column is Δ times column i of its weight, added to the numbers it had. From there on everything changes, and the remaining
//! layers run in full, on the changed rows of many moved parameters at once. The losses of the changed rows, less what they
//! were, make the change of the loss: subtracted row by row, it keeps digits that the difference of two sums would lose.

use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::NumericalGradient;
use super::route::{Route, as_linear, routes};
use crate::array::{Array, DType, Shape};
use crate::autograd::{Gradients, Variable, no_grad};
use crate::data::Batch;
use crate::error::Result;
use crate::kernels::float::{Element, Float};
use crate::kernels::perturb::{Sources, moved, replaced, through};
use crate::kernels::threads;
use crate::model::Network;
use crate::train::losses::Loss;

/// Numbers that the moved parameters of one piece of work may fill in the widest layer: they stay in the cache.
const PIECE: usize = 32 * 1024;

/// What came of a batch.
pub(super) enum Attempt {
    /// The loss, its gradients (none if it is not finite), and the time that work left out would have taken.
    Found { loss: f64, gradients: Gradients, left_out: Duration },
    /// The network has something that is not known here.
    Unknown(String),
}

/// The loss of a batch and its gradients. To measure the time, all but about `pieces` pieces of every layer's work are left
/// out.
pub(super) fn differentiate(
    settings: &NumericalGradient,
    network: &Network,
    loss: &Loss,
    batch: &Batch,
    pieces: usize,
) -> Result<Attempt> {
    let routes = match routes(network.layers().layers()) {
        Ok(routes) => routes,
        Err(layer) => return Ok(Attempt::Unknown(layer.notation())),
    };
    // The first input need not be flattened here: its numbers lie in memory as they would then.
    let mut results = vec![batch.x.array().contiguous()];
    no_grad(|| network.forward_with(&batch.x, |_, result| results.push(result.array().contiguous())))?;
    let output = &results[results.len() - 1];
    let is_matrix = |i: usize| results[i].rank() == 2;
    if !(is_matrix(results.len() - 1) && routes.iter().all(|route| is_matrix(route.position + 1))) {
        return Ok(Attempt::Unknown("samples of several axes".into()));
    }
    let start = loss.of(&Variable::constant(output.clone()), &batch.t)?.item()?;
    let (mut gradients, mut left_out) = (Gradients::default(), Duration::ZERO);
    if start.is_finite() {
        let targets = loss.targets(output, &batch.t)?;
        let losses = loss.of_rows(output, &targets)?.to_f64_vec();
        // Where no sample counts every loss is 0, whatever it is divided by.
        let divisor = loss.divisor(&targets)?;
        let scale = if loss.averages() && divisor > 0.0 { 1.0 / divisor } else { 1.0 };
        let base = Base { settings, loss, results: &results, targets: &targets, losses: &losses, scale };
        for route in routes {
            left_out += if output.dtype() == DType::F64 {
                Changes::<f64>::new(base, route).differentiate(pieces, &mut gradients)?
            } else {
                Changes::<f32>::new(base, route).differentiate(pieces, &mut gradients)?
            };
        }
    }
    Ok(Attempt::Found { loss: start, gradients, left_out })
}

/// What all linear layers' changes start from: the network's results for a batch.
#[derive(Clone, Copy)]
struct Base<'a> {
    settings: &'a NumericalGradient,
    loss: &'a Loss,
    /// What every layer takes, and the output at the end.
    results: &'a [Array],
    targets: &'a Array,
    /// The losses of the rows; the loss is their sum times `scale`.
    losses: &'a [f64],
    scale: f64,
}

/// Everything that moving the parameters of one linear layer reads. Its parameters are counted unit by unit: the weights
/// of the unit, then its bias.
struct Changes<'a, T> {
    base: Base<'a>,
    route: Route<'a>,
    sources: Sources<T>,
    parameters: Vec<T>,
    /// The layer's result, unit by unit.
    units: Array,
    /// The next layer's input and its weights, unit by unit.
    next: Option<(Array, Array)>,
    /// The result in which rows change: that of the next linear layer, or of this one.
    rows: &'a Array,
}

/// The rows that one step of a parameter changes, in one piece of work.
struct Run<T> {
    unit: usize,
    source: usize,
    step: T,
    start: usize,
    end: usize,
}

impl<'a, T: Float> Changes<'a, T> {
    /// Prepares the changes by the parameters of a linear layer.
    fn new(base: Base<'a>, route: Route<'a>) -> Changes<'a, T> {
        let by_unit = |x: &Array| x.transpose().contiguous();
        let inputs = route.layer.inputs();
        let (weight, bias) = (route.layer.weight().array().contiguous(), route.layer.bias().map(|b| b.array().contiguous()));
        let bias = bias.as_ref().map(numbers::<T>);
        let mut parameters = Vec::with_capacity(weight.len() + bias.map_or(0, <[T]>::len));
        for (unit, weights) in numbers::<T>(&weight).chunks_exact(inputs).enumerate() {
            parameters.extend_from_slice(weights);
            parameters.extend(bias.map(|b| b[unit]));
        }
        Changes {
            base,
            sources: Sources::new(numbers(&base.results[route.position]), inputs, bias.is_some()),
            parameters,
            units: by_unit(&base.results[route.position + 1]),
            next: route.next.as_ref().map(|n| (by_unit(&base.results[n.position]), by_unit(n.layer.weight().array()))),
            rows: &base.results[route.next.as_ref().map_or(route.position, |n| n.position) + 1],
            route,
        }
    }

    /// The gradients by the layer's parameters, into `gradients`. To measure the time, all but about `pieces` pieces of the
    /// work are left out; gives the time that these would have taken.
    fn differentiate(&self, pieces: usize, gradients: &mut Gradients) -> Result<Duration> {
        let rows_each = self.base.settings.steps().len() * self.base.losses.len();
        let size = (PIECE / (rows_each * self.width()).max(1)).max(1);
        let mut derivatives = vec![0.0; self.parameters.len()];
        let count = derivatives.len().div_ceil(size);
        let every = (count / pieces).max(1);
        let rows = self.sources.len() * self.route.layer.outputs() * self.base.settings.steps().len();
        // Nanoseconds for a row: bookkeeping, and exponentials of its numbers.
        let cost = rows as f64 * (20.0 + 10.0 * self.width() as f64);
        let failed = Mutex::new(None);
        let began = Instant::now();
        threads::for_each_piece(&mut derivatives, size, cost, |index, part| {
            if !index.is_multiple_of(every) {
                return;
            }
            if let Err(error) = no_grad(|| self.piece(index * size, part))
                && let Ok(mut failed) = failed.lock()
            {
                *failed = Some(error);
            }
        });
        let took = began.elapsed();
        if let Ok(Some(error)) = failed.into_inner() {
            return Err(error);
        }
        self.put(&derivatives, gradients)?;
        Ok(took.mul_f64(count as f64 / count.div_ceil(every) as f64 - 1.0))
    }

    /// Numbers in the widest row of those computed again.
    fn width(&self) -> usize {
        let widths = self.route.rest.iter().filter_map(|layer| Some(as_linear(layer.as_ref())?.outputs()));
        widths.chain([self.rows.shape()[1]]).max().unwrap_or(1)
    }

    /// The derivatives by the parameters from `first` on.
    fn piece(&self, first: usize, derivatives: &mut [f64]) -> Result<()> {
        let (runs, samples) = self.runs(first, derivatives.len());
        let mut changes = vec![0.0; runs.len()];
        if !samples.is_empty() {
            let samples = Array::from_slice(&samples, &[samples.len()])?;
            let mut y = Variable::constant(self.changed_rows(&runs, &samples)?);
            for layer in self.route.rest {
                y = layer.forward(&y)?;
            }
            let losses = self.base.loss.of_rows(y.array(), &self.base.targets.take(&samples, 0)?)?;
            let (losses, samples) = (numbers::<T>(&losses), numbers::<i64>(&samples));
            for (change, run) in changes.iter_mut().zip(&runs) {
                let rows = losses[run.start..run.end].iter().zip(&samples[run.start..run.end]);
                *change = self.base.scale * rows.map(|(l, &s)| l.to_f64() - self.base.losses[s as usize]).sum::<f64>();
            }
        }
        let steps = self.base.settings.steps().len();
        for (derivative, changes) in derivatives.iter_mut().zip(changes.chunks_exact(steps)) {
            *derivative = self.base.settings.derivative(changes, 0.0);
        }
        Ok(())
    }

    /// What `count` parameters from `first` on change, step by step for each, and the samples of all these rows.
    fn runs(&self, first: usize, count: usize) -> (Vec<Run<T>>, Vec<i64>) {
        let settings = self.base.settings;
        let mut runs = Vec::with_capacity(count * settings.steps().len());
        let mut samples = Vec::new();
        for place in first..first + count {
            let (unit, source) = (place / self.sources.count(), place % self.sources.count());
            let x = self.parameters[place];
            for step in settings.steps() {
                // What is left of the step once x + h is rounded: nothing where h is too small for x.
                let step = (x + T::from_f64(step * settings.h)) - x;
                let start = samples.len();
                if step != T::ZERO {
                    samples.extend_from_slice(self.sources.of(source).0);
                }
                runs.push(Run { unit, source, step, start, end: samples.len() });
            }
        }
        (runs, samples)
    }

    /// The rows from which on everything changes.
    fn changed_rows(&self, runs: &[Run<T>], samples: &Array) -> Result<Array> {
        let at = numbers::<i64>(samples);
        let (count, width) = (samples.len(), self.rows.shape()[1]);
        let changed = || runs.iter().filter(|run| run.end > run.start).map(|run| (run, run.start..run.end));
        let units = Array::build(Shape::new(&[count])?, |out: &mut [T]| {
            for (run, rows) in changed() {
                let inputs = self.sources.of(run.source).1;
                moved(&mut out[rows.clone()], row(&self.units, run.unit), &at[rows], inputs, run.step);
            }
        });
        let (base, shape) = (numbers(self.rows), Shape::new(&[count, width])?);
        let in_rows = |rows: &Range<usize>| rows.start * width..rows.end * width;
        let (Some(next), Some((inputs, weights))) = (&self.route.next, &self.next) else {
            let units = numbers(&units);
            return Ok(Array::build(shape, |out: &mut [T]| {
                for (run, rows) in changed() {
                    replaced(&mut out[in_rows(&rows)], base, &at[rows.clone()], &units[rows], run.unit, width);
                }
            }));
        };
        let mut after = Variable::constant(units);
        for function in &next.between {
            after = function.forward(&after)?;
        }
        let after = numbers(after.array());
        Ok(Array::build(shape, |out: &mut [T]| {
            for (run, rows) in changed() {
                let (before, weights) = (row(inputs, run.unit), row(weights, run.unit));
                through(&mut out[in_rows(&rows)], base, &at[rows.clone()], &after[rows], before, weights);
            }
        }))
    }

    /// The derivatives as gradients of weight and bias.
    fn put(&self, derivatives: &[f64], gradients: &mut Gradients) -> Result<()> {
        let layer = self.route.layer;
        let (inputs, each) = (layer.inputs(), self.sources.count());
        let mut weight = Vec::with_capacity(layer.outputs() * inputs);
        derivatives.chunks_exact(each).for_each(|unit| weight.extend_from_slice(&unit[..inputs]));
        let array = |values: &[f64], shape: &[usize]| Ok(Array::from_slice(values, shape)?.to_dtype(layer.dtype()));
        gradients.insert(layer.weight().variable(), array(&weight, &[layer.outputs(), inputs])?);
        if let Some(bias) = layer.bias() {
            let values: Vec<f64> = derivatives.iter().copied().skip(inputs).step_by(each).collect();
            gradients.insert(bias.variable(), array(&values, &[layer.outputs()])?);
        }
        Ok(())
    }
}

/// The numbers of an array that lies in row-major order.
fn numbers<T: Element>(x: &Array) -> &[T] {
    x.contiguous_slice().unwrap_or(&[])
}

/// One row of such a matrix.
fn row<T: Element>(x: &Array, i: usize) -> &[T] {
    let width = x.shape()[1];
    &numbers(x)[i * width..(i + 1) * width]
}
