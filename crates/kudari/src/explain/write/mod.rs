//! Writing an explanation: one file a format.

mod answers;
mod drawing;
mod html;
mod json;
mod text;

pub use html::HtmlFormat;
pub use text::TextFormat;
