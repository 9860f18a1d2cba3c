//! An explanation for TeX: a document of its own, or the blocks to be pasted into notes.

mod network;
mod table;

use super::tex::{Block, Formulas, Fragment, prose, setting};
use crate::explain::document::{Document, Item, Section};
use crate::explain::words::{Language, Phrase};

/// How a document is written in LaTeX.
#[derive(Debug, Clone, Copy, Default)]
pub struct LatexFormat {
    /// The language of the words.
    pub language: Language,
    /// Only the sections, to be pasted into a document that loads amsmath, booktabs and longtable.
    pub body: bool,
}

/// How wide the lines of the document are, in em.
const PAGE: f64 = 45.0;
/// How wide LaTeX's own `article` sets its lines.
const ARTICLE: f64 = 34.0;

impl Document<'_> {
    /// The document in LaTeX. In English it is an `article` for any TeX, in Japanese an `ltjsarticle` for LuaLaTeX; amsmath,
    /// booktabs, geometry and longtable are all it loads. Lines are broken to stay within the page, in a body within the
    /// narrower page that `article` has of its own.
    pub fn latex(&self, format: &LatexFormat) -> String {
        let width = if format.body { ARTICLE } else { PAGE };
        let writer = Writer { formulas: Formulas { document: self, language: format.language, width } };
        let sections: String = self.sections.iter().map(|section| writer.section(section)).collect();
        let footnote = self.footnote().map_or(String::new(), |words| format!("\n\\bigskip\\noindent {}\n", writer.prose(&words)));
        let body = format!("{sections}{footnote}");
        if format.body {
            return format!("% needs \\usepackage{{amsmath,booktabs,longtable}}\n{}", body.trim_start_matches('\n'));
        }
        let class = match format.language {
            Language::English => "\\documentclass[a4paper,fleqn]{article}",
            Language::Japanese => "% for LuaLaTeX\n\\documentclass[a4paper,fleqn]{ltjsarticle}",
        };
        let title = escaped(self.title, format.language);
        let subtitle = sentence_start(writer.formulas.words(&self.kind()));
        format!(
            "{class}\n\\usepackage{{amsmath,booktabs,longtable}}\n\\usepackage[margin=23mm]{{geometry}}\n\
             \\setlength\\mathindent{{1em}}\n\\setlength\\parindent{{0pt}}\n\\raggedbottom\n\\setlength\\emergencystretch{{2em}}\n\\begin{{document}}\n\
             {{\\LARGE\\bfseries {title}\\par}}\n\\smallskip\n{{\\large {subtitle}\\par}}\n\\bigskip\n\
             {body}\\end{{document}}\n"
        )
    }
}

/// The words as they stand behind a title: without a capital.
fn sentence_start(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| format!("{}{}", first.to_lowercase(), letters.as_str()))
}

struct Writer<'a> {
    formulas: Formulas<'a>,
}

impl Writer<'_> {
    fn section(&self, section: &Section) -> String {
        let mut text = String::new();
        if !section.title.english.is_empty() {
            text += &format!("\n\\section{{{}}}\n", self.prose(&section.heading()));
        }
        let settings: Vec<String> = section.items.iter().filter_map(|item| self.setting(item)).collect();
        if !settings.is_empty() {
            text += &format!(
                "\n\\noindent\\begin{{tabular}}{{@{{}}lp{{0.84\\linewidth}}@{{}}}}\n{}\n\\end{{tabular}}\n",
                settings.join("\\\\[4pt]\n")
            );
        }
        for block in self.formulas.blocks(&section.items) {
            text += &match block {
                Block::Display(display) => format!("\\[\n{display}\n\\]\n"),
                Block::Item(Item::Remark(phrase)) => format!("\n\\medskip\\noindent {}\n", self.prose(phrase)),
                Block::Item(Item::Fact(phrase)) => format!("\n\\noindent {}\n", self.prose(phrase)),
                Block::Item(Item::Warning(phrase)) => {
                    format!("\n\\smallskip\\noindent\\hangindent=1em\\makebox[1em][l]{{\\textbf{{!}}}}{}\n", self.prose(phrase))
                }
                Block::Item(Item::Table(table)) => self.table(table),
                Block::Item(Item::Drawing) => self.network(),
                Block::Item(Item::Setting(..) | Item::Line(_) | Item::Matrix(_) | Item::Given(_)) => String::new(),
            };
        }
        text
    }

    /// A row of the table of settings: the name, and the formula with the words on it.
    fn setting(&self, item: &Item) -> Option<String> {
        let Item::Setting(name, text, words) = item else { return None };
        let mut parts: Vec<String> = text.split("   ").map(|piece| self.fragments(setting(piece))).collect();
        parts.push(self.prose(words));
        parts.retain(|part| !part.is_empty());
        Some(format!("\\textbf{{{}}} & {}", self.prose(name), parts.join("\\quad ")))
    }

    /// A phrase with its formulas between dollar signs.
    fn prose(&self, phrase: &Phrase) -> String {
        self.fragments(prose(self.formulas.words(phrase)))
    }

    fn fragments(&self, fragments: Vec<Fragment>) -> String {
        let write = |fragment: Fragment| match fragment {
            Fragment::Words(words) => escaped(&words, self.formulas.language),
            Fragment::Math(math) => format!("${math}$"),
            Fragment::Gap => "\\quad ".to_string(),
        };
        fragments.into_iter().map(write).collect()
    }
}

/// Words with LaTeX's own signs taken literally. In English nothing is left that TeX's first fonts lack.
pub(super) fn escaped(text: &str, language: Language) -> String {
    let sign = |c: char| match c {
        '\\' => "\\textbackslash{}".to_string(),
        '{' | '}' | '$' | '&' | '#' | '_' | '%' => format!("\\{c}"),
        '~' => "\\textasciitilde{}".to_string(),
        '^' => "\\textasciicircum{}".to_string(),
        '"' => "''".to_string(),
        '…' => "\\dots{}".to_string(),
        '–' => "\\textendash{}".to_string(),
        '’' => "'".to_string(),
        _ if c.is_ascii() || language == Language::Japanese => c.to_string(),
        // Latin letters with accents are known to every LaTeX.
        _ if c.is_alphabetic() && c < '\u{180}' => c.to_string(),
        _ => "?".to_string(),
    };
    // Two hyphens would become a dash; LuaTeX sees through empty braces.
    text.chars().map(sign).collect::<String>().replace("--", "-\\mbox{}-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_literally() {
        let escaped = |text| super::escaped(text, Language::English);
        assert_eq!(escaped("50 % of a_b & {c} #1 $x"), "50 \\% of a\\_b \\& \\{c\\} \\#1 \\$x");
        assert_eq!(escaped("--carry C:\\x ~ ^"), "-\\mbox{}-carry C:\\textbackslash{}x \\textasciitilde{} \\textasciicircum{}");
        assert_eq!(escaped("by-hand"), "by-hand");
        assert_eq!(escaped("名 é"), "? é");
        assert_eq!(super::escaped("名", Language::Japanese), "名");
    }
}
