//! How probable a sequence of labels is when its alignment to the steps of time is unknown: the forward-backward
//! algorithm of connectionist temporal classification (Graves et al. 2006), in logarithms and in f64 for either type.

use super::float::{Float, Number};
use super::memory::Buffer;
use super::threads;

/// Estimated nanoseconds per state and step: an exponential or two and a logarithm.
const COST: f64 = 40.0;

/// Log-probabilities `[steps, samples, classes]` and the labels that each sample should give.
pub(crate) struct Batch<'a, T> {
    pub(crate) x: &'a [T],
    pub(crate) samples: usize,
    pub(crate) classes: usize,
    pub(crate) blank: usize,
    /// Labels in rows of `longest`, of which the first `target_lengths` count. All of them are classes.
    pub(crate) labels: &'a [i64],
    pub(crate) longest: usize,
    /// Steps that count, at most as many as there are.
    pub(crate) input_lengths: &'a [usize],
    pub(crate) target_lengths: &'a [usize],
}

/// One sample: a walk through the states blank, first label, blank, second label, …, blank, one step of time after the
/// other. It may stay, go on by one, or pass over a blank between two different labels.
struct Alignment<'a, T> {
    batch: &'a Batch<'a, T>,
    sample: usize,
    labels: &'a [i64],
    steps: usize,
}

impl<T: Float> Batch<'_, T> {
    fn alignment(&self, sample: usize) -> Alignment<'_, T> {
        let first = sample * self.longest;
        let labels = &self.labels[first..first + self.target_lengths[sample]];
        Alignment { batch: self, sample, labels, steps: self.input_lengths[sample] }
    }

    fn cost(&self, passes: f64) -> f64 {
        let states: usize = (0..self.samples).map(|n| self.input_lengths[n] * (2 * self.target_lengths[n] + 1)).sum();
        states as f64 * COST * passes
    }

    /// −ln P of the labels of every sample; infinite where they do not fit into the steps.
    pub(crate) fn losses(&self, losses: &mut [f64]) {
        threads::for_each_piece(losses, 1, self.cost(1.0), |sample, loss| {
            let alignment = self.alignment(sample);
            let mut buffer = Buffer::recycled::<f64>(alignment.size());
            if let Some(forward) = buffer.slice_mut::<f64>(alignment.size()) {
                loss[0] = -alignment.forward(forward);
            }
        });
    }

    /// The gradient of Σ factor · loss by x, as `[samples, steps, classes]` with `steps` of x. A factor of 0 gives 0 even where
    /// the loss is infinite; another one gives NaN there.
    pub(crate) fn gradients(&self, gradients: &mut [T], steps: usize, factors: &[f64]) {
        threads::for_each_piece(gradients, steps * self.classes, self.cost(2.5), |sample, gradient| {
            gradient.fill(T::ZERO);
            if factors[sample] != 0.0 {
                self.alignment(sample).gradient(gradient, factors[sample]);
            }
        });
    }
}

impl<T: Float> Alignment<'_, T> {
    fn states(&self) -> usize {
        2 * self.labels.len() + 1
    }

    fn size(&self) -> usize {
        self.steps * self.states()
    }

    /// The class of a state.
    fn class(&self, state: usize) -> usize {
        if state.is_multiple_of(2) { self.batch.blank } else { self.labels[state / 2] as usize }
    }

    /// The log-probability of a state's class at a step.
    fn emission(&self, step: usize, state: usize) -> f64 {
        self.batch.x[(step * self.batch.samples + self.sample) * self.batch.classes + self.class(state)].to_f64()
    }

    /// Whether a walk may come to `state` from two states before.
    fn may_pass(&self, state: usize) -> bool {
        state >= 3 && !state.is_multiple_of(2) && self.labels[state / 2] != self.labels[state / 2 - 1]
    }

    /// The logarithms of the probabilities of all beginnings of walks that are in a state at a step, that step's class
    /// included; less the largest of the step, so that long sequences keep their digits. Gives that of the whole.
    fn forward(&self, forward: &mut [f64]) -> f64 {
        let states = self.states();
        if self.steps == 0 {
            return if states == 1 { 0.0 } else { f64::NEG_INFINITY };
        }
        let mut taken = 0.0;
        for step in 0..self.steps {
            let (before, now) = forward.split_at_mut(step * states);
            let now = &mut now[..states];
            for (state, now) in now.iter_mut().enumerate() {
                let come = match step {
                    0 if state < 2 => 0.0,
                    0 => f64::NEG_INFINITY,
                    _ => {
                        let before = &before[(step - 1) * states..];
                        let from = |back: usize, may: bool| if may { before[state - back] } else { f64::NEG_INFINITY };
                        log_sum(&[before[state], from(1, state >= 1), from(2, self.may_pass(state))])
                    }
                };
                *now = come + self.emission(step, state);
            }
            taken += take_largest(now);
        }
        let last = &forward[(self.steps - 1) * states..self.steps * states];
        taken + log_sum(&last[states.saturating_sub(2)..])
    }

    /// The logarithms of the probabilities of all ends of walks from a state at a step, without that step's class; less the
    /// largest of the step.
    fn backward(&self, backward: &mut [f64]) {
        let states = self.states();
        for step in (0..self.steps).rev() {
            let (now, after) = backward.split_at_mut((step + 1) * states);
            let now = &mut now[step * states..];
            for (state, now) in now.iter_mut().enumerate() {
                let to = |on: usize, may: bool| match may {
                    true => after[state + on] + self.emission(step + 1, state + on),
                    false => f64::NEG_INFINITY,
                };
                *now = match step + 1 == self.steps {
                    true if state + 2 >= states => 0.0,
                    true => f64::NEG_INFINITY,
                    false => {
                        let passes = state + 2 < states && self.may_pass(state + 2);
                        log_sum(&[to(0, true), to(1, state + 1 < states), to(2, passes)])
                    }
                };
            }
            take_largest(now);
        }
    }

    /// −factor times how probable it is, given the labels, that a class is used at a step.
    fn gradient(&self, gradient: &mut [T], factor: f64) {
        let (size, states) = (self.size(), self.states());
        let (mut first, mut second) = (Buffer::recycled::<f64>(size), Buffer::recycled::<f64>(size));
        let (Some(forward), Some(backward)) = (first.slice_mut::<f64>(size), second.slice_mut::<f64>(size)) else { return };
        self.forward(forward);
        self.backward(backward);
        for step in 0..self.steps {
            let walks = &mut forward[step * states..(step + 1) * states];
            walks.iter_mut().zip(&backward[step * states..]).for_each(|(walk, end)| *walk += end);
            // Every walk is in some state at this step.
            let whole = log_sum(walks);
            for (state, walk) in walks.iter().enumerate() {
                let place = step * self.batch.classes + self.class(state);
                gradient[place] = gradient[place] - T::from_f64(factor * (walk - whole).exp());
            }
        }
    }
}

/// The largest of some logarithms, which is taken off all of them; 0 if nothing is possible.
fn take_largest(x: &mut [f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, Number::larger);
    if largest.is_infinite() {
        return 0.0;
    }
    x.iter_mut().for_each(|x| *x -= largest);
    largest
}

/// ln Σ e^x, −∞ if all are; NaN if one is.
fn log_sum(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, Number::larger);
    if largest.is_infinite() {
        return largest;
    }
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}
