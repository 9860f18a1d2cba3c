//! An explanation as a document: sections of lines, matrices, tables and remarks, in no format yet.

use super::derivation::{Derivation, Id};
use super::line::{Line, Lines};
use super::matrix::MatrixLine;
use super::words::{Phrase, phrase};

/// The parts of an explanation, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Network, loss, sample and conventions.
    Setting,
    /// From the sample to the output.
    Forward,
    /// From the output to the loss.
    Error,
    /// From the loss back to every weight.
    Backward,
    /// The new weights.
    Update,
    /// Every gradient beside the numerical one.
    Check,
    /// What the step did.
    After,
}

impl Part {
    /// A short name for links.
    pub fn key(self) -> &'static str {
        match self {
            Part::Setting => "setting",
            Part::Forward => "forward",
            Part::Error => "error",
            Part::Backward => "backward",
            Part::Update => "update",
            Part::Check => "check",
            Part::After => "after",
        }
    }
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// The name of a number.
    Symbol(Id),
    /// The name of a whole block.
    Block(usize),
    /// A number, written.
    Number(String),
    /// Words.
    Words(Phrase),
}

/// A table with a head.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<Phrase>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<Cell>>,
}

/// One thing in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A name and what it is: `loss  E = ½ Σₖ (yₖ − tₖ)²`. The second part is a formula, the third words on it.
    Setting(Phrase, String, Phrase),
    /// A line that introduces what follows.
    Remark(Phrase),
    /// A worked line.
    Line(Line),
    /// A worked line of matrices.
    Matrix(MatrixLine),
    /// A table.
    Table(Table),
    /// A fact in a sentence.
    Fact(Phrase),
    /// A fact that asks for attention.
    Warning(Phrase),
    /// The network with its weights on the edges.
    Drawing,
    /// All numbers of a block, without a calculation.
    Given(usize),
}

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Which part it is.
    pub part: Part,
    /// Its heading; the setting has none.
    pub title: Phrase,
    /// What stands in it.
    pub items: Vec<Item>,
}

impl Section {
    /// The title as in a book, with one capital: `What this step did`.
    pub fn heading(&self) -> Phrase {
        let mut letters = self.title.english.chars();
        let first: String = letters.next().into_iter().collect();
        Phrase::new(first + &letters.as_str().to_lowercase(), self.title.japanese.as_str())
    }
}

/// An explanation, ready to be written in any format.
pub struct Document<'a> {
    /// What is explained: the problem's name, or how the function or layer is written.
    pub title: &'a str,
    /// Every number of it.
    pub derivation: &'a Derivation,
    /// How numbers are written.
    pub lines: &'a Lines<'a>,
    /// The sections.
    pub sections: Vec<Section>,
}

impl Document<'_> {
    /// What kind of document it is, in words.
    pub(super) fn kind(&self) -> Phrase {
        match self.derivation.is_example() {
            true => phrase!("A tiny example, worked out", "小さな例を計算で追う"),
            false => phrase!("One step of training, worked out", "学習の 1 歩を計算で追う"),
        }
    }
}
