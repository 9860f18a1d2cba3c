//! Worked lines: name = symbols = numbers ≈ value.

use super::Writer;
use super::mathml::{self, Bond, Piece, math, number, sign, summands};
use super::quantities::Quantity;
use crate::explain::derivation::Id;
use crate::explain::line::{Carry, Line, Segment, Term};
use crate::explain::symbol::Symbol;
use crate::explain::words::phrase;
use crate::expression::{Condition, Expression, Relation};

impl Writer<'_> {
    /// A number of the derivation as it is written, linked to where it was calculated.
    pub(super) fn quantity(&self, id: Id) -> Piece {
        let (lines, digits) = (self.document.lines, self.document.lines.digits);
        let decimal = match digits.is_exact(self.derivation().value(id)) {
            true => digits.decimal(lines.value(id)),
            false => digits.rounded_decimal(lines.value(id)),
        };
        self.linked(Quantity::Number(id), number(&decimal))
    }

    /// The name of a number, linked to where it was calculated.
    pub(super) fn name(&self, id: Id) -> Piece {
        self.linked(Quantity::Number(id), mathml::symbol(&self.derivation().symbol(id)))
    }

    /// The name of a block, linked to where it was calculated.
    pub(super) fn block_name(&self, block: usize) -> Piece {
        self.linked(Quantity::Block(block), mathml::symbol(&self.derivation().block_symbol(block)))
    }

    fn linked(&self, quantity: Quantity, piece: Piece) -> Piece {
        let reference = self.quantities.reference(quantity);
        Piece::new(format!("<mrow{reference}>{}</mrow>", piece.markup), piece.bond)
    }

    fn term(&self, term: &Term, as_symbol: bool) -> Piece {
        match *term {
            Term::Quantity(id) if as_symbol => self.name(id),
            Term::Quantity(id) => self.quantity(id),
            Term::Value(value) => number(&self.document.lines.digits.decimal(value)),
            Term::Rest { count, value } => {
                let words = phrase!("{count} more", "ほか {count} 項");
                let words = format!("<mtext lang=\"en\">{}</mtext><mtext lang=\"ja\">{}</mtext>", words.english, words.japanese);
                let value = match as_symbol {
                    true => String::new(),
                    false => format!("<mo>:</mo>{}", number(&self.document.lines.digits.decimal(value)).markup),
                };
                Piece::new(
                    format!(
                        "<mrow class=\"rest\"><mo stretchy=\"false\">(</mo>{words}{value}<mo stretchy=\"false\">)</mo></mrow>"
                    ),
                    Bond::Atom,
                )
            }
        }
    }

    /// One form of the calculation behind its sign. A sum is several formulas, so that a narrow page may break it.
    fn segment(&self, segment: &Segment, relation: &str) -> String {
        let relation = sign(relation);
        let (class, pieces) = match segment {
            Segment::Called(function, id) => ("symbols", vec![mathml::called(function, &self.name(*id).markup)]),
            Segment::Symbols(formula) => ("symbols", self.pieces(formula, true)),
            Segment::Numbers(formula) => ("numbers", self.pieces(formula, false)),
            Segment::Case(case, condition) => {
                let case = mathml::expression(case, &|t| self.term(t, false)).markup;
                let condition = math(&self.condition(condition));
                let (english, japanese) = (format!("as {condition}"), format!("{condition} だから"));
                let words = self.both(&english, &japanese);
                return format!(
                    "<span class=\"segment\">{} <span class=\"because\">{words}</span></span>",
                    math(&(relation + &case))
                );
            }
        };
        let mut pieces = pieces.into_iter();
        let first = math(&format!("{relation}{}", pieces.next().unwrap_or_default()));
        let rest: String = pieces.map(|piece| format!("<wbr/>{}", math(&piece))).collect();
        format!("<span class=\"segment {class}\">{first}{rest}</span>")
    }

    /// `a₁ = 11 > 0`: the number on which a case depends, and how it compares.
    fn condition(&self, condition: &Condition<Term>) -> String {
        let side =
            |side: &Expression<Term>, as_symbols| mathml::expression(side, &|t| self.term(t, as_symbols)).within(Bond::Sum);
        let (symbols, number) = (side(&condition.left, true), side(&condition.left, false));
        let comparison = format!("{}{}", sign(condition.relation.sign()), side(&condition.right, false));
        let is_known = symbols == number || condition.relation == Relation::Equal;
        if is_known { symbols + &comparison } else { format!("{symbols}{}{number}{comparison}", sign("=")) }
    }

    fn pieces(&self, formula: &Expression<Term>, as_symbols: bool) -> Vec<String> {
        let leaf = |term: &Term| self.term(term, as_symbols);
        match formula {
            Expression::Sum(terms) => summands(terms, &leaf),
            other => vec![mathml::expression(other, &leaf).markup],
        }
    }

    /// A line of the calculation.
    pub(super) fn line(&self, line: &Line, reason: String) -> String {
        let symbol = self.derivation().symbol(line.id);
        let mut signs = [if matches!(symbol, Symbol::Updated(_)) { "←" } else { "=" }].into_iter().chain(std::iter::repeat("="));
        let segments = line.segments.iter().map(|s| self.segment(s, signs.next().unwrap_or("=")));
        let mut body = segments.collect::<Vec<_>>().join(" ");
        // A case that is a number is the result already.
        if !matches!(line.segments.last(), Some(Segment::Case(Expression::Number(_), _))) {
            body += " ";
            body += &self.result(line);
        }
        let quantity = Quantity::Number(line.id);
        let relation = if line.exact { ["is", "は"] } else { ["is about", "はおよそ"] };
        let value = self.document.lines.text(line.id);
        let label = self.label(&symbol, |name, language| match language {
            0 => format!("{name} {} {value}", relation[0]),
            _ => format!("{name}{} {value}", relation[1]),
        });
        let uses = self.quantities.reference(quantity);
        format!(
            "<li{place} class=\"step\"{label}{uses}><span class=\"name\">{name}</span><span class=\"body\">{body}</span>{reason}</li>\n",
            place = self.quantities.line_place(quantity),
            name = math(&mathml::symbol(&symbol).markup),
        )
    }

    /// `≈ 1.409 †`, and what the other way of rounding gives.
    fn result(&self, line: &Line) -> String {
        let relation = sign(if line.exact { "=" } else { "≈" });
        let mut text = format!("<span class=\"segment result\">{}", math(&(relation + &self.quantity(line.id).markup)));
        if line.differs {
            text += "<sup class=\"mark\">†</sup>";
        }
        if let Some(other) = line.otherwise {
            let other = math(&number(&self.document.lines.digits.rounded_decimal(other)).markup);
            let words = match self.document.lines.carry {
                Carry::Exact => self.both(&format!("by hand {other}"), &format!("手計算では {other}")),
                Carry::Shown => self.both(&format!("exactly {other}"), &format!("正確には {other}")),
            };
            text += &format!(" <span class=\"otherwise\">{words}</span>");
        }
        text + "</span>"
    }

    /// What a screen reader says of a line, in both languages; the page's first one is in force.
    pub(super) fn label(&self, symbol: &Symbol, sentence: impl Fn(&str, usize) -> String) -> String {
        let labels = [sentence(&spoken(symbol), 0), sentence(&spoken_in_japanese(symbol), 1)].map(|t| mathml::escaped(&t));
        let first = if self.format.language.code() == "en" { &labels[0] } else { &labels[1] };
        format!(" aria-label=\"{first}\" data-label-en=\"{}\" data-label-ja=\"{}\"", labels[0], labels[1])
    }
}

