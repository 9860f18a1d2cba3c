//! Matrices in text: in brackets, beside each other.

use super::Writer;
use crate::explain::document::Part;
use crate::explain::matrix::{Grid, MatrixExpression, MatrixLine};
use crate::explain::words::{padded, phrase, width};
use crate::expression::Expression;

impl Writer<'_> {
    pub(super) fn matrix(&self, line: &MatrixLine, part: Part, text: &mut String) {
        let name = self.symbol(&self.derivation().block_symbol(line.block));
        let indent = 3 + width(&name);
        let shape = self.shape(line.block);
        *text += &format!("  {} = {}      {}\n", self.coloured(&name, part), self.matrix_symbols(&line.expression), shape);
        let mut picture = Picture::text("= ");
        let numbers = self.matrix_numbers(&line.expression);
        let result = self.grid(self.derivation().grid(line.block, false));
        let digits = self.document.lines.digits;
        let exact = self.derivation().blocks[line.block].values.iter().all(|v| digits.is_exact(*v));
        let sign = if exact { "=" } else { "≈" };
        match numbers {
            Some(numbers) if indent + 4 + numbers.columns() + result.columns() <= self.format.columns.max(40) => {
                picture = picture.beside(&numbers).beside(&Picture::text(&format!(" {sign} "))).beside(&result);
            }
            Some(numbers) => {
                Picture::text("= ")
                    .beside(&numbers)
                    .lines
                    .iter()
                    .for_each(|l| *text += &format!("{:indent$}{}\n", "", l.trim_end()));
                picture = Picture::text(&format!("{sign} ")).beside(&result);
            }
            None => picture = Picture::text(&format!("{sign} ")).beside(&result),
        }
        picture.lines.iter().for_each(|l| *text += &format!("{:indent$}{}\n", "", l.trim_end()));
    }

    /// A block's name and all its numbers.
    pub(super) fn given(&self, block: usize, text: &mut String) {
        let digits = self.document.lines.digits;
        let exact = self.derivation().blocks[block].values.iter().all(|v| digits.is_exact(*v));
        let sign = match (exact, self.format.ascii) {
            (true, _) => "=",
            (false, false) => "≈",
            (false, true) => "~",
        };
        let name = self.symbol(&self.derivation().block_symbol(block));
        let numbers = match &self.derivation().blocks[block].values[..] {
            [number] => Picture::text(&self.number(*number)),
            _ => self.grid(self.derivation().grid(block, false)),
        };
        let picture = Picture::text(&format!("{name} {sign} ")).beside(&numbers);
        picture.lines.iter().for_each(|line| *text += &format!("  {}\n", line.trim_end()));
    }

    fn shape(&self, block: usize) -> String {
        let grid = self.derivation().grid(block, false);
        format!("({}×{})", grid.rows, grid.columns)
    }

    fn matrix_symbols(&self, expression: &MatrixExpression) -> String {
        let name = |block: usize| self.symbol(&self.derivation().block_symbol(block));
        let within = |e: &MatrixExpression| match e {
            MatrixExpression::Sum(_) | MatrixExpression::Hadamard(..) => format!("({})", self.matrix_symbols(e)),
            _ => self.matrix_symbols(e),
        };
        match expression {
            MatrixExpression::Block(block) => name(*block),
            MatrixExpression::Transposed(block) => format!("{}ᵀ", name(*block)),
            MatrixExpression::Product(a, b) => format!("{}·{}", within(a), within(b)),
            MatrixExpression::Hadamard(a, b) => format!("{} ⊙ {}", within(a), within(b)),
            MatrixExpression::Sum(terms) => terms.iter().map(|t| self.matrix_symbols(t)).collect::<Vec<_>>().join(" + "),
            MatrixExpression::Elementwise(formula) => formula.text(self.style(), &|block| name(*block)),
            MatrixExpression::Called(function, block) => format!("{function}({})", name(*block)),
            MatrixExpression::OverSamples(block) => {
                let words = phrase!("Σ over the samples of {}", "Σ(データ全体) {}", name(*block));
                self.words(&words).to_string()
            }
            MatrixExpression::Formula(formula) => formula.clone(),
        }
    }

    /// The expression with numbers; `None` where a formula has no matrices to show.
    fn matrix_numbers(&self, expression: &MatrixExpression) -> Option<Picture> {
        let grid = |block: usize, turned: bool| self.grid(self.derivation().grid(block, turned));
        Some(match expression {
            MatrixExpression::Block(block) => grid(*block, false),
            MatrixExpression::Transposed(block) => grid(*block, true),
            MatrixExpression::Product(a, b) => self.operand(a)?.beside(&Picture::text("·")).beside(&self.operand(b)?),
            MatrixExpression::Hadamard(a, b) => self.operand(a)?.beside(&Picture::text(" ⊙ ")).beside(&self.operand(b)?),
            MatrixExpression::Sum(terms) => {
                let mut terms = terms.iter().map(|t| self.matrix_numbers(t));
                let first = terms.next()??;
                terms.try_fold(first, |sum, term| Some(sum.beside(&Picture::text(" + ")).beside(&term?)))?
            }
            MatrixExpression::Elementwise(Expression::Sum(terms)) if terms.len() == 2 => {
                // y − t and w − η·g: the two matrices beside each other.
                let operand = |e: &Expression<usize>| match e {
                    Expression::Leaf(block) => Some(grid(*block, false)),
                    Expression::Product(factors) => match &factors[..] {
                        [Expression::Leaf(number), Expression::Leaf(block)] => {
                            let factor = self.derivation().blocks[*number].values.first().map(|v| self.number(*v))?;
                            Some(Picture::text(&format!("{factor}·")).beside(&grid(*block, false)))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                match (&terms[0], &terms[1]) {
                    (a, Expression::Negative(b)) => operand(a)?.beside(&Picture::text(" − ")).beside(&operand(b)?),
                    (a, b) => operand(a)?.beside(&Picture::text(" + ")).beside(&operand(b)?),
                }
            }
            MatrixExpression::Called(function, block) => Picture::text(function).beside(&grid(*block, false)),
            MatrixExpression::Elementwise(_) | MatrixExpression::OverSamples(_) | MatrixExpression::Formula(_) => return None,
        })
    }

    fn operand(&self, expression: &MatrixExpression) -> Option<Picture> {
        let inside = self.matrix_numbers(expression)?;
        Some(match expression {
            MatrixExpression::Sum(_) | MatrixExpression::Hadamard(..) => {
                Picture::text("(").beside(&inside).beside(&Picture::text(")"))
            }
            _ => inside,
        })
    }

    /// A matrix in brackets, its middle rows and columns left out where it is large.
    fn grid(&self, grid: Grid) -> Picture {
        let (rows, columns) = (Grid::written(grid.rows), Grid::written(grid.columns));
        let cell = |row: &Option<usize>, column: &Option<usize>| match (row, column) {
            (Some(r), Some(c)) => self.number(grid.values[r * grid.columns + c]),
            (None, _) => "⋮".to_string(),
            (_, None) => "⋯".to_string(),
        };
        let cells: Vec<Vec<String>> = rows.iter().map(|r| columns.iter().map(|c| cell(r, c)).collect()).collect();
        let wide: Vec<usize> = (0..columns.len()).map(|c| cells.iter().map(|r| width(&r[c])).max().unwrap_or(0)).collect();
        let last = cells.len() - 1;
        let line = |(i, row): (usize, &Vec<String>)| {
            let [left, right] = match (i, last) {
                (_, 0) => ["[", "]"],
                (0, _) => ["⎡", "⎤"],
                (i, last) if i == last => ["⎣", "⎦"],
                _ => ["⎢", "⎥"],
            };
            let cells: Vec<String> =
                row.iter().enumerate().map(|(c, t)| format!("{}{t}", " ".repeat(wide[c] - width(t)))).collect();
            format!("{left}{}{right}", cells.join("  "))
        };
        Picture { lines: cells.iter().enumerate().map(line).collect() }
    }
}

/// Lines of text that stand beside others, centred on each other.
struct Picture {
    lines: Vec<String>,
}

impl Picture {
    fn text(text: &str) -> Picture {
        Picture { lines: vec![text.to_string()] }
    }

    fn columns(&self) -> usize {
        self.lines.iter().map(|l| width(l)).max().unwrap_or(0)
    }

    fn beside(&self, other: &Picture) -> Picture {
        let height = self.lines.len().max(other.lines.len());
        let columns = self.columns();
        let line = |picture: &Picture, i: usize| {
            let above = (height - picture.lines.len()) / 2;
            i.checked_sub(above).and_then(|i| picture.lines.get(i)).cloned().unwrap_or_default()
        };
        Picture { lines: (0..height).map(|i| format!("{}{}", padded(&line(self, i), columns), line(other, i))).collect() }
    }
}
