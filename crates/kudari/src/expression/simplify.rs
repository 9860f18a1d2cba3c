//! A shorter expression with the same value.
//!
//! Everything is seen as a sum of terms, a term as a number times powers of factors. Nothing is multiplied out and nothing
//! factored: the result should look like the formula it came from.

use super::{Expression, Operation};

impl<L: Clone + PartialEq> Expression<L> {
    /// The expression with numbers put together, ones and zeros left out, nested sums and products flattened, equal terms
    /// added and equal factors made powers: `x·1 + 0·y + 2x·x` becomes `x + 2·x²`.
    ///
    /// What is undefined at single points may become defined there: x/x is 1 also at 0. Numbers are put together as
    /// decimals: 0.1 + 0.2 is 0.3.
    #[must_use]
    pub fn simplified(&self) -> Expression<L> {
        let all = |parts: &[Expression<L>]| parts.iter().map(Self::simplified).collect::<Vec<_>>();
        match self {
            Expression::Number(_) | Expression::Constant(_) | Expression::Leaf(_) => self.clone(),
            Expression::Negative(x) => Term::of(&x.simplified().neg()).build(),
            Expression::Product(factors) => Term::of(&Expression::Product(all(factors))).build(),
            Expression::Quotient(a, b) => Term::of(&a.simplified().over(b.simplified())).build(),
            Expression::Sum(terms) => sum(&all(terms)),
            Expression::Power(base, exponent) => power(base.simplified(), exponent.simplified()),
            Expression::Call(operation, arguments) => call(*operation, all(arguments)),
            Expression::Cases(cases, otherwise) => {
                let otherwise = otherwise.simplified();
                let cases: Vec<_> = cases.iter().map(|(condition, value)| (condition.clone(), value.simplified())).collect();
                if cases.iter().all(|(_, value)| *value == otherwise) {
                    return otherwise;
                }
                Expression::Cases(cases, Box::new(otherwise))
            }
        }
    }

    fn is_number(&self, number: f64) -> bool {
        matches!(self, Expression::Number(n) if *n == number)
    }
}

/// number/divisor · Π base^exponent, the exponents whole numbers.
#[derive(Clone)]
struct Term<L> {
    number: f64,
    divisor: f64,
    factors: Vec<(Expression<L>, f64)>,
}

impl<L: Clone + PartialEq> Term<L> {
    fn number(number: f64) -> Self {
        Term { number, divisor: 1.0, factors: Vec::new() }
    }

    /// The term that an expression of simplified parts is.
    fn of(expression: &Expression<L>) -> Self {
        let mut term = Term::number(1.0);
        term.multiply(expression, 1.0);
        (term.number, term.divisor) = reduced(term.number, term.divisor);
        term
    }

    /// Multiplies by expression^exponent, the exponent 1 or −1.
    fn multiply(&mut self, expression: &Expression<L>, exponent: f64) {
        match expression {
            Expression::Negative(x) => {
                self.number = -self.number;
                self.multiply(x, exponent);
            }
            Expression::Product(factors) => factors.iter().for_each(|f| self.multiply(f, exponent)),
            Expression::Quotient(a, b) => {
                self.multiply(a, exponent);
                self.multiply(b, -exponent);
            }
            Expression::Number(n) if exponent > 0.0 && (self.number * n).is_finite() => self.number = tidy(self.number * n),
            Expression::Number(n) if exponent < 0.0 && *n != 0.0 && (self.divisor * n).is_finite() => {
                self.divisor = tidy(self.divisor * n);
            }
            Expression::Power(base, power) => match **power {
                Expression::Number(n) if n.fract() == 0.0 => self.raise((**base).clone(), exponent * n),
                _ => self.raise(expression.clone(), exponent),
            },
            _ => self.raise(expression.clone(), exponent),
        }
    }

