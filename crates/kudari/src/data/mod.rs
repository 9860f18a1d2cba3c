//! Floor 6: data in. Data sets, batches, and the files they come from.
//!
//! A [`Dataset`] holds samples and targets; [`Dataset::batches`] goes through it in random order. Images stay bytes until
//! they are put into a batch, so MNIST takes 47 MB and not 188.

mod augment;
mod batches;
mod dataset;
mod divide;
mod generated;
mod idx;
mod npy;
mod npz;
mod order;
mod picture;
mod pictures;
mod prefetch;
mod raw;
mod stored;
pub mod table;
mod text;

pub use augment::Augmentation;
pub use batches::{Batch, Batches, Sampling};
pub use dataset::{Dataset, Normalisation, Split};
pub use generated::{circles, moons, spiral, xor};
pub use idx::{parse_idx, read_idx, read_idx_folder, read_idx_pair, read_idx_samples};
pub use npy::{parse_npy, read_npy};
pub use npz::Npz;
pub use picture::{Colour, PictureForm, decode_picture};
pub use pictures::{LabelledPictures, PictureFiles, is_picture};
pub use raw::{RawArray, RawNumbers, class_names, samples_alone, samples_with_targets};
pub use text::{OTHER, Vocabulary, Windows, read_text, text_from, text_windows};
