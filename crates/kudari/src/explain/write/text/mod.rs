//! An explanation for the terminal: aligned lines, perhaps in colour.

mod matrix;
mod plain;

use self::plain::plain;
use super::drawing::drawing;
use crate::explain::derivation::Derivation;
use crate::explain::document::{Cell, Document, Item, Part, Section, Table};
use crate::explain::line::{Carry, Line, Segment, Term};
use crate::explain::symbol::Symbol;
use crate::explain::words::{Language, Phrase, padded, phrase, width};
use crate::expression::{Expression, TextStyle};

/// How a document is written as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextFormat {
    /// The language of the words.
    pub language: Language,
    /// Only the keyboard's signs: `d2[1]`, `h'`, `sum`.
    pub ascii: bool,
    /// Colour for what goes forward (blue), backward (red), into the update (green). It adds nothing to the meaning.
    pub colours: bool,
    /// Lines are broken before an equals sign to stay within so many columns.
    pub columns: usize,
}

impl Document<'_> {
    /// The document as text.
    pub fn text(&self, format: &TextFormat) -> String {
        let writer = Writer { document: self, format };
        let mut text = String::new();
        let mut number = 0;
        for section in &self.sections {
            if !section.title.english.is_empty() {
                number += 1;
                let title = format!("{number}  {}", section.title.text(format.language));
                text += &format!("\n{}\n", if format.colours { format!("\x1b[1m{title}\x1b[0m") } else { title });
            }
            writer.section(section, &mut text);
        }
        if let Some(footnote) = self.footnote() {
            text += &format!("\n{}\n", writer.words(&footnote));
        }
        if format.ascii { plain(&text) } else { text }
    }

    /// Whether any line's written numbers give another last digit.
    pub fn has_marks(&self) -> bool {
        let marked = |item: &Item| matches!(item, Item::Line(line) if line.differs || line.otherwise.is_some());
        self.sections.iter().any(|s| s.items.iter().any(marked))
    }

    /// What the marks mean, on two lines; `None` if there are none.
    pub fn footnote(&self) -> Option<Phrase> {
        self.has_marks().then(|| match self.lines.carry {
            Carry::Exact => phrase!(
                "† calculating with the rounded numbers on this line gives a different last digit;\n  the tool carries 64-bit values.  --carry shown recomputes every line by hand rules.",
                "† この行に表示した(丸めた)数どうしで計算すると末位が変わります。\n  計算は 64 ビットのまま続けています。--carry shown で手計算の規則に切り替えます。"
            ),
            Carry::Shown => phrase!(
                "Every intermediate result is rounded to the digits shown, as by hand;\nwhere that changes a digit, the exact value stands behind the line.",
                "手計算のように、途中の結果もすべて表示の桁に丸めています。\n桁が変わる所には、正確な値を添えています。"
            ),
        })
    }
}

struct Writer<'a> {
    document: &'a Document<'a>,
    format: &'a TextFormat,
}

