//! The derivative of an expression as another expression.

use super::{Condition, Constant, Expression, Operation, Relation};

impl<L: Clone + PartialEq> Expression<L> {
    /// The derivative by the leaf `by`, by the rules of differentiation, simplified.
    ///
    /// Where a function has a kink the derivative is the one that backpropagation takes: 0 for |x| and relu at 0, the mean
    /// of both sides where the arguments of max or min are equal. Cases are differentiated one by one.
    ///
    /// ```
    /// # use kudari::expression::{Expression, TextStyle};
    /// let slope = Expression::parse("x^2 + 4^2")?.derivative(&"x".to_string());
    /// assert_eq!(slope.text(TextStyle::Unicode, &|name| name.clone()), "2·x");
    /// # Ok::<(), kudari::Error>(())
    /// ```
    #[must_use]
    pub fn derivative(&self, by: &L) -> Expression<L> {
        self.slope(by).unwrap_or(Expression::Number(0.0)).simplified()
    }

    /// The derivative; `None` if the leaf does not occur.
    fn slope(&self, by: &L) -> Option<Expression<L>> {
        match self {
            Expression::Number(_) | Expression::Constant(_) => None,
            Expression::Leaf(leaf) => (leaf == by).then_some(Expression::Number(1.0)),
            Expression::Negative(x) => Some(x.slope(by)?.neg()),
            Expression::Sum(terms) => sum(terms.iter().filter_map(|term| term.slope(by))),
            Expression::Product(factors) => sum((0..factors.len()).filter_map(|i| {
                let mut factors = factors.clone();
                factors[i] = factors[i].slope(by)?;
                Some(Expression::Product(factors))
            })),
            Expression::Quotient(a, b) => quotient(a, b, a.slope(by), b.slope(by)),
            Expression::Power(base, exponent) => power(self, base, exponent, base.slope(by), exponent.slope(by)),
            Expression::Call(Operation::Max | Operation::Min, _) => extreme(self, by),
            Expression::Call(operation, arguments) => {
                let inner = arguments.first()?.slope(by)?;
                Some(outer(*operation, self, arguments.first()?)?.times(inner))
            }
            Expression::Cases(cases, otherwise) => {
                let slope = |value: &Expression<L>| value.slope(by).unwrap_or(Expression::Number(0.0));
                let cases = cases.iter().map(|(condition, value)| (condition.clone(), slope(value))).collect();
                Some(Expression::Cases(cases, Box::new(slope(otherwise))))
            }
        }
    }
}

fn sum<L>(terms: impl Iterator<Item = Expression<L>>) -> Option<Expression<L>> {
    let terms: Vec<_> = terms.collect();
    (!terms.is_empty()).then_some(Expression::Sum(terms))
}

/// (a/b)′ = (a′b − ab′)/b²
fn quotient<L: Clone>(
    a: &Expression<L>,
    b: &Expression<L>,
    da: Option<Expression<L>>,
    db: Option<Expression<L>>,
) -> Option<Expression<L>> {
    let square = || b.clone().power(2.0);
    match (da, db) {
        (None, None) => None,
        (Some(da), None) => Some(da.over(b.clone())),
        (None, Some(db)) => Some(a.clone().times(db).over(square()).neg()),
        (Some(da), Some(db)) => Some(da.times(b.clone()).minus(a.clone().times(db)).over(square())),
    }
}

/// (fᵍ)′ = g·f^(g−1)·f′ + fᵍ·ln f·g′
fn power<L: Clone + PartialEq>(
    whole: &Expression<L>,
    base: &Expression<L>,
    exponent: &Expression<L>,
    by_base: Option<Expression<L>>,
    by_exponent: Option<Expression<L>>,
) -> Option<Expression<L>> {
    let by_base = by_base.map(|inner| {
        let lower = match exponent.clone().simplified() {
            Expression::Number(n) => Expression::Number(n - 1.0),
            other => other.minus(Expression::Number(1.0)),
        };
        Expression::Product(vec![exponent.clone(), Expression::Power(Box::new(base.clone()), Box::new(lower)), inner])
    });
    let by_exponent = by_exponent.map(|inner| Expression::Product(vec![whole.clone(), base.clone().call(Operation::Ln), inner]));
    sum(by_base.into_iter().chain(by_exponent))
}

/// The derivative of a function of one argument by this argument; `call` is the call itself.
fn outer<L: Clone>(operation: Operation, call: &Expression<L>, x: &Expression<L>) -> Option<Expression<L>> {
    let one = || Expression::Number(1.0);
    let two = || Expression::Number(2.0);
    Some(match operation {
        Operation::Exp => call.clone(),
        Operation::Ln => one().over(x.clone()),
        Operation::Sqrt => one().over(two().times(call.clone())),
        Operation::Sin => x.clone().call(Operation::Cos),
        Operation::Cos => x.clone().call(Operation::Sin).neg(),
        Operation::Asin => one().over(one().minus(x.clone().power(2.0)).call(Operation::Sqrt)),
        Operation::Acos => one().over(one().minus(x.clone().power(2.0)).call(Operation::Sqrt)).neg(),
        Operation::Atan => one().over(one().plus(x.clone().power(2.0))),
        Operation::Tanh => one().minus(call.clone().power(2.0)),
        Operation::Sigmoid => call.clone().times(one().minus(call.clone())),
        Operation::Relu => {
            let positive = Condition { left: x.clone(), relation: Relation::Greater, right: Expression::Number(0.0) };
            Expression::Cases(vec![(positive, one())], Box::new(Expression::Number(0.0)))
        }
        Operation::Erf => {
            let bell = x.clone().power(2.0).neg().call(Operation::Exp);
            two().over(Expression::Constant(Constant::Pi).call(Operation::Sqrt)).times(bell)
        }
        Operation::Abs => x.clone().call(Operation::Sign),
        Operation::Sign | Operation::Max | Operation::Min => return None,
    })
}

/// The derivative of max(a, b): that of the larger one, and the mean of both where they are equal.
fn extreme<L: Clone + PartialEq>(call: &Expression<L>, by: &L) -> Option<Expression<L>> {
    let Expression::Call(operation, arguments) = call else { return None };
    let (last, first) = arguments.split_last()?;
    // Of several arguments, two at a time: max(a, b, c) = max(max(a, b), c).
    let rest = match first {
        [] => return last.slope(by),
        [only] => only.clone(),
        several => Expression::Call(*operation, several.to_vec()),
    };
    let slopes = [rest.slope(by), last.slope(by)];
    if slopes.iter().all(Option::is_none) {
        return None;
    }
    let [a, b] = slopes.map(|slope| slope.unwrap_or(Expression::Number(0.0)));
    let condition = |relation| Condition { left: rest.clone(), relation, right: last.clone() };
    let (above, below) = match operation {
        Operation::Max => (a.clone(), b.clone()),
        _ => (b.clone(), a.clone()),
    };
    let mean = a.plus(b).over(Expression::Number(2.0));
    let cases = vec![(condition(Relation::Greater), above), (condition(Relation::Less), below)];
    Some(Expression::Cases(cases, Box::new(mean)))
}
