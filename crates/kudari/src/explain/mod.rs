//! Floor 7: one step of training as a worked calculation.
//!
//! A [`Problem`] is a network, a loss, a sample and a learning rate. A [`Derivation`] names every number of one step of
//! training on it and knows how each follows from the others; the functions of the network tell that themselves, so any
//! network can be explained. The values are the engine's; the lines that are written are checked against them.

mod derivation;
mod digits;
mod line;
mod problem;
mod symbol;
mod trace;

pub use derivation::{Block, Derivation, Elements, Id, Origin, Step};
pub use digits::Digits;
pub use line::{Carry, Line, Lines, Segment, Term};
pub use problem::Problem;
pub use symbol::Symbol;
