//! The reductions worked out by hand that are more than a weighted sum.

use super::worked::{collected, divided, total};
use crate::array::Array;
use crate::autograd::{Operand, Part, Worked};
use crate::expression::{Condition, Expression, Operation, Relation};

/// Σ(x − m)²/n with the mean m.
pub(super) struct WorkedVariance {
    /// The elements that make each result.
    elements: Vec<Vec<usize>>,
    shape: Vec<usize>,
}

impl WorkedVariance {
    pub(super) fn new(destinations: &Array, output: &Array) -> Option<WorkedVariance> {
        Some(WorkedVariance { elements: collected(destinations, output.len())?, shape: output.shape().to_vec() })
    }
}

/// x − m
fn deviation(from: usize, at: usize) -> Expression<Operand> {
    Operand::input(0, from).minus(Operand::part(0, at))
}

impl Worked for WorkedVariance {
    fn parts(&self) -> Vec<Part> {
        vec![Part { letter: "m", shape: self.shape.clone() }]
    }
    fn part(&self, _: usize, at: usize) -> Expression<Operand> {
        let elements = &self.elements[at];
        divided(total(elements.iter().map(|&from| Operand::input(0, from)).collect()), elements.len())
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let elements = &self.elements[at];
        divided(total(elements.iter().map(|&from| deviation(from, at).power(2.0)).collect()), elements.len())
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let elements = &self.elements[at];
        let slope = |from| divided(Expression::Number(2.0).times(deviation(from, at)), elements.len());
        elements.iter().map(|&from| (Operand::Input { input: 0, at: from }, slope(from))).collect()
    }
}

/// The largest or the smallest of some numbers.
pub(super) struct WorkedExtreme {
    operation: Operation,
    /// The elements among which each result was chosen.
    elements: Vec<Vec<usize>>,
    /// How many of them equal it.
    ties: Vec<usize>,
}

impl WorkedExtreme {
    pub(super) fn new(operation: Operation, destinations: &Array, x: &Array, y: &Array) -> Option<WorkedExtreme> {
        let elements = collected(destinations, y.len())?;
        let (x, y) = (x.to_f64_vec(), y.to_f64_vec());
        let ties = elements.iter().zip(y).map(|(elements, y)| elements.iter().filter(|&&from| x[from] == y).count()).collect();
        Some(WorkedExtreme { operation, elements, ties })
    }
}

impl Worked for WorkedExtreme {
    fn value(&self, at: usize) -> Expression<Operand> {
        Expression::Call(self.operation, self.elements[at].iter().map(|&from| Operand::input(0, from)).collect())
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let slope = |from| {
            let chosen = Condition { left: Operand::input(0, from), relation: Relation::Equal, right: Operand::output(at) };
            let share = divided(Expression::Number(1.0), self.ties[at]);
            Expression::Cases(vec![(chosen, share)], Box::new(Expression::Number(0.0)))
        };
        self.elements[at].iter().map(|&from| (Operand::Input { input: 0, at: from }, slope(from))).collect()
    }
}

/// ln Σ e^x
pub(super) struct WorkedLogSumExp {
    /// The elements that make each result.
    elements: Vec<Vec<usize>>,
}

impl WorkedLogSumExp {
    pub(super) fn new(destinations: &Array, output: &Array) -> Option<WorkedLogSumExp> {
        Some(WorkedLogSumExp { elements: collected(destinations, output.len())? })
    }
}

impl Worked for WorkedLogSumExp {
    fn value(&self, at: usize) -> Expression<Operand> {
        let exponential = |from: &usize| Operand::input(0, *from).call(Operation::Exp);
        total(self.elements[at].iter().map(exponential).collect()).call(Operation::Ln)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let slope = |from| Operand::input(0, from).minus(Operand::output(at)).call(Operation::Exp);
        self.elements[at].iter().map(|&from| (Operand::Input { input: 0, at: from }, slope(from))).collect()
    }
}
