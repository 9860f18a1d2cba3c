//! What functions have in common when they are worked out by hand.

use crate::array::{Array, index_of};
use crate::autograd::{Character, Operand, Selection, Worked};
use crate::expression::Expression;

/// A formula of the registry with numbers for the parameters.
fn read(formula: &str, parameters: &[(&str, f64)]) -> Option<Expression> {
    let known = |name: &String| match parameters.iter().find(|p| p.0 == name) {
        Some((_, value)) => Expression::Number(*value),
        None => Expression::Leaf(name.clone()),
    };
    Some(Expression::parse(formula).ok()?.substitute(&mut |name| known(name)))
}

/// A function of each element by itself, from its formula and slope over the letters x and y.
struct Elementwise {
    formula: Expression,
    slope: Expression,
}

/// The calculation of an elementwise function: its formula and its slope, as the registry writes them.
pub(super) fn elementwise(formula: &str, slope: &str, parameters: &[(&str, f64)]) -> Option<Box<dyn Worked>> {
    Some(Box::new(Elementwise { formula: read(formula, parameters)?, slope: read(slope, parameters)? }))
}

fn at_element(expression: &Expression, at: usize) -> Expression<Operand> {
    expression.substitute(&mut |name| match name.as_str() {
        "y" => Operand::output(at),
        _ => Operand::input(0, at),
    })
}

impl Worked for Elementwise {
    fn value(&self, at: usize) -> Expression<Operand> {
        at_element(&self.formula, at)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        vec![(Operand::Input { input: 0, at }, at_element(&self.slope, at))]
    }
    fn character(&self) -> Character {
        Character::Elementwise { formula: self.formula.clone(), slope: self.slope.clone() }
    }
}

/// A function of two variables, element by element with broadcasting.
struct Pairwise {
    formula: Expression,
    slopes: [Expression; 2],
    shapes: [Vec<usize>; 2],
    output: Vec<usize>,
}

/// The calculation of a function of two variables x and y, from its formula and its two slopes.
pub(super) fn pairwise(formula: &str, slopes: [&str; 2], inputs: &[&Array], output: &Array) -> Option<Box<dyn Worked>> {
    let shapes = [inputs.first()?.shape().to_vec(), inputs.get(1)?.shape().to_vec()];
    let slopes = [read(slopes[0], &[])?, read(slopes[1], &[])?];
    Some(Box::new(Pairwise { formula: read(formula, &[])?, slopes, shapes, output: output.shape().to_vec() }))
}

impl Pairwise {
    fn places(&self, at: usize) -> [usize; 2] {
        [stretched(at, &self.output, &self.shapes[0]), stretched(at, &self.output, &self.shapes[1])]
    }

    fn at(&self, expression: &Expression, at: usize) -> Expression<Operand> {
        let [x, y] = self.places(at);
        expression.substitute(&mut |name| match name.as_str() {
            "y" => Operand::input(1, y),
            _ => Operand::input(0, x),
        })
    }
}

impl Worked for Pairwise {
    fn value(&self, at: usize) -> Expression<Operand> {
        self.at(&self.formula, at)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let places = self.places(at);
        let slope = |input: usize| (Operand::Input { input, at: places[input] }, self.at(&self.slopes[input], at));
        vec![slope(0), slope(1)]
    }
}

/// A calculation that adds up elements of the inputs, each times a factor.
pub(super) fn selection(terms: impl Fn(usize) -> Vec<(Operand, f64)> + 'static) -> Option<Box<dyn Worked>> {
    Some(Box::new(Selection { terms }))
}

/// The row-major number of the element at `index`.
pub(super) fn place_of(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |place, (&i, &size)| place * size + i)
}

/// The element of an array of `shape` that is used for element `at` when it is stretched to `output`.
pub(super) fn stretched(at: usize, output: &[usize], shape: &[usize]) -> usize {
    let index = index_of(at, output);
    let index = &index[output.len() - shape.len()..];
    shape.iter().zip(index).fold(0, |place, (&size, &i)| place * size + if size == 1 { 0 } else { i })
}

/// The sum of expressions; a single one is itself.
pub(super) fn total(mut terms: Vec<Expression<Operand>>) -> Expression<Operand> {
    if terms.len() == 1 { terms.remove(0) } else { Expression::Sum(terms) }
}

/// `x / n`, or x itself for n = 1.
pub(super) fn divided(x: Expression<Operand>, n: usize) -> Expression<Operand> {
    if n == 1 { x } else { x.over(Expression::Number(n as f64)) }
}
