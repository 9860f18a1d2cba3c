//! Connectionist temporal classification worked out by hand: walks forward and backward, in probabilities.

use super::loss_ctc::Sequences;
use super::loss_reduction::Reduced;
use super::worked::total;
use crate::array::index_of;
use crate::autograd::{Operand, Part, Worked};
use crate::expression::{Expression, Operation};

/// For every step two parts of shape `[samples, states]`: α, the probability of all beginnings of walks that are in a state
/// then, and β, that of all ends from there on, without the step's own class. The parts are α of the steps from the first to
/// the last, then β from the last to the first: each is made of the one before.
pub(super) struct WorkedCtc {
    sequences: Sequences,
    factors: Vec<f64>,
    reduced: Reduced,
    steps: usize,
    samples: usize,
    classes: usize,
    /// The classes of every sample's states.
    states: Vec<Vec<usize>>,
    most_states: usize,
}

impl WorkedCtc {
    /// The step of a part: α from the first to the last, then β from the last to the first.
    fn step(&self, part: usize) -> usize {
        if part < self.steps { part } else { 2 * self.steps - 1 - part }
    }

    pub(super) fn new(
        sequences: Sequences,
        factors: Vec<f64>,
        reduced: Reduced,
        [steps, samples, classes]: [usize; 3],
    ) -> WorkedCtc {
        let states: Vec<Vec<usize>> = (0..samples).map(|sample| sequences.classes(sample)).collect();
        let most_states = states.iter().map(Vec::len).max().unwrap_or(0);
        WorkedCtc { sequences, factors, reduced, steps, samples, classes, states, most_states }
    }

    fn forward_part(&self, step: usize, sample: usize, state: usize) -> Expression<Operand> {
        Operand::part(step, sample * self.most_states + state)
    }

    fn backward_part(&self, step: usize, sample: usize, state: usize) -> Expression<Operand> {
        Operand::part(2 * self.steps - 1 - step, sample * self.most_states + state)
    }

    /// The number of the input for a class.
    fn place(&self, step: usize, sample: usize, class: usize) -> usize {
        (step * self.samples + sample) * self.classes + class
    }

    /// The probability of a state's class.
    fn emission(&self, step: usize, sample: usize, state: usize) -> Expression<Operand> {
        Operand::input(0, self.place(step, sample, self.states[sample][state])).call(Operation::Exp)
    }

    fn forward(&self, step: usize, sample: usize, state: usize) -> Expression<Operand> {
        let emission = self.emission(step, sample, state);
        if step == 0 {
            return if state < 2 { emission } else { Expression::Number(0.0) };
        }
        let from = |back: usize| self.forward_part(step - 1, sample, state - back);
        let passes = Sequences::may_pass(&self.states[sample], state);
        let ways = [(0, true), (1, state >= 1), (2, passes)].into_iter().filter(|way| way.1);
        total(ways.map(|(back, _)| from(back)).collect()).times(emission)
    }

    fn backward(&self, step: usize, sample: usize, state: usize) -> Expression<Operand> {
        let states = &self.states[sample];
        if step + 1 == self.sequences.input_lengths[sample] {
            return Expression::Number(if state + 2 >= states.len() { 1.0 } else { 0.0 });
        }
        let to = |on: usize| {
            let emission = self.emission(step + 1, sample, state + on);
            self.backward_part(step + 1, sample, state + on).times(emission)
        };
        let passes = state + 2 < states.len() && Sequences::may_pass(states, state + 2);
        let ways = [(0, true), (1, state + 1 < states.len()), (2, passes)].into_iter().filter(|way| way.1);
        total(ways.map(|(on, _)| to(on)).collect())
    }

    /// P(labels): the walks that end in the last label or in the blank behind it.
    fn whole(&self, sample: usize) -> Expression<Operand> {
        let states = self.states[sample].len();
        match self.sequences.input_lengths[sample] {
            0 => Expression::Number(if states == 1 { 1.0 } else { 0.0 }),
            steps => total((states.saturating_sub(2)..states).map(|state| self.forward_part(steps - 1, sample, state)).collect()),
        }
    }
}

impl Worked for WorkedCtc {
    fn parts(&self) -> Vec<Part> {
        let part =
            |number| Part { letter: if number < self.steps { "α" } else { "β" }, shape: vec![self.samples, self.most_states] };
        (0..2 * self.steps).map(part).collect()
    }
    fn place(&self, part: usize) -> Option<usize> {
        Some(self.step(part) + 1)
    }
    fn part(&self, part: usize, at: usize) -> Expression<Operand> {
        let index = index_of(at, &[self.samples, self.most_states]);
        let (sample, state) = (index[0], index[1]);
        let step = self.step(part);
        match () {
            () if step >= self.sequences.input_lengths[sample] || state >= self.states[sample].len() => Expression::Number(0.0),
            () if part < self.steps => self.forward(step, sample, state),
            () => self.backward(step, sample, state),
        }
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let of_sample = |sample: usize| match self.factors[sample] {
            0.0 => Expression::Number(0.0),
            1.0 => self.whole(sample).call(Operation::Ln).neg(),
            factor => self.whole(sample).call(Operation::Ln).neg().over(Expression::Number(1.0 / factor)),
        };
        self.reduced.expression(at, self.samples, of_sample)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_sample = |sample: usize| {
            let factor = self.factors[sample];
            let steps = if factor == 0.0 { 0 } else { self.sequences.input_lengths[sample] };
            let slope = |step: usize, class: usize| {
                let states = self.states[sample].iter().enumerate().filter(|(_, of)| **of == class);
                let walks = states
                    .map(|(state, _)| self.forward_part(step, sample, state).times(self.backward_part(step, sample, state)));
                let share = total(walks.collect()).over(self.whole(sample)).neg();
                let slope = if factor == 1.0 { share } else { share.over(Expression::Number(1.0 / factor)) };
                (Operand::Input { input: 0, at: self.place(step, sample, class) }, slope)
            };
            let classes = |step: usize| (0..self.classes).map(move |class| (step, class));
            (0..steps).flat_map(classes).map(|(step, class)| slope(step, class)).collect()
        };
        self.reduced.slopes(at, self.samples, of_sample)
    }
}