    fn raise(&mut self, base: Expression<L>, exponent: f64) {
        match self.factors.iter().position(|f| f.0 == base) {
            Some(place) => {
                self.factors[place].1 += exponent;
                if self.factors[place].1 == 0.0 {
                    self.factors.remove(place);
                }
            }
            None => self.factors.push((base, exponent)),
        }
    }

    fn has_the_factors_of(&self, other: &Self) -> bool {
        self.factors.len() == other.factors.len() && self.factors.iter().all(|f| other.factors.contains(f))
    }

    /// The expression that the term is.
    fn build(mut self) -> Expression<L> {
        if self.number == 0.0 {
            return Expression::Number(0.0);
        }
        self.factors.sort_by_key(|f| rank(&f.0));
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (base, exponent) in self.factors {
            let side = if exponent > 0.0 { &mut above } else { &mut below };
            side.push(if exponent.abs() == 1.0 { base } else { base.power(exponent.abs()) });
        }
        let with_number = |number: f64, mut factors: Vec<Expression<L>>| {
            if number != 1.0 || factors.is_empty() {
                factors.insert(0, Expression::Number(number));
            }
            if factors.len() == 1 { factors.remove(0) } else { Expression::Product(factors) }
        };
        let above = with_number(self.number.abs(), above);
        let below = with_number(self.divisor, below);
        let size = if below.is_number(1.0) { above } else { above.over(below) };
        if self.number > 0.0 {
            return size;
        }
        match size {
            Expression::Number(n) => Expression::Number(-n),
            other => other.neg(),
        }
    }
}

/// What stands first in a product: constants, letters, then the rest, exponentials last.
fn rank<L>(factor: &Expression<L>) -> u8 {
    match factor {
        Expression::Number(_) | Expression::Constant(_) => 0,
        Expression::Leaf(_) => 1,
        Expression::Call(Operation::Exp, _) => 3,
        _ => 2,
    }
}

fn sum<L: Clone + PartialEq>(terms: &[Expression<L>]) -> Expression<L> {
    let mut collected: Vec<Term<L>> = Vec::new();
    let mut waiting: Vec<Term<L>> = terms.iter().rev().map(Term::of).collect();
    while let Some(mut term) = waiting.pop() {
        // A sum within the sum gives its terms.
        if let ([(Expression::Sum(inner), 1.0)], true) = (&term.factors[..], term.number.abs() == 1.0 && term.divisor == 1.0) {
            let sign = term.number;
            waiting.extend(inner.iter().rev().map(|x| {
                let mut term = Term::of(x);
                term.number *= sign;
                term
            }));
            continue;
        }
        match collected.iter_mut().find(|other| other.has_the_factors_of(&term)) {
            Some(other) => {
                let number = tidy(other.number * term.divisor + term.number * other.divisor);
                let divisor = other.divisor * term.divisor;
                if !(number.is_finite() && divisor.is_finite()) {
                    collected.push(term);
                    continue;
                }
                (other.number, other.divisor) = reduced(number, divisor);
            }
            None => {
                (term.number, term.divisor) = reduced(term.number, term.divisor);
                collected.push(term);
            }
        }
    }
    collected.retain(|term| term.number != 0.0);
    // 1 − x rather than −x + 1.
    if let Some(place) = collected.iter().position(|term| term.number > 0.0) {
        collected[..=place].rotate_right(1);
    }
    let mut terms: Vec<Expression<L>> = collected.into_iter().map(Term::build).collect();
    // A number with its sign is written as a subtraction.
    for term in terms.iter_mut().skip(1) {
        if let Expression::Number(n) = term
            && *n < 0.0
        {
            *term = Expression::Number(-*n).neg();
        }
    }
    match terms.len() {
        0 => Expression::Number(0.0),
        1 => terms.remove(0),
        _ => Expression::Sum(terms),
    }
}

