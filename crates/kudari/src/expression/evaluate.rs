//! The value of an expression.

use super::{Condition, Constant, Expression, Operation, Relation};

impl<L> Expression<L> {
    /// The value in f64, with the given numbers for the leaves.
    pub fn evaluate(&self, leaf: &mut dyn FnMut(&L) -> f64) -> f64 {
        self.evaluate_rounding(leaf, &|value| value)
    }

    /// The value, every intermediate result rounded by `round`: as somebody calculates who writes each of them down.
    pub fn evaluate_rounding(&self, leaf: &mut dyn FnMut(&L) -> f64, round: &dyn Fn(f64) -> f64) -> f64 {
        let mut value = |x: &Expression<L>| x.evaluate_rounding(leaf, round);
        match self {
            Expression::Number(number) => *number,
            Expression::Constant(constant) => constant.value(),
            Expression::Leaf(name) => leaf(name),
            // A change of sign rounds nothing.
            Expression::Negative(x) => -value(x),
            Expression::Sum(terms) => terms.iter().map(value).reduce(|a, b| round(a + b)).unwrap_or(0.0),
            Expression::Product(factors) => factors.iter().map(value).reduce(|a, b| round(a * b)).unwrap_or(1.0),
            Expression::Quotient(a, b) => round(value(a) / value(b)),
            // e^x by the exponential itself: e has been rounded, and a large power would show it.
            Expression::Power(base, exponent) if matches!(**base, Expression::Constant(Constant::E)) => {
                round(value(exponent).exp())
            }
            Expression::Power(base, exponent) => {
                let (base, exponent) = (value(base), value(exponent));
                round(if exponent == 2.0 { base * base } else { base.powf(exponent) })
            }
            Expression::Call(operation, arguments) => {
                let arguments: Vec<f64> = arguments.iter().map(value).collect();
                round(operation.apply(&arguments))
            }
            Expression::Cases(cases, otherwise) => {
                for (condition, result) in cases {
                    if condition.relation.holds(value(&condition.left), value(&condition.right)) {
                        return value(result);
                    }
                }
                value(otherwise)
            }
        }
    }
}

impl<L> Expression<L> {
    /// Of an expression in cases, the case that holds and the condition that decides it; for the last case the last
    /// condition, turned into what holds instead. `None` for any other expression.
    pub fn case(&self, leaf: &mut dyn FnMut(&L) -> f64) -> Option<(&Expression<L>, Condition<L>)>
    where
        L: Clone,
    {
        let Expression::Cases(cases, otherwise) = self else { return None };
        let mut last = None;
        for (condition, value) in cases {
            let (left, right) = (condition.left.evaluate(leaf), condition.right.evaluate(leaf));
            if condition.relation.holds(left, right) {
                return Some((value, condition.clone()));
            }
            let relation = Relation::between(left, right)?;
            last = Some(Condition { left: condition.left.clone(), relation, right: condition.right.clone() });
        }
        Some((otherwise, last?))
    }
}

impl Operation {
    /// The value at these arguments, NaN where it has none.
    pub fn apply(self, arguments: &[f64]) -> f64 {
        let x = arguments.first().copied().unwrap_or(f64::NAN);
        match self {
            Operation::Exp => x.exp(),
            Operation::Ln => x.ln(),
            Operation::Sqrt => x.sqrt(),
            Operation::Sin => x.sin(),
            Operation::Cos => x.cos(),
            Operation::Asin => x.asin(),
            Operation::Acos => x.acos(),
            Operation::Atan => x.atan(),
            Operation::Tanh => x.tanh(),
            Operation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Operation::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Operation::Erf => libm::erf(x),
            Operation::Abs => x.abs(),
            Operation::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x
                }
            }
            // Not f64::max: a NaN stays one.
            Operation::Max => {
                arguments.iter().copied().reduce(|a, b| if a.is_nan() || a > b { a } else { b }).unwrap_or(f64::NAN)
            }
            Operation::Min => {
                arguments.iter().copied().reduce(|a, b| if a.is_nan() || a < b { a } else { b }).unwrap_or(f64::NAN)
            }
        }
    }
}
