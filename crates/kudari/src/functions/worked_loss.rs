//! The losses worked out by hand.

use super::worked::{divided, total};
use crate::array::Array;
use crate::autograd::{Calculation, Operand, Part, Worked};
use crate::expression::{Expression, Operation};

/// What is added up over the differences y − t.
pub(super) enum Differences {
    /// ½Σ(y − t)²
    HalfSquares,
    /// Σ(y − t)²/n
    MeanOfSquares,
    /// Σ|y − t|/n
    MeanOfMagnitudes,
}

/// A loss of the differences between y, input 0, and t, input 1.
pub(super) struct WorkedDifferences {
    pub(super) count: usize,
    pub(super) kind: Differences,
}

impl Worked for WorkedDifferences {
    fn value(&self, _: usize) -> Expression<Operand> {
        let term = |at: usize| {
            let difference = Operand::input(0, at).minus(Operand::input(1, at));
            match self.kind {
                Differences::MeanOfMagnitudes => difference.call(Operation::Abs),
                _ => difference.power(2.0),
            }
        };
        let sum = total((0..self.count).map(term).collect());
        match self.kind {
            Differences::HalfSquares => Expression::Number(0.5).times(sum),
            _ => divided(sum, self.count),
        }
    }

    fn slopes(&self, _: usize) -> Vec<(Operand, Expression<Operand>)> {
        let slope = |at: usize, input: usize| {
            let (y, t) = (Operand::input(0, at), Operand::input(1, at));
            let difference = if input == 0 { y.minus(t) } else { t.minus(y) };
            let slope = match self.kind {
                Differences::HalfSquares => difference,
                Differences::MeanOfSquares => divided(Expression::Number(2.0).times(difference), self.count),
                Differences::MeanOfMagnitudes => divided(difference.call(Operation::Sign), self.count),
            };
            (Operand::Input { input, at }, slope)
        };
        (0..2).flat_map(|input| (0..self.count).map(move |at| slope(at, input))).collect()
    }
}

/// What a cross-entropy does with its input before the logarithm.
pub(super) enum Inside {
    /// They are logits: softmax.
    Softmax,
    /// They are probabilities, to which ε is added.
    Nothing { epsilon: f64 },
}

/// −Σ t ln p over rows of classes, divided by the number of rows.
pub(super) struct WorkedCrossEntropy {
    shape: Vec<usize>,
    /// The probabilities to reach, class by class.
    target: Vec<f64>,
    inside: Inside,
}

/// Numbers of the parts of a cross-entropy.
const TARGET: usize = 0;
const PROBABILITY: usize = 1;

impl WorkedCrossEntropy {
    pub(super) fn new(calculation: &Calculation<'_>, target: Array, inside: Inside) -> WorkedCrossEntropy {
        WorkedCrossEntropy { shape: calculation.inputs[0].shape().to_vec(), target: target.to_f64_vec(), inside }
    }

    fn classes(&self) -> usize {
        self.shape.last().copied().unwrap_or(1).max(1)
    }

    fn rows(&self) -> usize {
        self.target.len() / self.classes()
    }

    /// What stands inside the logarithm.
    fn probability(&self, at: usize) -> Expression<Operand> {
        match self.inside {
            Inside::Softmax => Operand::part(PROBABILITY, at),
            Inside::Nothing { epsilon: 0.0 } => Operand::input(0, at),
            Inside::Nothing { epsilon } => Operand::input(0, at).plus(Expression::Number(epsilon)),
        }
    }

    /// Whether the targets of the row of element `at` sum to 1, so that the slope is p − t.
    fn is_distribution(&self, at: usize) -> bool {
        let first = at / self.classes() * self.classes();
        (self.target[first..first + self.classes()].iter().sum::<f64>() - 1.0).abs() < 1e-12
    }
}

impl Worked for WorkedCrossEntropy {
    fn parts(&self) -> Vec<Part> {
        let part = |letter| Part { letter, shape: self.shape.clone() };
        match self.inside {
            Inside::Softmax => vec![part("t"), part("p")],
            Inside::Nothing { .. } => vec![part("t")],
        }
    }

    fn part(&self, part: usize, at: usize) -> Expression<Operand> {
        if part == TARGET {
            return Expression::Number(self.target[at]);
        }
        let exponential = |at: usize| Operand::input(0, at).call(Operation::Exp);
        let first = at / self.classes() * self.classes();
        exponential(at).over(total((first..first + self.classes()).map(exponential).collect()))
    }

    fn value(&self, _: usize) -> Expression<Operand> {
        let term = |at: usize| {
            let surprise = self.probability(at).call(Operation::Ln);
            if self.target[at] == 1.0 { surprise } else { Operand::part(TARGET, at).times(surprise) }
        };
        let terms: Vec<_> = (0..self.target.len()).filter(|&at| self.target[at] != 0.0).map(term).collect();
        if terms.is_empty() {
            return Expression::Number(0.0);
        }
        divided(total(terms), self.rows()).neg()
    }

    fn slopes(&self, _: usize) -> Vec<(Operand, Expression<Operand>)> {
        let slope = |at: usize| {
            let t = Operand::part(TARGET, at);
            let slope = match self.inside {
                Inside::Softmax if self.is_distribution(at) => Operand::part(PROBABILITY, at).minus(t),
                Inside::Softmax => {
                    let first = at / self.classes() * self.classes();
                    let sum = total((first..first + self.classes()).map(|k| Operand::part(TARGET, k)).collect());
                    Operand::part(PROBABILITY, at).times(sum).minus(t)
                }
                Inside::Nothing { .. } if self.target[at] == 0.0 => return None,
                Inside::Nothing { .. } => t.over(self.probability(at)).neg(),
            };
            Some((Operand::Input { input: 0, at }, divided(slope, self.rows())))
        };
        (0..self.target.len()).filter_map(slope).collect()
    }
}

/// −t ln σ(x) − (1 − t) ln(1 − σ(x)), averaged.
pub(super) struct WorkedBinary {
    pub(super) shape: Vec<usize>,
    pub(super) count: usize,
}

impl Worked for WorkedBinary {
    fn parts(&self) -> Vec<Part> {
        vec![Part { letter: "p", shape: self.shape.clone() }]
    }

    fn part(&self, _: usize, at: usize) -> Expression<Operand> {
        Expression::Number(1.0).over(Expression::Number(1.0).plus(Operand::input(0, at).neg().call(Operation::Exp)))
    }

    fn value(&self, _: usize) -> Expression<Operand> {
        let one = || Expression::Number(1.0);
        let term = |at: usize| {
            let (p, t) = (Operand::part(0, at), Operand::input(1, at));
            let yes = t.clone().times(p.clone().call(Operation::Ln));
            yes.plus(one().minus(t).times(one().minus(p).call(Operation::Ln)))
        };
        let terms: Vec<_> = (0..self.count)
            .flat_map(|at| match term(at) {
                Expression::Sum(terms) => terms,
                other => vec![other],
            })
            .collect();
        divided(total(terms), self.count).neg()
    }

    fn slopes(&self, _: usize) -> Vec<(Operand, Expression<Operand>)> {
        let by_x = (0..self.count).map(|at| {
            let slope = Operand::part(0, at).minus(Operand::input(1, at));
            (Operand::Input { input: 0, at }, divided(slope, self.count))
        });
        let by_t = (0..self.count).map(|at| (Operand::Input { input: 1, at }, divided(Operand::input(0, at).neg(), self.count)));
        by_x.chain(by_t).collect()
    }
}
