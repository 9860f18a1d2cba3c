//! Writing an explanation: one file a format.

mod answers;
mod drawing;
mod html;
mod json;
mod latex;
mod markdown;
mod tex;
mod text;

pub use html::HtmlFormat;
pub use latex::LatexFormat;
pub use text::TextFormat;
