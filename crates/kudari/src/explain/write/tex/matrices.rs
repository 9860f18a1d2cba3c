//! Lines of matrices in LaTeX: names with shapes beneath, then the numbers.

use super::{Formulas, formula, layout, width};
use crate::explain::matrix::{Grid, MatrixExpression, MatrixLine};
use crate::explain::symbol::{Symbol, latex_function};
use crate::explain::words::phrase;
use crate::expression::Expression;

impl Formulas<'_> {
    /// The rows of a line of matrices.
    pub(super) fn matrix(&self, line: &MatrixLine) -> Vec<String> {
        let derivation = self.document.derivation;
        let name = self.shaped(self.block_name(line.block), derivation.grid(line.block, false));
        let room = self.width - width(&name);
        let updated = matches!(derivation.block_symbol(line.block), Symbol::Updated(_));
        let first = if updated { "\\leftarrow" } else { "=" };
        let mut segments = vec![vec![format!("{first} {}", self.matrix_symbols(&line.expression))]];
        if let Some(mut pieces) = self.matrix_numbers(&line.expression, room) {
            pieces[0].insert_str(0, "= ");
            segments.push(pieces);
        }
        let digits = self.document.lines.digits;
        let exact = derivation.blocks[line.block].values.iter().all(|v| digits.is_exact(*v));
        let sign = if exact { "=" } else { "\\approx" };
        segments.push(vec![format!("{sign} {}", self.grid(&derivation.grid(line.block, false), room))]);
        layout::rows(&name, &segments, self.width)
    }

    /// The row of all numbers of a block.
    pub(super) fn given(&self, block: usize) -> Vec<String> {
        let derivation = self.document.derivation;
        let name = self.block_name(block);
        let digits = self.document.lines.digits;
        let exact = derivation.blocks[block].values.iter().all(|v| digits.is_exact(*v));
        let sign = if exact { "=" } else { "\\approx" };
        let numbers = match &derivation.blocks[block].values[..] {
            [number] => self.number(*number),
            _ => self.grid(&derivation.grid(block, false), self.width - width(&name)),
        };
        layout::rows(&name, &[vec![format!("{sign} {numbers}")]], self.width)
    }

    fn shaped(&self, name: String, grid: Grid) -> String {
        format!("\\underset{{{}\\times {}}}{{{name}}}", grid.rows, grid.columns)
    }

    fn matrix_symbols(&self, expression: &MatrixExpression) -> String {
        let grid = |block: usize, turned: bool| self.document.derivation.grid(block, turned);
        let within = |e: &MatrixExpression| match e {
            MatrixExpression::Sum(_) | MatrixExpression::Hadamard(..) => format!("\\left({}\\right)", self.matrix_symbols(e)),
            _ => self.matrix_symbols(e),
        };
        match expression {
            MatrixExpression::Block(block) => self.shaped(self.block_name(*block), grid(*block, false)),
            MatrixExpression::Transposed(block) => {
                let name = self.block_name(*block);
                // A second exponent needs its own base.
                let name = if name.contains(['^', '\'']) { format!("\\left({name}\\right)") } else { name };
                self.shaped(format!("{name}^{{\\mathsf{{T}}}}"), grid(*block, true))
            }
            MatrixExpression::Product(a, b) => format!("{}\\;{}", within(a), within(b)),
            MatrixExpression::Hadamard(a, b) => format!("{} \\odot {}", within(a), within(b)),
            MatrixExpression::Sum(terms) => terms.iter().map(|t| self.matrix_symbols(t)).collect::<Vec<_>>().join(" + "),
            MatrixExpression::Elementwise(formula) => formula.latex(&|block| self.block_name(*block)),
            MatrixExpression::Called(function, block) => {
                format!(
                    "{}\\left({}\\right)",
                    latex_function(function),
                    self.shaped(self.block_name(*block), grid(*block, false))
                )
            }
            MatrixExpression::OverSamples(block) => {
                format!("\\sum_{{{}}} {}", self.text(&phrase!("samples", "データ")), self.block_name(*block))
            }
            MatrixExpression::Formula(text) => formula(text),
        }
    }

    /// The expression with numbers, in pieces between which it may be broken; `None` where a formula has no matrices to
    /// show.
    fn matrix_numbers(&self, expression: &MatrixExpression, room: f64) -> Option<Vec<String>> {
        let grid = |block: usize, turned: bool| self.grid(&self.document.derivation.grid(block, turned), room);
        Some(match expression {
            MatrixExpression::Block(block) => vec![grid(*block, false)],
            MatrixExpression::Transposed(block) => vec![grid(*block, true)],
            MatrixExpression::Product(a, b) => joined(self.operand(a, room)?, "", self.operand(b, room)?),
            MatrixExpression::Hadamard(a, b) => joined(self.operand(a, room)?, "\\odot ", self.operand(b, room)?),
            MatrixExpression::Sum(terms) => {
                let mut terms = terms.iter().map(|t| self.matrix_numbers(t, room));
                let first = terms.next()??;
                terms.try_fold(first, |sum, term| Some(joined(sum, "+ ", term?)))?
            }
            MatrixExpression::Elementwise(Expression::Sum(terms)) if terms.len() == 2 => {
                // y − t and w − η·g: the two matrices beside each other.
                let operand = |e: &Expression<usize>| match e {
                    Expression::Leaf(block) => Some(vec![grid(*block, false)]),
                    Expression::Product(factors) => match &factors[..] {
                        [Expression::Leaf(number), Expression::Leaf(block)] => {
                            let factor = self.document.derivation.blocks[*number].values.first().map(|v| self.number(*v))?;
                            Some(vec![format!("{factor}\\,{}", grid(*block, false))])
                        }
                        _ => None,
                    },
                    _ => None,
                };
                match (&terms[0], &terms[1]) {
                    (a, Expression::Negative(b)) => joined(operand(a)?, "- ", operand(b)?),
                    (a, b) => joined(operand(a)?, "+ ", operand(b)?),
                }
            }
            MatrixExpression::Called(function, block) => vec![format!("{}{}", latex_function(function), grid(*block, false))],
            MatrixExpression::Elementwise(_) | MatrixExpression::OverSamples(_) | MatrixExpression::Formula(_) => return None,
        })
    }

    fn operand(&self, expression: &MatrixExpression, room: f64) -> Option<Vec<String>> {
        let mut inside = self.matrix_numbers(expression, room)?;
        if let (MatrixExpression::Sum(_) | MatrixExpression::Hadamard(..), Some(last)) = (expression, inside.last_mut()) {
            *last += "\\bigr)";
            inside[0].insert_str(0, "\\bigl(");
        }
        Some(inside)
    }

    /// A matrix in parentheses. Of a large one the first three and the last row and column are written, of one that is
    /// still too wide fewer.
    fn grid(&self, grid: &Grid, room: f64) -> String {
        let columns = Grid::written(grid.columns);
        let whole = self.table(grid, &columns);
        if columns.len() < 4 || width(&whole) + 2.0 <= room {
            return whole;
        }
        self.table(grid, &[Some(0), None, Some(grid.columns - 1)])
    }

    fn table(&self, grid: &Grid, columns: &[Option<usize>]) -> String {
        let rows = Grid::written(grid.rows);
        let value = |row: usize, column: usize| grid.values[row * grid.columns + column];
        let has_negative = |column: usize| rows.iter().flatten().any(|&row| value(row, column).is_sign_negative());
        let cell = |row: &Option<usize>, column: &Option<usize>| match (row, column) {
            (Some(r), Some(c)) if has_negative(*c) && !value(*r, *c).is_sign_negative() => {
                format!("\\phantom{{-}}{}", self.number(value(*r, *c)))
            }
            (Some(r), Some(c)) => self.number(value(*r, *c)),
            (None, None) => "\\ddots".to_string(),
            (None, _) => "\\vdots".to_string(),
            (_, None) => "\\cdots".to_string(),
        };
        let row = |r| columns.iter().map(|c| cell(r, c)).collect::<Vec<_>>().join(" & ");
        format!("\\begin{{pmatrix}}{}\\end{{pmatrix}}", rows.iter().map(row).collect::<Vec<_>>().join("\\\\ "))
    }
}

/// The second behind the first, with a sign before it.
fn joined(mut first: Vec<String>, sign: &str, second: Vec<String>) -> Vec<String> {
    let mut second = second.into_iter();
    first.extend(second.next().map(|piece| format!("{sign}{piece}")));
    first.extend(second);
    first
}
