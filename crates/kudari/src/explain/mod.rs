//! Floor 7: one step of training as a worked calculation.
//!
//! A [`Problem`] is a network, a loss, a sample and a learning rate. A [`Derivation`] names every number of one step of
//! training on it and knows how each follows from the others; the functions of the network tell that themselves, so any
//! network can be explained. The values are the engine's; the lines that are written are checked against them.

mod answers;
mod builder;
mod derivation;
mod digits;
mod document;
mod example;
mod explanation;
mod line;
mod matrix;
mod measure;
mod names;
mod paths;
mod problem;
mod rule;
mod selection;
mod symbol;
mod trace;
mod words;
mod worksheet;
mod write;

pub use answers::{Answer, Judged, Verdict, Written};
pub use derivation::{Block, Derivation, Elements, Id, Origin, Step};
pub use digits::Digits;
pub use document::{Cell, Document, Item, Part, Section, Table};
pub use example::Example;
pub use explanation::{Explanation, Notation, Options};
pub use line::{Carry, Line, Lines, Segment, Term};
pub use matrix::{Grid, MatrixExpression, MatrixLine};
pub use measure::Checked;
pub use paths::Route;
pub use problem::Problem;
pub use symbol::Symbol;
pub use words::{Language, Phrase};
pub use write::{HtmlFormat, LatexFormat, TextFormat};