impl Writer<'_> {
    fn derivation(&self) -> &Derivation {
        self.document.derivation
    }

    fn style(&self) -> TextStyle {
        if self.format.ascii { TextStyle::Ascii } else { TextStyle::Wordless }
    }

    fn words<'p>(&self, phrase: &'p Phrase) -> &'p str {
        phrase.text(self.format.language)
    }

    fn symbol(&self, symbol: &Symbol) -> String {
        if self.format.ascii { symbol.key() } else { symbol.text() }
    }

    fn number(&self, value: f64) -> String {
        let digits = self.document.lines.digits;
        if self.format.ascii { digits.decimal(value) } else { digits.text(value) }
    }

    fn section(&self, section: &Section, text: &mut String) {
        let settings = section.items.iter().filter_map(|i| match i {
            Item::Setting(name, formula, _) => Some((width(self.words(name)), width(formula))),
            _ => None,
        });
        let (names, formulas) = settings.fold((0, 0), |(a, b), (n, f)| (a.max(n), b.max(f.min(44))));
        let symbols = section.items.iter().filter_map(|item| match item {
            Item::Line(line) => Some(width(&self.symbol(&self.derivation().symbol(line.id)))),
            _ => None,
        });
        let aligned = symbols.filter(|w| *w <= 10).max().unwrap_or(0);
        for item in &section.items {
            match item {
                Item::Setting(name, formula, words) => {
                    let line =
                        format!("{}  {}   {}", padded(self.words(name), names), padded(formula, formulas), self.words(words));
                    *text += &format!("{}\n", line.trim_end());
                }
                Item::Remark(phrase) | Item::Fact(phrase) => *text += &format!("  {}\n", self.words(phrase)),
                Item::Warning(phrase) => *text += &format!("  ! {}\n", self.words(phrase)),
                Item::Line(line) => self.line(line, aligned, section.part, text),
                Item::Matrix(line) => self.matrix(line, section.part, text),
                Item::Given(block) => self.given(*block, text),
                Item::Table(table) => self.table(table, text),
                Item::Drawing => {
                    *text += "\n";
                    drawing(self.derivation(), &|s| self.symbol(s), &|v| self.number(v))
                        .iter()
                        .for_each(|l| *text += &format!("  {l}\n"));
                }
            }
        }
    }

    fn coloured(&self, text: &str, part: Part) -> String {
        let code = match part {
            Part::Forward | Part::Error => "34",
            Part::Backward => "31",
            Part::Update => "32",
            Part::Setting | Part::Check | Part::After => return text.to_string(),
        };
        if self.format.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn term(&self, term: &Term, as_symbol: bool) -> String {
        match *term {
            Term::Quantity(id) if as_symbol => self.symbol(&self.derivation().symbol(id)),
            Term::Quantity(id) if self.format.ascii => self.number(self.document.lines.value(id)),
            Term::Quantity(id) => self.document.lines.text(id),
            Term::Value(value) => self.number(value),
            Term::Rest { count, .. } if as_symbol => self.words(&phrase!("({count} more)", "(ほか {count} 項)")).to_string(),
            Term::Rest { count, value } => {
                let value = self.number(value);
                self.words(&phrase!("({count} more: {value})", "(ほか {count} 項: {value})")).to_string()
            }
        }
    }

    fn segment(&self, segment: &Segment) -> String {
        match segment {
            Segment::Called(function, id) => format!("{function}({})", self.symbol(&self.derivation().symbol(*id))),
            Segment::Symbols(expression) => expression.text(self.style(), &|t| self.term(t, true)),
            Segment::Numbers(expression) => expression.text(self.style(), &|t| self.term(t, false)),
            Segment::Case(case, condition) => {
                let text = |e: &Expression<Term>, as_symbol| e.text(self.style(), &|t| self.term(t, as_symbol));
                let (sign, symbols, number) =
                    (condition.relation.sign(), text(&condition.left, true), text(&condition.left, false));
                let right = text(&condition.right, false);
                let left = if symbols == number { symbols } else { format!("{symbols} = {number}") };
                let left = if sign == "=" && right == number { text(&condition.left, true) } else { left };
                format!("{}  ({left} {sign} {right})", text(case, false))
            }
        }
    }

    fn line(&self, line: &Line, aligned: usize, part: Part, text: &mut String) {
        let name = self.symbol(&self.derivation().symbol(line.id));
        let mut segments: Vec<String> = line.segments.iter().map(|s| format!("= {}", self.segment(s))).collect();
        if let (Symbol::Updated(_), Some(first)) = (self.derivation().symbol(line.id), segments.first_mut()) {
            *first = first.replacen('=', if self.format.ascii { "<-" } else { "←" }, 1);
        }
        match (line.segments.last(), self.result(line)) {
            // A case that is a number is the result already.
            (Some(Segment::Case(Expression::Number(_), _)), _) => {}
            (_, result) => segments.push(result),
        }
        let name = padded(&name, aligned);
        let indent = 3 + width(&name);
        let mut current = format!("  {} ", self.coloured(&name, part));
        let mut columns = indent;
        for segment in segments {
            let wide = width(&segment);
            if columns > indent && columns + wide > self.format.columns.max(40) {
                *text += &format!("{}\n", current.trim_end());
                (current, columns) = (" ".repeat(indent), indent);
            }
            current += &format!("{segment} ");
            columns += wide + 1;
        }
        *text += &format!("{}\n", current.trim_end());
    }

    /// `≈ 1.409 †`, and what the other way of rounding gives.
    fn result(&self, line: &Line) -> String {
        let sign = match (line.exact, self.format.ascii) {
            (true, _) => "=",
            (false, false) => "≈",
            (false, true) => "~",
        };
        let digits = self.document.lines.digits;
        let written = match (line.exact, self.format.ascii) {
            (true, _) => self.number(line.value),
            (false, true) => digits.rounded_decimal(line.value),
            (false, false) => digits.rounded_text(line.value),
        };
        let mut text = format!("{sign} {written}");
        if line.differs {
            text += " †";
        }
        if let Some(other) = line.otherwise {
            let other = if self.format.ascii { digits.rounded_decimal(other) } else { digits.rounded_text(other) };
            text += "  ";
            text += self.words(&match self.document.lines.carry {
                Carry::Exact => phrase!("({other} by hand)", "(手計算では {other})"),
                Carry::Shown => phrase!("({other} exactly)", "(正確には {other})"),
            });
        }
        text
    }

    fn table(&self, table: &Table, text: &mut String) {
        let cell = |cell: &Cell| match cell {
            Cell::Symbol(id) => self.symbol(&self.derivation().symbol(*id)),
            Cell::Block(block) => self.symbol(&self.derivation().block_symbol(*block)),
            Cell::Number(number) => number.clone(),
            Cell::Words(phrase) => self.words(phrase).to_string(),
        };
        let mut rows: Vec<Vec<String>> = vec![table.head.iter().map(|h| self.words(h).to_string()).collect()];
        rows.extend(table.rows.iter().map(|row| row.iter().map(cell).collect()));
        let columns = table.head.len();
        let wide: Vec<usize> =
            (0..columns).map(|c| rows.iter().map(|r| r.get(c).map_or(0, |t| width(t))).max().unwrap_or(0)).collect();
        let numeric: Vec<bool> =
            (0..columns).map(|c| table.rows.iter().all(|r| matches!(r.get(c), Some(Cell::Number(_)) | None))).collect();
        for row in &rows {
            let cells = row.iter().enumerate().map(|(c, t)| match numeric[c] {
                true => format!("{}{t}", " ".repeat(wide[c].saturating_sub(width(t)))),
                false => padded(t, wide[c]),
            });
            *text += &format!("  {}\n", cells.collect::<Vec<_>>().join("   ").trim_end());
        }
    }
}
