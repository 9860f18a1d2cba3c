//! The same calculations with whole matrices.

use super::derivation::{Derivation, Origin};
use crate::autograd::Character;
use crate::expression::Expression;

/// A calculation with matrices. Blocks are matrices: with one sample a column for each variable, with several one row for
/// each sample.
#[derive(Debug, Clone, PartialEq)]
pub enum MatrixExpression {
    /// A block.
    Block(usize),
    /// A block, its axes exchanged.
    Transposed(usize),
    /// The matrix product.
    Product(Box<MatrixExpression>, Box<MatrixExpression>),
    /// The product element by element.
    Hadamard(Box<MatrixExpression>, Box<MatrixExpression>),
    /// The sum; a single row or column is added to every one.
    Sum(Vec<MatrixExpression>),
    /// A formula for every element by itself, over blocks.
    Elementwise(Expression<usize>),
    /// A function of a block, element by element: h(a).
    Called(&'static str, usize),
    /// The sum of a block over the samples.
    OverSamples(usize),
    /// A formula that is no matter of matrices, as the registry writes it, and what it is a formula of.
    Formula(String),
}

/// A worked line of matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixLine {
    /// What is calculated.
    pub block: usize,
    /// From what.
    pub expression: MatrixExpression,
}

/// A matrix of numbers for writing.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The numbers, row by row.
    pub values: Vec<f64>,
}

impl Grid {
    /// The rows and columns that are written: all up to six, else the first three and the last, with a gap marked by
    /// `None`.
    pub fn written(size: usize) -> Vec<Option<usize>> {
        match size {
            0..=6 => (0..size).map(Some).collect(),
            _ => vec![Some(0), Some(1), Some(2), None, Some(size - 1)],
        }
    }
}

impl Derivation {
    /// The numbers of a block as a matrix: a column for one sample, else a row for each sample.
    pub fn grid(&self, block: usize, transposed: bool) -> Grid {
        let this = &self.blocks[block];
        let count = this.values.len();
        let (rows, columns) = match (&this.shape[..], this.by_sample) {
            ([rest @ .., columns], _) if self.is_example() => (rest.iter().product(), *columns),
            ([samples, ..], true) if self.samples() > 1 => (*samples, count / samples.max(&1)),
            // Pictures, sequences and kernels keep their last axis.
            ([rest @ .., columns], by_sample) if rest.len() > 1 && (!by_sample || self.samples() == 1) => {
                (rest.iter().product(), *columns)
            }
            (_, true) | ([_], false) if self.samples() == 1 => (count, 1),
            ([rows, rest @ ..], false) if !rest.is_empty() => (*rows, count / rows.max(&1)),
            _ => (1, count),
        };
        let values = this.values.clone();
        if !transposed {
            return Grid { rows, columns, values };
        }
        let turned = (0..count).map(|at| values[at % rows.max(1) * columns + at / rows.max(1)]).collect();
        Grid { rows: columns, columns: rows, values: turned }
    }

    /// Whether a block is one sample of one axis, which is written as a column.
    fn is_column(&self, block: usize) -> bool {
        self.samples() == 1 && self.blocks[block].shape.len() <= 2
    }

    /// How a block is calculated with matrices; `None` if it is given.
    pub fn matrix_line(&self, block: usize) -> Option<MatrixLine> {
        let expression = match self.blocks[block].origin {
            Origin::Input | Origin::Given | Origin::Parameter(_) => return None,
            Origin::Result(step) => self.forward_matrix(block, step),
            Origin::Part(..) | Origin::Slope(_) | Origin::State(..) | Origin::Updated(_) => {
                self.uniform(block).unwrap_or_else(|| MatrixExpression::Formula(self.part_formula(block)))
            }
            Origin::Gradient(of) => self.backward_matrix(block, of),
        };
        Some(MatrixLine { block, expression })
    }

