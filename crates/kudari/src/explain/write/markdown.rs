//! An explanation in Markdown, with formulas between dollar signs.

use super::drawing::drawing;
use super::tex::{Block, Formulas, Fragment, prose, setting};
use crate::explain::document::{Cell, Document, Item, Section, Table};
use crate::explain::words::{Language, Phrase, phrase};

/// How wide a formula may be, in em.
const WIDTH: f64 = 46.0;

impl Document<'_> {
    /// The document in Markdown, its formulas in LaTeX between `$` or `$$`, as many programs render them.
    pub fn markdown(&self, language: Language) -> String {
        let writer = Writer { formulas: Formulas { document: self, language, width: WIDTH } };
        let mut text = format!("# {}\n", escaped(self.title));
        let mut number = 0;
        for section in &self.sections {
            if !section.title.english.is_empty() {
                number += 1;
                text += &format!("\n## {number} {}\n", writer.prose(&section.heading()));
            }
            text += &writer.section(section);
        }
        if let Some(footnote) = self.footnote() {
            text += &format!("\n---\n\n{}\n", writer.prose(&footnote));
        }
        text
    }
}

struct Writer<'a> {
    formulas: Formulas<'a>,
}

impl Writer<'_> {
    fn section(&self, section: &Section) -> String {
        let mut text = String::new();
        let settings: Vec<String> = section.items.iter().filter_map(|item| self.setting(item)).collect();
        if !settings.is_empty() {
            text += &format!("\n| | |\n|---|---|\n{}", settings.concat());
        }
        for block in self.formulas.blocks(&section.items) {
            text += &match block {
                Block::Display(display) => format!("\n$$\n{}\n$$\n", commands(&display)),
                Block::Item(Item::Remark(phrase) | Item::Fact(phrase)) => format!("\n{}\n", self.prose(phrase)),
                Block::Item(Item::Warning(phrase)) => {
                    let word = phrase!("Note", "注意");
                    format!("\n> **{}:** {}\n", self.formulas.words(&word), self.prose(phrase))
                }
                Block::Item(Item::Table(table)) => self.table(table),
                Block::Item(Item::Drawing) => self.drawing(),
                Block::Item(Item::Setting(..) | Item::Line(_) | Item::Matrix(_) | Item::Given(_)) => String::new(),
            };
        }
        text
    }

    fn setting(&self, item: &Item) -> Option<String> {
        let Item::Setting(name, text, words) = item else { return None };
        let mut parts: Vec<String> = text.split("   ").map(|piece| self.fragments(setting(piece))).collect();
        parts.push(self.prose(words));
        parts.retain(|part| !part.is_empty());
        Some(format!("| {} | {} |\n", self.prose(name), parts.join(" &emsp; ")))
    }

    fn drawing(&self) -> String {
        let digits = self.formulas.document.lines.digits;
        let lines = drawing(self.formulas.document.derivation, &|symbol| symbol.text(), &|value| digits.text(value));
        if lines.is_empty() { String::new() } else { format!("\n```text\n{}\n```\n", lines.join("\n")) }
    }

    fn table(&self, table: &Table) -> String {
        let derivation = self.formulas.document.derivation;
        let cell = |cell: &Cell| match cell {
            Cell::Symbol(id) => format!("${}$", commands(&derivation.symbol(*id).latex())),
            Cell::Block(block) => format!("${}$", commands(&self.formulas.block_name(*block))),
            Cell::Number(number) => self.prose(&Phrase::same(number.as_str())),
            Cell::Words(phrase) => self.prose(phrase),
        };
        let numeric = |c: usize| table.rows.iter().all(|row| matches!(row.get(c), Some(Cell::Number(_)) | None));
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("\n{}", line(table.head.iter().map(|head| self.prose(head)).collect()));
        text += &line((0..table.head.len()).map(|c| if numeric(c) { "---:" } else { "---" }.to_string()).collect());
        table.rows.iter().for_each(|row| text += &line(row.iter().map(cell).collect()));
        text
    }

    fn prose(&self, phrase: &Phrase) -> String {
        self.fragments(prose(self.formulas.words(phrase)))
    }

    /// Words and formulas; a formula stands free, since many programs take a dollar sign beside a letter as itself.
    fn fragments(&self, fragments: Vec<Fragment>) -> String {
        let mut text = String::new();
        let mut after_formula = false;
        for fragment in fragments {
            match fragment {
                Fragment::Words(words) => {
                    if after_formula && words.starts_with(|c: char| !c.is_ascii()) {
                        text.push(' ');
                    }
                    text += &escaped(&words);
                    after_formula = false;
                }
                Fragment::Math(math) => {
                    if text.ends_with(|c: char| !c.is_ascii()) {
                        text.push(' ');
                    }
                    text += &format!("${}$", commands(&math));
                    after_formula = true;
                }
                Fragment::Gap => text += " &emsp; ",
            }
        }
        text
    }
}

/// The formula with commands of letters alone: Markdown takes a backslash before another sign for its own.
fn commands(latex: &str) -> String {
    const SPELLED: [(&str, &str); 4] =
        [("\\\\[3pt]", "\\cr"), ("\\\\", "\\cr"), ("\\,", "\\thinspace "), ("\\;", "\\thickspace ")];
    SPELLED.iter().fold(latex.to_string(), |text, (short, long)| text.replace(short, long))
}

/// Words with Markdown's own signs taken literally.
fn escaped(text: &str) -> String {
    let sign = |c: char| match c {
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '$' | '#' | '~' => format!("\\{c}"),
        _ => c.to_string(),
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_have_no_backslash_before_a_sign() {
        assert_eq!(commands("a\\,b\\\\ c\\\\[3pt]\n\\;\\dagger"), "a\\thinspace b\\cr c\\cr\n\\thickspace \\dagger");
    }

    #[test]
    fn words_are_taken_literally() {
        assert_eq!(escaped("0.weight[1,2] a|b *c* $"), "0.weight\\[1,2\\] a\\|b \\*c\\* \\$");
    }
}
