//! Floor 6: networks written in one line, and the files that hold them.

mod file;
mod network;
mod notation;
mod picture_words;
mod ready;
mod sequence_words;
mod summary;
pub(crate) mod tensors;
mod words;

pub use file::{Model, write_atomically};
pub use network::{Network, NetworkOptions};
pub use notation::layer_words;
pub use ready::{READY_NETWORKS, ReadyNetwork};
pub(crate) use summary::bytes;
pub use summary::{Summary, SummaryRow, with_commas};
