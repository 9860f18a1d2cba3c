//! Losses of distances worked out by hand.

use super::loss_embedding::{COSINE_EPSILON, TRIPLET_EPSILON};
use super::loss_reduction::Reduced;
use super::worked::total;
use crate::autograd::{Calculation, Operand, Part, Worked};
use crate::expression::{Expression, Operation};

/// Vectors in rows, worked out row by row.
pub(super) struct Rows {
    inputs: Vec<Vec<f64>>,
    /// Shape of the numbers of which there is one for every vector.
    shape: Vec<usize>,
    size: usize,
    reduced: Reduced,
}

impl Rows {
    pub(super) fn new(calculation: &Calculation<'_>, reduced: Reduced) -> Rows {
        let (size, shape) = calculation.inputs[0].shape().split_last().map_or((1, &[][..]), |(&size, rows)| (size, rows));
        let inputs = calculation.inputs.iter().map(|x| x.to_f64_vec()).collect();
        Rows { inputs, shape: shape.to_vec(), size, reduced }
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    fn elements(&self, row: usize) -> std::ops::Range<usize> {
        row * self.size..(row + 1) * self.size
    }

    fn part(&self, letter: &'static str) -> Part {
        Part { letter, shape: self.shape.clone() }
    }

    /// The sum over the elements of a row.
    fn sum(&self, row: usize, term: impl Fn(usize) -> Expression<Operand>) -> Expression<Operand> {
        total(self.elements(row).map(term).collect())
    }

    /// a − b + ε at element `at`, for two inputs.
    fn difference(a: usize, b: usize, epsilon: f64, at: usize) -> Expression<Operand> {
        let mut terms = vec![Operand::input(a, at), Operand::input(b, at).neg()];
        if epsilon != 0.0 {
            terms.push(Expression::Number(epsilon));
        }
        Expression::Sum(terms)
    }

    /// The distance √Σ(a − b + ε)² of the vectors of a row.
    fn distance(&self, a: usize, b: usize, epsilon: f64, row: usize) -> Expression<Operand> {
        self.sum(row, |at| Rows::difference(a, b, epsilon, at).power(2.0)).call(Operation::Sqrt)
    }

    /// The same as a number.
    fn distance_value(&self, a: usize, b: usize, epsilon: f64, row: usize) -> f64 {
        let difference = |at: usize| self.inputs[a][at] - self.inputs[b][at] + epsilon;
        self.elements(row).map(|at| difference(at) * difference(at)).sum::<f64>().sqrt()
    }
}

/// max(x, 0)
fn positive(x: Expression<Operand>) -> Expression<Operand> {
    Expression::Call(Operation::Max, vec![x, Expression::Number(0.0)])
}

pub(super) struct WorkedCosine {
    pub(super) rows: Rows,
    pub(super) together: Vec<f64>,
    pub(super) margin: f64,
}

impl WorkedCosine {
    /// The square of the length of an input's vector.
    fn square(&self, input: usize, row: usize) -> Expression<Operand> {
        let squares = self.rows.elements(row).map(|at| Operand::input(input, at).power(2.0));
        Expression::Sum(squares.chain([Expression::Number(COSINE_EPSILON)]).collect())
    }
    fn lengths(&self, row: usize) -> Expression<Operand> {
        self.square(0, row).times(self.square(1, row)).call(Operation::Sqrt)
    }
    fn value_of_cosine(&self, row: usize) -> f64 {
        self.part(0, row).evaluate(&mut |operand| match *operand {
            Operand::Input { input, at } => self.rows.inputs[input][at],
            Operand::Output(_) | Operand::Part { .. } => f64::NAN,
        })
    }
}

impl Worked for WorkedCosine {
    fn parts(&self) -> Vec<Part> {
        vec![self.rows.part("c")]
    }
    fn part(&self, _: usize, row: usize) -> Expression<Operand> {
        self.rows.sum(row, |at| Operand::input(0, at).times(Operand::input(1, at))).over(self.lengths(row))
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let of_row = |row: usize| match self.together[row] == 1.0 {
            true => Expression::Number(1.0).minus(Operand::part(0, row)),
            false => positive(Operand::part(0, row).minus(Expression::Number(self.margin))),
        };
        self.rows.reduced.expression(at, self.rows.count(), of_row)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_row = |row: usize| {
            let together = self.together[row] == 1.0;
            if !together && self.value_of_cosine(row) <= self.margin {
                return Vec::new();
            }
            let slope = |input: usize, at: usize| {
                let own = Operand::part(0, row).times(Operand::input(input, at)).over(self.square(input, row));
                let slope = Operand::input(1 - input, at).over(self.lengths(row)).minus(own);
                (Operand::Input { input, at }, if together { slope.neg() } else { slope })
            };
            (0..2).flat_map(|input| self.rows.elements(row).map(move |at| slope(input, at))).collect()
        };
        self.rows.reduced.slopes(at, self.rows.count(), of_row)
    }
}

pub(super) struct WorkedContrastive {
    pub(super) rows: Rows,
    pub(super) together: Vec<f64>,
    pub(super) margin: f64,
}

impl Worked for WorkedContrastive {
    fn parts(&self) -> Vec<Part> {
        vec![self.rows.part("d")]
    }
    fn part(&self, _: usize, row: usize) -> Expression<Operand> {
        self.rows.distance(0, 1, 0.0, row)
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let of_row = |row: usize| {
            let distance = Operand::part(0, row);
            let length = match self.together[row] == 1.0 {
                true => distance,
                false => positive(Expression::Number(self.margin).minus(distance)),
            };
            Expression::Number(0.5).times(length.power(2.0))
        };
        self.rows.reduced.expression(at, self.rows.count(), of_row)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_row = |row: usize| {
            let together = self.together[row] == 1.0;
            let distance = self.rows.distance_value(0, 1, 0.0, row);
            if !together && (distance == 0.0 || distance >= self.margin) {
                return Vec::new();
            }
            let slope = |input: usize, at: usize| {
                let difference = Rows::difference(input, 1 - input, 0.0, at);
                let slope = match together {
                    true => difference,
                    false => {
                        let lacking = Expression::Number(self.margin).minus(Operand::part(0, row));
                        lacking.over(Operand::part(0, row)).times(difference).neg()
                    }
                };
                (Operand::Input { input, at }, slope)
            };
            (0..2).flat_map(|input| self.rows.elements(row).map(move |at| slope(input, at))).collect()
        };
        self.rows.reduced.slopes(at, self.rows.count(), of_row)
    }
}

pub(super) struct WorkedTriplet {
    pub(super) rows: Rows,
    pub(super) margin: f64,
}

/// Numbers of the parts, less one than those of the inputs: the distances to the positive and to the negative.
const NEAR: usize = 0;
const FAR: usize = 1;

impl WorkedTriplet {
    fn lacking(&self, row: usize) -> Expression<Operand> {
        Expression::Sum(vec![Operand::part(NEAR, row), Operand::part(FAR, row).neg(), Expression::Number(self.margin)])
    }
}

impl Worked for WorkedTriplet {
    fn parts(&self) -> Vec<Part> {
        vec![self.rows.part("d"), self.rows.part("f")]
    }
    fn part(&self, part: usize, row: usize) -> Expression<Operand> {
        self.rows.distance(0, part + 1, TRIPLET_EPSILON, row)
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        self.rows.reduced.expression(at, self.rows.count(), |row| positive(self.lacking(row)))
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_row = |row: usize| {
            let distance = |part: usize| self.rows.distance_value(0, part + 1, TRIPLET_EPSILON, row);
            if distance(NEAR) - distance(FAR) + self.margin <= 0.0 {
                return Vec::new();
            }
            let direction = |part: usize, at: usize| match distance(part) {
                0.0 => Expression::Number(0.0),
                _ => Rows::difference(0, part + 1, TRIPLET_EPSILON, at).over(Operand::part(part, row)),
            };
            let slopes = |at: usize| {
                let by = |input: usize, slope| (Operand::Input { input, at }, slope);
                let (near, far) = (direction(NEAR, at), direction(FAR, at));
                [by(0, near.clone().minus(far.clone())), by(1, near.neg()), by(2, far)]
            };
            self.rows.elements(row).flat_map(slopes).collect()
        };
        self.rows.reduced.slopes(at, self.rows.count(), of_row)
    }
}
