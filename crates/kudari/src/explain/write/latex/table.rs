//! Tables in LaTeX.

use super::Writer;
use crate::explain::document::{Cell, Table};
use crate::explain::words::{Phrase, width};
use crate::explain::write::tex::{self, Fragment};

/// A word of a head that is longer than the column and this stands below the one before.
const HEAD: usize = 12;
/// Tables are set in letters of this size.
const SIZE: f64 = 0.8;
/// Between two columns, in em.
const GAP: f64 = 0.8;
/// A column wider than this, in em, may become a paragraph.
const PARAGRAPH: f64 = 12.0;

impl Writer<'_> {
    /// A table that may go on over pages, with its head on each. If it is wider than the page, its widest columns become
    /// paragraphs.
    pub(super) fn table(&self, table: &Table) -> String {
        let widest = |c: usize| {
            let cells = table.rows.iter().filter_map(|row| row.get(c)).map(|cell| SIZE * self.cell_width(cell));
            cells.fold(0.0, f64::max)
        };
        let wide: Vec<f64> = (0..table.head.len()).map(widest).collect();
        let numeric = |c: usize| table.rows.iter().all(|row| matches!(row.get(c), Some(Cell::Number(_)) | None));
        let whole = wide.iter().map(|w| w + GAP).sum::<f64>() <= self.formulas.width;
        let is_paragraph = |c: usize| !whole && wide[c] > PARAGRAPH && !numeric(c);
        let (paragraphs, others): (Vec<usize>, Vec<usize>) = (0..wide.len()).partition(|&c| is_paragraph(c));
        let left = self.formulas.width - others.iter().map(|&c| wide[c].max(SIZE * 5.0) + GAP).sum::<f64>();
        let all: f64 = paragraphs.iter().map(|&c| wide[c]).sum();
        let column = |c: usize| match is_paragraph(c) {
            true => format!("p{{{:.1}em}}", (left * wide[c] / all - GAP).max(4.0) / SIZE),
            false if numeric(c) => "r".to_string(),
            false => "l".to_string(),
        };
        let columns: Vec<String> = (0..wide.len()).map(column).collect();
        let heads: Vec<String> =
            table.head.iter().enumerate().map(|(c, head)| self.head(head, (2.0 * wide[c] / SIZE) as usize, numeric(c))).collect();
        let cell = |cell: &Cell| match cell {
            Cell::Symbol(id) => format!("${}$", self.formulas.document.derivation.symbol(*id).latex()),
            Cell::Block(block) => format!("${}$", self.formulas.block_name(*block)),
            Cell::Number(number) => self.prose(&Phrase::same(number.as_str())),
            Cell::Words(phrase) => self.prose(phrase),
        };
        let row = |row: &Vec<Cell>| row.iter().map(cell).collect::<Vec<_>>().join(" & ");
        let rows: Vec<String> = table.rows.iter().map(row).collect();
        format!(
            "{{\\footnotesize\\setlength\\tabcolsep{{4pt}}\\renewcommand\\arraystretch{{1.25}}\n\\begin{{longtable}}[l]{{@{{}}{}@{{}}}}\n\\toprule\n{}\\\\\n\
             \\midrule\n\\endhead\n{}\\\\\n\\bottomrule\n\\end{{longtable}}}}\n",
            columns.concat(),
            heads.join(" & "),
            rows.join("\\\\\n")
        )
    }

    /// In em, about.
    fn cell_width(&self, cell: &Cell) -> f64 {
        let derivation = self.formulas.document.derivation;
        let of_words = |text: &str| {
            let each = |fragment: &Fragment| match fragment {
                Fragment::Words(words) => 0.5 * width(words) as f64,
                Fragment::Math(math) => tex::width(math),
                Fragment::Gap => 1.0,
            };
            tex::prose(text).iter().map(each).sum()
        };
        match cell {
            Cell::Symbol(id) => tex::width(&derivation.symbol(*id).latex()),
            Cell::Block(block) => tex::width(&self.formulas.block_name(*block)),
            Cell::Number(number) => of_words(number),
            Cell::Words(phrase) => of_words(self.formulas.words(phrase)),
        }
    }

    /// The name of a column, on several lines where it is wider than the column.
    fn head(&self, head: &Phrase, column: usize, numeric: bool) -> String {
        let mut lines: Vec<String> = Vec::new();
        for word in self.formulas.words(head).split(' ') {
            match lines.last_mut() {
                Some(line) if width(line) + 1 + width(word) <= column.max(HEAD) => *line += &format!(" {word}"),
                // An operator stays with what is beside it.
                Some(line) if line.ends_with('=') || word == "=" => *line += &format!(" {word}"),
                _ => lines.push(word.to_string()),
            }
        }
        let lines: Vec<String> = lines.into_iter().map(|line| self.prose(&Phrase::same(line))).collect();
        match &lines[..] {
            [one] => one.clone(),
            _ => format!("\\shortstack[{}]{{{}}}", if numeric { "r" } else { "l" }, lines.join("\\\\")),
        }
    }
}
