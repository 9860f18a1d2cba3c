//! Formulas in LaTeX's mathematics, for every format that is typeset by TeX or reads its formulas.

mod layout;
mod matrices;
mod prose;
mod signs;

pub(super) use layout::width;
pub(super) use prose::{Fragment, prose, setting};
pub(super) use signs::formula;

use crate::explain::document::{Document, Item};
use crate::explain::line::{Carry, Line, Segment, Term};
use crate::explain::symbol::{Symbol, latex_function};
use crate::explain::words::{Language, Phrase, phrase};
use crate::expression::Expression;

/// Writes the formulas of a document.
pub(super) struct Formulas<'a> {
    pub document: &'a Document<'a>,
    pub language: Language,
    /// How wide a line may be, in em.
    pub width: f64,
}

/// What stands in a section: lines of one kind together, or another item.
pub(super) enum Block<'a> {
    /// Displayed mathematics: an `aligned`.
    Display(String),
    /// Anything else.
    Item(&'a Item),
}

/// A display of more rows than this is split, since TeX breaks no page inside one.
const ROWS: usize = 12;

impl<'a> Formulas<'a> {
    /// The items with their lines set; lines on numbers of one block stand together, aligned.
    pub fn blocks(&self, items: &'a [Item]) -> Vec<Block<'a>> {
        let mut blocks = Vec::new();
        let mut rows: Vec<String> = Vec::new();
        let mut current = None;
        for item in items {
            let (kind, new) = match item {
                Item::Line(line) => (Some(self.document.derivation.locate(line.id).0), self.line(line)),
                Item::Matrix(line) => (None, self.matrix(line)),
                Item::Given(block) => (None, self.given(*block)),
                _ => (None, Vec::new()),
            };
            if kind.is_none() || kind != current || rows.len() + new.len() > ROWS {
                blocks.extend(display(&mut rows));
            }
            current = kind;
            rows.extend(new);
            if !matches!(item, Item::Line(_) | Item::Matrix(_) | Item::Given(_)) {
                blocks.push(Block::Item(item));
            }
        }
        blocks.extend(display(&mut rows));
        blocks
    }

    pub fn words<'p>(&self, phrase: &'p Phrase) -> &'p str {
        phrase.text(self.language)
    }

    pub fn number(&self, value: f64) -> String {
        formula(&self.document.lines.digits.text(value))
    }

    fn text(&self, phrase: &Phrase) -> String {
        format!("\\text{{{}}}", self.words(phrase))
    }

    /// The name of a whole block: bold for a vector.
    pub fn block_name(&self, block: usize) -> String {
        let (derivation, symbol) = (self.document.derivation, self.document.derivation.block_symbol(block));
        let values = derivation.blocks[block].values.len();
        let is_capital = symbol.text().contains(|c: char| c.is_uppercase() && c != 'E');
        if values > 1 && !is_capital { symbol.latex_bold() } else { symbol.latex() }
    }

    fn term(&self, term: &Term, as_symbol: bool) -> String {
        let derivation = self.document.derivation;
        match *term {
            Term::Quantity(id) if as_symbol => derivation.symbol(id).latex(),
            Term::Quantity(id) => formula(&self.document.lines.text(id)),
            Term::Value(value) => self.number(value),
            Term::Rest { count, .. } if as_symbol => format!("({})", self.text(&phrase!("{count} more", "ほか {count} 項"))),
            Term::Rest { count, value } => {
                format!("({} {})", self.text(&phrase!("{count} more: ", "ほか {count} 項: ")), self.number(value))
            }
        }
    }

    /// A segment in pieces between which it may be broken.
    fn segment(&self, segment: &Segment, room: f64) -> Vec<String> {
        let fits = |latex: &str| width(latex) + 2.0 <= room;
        match segment {
            Segment::Called(function, id) => {
                vec![format!("{}({})", latex_function(function), self.document.derivation.symbol(*id).latex())]
            }
            Segment::Symbols(expression) => expression.latex_pieces(&|t| self.term(t, true), &fits),
            Segment::Numbers(expression) => expression.latex_pieces(&|t| self.term(t, false), &fits),
            Segment::Case(case, condition) => {
                let text = |e: &Expression<Term>, as_symbol| e.latex(&|t| self.term(t, as_symbol));
                let (sign, symbols, number) =
                    (condition.relation.latex(), text(&condition.left, true), text(&condition.left, false));
                let right = text(&condition.right, false);
                let is_told = symbols == number || sign == "=" && right == number;
                let left = if is_told { symbols } else { format!("{symbols} = {number}") };
                vec![format!("{} \\quad ({left} {sign} {right})", text(case, false))]
            }
        }
    }

    /// The rows of a line: name, symbols, numbers, result.
    fn line(&self, line: &Line) -> Vec<String> {
        let symbol = self.document.derivation.symbol(line.id);
        let name = symbol.latex();
        let room = self.width - width(&name);
        let mut segments: Vec<Vec<String>> = line.segments.iter().map(|s| self.segment(s, room)).collect();
        for (i, segment) in segments.iter_mut().enumerate() {
            let sign = if i == 0 && matches!(symbol, Symbol::Updated(_)) { "\\leftarrow" } else { "=" };
            if let Some(first) = segment.first_mut() {
                *first = format!("{sign} {first}");
            }
        }
        // A case that is a number is the result already.
        if !matches!(line.segments.last(), Some(Segment::Case(Expression::Number(_), _))) {
            segments.push(self.result(line));
        }
        layout::rows(&name, &segments, self.width)
    }

    /// `\approx 1.409`, its mark, and what the other way of rounding gives.
    fn result(&self, line: &Line) -> Vec<String> {
        let digits = self.document.lines.digits;
        let (sign, written) = match line.exact {
            true => ("=", digits.text(line.value)),
            false => ("\\approx", digits.rounded_text(line.value)),
        };
        let mark = if line.differs { "\\;\\dagger" } else { "" };
        let mut pieces = vec![format!("{sign} {}{mark}", formula(&written))];
        if let Some(other) = line.otherwise {
            let other = formula(&digits.rounded_text(other));
            let (before, behind) = match self.document.lines.carry {
                Carry::Exact => (phrase!("", "手計算では "), phrase!(" by hand", "")),
                Carry::Shown => (phrase!("", "正確には "), phrase!(" exactly", "")),
            };
            let text = |phrase: &Phrase| if self.words(phrase).is_empty() { String::new() } else { self.text(phrase) };
            // Behind a word a sign would be taken for an operator; in braces it is none.
            let other = if self.words(&before).is_empty() { other } else { format!("{{{other}}}") };
            pieces.push(format!("\\quad ({}{other}{})", text(&before), text(&behind)));
        }
        pieces
    }
}

/// The rows as one display, taken; nothing if there are none.
fn display(rows: &mut Vec<String>) -> Option<Block<'static>> {
    if rows.is_empty() {
        return None;
    }
    let high = rows.iter().any(|row| row.contains("\\frac") || row.contains("\\begin"));
    let end = if high { "\\\\[3pt]\n" } else { "\\\\\n" };
    let display = format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}", rows.join(end));
    rows.clear();
    Some(Block::Display(display))
}