fn power<L: Clone + PartialEq>(base: Expression<L>, exponent: Expression<L>) -> Expression<L> {
    let whole = |n: f64| n.fract() == 0.0 && n.abs() <= 1e6;
    match (base, exponent) {
        (_, Expression::Number(0.0)) => Expression::Number(1.0),
        (base, Expression::Number(1.0)) => base,
        (Expression::Number(1.0), _) => Expression::Number(1.0),
        (Expression::Number(base), Expression::Number(n)) if whole(n) && is_short(base.powf(n)) => {
            Expression::Number(tidy(base.powf(n)))
        }
        (Expression::Number(base), Expression::Number(n)) if base < 0.0 && whole(n) => {
            let size = power(Expression::Number(-base), Expression::Number(n));
            if n % 2.0 == 0.0 { size } else { size.neg() }
        }
        (Expression::Negative(base), Expression::Number(n)) if whole(n) => {
            let size = power(*base, Expression::Number(n));
            if n % 2.0 == 0.0 { size } else { size.neg() }
        }
        (Expression::Power(base, inner), Expression::Number(n))
            if whole(n) && matches!(*inner, Expression::Number(m) if whole(m)) =>
        {
            let inner = if let Expression::Number(m) = *inner { m } else { 1.0 };
            power(*base, Expression::Number(inner * n))
        }
        (base, Expression::Number(n)) if n < 0.0 => {
            Term::of(&Expression::Number(1.0).over(power(base, Expression::Number(-n)))).build()
        }
        (base, exponent) => Expression::Power(Box::new(base), Box::new(exponent)),
    }
}

/// A call; one of numbers is calculated where its value is exact.
fn call<L: Clone + PartialEq>(operation: Operation, arguments: Vec<Expression<L>>) -> Expression<L> {
    let numbers: Option<Vec<f64>> =
        arguments.iter().map(|a| if let Expression::Number(n) = a { Some(*n) } else { None }).collect();
    let Some(numbers) = numbers else {
        return Expression::Call(operation, arguments);
    };
    let value = operation.apply(&numbers);
    let exact = match operation {
        Operation::Exp
        | Operation::Sin
        | Operation::Cos
        | Operation::Asin
        | Operation::Atan
        | Operation::Tanh
        | Operation::Sigmoid
        | Operation::Erf => numbers == [0.0],
        Operation::Ln | Operation::Acos => numbers == [1.0],
        Operation::Sqrt => is_short(value) && tidy(value * value) == numbers[0],
        Operation::Relu | Operation::Abs | Operation::Sign | Operation::Max | Operation::Min => true,
    };
    if exact { Expression::Number(value) } else { Expression::Call(operation, arguments) }
}

/// A quotient of numbers in lowest terms, or as one decimal number if that is short; the divisor is positive.
fn reduced(number: f64, divisor: f64) -> (f64, f64) {
    let (number, divisor) = if divisor < 0.0 { (-number, -divisor) } else { (number, divisor) };
    let whole = |n: f64| n.fract() == 0.0 && n.abs() < 1e15;
    if whole(number) && whole(divisor) {
        let (mut a, mut b) = (number.abs(), divisor);
        while b != 0.0 {
            (a, b) = (b, a % b);
        }
        return (number / a, divisor / a);
    }
    let value = tidy(number / divisor);
    if divisor == 1.0 || is_short(value) { (value, 1.0) } else { (number, divisor) }
}

/// The decimal number of 15 digits that is meant, if it is within the rounding of calculations with decimals.
fn tidy(value: f64) -> f64 {
    match format!("{value:.14e}").parse::<f64>() {
        Ok(short) if (short - value).abs() <= 4.0 * f64::EPSILON * value.abs() => short,
        _ => value,
    }
}

/// Whether a number is better written out than left to be calculated.
fn is_short(value: f64) -> bool {
    value.is_finite() && (value == 0.0 || (1e-6..1e12).contains(&value.abs())) && {
        let digits = format!("{:e}", tidy(value).abs());
        digits.split('e').next().is_some_and(|d| d.len() <= 8)
    }
}
