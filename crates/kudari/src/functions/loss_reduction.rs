//! What becomes of the terms of a loss: their mean, their sum, or the terms themselves.

use super::worked::total;
use crate::array::Array;
use crate::autograd::{Operand, Variable};
use crate::error::{Error, Result};
use crate::expression::Expression;

/// What a loss makes of its terms, the losses of single elements or samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Their sum over the divisor that the loss states: the number of elements, or of samples.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// The terms as they are.
    None,
}

/// A reduction of terms with its divisor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reduced {
    pub(super) reduction: Reduction,
    /// What a mean divides by. Where it is 0 nothing counts, and the mean is 0.
    divisor: f64,
}

impl Reduced {
    /// The reduction of `count` elements or samples, by whose number a mean divides.
    pub(super) fn by_count(operation: &str, reduction: Reduction, count: usize) -> Result<Reduced> {
        check_some(operation, reduction, count)?;
        Ok(Reduced { reduction, divisor: count as f64 })
    }

    /// The reduction of `elements` whose mean divides by the weights of the samples that count.
    pub(super) fn by_weight(operation: &str, reduction: Reduction, elements: usize, weight: f64) -> Result<Reduced> {
        check_some(operation, reduction, elements)?;
        Ok(Reduced { reduction, divisor: weight })
    }

    /// The factor of every term.
    pub(super) fn factor(self) -> f64 {
        match self.reduction {
            Reduction::Mean if self.divisor == 0.0 => 0.0,
            Reduction::Mean => 1.0 / self.divisor,
            Reduction::Sum | Reduction::None => 1.0,
        }
    }

    /// The loss of terms.
    pub(super) fn of(self, terms: Array) -> Array {
        match self.reduction {
            Reduction::Mean => terms.sum().scale(self.factor()),
            Reduction::Sum => terms.sum(),
            Reduction::None => terms,
        }
    }

    /// The gradient by the terms from that by the loss: one number for all, or one each.
    pub(super) fn upstream(self, gy: &Variable) -> Variable {
        match self.factor() {
            1.0 => gy.clone(),
            factor => gy * factor,
        }
    }

    /// The expression of element `at` of the loss of `count` terms.
    pub(super) fn expression(self, at: usize, count: usize, term: impl Fn(usize) -> Expression<Operand>) -> Expression<Operand> {
        if self.reduction == Reduction::None {
            return term(at);
        }
        // A term that is itself a sum stands in the whole sum without brackets.
        let flat = |at| match term(at) {
            Expression::Sum(terms) => terms,
            other => vec![other],
        };
        self.divided(total((0..count).flat_map(flat).collect()))
    }

    /// The slopes of element `at` of the loss of `count` terms, from those of the terms.
    pub(super) fn slopes(
        self,
        at: usize,
        count: usize,
        of_term: impl Fn(usize) -> Vec<(Operand, Expression<Operand>)>,
    ) -> Vec<(Operand, Expression<Operand>)> {
        let terms = if self.reduction == Reduction::None { at..at + 1 } else { 0..count };
        terms.flat_map(of_term).map(|(operand, slope)| (operand, self.divided(slope))).collect()
    }

    /// `x` divided as a mean is.
    fn divided(self, x: Expression<Operand>) -> Expression<Operand> {
        match (self.reduction, self.divisor) {
            (Reduction::Mean, 0.0) => Expression::Number(0.0),
            (Reduction::Mean, divisor) if divisor != 1.0 => x.over(Expression::Number(divisor)),
            _ => x,
        }
    }
}

/// The mean of nothing would be 0/0.
pub(super) fn check_some(operation: &str, reduction: Reduction, count: usize) -> Result<()> {
    if count > 0 || reduction != Reduction::Mean {
        return Ok(());
    }
    Err(Error::value(format!("{operation}: the mean over an empty batch does not exist"))
        .help("leave empty batches out, or take Reduction::Sum or Reduction::None"))
}
