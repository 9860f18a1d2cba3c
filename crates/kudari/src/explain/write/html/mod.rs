//! An explanation as a page for the browser: one file that needs nothing else.
//!
//! Formulas are MathML, built from the expression tree; every number and letter of a quantity carries the quantity's
//! link, so that the page can show where it comes from and where it goes. Without scripts the page is a plain document.

mod given;
mod lines;
mod mathml;
mod matrices;
mod network;
mod quantities;
mod strips;

use std::cell::RefCell;
use std::collections::HashSet;

use mathml::{Bond, Piece, applied, escaped, expression, math, sign};
use quantities::{Quantities, Quantity};

use crate::autograd::Character;
use crate::explain::derivation::Derivation;
use crate::explain::document::{Cell, Document, Item, Part, Section, Table};
use crate::explain::line::Carry;
use crate::explain::words::{Language, Phrase, phrase};

/// How a document is written as a page.
#[derive(Debug, Clone, Copy, Default)]
pub struct HtmlFormat {
    /// The language that is shown first; the page holds both.
    pub language: Language,
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Document<'_> {
    /// The document as a page: a whole file that is both HTML and well-formed XML.
    pub fn html(&self, format: &HtmlFormat) -> String {
        let worked = self.sections.iter().flat_map(|s| &s.items).filter_map(|item| match item {
            Item::Line(line) => Some(Quantity::Number(line.id)),
            Item::Matrix(line) => Some(Quantity::Block(line.block)),
            _ => None,
        });
        let quantities = Quantities::new(self.derivation, self.lines, worked);
        Writer { document: self, format, quantities, explained: RefCell::default() }.page()
    }
}

struct Writer<'a> {
    document: &'a Document<'a>,
    format: &'a HtmlFormat,
    quantities: Quantities<'a>,
    /// The reasons that were given, each once.
    explained: RefCell<HashSet<String>>,
}

