//! What functions have in common when they are worked out by hand.

use crate::array::{Array, index_of};
use crate::autograd::{Character, Function, Operand, Selection, Worked};
use crate::expression::Expression;

/// A formula of the registry over these letters, with numbers for the parameters.
pub(super) fn read(formula: &str, letters: &[&str], parameters: &[(&str, f64)]) -> Option<Expression> {
    let known = |name: &String| match parameters.iter().find(|p| p.0 == name) {
        Some((_, value)) => Expression::Number(*value),
        None => Expression::Leaf(name.clone()),
    };
    let names: Vec<&str> = letters.iter().copied().chain(parameters.iter().map(|p| p.0)).collect();
    let formula = Expression::parse_with(formula, &names).ok()?.substitute(&mut |name| known(name));
    // A slope of −1 is a number, not a calculation.
    match formula {
        Expression::Negative(x) if matches!(*x, Expression::Number(_)) => Some(Expression::Number(-x.evaluate(&mut |_| 0.0))),
        // A case that gives what `else` gives goes without saying: ReLU's kink of 0.
        Expression::Cases(mut cases, otherwise) => {
            while cases.len() > 1 && cases.last().is_some_and(|(_, value)| *value == *otherwise) {
                cases.pop();
            }
            Some(Expression::Cases(cases, otherwise))
        }
        formula => Some(formula),
    }
}

/// A function of each element by itself, from its formula and slope over the letters x and y.
struct Elementwise {
    formula: Expression,
    slope: Expression,
}

/// The calculation of an elementwise function: its formula and its slope, as the registry writes them.
pub(super) fn elementwise(formula: &str, slope: &str, parameters: &[(&str, f64)]) -> Option<Box<dyn Worked>> {
    let read = |text: &str| read(text, &["x", "y"], parameters);
    Some(Box::new(Elementwise { formula: read(formula)?, slope: read(slope)? }))
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
    let read = |text: &str| read(text, &["x", "y"], &[]);
    let slopes = [read(slopes[0])?, read(slopes[1])?];
    Some(Box::new(Pairwise { formula: read(formula)?, slopes, shapes, output: output.shape().to_vec() }))
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
pub(super) fn selection(terms: impl Fn(usize) -> Vec<(Operand, f64)> + Send + Sync + 'static) -> Option<Box<dyn Worked>> {
    Some(Box::new(Selection { terms }))
}

/// The calculation of a function that only moves numbers. Where each comes from is seen by moving the numbers of the elements
/// in place of the elements.
pub(super) fn movement(function: &dyn Function, inputs: &[&Array]) -> Option<Box<dyn Worked>> {
    // Counted from 1 through all inputs, so that 0 comes from none: the zeros around an embedded array.
    let (mut operands, mut numbers) = (Vec::new(), Vec::new());
    for (input, array) in inputs.iter().enumerate() {
        numbers.push(numbered(array.shape(), operands.len() + 1)?);
        operands.extend((0..array.len()).map(|at| Operand::Input { input, at }));
    }
    let moved = function.forward(&numbers.iter().collect::<Vec<_>>()).ok()?.pop()?.to_vec::<i64>().ok()?;
    let from = move |at: usize| moved[at].checked_sub(1).and_then(|number| operands.get(number as usize)).copied();
    selection(move |at| from(at).map(|operand| (operand, 1.0)).into_iter().collect())
}

/// The calculation of a function that adds up the elements with the same destination, each times `factor`: `destinations`
/// holds for every element of the input the number of the element of the result.
pub(super) fn additions(destinations: &Array, output: &Array, factor: f64) -> Option<Box<dyn Worked>> {
    let elements = collected(destinations, output.len())?;
    selection(move |at| elements[at].iter().map(|&at| (Operand::Input { input: 0, at }, factor)).collect())
}

/// The elements that go into each of `count` results.
pub(super) fn collected(destinations: &Array, count: usize) -> Option<Vec<Vec<usize>>> {
    let mut elements = vec![Vec::new(); count];
    for (element, destination) in destinations.to_vec::<i64>().ok()?.into_iter().enumerate() {
        elements.get_mut(destination as usize)?.push(element);
    }
    Some(elements)
}

/// `first`, `first` + 1, … as an array of this shape.
pub(super) fn numbered(shape: &[usize], first: usize) -> Option<Array> {
    let count: usize = shape.iter().product();
    let numbers: Vec<i64> = (first..first + count).map(|number| number as i64).collect();
    Array::from_slice(&numbers, shape).ok()
}

/// The element of an array of `shape` that is used for element `at` when it is stretched to `output`.
pub(super) fn stretched(at: usize, output: &[usize], shape: &[usize]) -> usize {
    let index = index_of(at, output);
    let index = &index[output.len() - shape.len()..];
    shape.iter().zip(index).fold(0, |place, (&size, &i)| place * size + if size == 1 { 0 } else { i })
}

/// The sum of expressions; a single one is itself, none is 0.
pub(super) fn total(mut terms: Vec<Expression<Operand>>) -> Expression<Operand> {
    match terms.len() {
        0 => Expression::Number(0.0),
        1 => terms.remove(0),
        _ => Expression::Sum(terms),
    }
}

/// `x / n`, or x itself for n = 1.
pub(super) fn divided(x: Expression<Operand>, n: usize) -> Expression<Operand> {
    if n == 1 { x } else { x.over(Expression::Number(n as f64)) }
}
