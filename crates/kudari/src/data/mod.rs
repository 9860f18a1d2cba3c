//! Floor 6: data in. Data sets, batches, and the files they come from.
//!
//! A [`Dataset`] holds samples and targets; [`Dataset::batches`] goes through it in random order. Images stay bytes until
//! they are put into a batch, so MNIST takes 47 MB and not 188.

mod batches;
mod dataset;
mod divide;
mod generated;
mod idx;
mod order;
mod prefetch;
mod stored;
pub mod table;

pub use batches::{Batch, Batches, Sampling};
pub use dataset::{Dataset, Normalisation, Split};
pub use generated::{circles, moons, spiral, xor};
pub use idx::{Idx, IdxNumbers, parse_idx, read_idx, read_idx_folder, read_idx_pair, read_idx_samples};
