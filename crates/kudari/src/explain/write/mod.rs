//! Writing an explanation: one file a format.

mod answers;
mod drawing;
mod json;
mod text;

pub use text::TextFormat;
