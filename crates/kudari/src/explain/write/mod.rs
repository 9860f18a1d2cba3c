//! Writing an explanation: one file a format.

mod drawing;
mod text;

pub use text::TextFormat;