impl Writer<'_> {
    fn derivation(&self) -> &Derivation {
        self.document.derivation
    }

    /// Markup in both languages, one of which is shown.
    fn both(&self, english: &str, japanese: &str) -> String {
        match english == japanese {
            true => english.to_string(),
            false => format!("<span lang=\"en\">{english}</span><span lang=\"ja\">{japanese}</span>"),
        }
    }

    fn words(&self, phrase: &Phrase) -> String {
        self.both(&escaped(&phrase.english), &escaped(&phrase.japanese))
    }

    fn page(&self) -> String {
        let language = self.format.language;
        let title = escaped(self.document.title);
        let heading = self.words(&self.document.kind());
        let network = self.figure();
        let mut sections = String::new();
        let mut number = 0;
        for section in &self.document.sections {
            if !section.title.english.is_empty() {
                number += 1;
            }
            sections += &self.section(section, number);
        }
        let others = self.other_numbers();
        let footnote = self.footnote();
        format!(
            "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"{code}\" data-show=\"both\" data-edges=\"forward\">\n\
             <head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <title>{title} · kudari explain</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{bar}\n\
             <div class=\"page\">\n<header><h1>{heading}<small>{title}</small></h1></header>\n\
             <main>\n{sections}{others}{footnote}</main>\n\
             <aside>\n{network}<div id=\"panel\" role=\"status\" hidden=\"hidden\"></div>\n</aside>\n</div>\n\
             <script type=\"application/json\" id=\"quantities\">{json}</script>\n\
             <script>\n/*<![CDATA[*/\n{SCRIPT}/*]]>*/\n</script>\n</body>\n</html>\n",
            code = language.code(),
            bar = self.bar(),
            json = self.quantities.json(),
        )
    }

    /// The controls; without scripts they are not shown.
    fn bar(&self) -> String {
        let choice = |group: &str, value: &str, words: &str| {
            format!("<button type=\"button\" data-set=\"{group}\" data-value=\"{value}\">{words}</button>")
        };
        let button = |action: &str, words: &str, key: &str| {
            let key = if key.is_empty() { String::new() } else { format!("<kbd>{key}</kbd>") };
            format!("<button type=\"button\" data-do=\"{action}\">{words}{key}</button>")
        };
        let word = |english: &str, japanese: &str| self.both(english, japanese);
        format!(
            "<nav class=\"bar\">\n<span class=\"group\">{}{}</span>\n<span class=\"group\">{}{}{}</span>\n\
             <span class=\"group\">{}{}</span>\n<span class=\"group\">{}{}</span>\n</nav>",
            choice("lang", "en", "EN"),
            choice("lang", "ja", "日本語"),
            choice("show", "symbols", &word("symbols", "文字")),
            choice("show", "numbers", &word("numbers", "数値")),
            choice("show", "both", &word("both", "両方")),
            button("previous", &word("previous", "前へ"), "←"),
            button("next", &word("next", "次へ"), "→"),
            button("link", &word("copy link", "リンクをコピー"), ""),
            button("print", &word("print", "印刷"), ""),
        )
    }

    fn section(&self, section: &Section, number: usize) -> String {
        let mut text = format!("<section id=\"{key}\" class=\"{key}\">\n", key = section.part.key());
        if !section.title.english.is_empty() {
            let english = escaped(&sentence_case(&section.title.english));
            let title = self.both(&english, &escaped(&section.title.japanese));
            text += &format!("<h2><span class=\"number\">{number}</span>{title}</h2>\n");
        }
        let (mut settings, mut lines) = (String::new(), String::new());
        for item in &section.items {
            let line = match item {
                Item::Line(line) => self.line(line, self.reason(self.derivation().locate(line.id).0)),
                Item::Matrix(line) => self.matrix_line(line, self.reason(line.block)),
                _ => String::new(),
            };
            if line.is_empty() {
                text += &list(&std::mem::take(&mut lines));
            }
            lines += &line;
            match item {
                Item::Setting(name, formula, words) => {
                    let (name, words) = (self.words(name), self.words(words));
                    let formula = self.function(&words).unwrap_or_else(|| typeset(formula));
                    settings += &format!("<dt>{name}</dt><dd><span class=\"formula\">{formula}</span> {words}</dd>\n");
                }
                Item::Remark(phrase) => text += &self.paragraph("remark", phrase),
                Item::Fact(phrase) => text += &self.paragraph("fact", phrase),
                Item::Warning(phrase) => text += &self.paragraph("warning", phrase),
                Item::Table(table) => text += &self.table(table, section.part),
                // The network stands beside the whole calculation, and what is given in a list of its own.
                Item::Line(_) | Item::Matrix(_) | Item::Drawing | Item::Given(_) => {}
            }
        }
        text += &list(&lines);
        if !settings.is_empty() {
            text += &format!("<dl class=\"settings\">\n{settings}</dl>\n{}", self.given());
        }
        text + "</section>\n"
    }

    /// An elementwise function of the network by its name: formula and slope.
    fn function(&self, name: &str) -> Option<String> {
        let derivation = self.derivation();
        let step = derivation.steps.iter().position(|s| s.function == name)?;
        let Character::Elementwise { formula, slope } = &derivation.steps[step].character else { return None };
        let letter = |name: &String| Piece::new(if name == "y" { "<mi>z</mi>" } else { "<mi>a</mi>" }, Bond::Atom);
        let of_a = |name: &str| applied(name, "<mi>a</mi>") + &sign("=");
        let name = format!("<mi>{}</mi>", derivation.function_letter(step));
        let value = math(&(of_a(&name) + &expression(formula, &letter).markup));
        let slope = math(&(of_a(&format!("<msup>{name}<mo>′</mo></msup>")) + &expression(slope, &letter).markup));
        Some(format!("{value} <span class=\"slope\">{slope}</span>"))
    }

    fn paragraph(&self, class: &str, phrase: &Phrase) -> String {
        format!("<p class=\"{class}\">{}</p>\n", self.words(phrase))
    }

    /// Why the numbers of a block are calculated in this way, at the first line to which it applies.
    fn reason(&self, block: usize) -> String {
        let reason = self.quantities.reason(block).filter(|r| self.explained.borrow_mut().insert(r.english.clone()));
        let summary = self.words(&phrase!("why?", "なぜ?"));
        reason.map_or(String::new(), |reason| {
            format!("<details><summary>{summary}</summary><p>{}</p></details>", self.words(&reason))
        })
    }

    fn table(&self, table: &Table, part: Part) -> String {
        let numeric = |column: usize| table.rows.iter().all(|r| matches!(r.get(column), Some(Cell::Number(_)) | None));
        let class = |column: usize| if numeric(column) { " class=\"number\"" } else { "" };
        let head: String =
            table.head.iter().enumerate().map(|(c, h)| format!("<th{}>{}</th>", class(c), self.words(h))).collect();
        let mut rows = String::new();
        for row in &table.rows {
            // A row of the check is about the derivative by its symbol.
            let about = match (part, row.first()) {
                (Part::Check, Some(Cell::Symbol(id))) => {
                    let (block, at) = self.derivation().locate(*id);
                    let gradient = self.derivation().gradient_of(block).map(|g| self.derivation().blocks[g].first + at);
                    gradient.map_or(String::new(), |id| self.quantities.reference(Quantity::Number(id)))
                }
                _ => String::new(),
            };
            let cell = |cell: &Cell| match cell {
                Cell::Symbol(id) => math(&self.name(*id).markup),
                Cell::Block(block) => math(&self.block_name(*block).markup),
                Cell::Number(number) => escaped(number),
                Cell::Words(phrase) => self.words(phrase),
            };
            let cells: String = row.iter().enumerate().map(|(c, one)| format!("<td{}>{}</td>", class(c), cell(one))).collect();
            rows += &format!("<tr{about}>{cells}</tr>\n");
        }
        format!("<div class=\"table\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n")
    }

    fn footnote(&self) -> String {
        if !self.document.has_marks() {
            return String::new();
        }
        let words = match self.document.lines.carry {
            Carry::Exact => phrase!(
                "† Calculating with the rounded numbers on this line gives another last digit; “by hand” is what one gets who rounds every intermediate result. The page itself carries 64-bit numbers.",
                "† この行に表示した(丸めた)数どうしで計算すると末位が変わる。「手計算では」は途中の結果も毎回丸めた場合の値。この頁の計算は 64 ビットのまま続けている。"
            ),
            Carry::Shown => phrase!(
                "Every intermediate result is rounded to the digits shown, as by hand; where that changes a digit, the exact value stands beside it.",
                "手計算のように、途中の結果もすべて表示の桁に丸めている。桁が変わる所には正確な値を添えた。"
            ),
        };
        format!("<footer>{}</footer>\n", self.paragraph("note", &words).trim_end())
    }
}

fn list(lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("<ol class=\"lines\">\n{lines}</ol>\n") }
}

/// A heading in capitals with one capital.
fn sentence_case(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or(String::new(), |first| format!("{first}{}", letters.as_str().to_lowercase()))
}

/// A formula that is written as text: letters that stand alone are variables, and slanted.
fn typeset(formula: &str) -> String {
    let letters: Vec<char> = formula.chars().collect();
    let is_letter = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphabetic() && !is_index(*c));
    let one = |(at, letter): (usize, &char)| {
        let alone = is_letter(Some(at)) && !is_letter(at.checked_sub(1)) && !is_letter(Some(at + 1));
        let text = escaped(&letter.to_string());
        if alone && *letter != 'Σ' { format!("<i>{text}</i>") } else { text }
    };
    letters.iter().enumerate().map(one).collect()
}

/// Whether a letter is a raised or lowered index.
fn is_index(letter: char) -> bool {
    matches!(letter, '\u{2070}'..='\u{209f}' | '\u{1d62}'..='\u{1d6a}' | 'ʰ'..='ˣ' | 'ⱼ')
}