/// `delta 1 of layer 2`
fn spoken(symbol: &Symbol) -> String {
    match symbol {
        Symbol::Letter { letter, layer, index, sample } => {
            let index: String = index.iter().map(|i| format!(" {i}")).collect();
            let layer = layer.map_or(String::new(), |l| format!(" of layer {l}"));
            let sample = sample.map_or(String::new(), |s| format!(" in sample {s}"));
            format!("{}{index}{layer}{sample}", if *letter == "δ" { "delta" } else { letter })
        }
        Symbol::Derivative(of) => format!("the derivative of E by {}", spoken(of)),
        Symbol::Slope(function, at) => format!("{function} prime of {}", spoken(at)),
        Symbol::Updated(of) => format!("the new {}", spoken(of)),
        Symbol::State(letter, of) => format!("{} of {}", said(letter), spoken(of)),
    }
}

/// `m hat` for m̂.
fn said(letter: &str) -> String {
    letter.replace('\u{302}', " hat")
}

/// `第 2 層のデルタ 1`
fn spoken_in_japanese(symbol: &Symbol) -> String {
    match symbol {
        Symbol::Letter { letter, layer, index, sample } => {
            let index: String = index.iter().map(|i| format!(" {i}")).collect();
            let layer = layer.map_or(String::new(), |l| format!("第 {l} 層の "));
            let sample = sample.map_or(String::new(), |s| format!("{s} 番目のデータの "));
            format!("{sample}{layer}{}{index}", if *letter == "δ" { "デルタ" } else { letter })
        }
        Symbol::Derivative(of) => format!("{} による E の微分", spoken_in_japanese(of)),
        Symbol::Slope(function, at) => format!("{function} プライム({})", spoken_in_japanese(at)),
        Symbol::Updated(of) => format!("新しい {}", spoken_in_japanese(of)),
        Symbol::State(letter, of) => format!("{} の {}", spoken_in_japanese(of), said(letter)),
    }
}
