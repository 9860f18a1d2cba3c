//! Worked lines of matrices, and matrices of numbers.

use super::Writer;
use super::mathml::{self, Bond, Piece, applied, math, number, sign};
use super::quantities::Quantity;
use crate::explain::matrix::{Grid, MatrixExpression, MatrixLine};
use crate::explain::symbol::Symbol;
use crate::explain::words::phrase;
use crate::expression::Expression;

/// Which rows or columns of so many are written, with `None` for a gap.
pub(super) type Written<'a> = &'a dyn Fn(usize) -> Vec<Option<usize>>;

impl Writer<'_> {
    /// A line with whole matrices.
    pub(super) fn matrix_line(&self, line: &MatrixLine, reason: String) -> String {
        let symbol = self.derivation().block_symbol(line.block);
        let grid = self.derivation().grid(line.block, false);
        let (rows, columns) = (grid.rows, grid.columns);
        let digits = self.document.lines.digits;
        let exact = grid.values.iter().all(|v| digits.is_exact(*v));
        let relation = if matches!(symbol, Symbol::Updated(_)) { "←" } else { "=" };
        let symbols = math(&(sign(relation) + &self.matrix_symbols(&line.expression).markup));
        let shape = format!("<span class=\"shape\">{rows}×{columns}</span>");
        let mut body = format!("<span class=\"segment symbols\">{symbols} {shape}</span>");
        if let Some(numbers) = self.matrix_numbers(&line.expression) {
            body += &format!(" <span class=\"segment numbers\">{}</span>", math(&(sign("=") + &numbers.markup)));
        }
        let result = self.matrix_of(line.block, false, true);
        body += &format!(" <span class=\"segment result\">{}</span>", math(&(sign(if exact { "=" } else { "≈" }) + &result)));
        let label = self.label(&symbol, |name, language| match language {
            0 => format!("{name}, {rows} by {columns}"),
            _ => format!("{name}、{rows} 行 {columns} 列"),
        });
        let quantity = Quantity::Block(line.block);
        let uses = self.quantities.reference(quantity);
        format!(
            "<li{place} class=\"step\"{label}{uses}><span class=\"name\">{name}</span><span class=\"body\">{body}</span>{reason}</li>\n",
            place = self.quantities.line_place(quantity),
            name = math(&mathml::symbol(&symbol).markup),
        )
    }

    /// A block's numbers in brackets, the middle left out where there are more than six; with `home`, links to them lead
    /// here.
    fn matrix_of(&self, block: usize, transposed: bool, home: bool) -> String {
        self.matrix(block, transposed, home, &Grid::written)
    }

    /// The same with a choice of the rows and columns that are written.
    pub(super) fn matrix(&self, block: usize, transposed: bool, home: bool, written: Written) -> String {
        let grid = self.derivation().grid(block, transposed);
        let first = self.derivation().blocks[block].first;
        let digits = self.document.lines.digits;
        let cell = |row: Option<usize>, column: Option<usize>| {
            let (Some(row), Some(column)) = (row, column) else {
                return format!("<mtd><mo>{}</mo></mtd>", if row.is_none() { "⋮" } else { "⋯" });
            };
            let at = if transposed { column * grid.rows + row } else { row * grid.columns + column };
            let quantity = Quantity::Number(first + at);
            let value = number(&digits.decimal(grid.values[row * grid.columns + column])).markup;
            let place = if home { self.quantities.place(quantity) } else { String::new() };
            format!("<mtd><mrow{place}{}>{value}</mrow></mtd>", self.quantities.reference(quantity))
        };
        let columns = written(grid.columns);
        let row = |row: Option<usize>| format!("<mtr>{}</mtr>", columns.iter().map(|c| cell(row, *c)).collect::<String>());
        let rows: String = written(grid.rows).into_iter().map(row).collect();
        format!("<mrow><mo form=\"prefix\">[</mo><mtable class=\"grid\">{rows}</mtable><mo form=\"postfix\">]</mo></mrow>")
    }

    fn matrix_symbols(&self, expression: &MatrixExpression) -> Piece {
        let within = |e: &MatrixExpression, least: Bond| self.matrix_symbols(e).within(least);
        match expression {
            MatrixExpression::Block(block) => self.block_name(*block),
            MatrixExpression::Transposed(block) => {
                let name = self.block_name(*block).markup;
                Piece::new(format!("<msup>{name}<mi mathvariant=\"normal\">T</mi></msup>"), Bond::Power)
            }
            MatrixExpression::Product(a, b) => {
                Piece::new(format!("{}<mo>·</mo>{}", within(a, Bond::Product), within(b, Bond::Product)), Bond::Product)
            }
            MatrixExpression::Hadamard(a, b) => {
                Piece::new(format!("{}<mo>⊙</mo>{}", within(a, Bond::Product), within(b, Bond::Product)), Bond::Sign)
            }
            MatrixExpression::Sum(terms) => {
                let terms: Vec<String> = terms.iter().map(|t| within(t, Bond::Product)).collect();
                Piece::new(terms.join("<mo>+</mo>"), Bond::Sum)
            }
            MatrixExpression::Elementwise(formula) => mathml::expression(formula, &|block| self.block_name(*block)),
            MatrixExpression::Called(function, block) => {
                Piece::new(mathml::called(function, &self.block_name(*block).markup), Bond::Atom)
            }
            MatrixExpression::OverSamples(block) => {
                let words = phrase!("samples", "データ");
                let below = format!("<mtext lang=\"en\">{}</mtext><mtext lang=\"ja\">{}</mtext>", words.english, words.japanese);
                let sum = format!("<munder><mo>∑</mo><mrow>{below}</mrow></munder>");
                Piece::new(sum + &self.block_name(*block).markup, Bond::Sum)
            }
            MatrixExpression::Formula(formula) => {
                Piece::new(format!("<mtext class=\"formula\">{}</mtext>", mathml::escaped(formula)), Bond::Sum)
            }
        }
    }

    /// The expression with numbers; `None` where a formula has no matrices to show.
    fn matrix_numbers(&self, expression: &MatrixExpression) -> Option<Piece> {
        let within = |e: &MatrixExpression, least: Bond| Some(self.matrix_numbers(e)?.within(least));
        Some(match expression {
            MatrixExpression::Block(block) => Piece::new(self.matrix_of(*block, false, false), Bond::Atom),
            MatrixExpression::Transposed(block) => Piece::new(self.matrix_of(*block, true, false), Bond::Atom),
            MatrixExpression::Product(a, b) => {
                Piece::new(format!("{}<mo>·</mo>{}", within(a, Bond::Product)?, within(b, Bond::Product)?), Bond::Product)
            }
            MatrixExpression::Hadamard(a, b) => {
                Piece::new(format!("{}<mo>⊙</mo>{}", within(a, Bond::Product)?, within(b, Bond::Product)?), Bond::Sign)
            }
            MatrixExpression::Sum(terms) => {
                let terms: Option<Vec<String>> = terms.iter().map(|t| within(t, Bond::Product)).collect();
                Piece::new(terms?.join("<mo>+</mo>"), Bond::Sum)
            }
            MatrixExpression::Elementwise(formula) if self.is_linear(formula) => {
                mathml::expression(formula, &|block| match self.derivation().blocks[*block].values.len() {
                    1 => self.quantity(self.derivation().blocks[*block].first),
                    _ => Piece::new(self.matrix_of(*block, false, false), Bond::Atom),
                })
            }
            MatrixExpression::Called(function, block) => {
                let name = format!("<mi>{function}</mi>");
                Piece::new(applied(&name, &self.matrix_of(*block, false, false)), Bond::Atom)
            }
            MatrixExpression::Elementwise(_) | MatrixExpression::OverSamples(_) | MatrixExpression::Formula(_) => return None,
        })
    }

    /// Whether an elementwise formula means the same when it is read as one of matrices: W − η·G, (P − T)/4.
    fn is_linear(&self, formula: &Expression<usize>) -> bool {
        let is_number = |e: &Expression<usize>| match e {
            Expression::Number(_) => true,
            Expression::Leaf(block) => self.derivation().blocks[*block].values.len() == 1,
            _ => false,
        };
        match formula {
            Expression::Leaf(_) => true,
            Expression::Negative(x) => self.is_linear(x),
            Expression::Sum(terms) => terms.iter().all(|t| !is_number(t) && self.is_linear(t)),
            Expression::Product(factors) => {
                let matrices: Vec<_> = factors.iter().filter(|f| !is_number(f)).collect();
                matches!(matrices[..], [matrix] if self.is_linear(matrix))
            }
            Expression::Quotient(above, below) => self.is_linear(above) && is_number(below),
            _ => false,
        }
    }
}