    fn forward_matrix(&self, block: usize, step: usize) -> MatrixExpression {
        let this = &self.steps[step];
        match this.character {
            Character::Linear => {
                let (x, w) = (this.inputs[0].block, this.inputs[1].block);
                let product = match self.is_column(this.output) {
                    true => product(MatrixExpression::Block(w), MatrixExpression::Block(x)),
                    false => product(MatrixExpression::Block(x), MatrixExpression::Transposed(w)),
                };
                match this.inputs.get(2) {
                    Some(b) => MatrixExpression::Sum(vec![product, MatrixExpression::Block(b.block)]),
                    None => product,
                }
            }
            Character::Elementwise { .. } => MatrixExpression::Called(self.function_letter(step), this.inputs[0].block),
            Character::Other => self.uniform(block).unwrap_or_else(|| {
                let entry = crate::functions::registry().find(|e| e.name == this.function);
                let formula = entry.map_or(this.function.as_str(), |e| e.formula);
                MatrixExpression::Formula(formula.to_string())
            }),
        }
    }

    fn backward_matrix(&self, block: usize, of: usize) -> MatrixExpression {
        let uses = self.steps.iter().enumerate().flat_map(|(number, step)| {
            step.inputs.iter().enumerate().filter(move |(_, e)| e.block == of).map(move |(input, _)| (number, input))
        });
        let mut terms: Vec<MatrixExpression> = uses.map(|(step, input)| self.way_back(block, step, input)).collect();
        if terms.len() == 1 { terms.remove(0) } else { MatrixExpression::Sum(terms) }
    }

    fn way_back(&self, block: usize, step: usize, input: usize) -> MatrixExpression {
        let this = &self.steps[step];
        let Some(gradient) = self.gradient_of(this.output) else {
            return self.uniform(block).unwrap_or_else(|| MatrixExpression::Formula(self.derivative_of(step)));
        };
        // The derivative by what an elementwise function gives stands inside this line, as in the lines by index.
        let inside = match this.character {
            Character::Elementwise { .. } => self.backward_matrix(gradient, this.output),
            _ => MatrixExpression::Block(gradient),
        };
        let one = self.is_column(this.output);
        match (&this.character, input) {
            (Character::Linear, 0) if one => product(MatrixExpression::Transposed(this.inputs[1].block), inside),
            (Character::Linear, 0) => product(inside, MatrixExpression::Block(this.inputs[1].block)),
            (Character::Linear, 1) if one => product(inside, MatrixExpression::Transposed(this.inputs[0].block)),
            (Character::Linear, 1) => {
                product(MatrixExpression::Transposed(gradient), MatrixExpression::Block(this.inputs[0].block))
            }
            (Character::Linear, _) if one => inside,
            (Character::Linear, _) => MatrixExpression::OverSamples(gradient),
            (Character::Elementwise { .. }, _) => match self.slope_of(step) {
                Some(slope) => MatrixExpression::Hadamard(Box::new(MatrixExpression::Block(slope)), Box::new(inside)),
                None => inside,
            },
            (Character::Other, _) => MatrixExpression::Formula(self.derivative_of(step)),
        }
    }

    /// What the registry says of a function's derivative.
    fn derivative_of(&self, step: usize) -> String {
        let name = &self.steps[step].function;
        crate::functions::registry().find(|e| e.name == *name).map_or(name.clone(), |e| e.derivative.to_string())
    }

    /// The formula of a part that is not the same for every element by itself.
    fn part_formula(&self, block: usize) -> String {
        match self.blocks[block].letter {
            "p" => format!("softmax({})", self.block_symbol(self.output).text()),
            letter => letter.to_string(),
        }
    }

    /// The formula of a block's elements over blocks, if every element follows from those at its own place alone.
    fn uniform(&self, block: usize) -> Option<MatrixExpression> {
        let this = &self.blocks[block];
        if this.values.is_empty() {
            return None;
        }
        let formula = |at: usize| {
            let mut fits = true;
            let expression = self.expression(this.first + at)?.substitute(&mut |id| {
                let (other, place) = self.locate(*id);
                fits &= place == at || self.blocks[other].values.len() == 1;
                Expression::Leaf(other)
            });
            fits.then_some(expression)
        };
        let first = formula(0)?;
        // One more element tells whether the first was typical.
        let typical = this.values.len() == 1 || formula(this.values.len() - 1).is_some_and(|last| last == first);
        typical.then_some(MatrixExpression::Elementwise(first))
    }
}

fn product(a: MatrixExpression, b: MatrixExpression) -> MatrixExpression {
    MatrixExpression::Product(Box::new(a), Box::new(b))
}
