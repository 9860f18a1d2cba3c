//! How a function is worked out by hand: the calculation of one number of its result, as an expression.

use crate::array::Array;
use crate::expression::Expression;

/// A number that a function's calculation reads. Elements are counted in row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operand {
    /// An element of an input.
    Input {
        /// Which input.
        input: usize,
        /// Which of its elements.
        at: usize,
    },
    /// An element of the result.
    Output(usize),
    /// An element of an intermediate result.
    Part {
        /// Which intermediate result.
        part: usize,
        /// Which of its elements.
        at: usize,
    },
}

impl Operand {
    /// Element `at` of input `input`, as an expression.
    pub fn input(input: usize, at: usize) -> Expression<Operand> {
        Expression::Leaf(Operand::Input { input, at })
    }

    /// Element `at` of the result, as an expression.
    pub fn output(at: usize) -> Expression<Operand> {
        Expression::Leaf(Operand::Output(at))
    }

    /// Element `at` of intermediate result `part`, as an expression.
    pub fn part(part: usize, at: usize) -> Expression<Operand> {
        Expression::Leaf(Operand::Part { part, at })
    }
}

/// An intermediate result that a worked calculation names: the probabilities inside a cross-entropy.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The letter.
    pub letter: &'static str,
    /// Sizes of its axes.
    pub shape: Vec<usize>,
}

/// What a calculation is, for those who draw or abbreviate it.
#[derive(Debug, Clone, PartialEq)]
pub enum Character {
    /// One function of each element: its formula and its slope, in x and y.
    Elementwise {
        /// The formula over the letters x and y.
        formula: Expression,
        /// Its derivative over the letters x and y.
        slope: Expression,
    },
    /// y = W·x + b: the matrix is input 1.
    Linear,
    /// Anything else.
    Other,
}

/// A function's calculation with given inputs, number by number.
///
/// Every function of the registry has one; a test evaluates all of them and compares with what the function computes.
pub trait Worked: Send + Sync {
    /// Element `at` of the result, from elements of the inputs and of the parts.
    fn value(&self, at: usize) -> Expression<Operand>;

    /// The intermediate results that are worth a name.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    /// The place in a sequence, from 1, to which an intermediate result belongs, where several have the same letter.
    fn place(&self, part: usize) -> Option<usize> {
        let _ = part;
        None
    }

    /// Element `at` of an intermediate result, from elements of the inputs and of earlier parts.
    fn part(&self, part: usize, at: usize) -> Expression<Operand> {
        let _ = (part, at);
        Expression::Number(f64::NAN)
    }

    /// The elements of the inputs on which element `at` of the result depends, with the derivative by each.
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)>;

    /// What kind of calculation it is.
    fn character(&self) -> Character {
        Character::Other
    }
}

/// What [`Function::worked`](super::Function::worked) may look at: the inputs with all their numbers, and the result.
#[derive(Debug, Clone, Copy)]
pub struct Calculation<'a> {
    /// The inputs.
    pub inputs: &'a [&'a Array],
    /// The result.
    pub output: &'a Array,
}

/// A calculation whose numbers depend linearly on elements of the inputs: element `at` is the sum of the factors times
/// the elements. Sums, means, selections and changes of shape are of this kind.
pub struct Selection<F> {
    /// The elements that element `at` reads and their factors.
    pub terms: F,
}

impl<F: Fn(usize) -> Vec<(Operand, f64)> + Send + Sync> Worked for Selection<F> {
    fn value(&self, at: usize) -> Expression<Operand> {
        let terms = (self.terms)(at);
        let common = terms.first().map_or(1.0, |t| t.1);
        if terms.len() > 1 && common != 1.0 && terms.iter().all(|t| t.1 == common) {
            let sum = terms.into_iter().map(|(operand, _)| Expression::Leaf(operand)).collect();
            return weighted(Expression::Sum(sum), common);
        }
        let mut terms: Vec<_> = terms.into_iter().map(|(operand, factor)| weighted(Expression::Leaf(operand), factor)).collect();
        match terms.len() {
            0 => Expression::Number(0.0),
            1 => terms.remove(0),
            _ => Expression::Sum(terms),
        }
    }

    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        (self.terms)(at).into_iter().map(|(operand, factor)| (operand, Expression::Number(factor))).collect()
    }
}

/// A factor times an expression, as a reader would write it: 1/3 as a division by 3.
fn weighted(x: Expression<Operand>, factor: f64) -> Expression<Operand> {
    let divisor = (1.0 / factor).round();
    match factor {
        1.0 => x,
        -1.0 => x.neg(),
        f if (f * divisor - 1.0).abs() < 1e-15 && divisor > 1.0 => x.over(Expression::Number(divisor)),
        f => Expression::Number(f).times(x),
    }
}
