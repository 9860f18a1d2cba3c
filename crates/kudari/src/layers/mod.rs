//! Floor 5: layers, parameters with names and what is computed with them.
//!
//! A [`Layer`] is anything that has parameters: implement it for a struct of your own with `#[derive(Layer)]` and write
//! `forward` as an ordinary method. A [`Module`] is a layer with one input and one output, which is what
//! [`Sequential`] and the network notation are made of.

mod activation;
mod adaptive;
mod attention;
mod buffer;
mod checkpoint;
mod convolution;
mod dropout;
mod embedding;
mod enlarging;
mod initializer;
mod linear;
mod normalization;
mod parameter;
mod pattern;
mod pooling;
mod recurrent;
mod residual;
mod sequential;

pub use activation::{ACTIVATIONS, Activation, ActivationKind, ActivationParameter, Flatten, Reshape};
pub use adaptive::{Maxout, PRelu};
pub use attention::{MultiHeadAttention, Positions};
pub use buffer::Buffer;
pub use checkpoint::Checkpoint;
pub use convolution::Conv2d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use enlarging::{ConvTranspose2d, Upsample};
pub use initializer::Initializer;
pub use linear::Linear;
pub use normalization::{BatchNorm, GroupNorm, LayerNorm, RmsNorm};
pub use parameter::{Layer, Parameter, Path, parameter_count, set_seed};
pub use pattern::matches;
pub use pooling::{AveragePool2d, GlobalAveragePool2d, MaxPool2d};
pub use recurrent::{Gru, Last, Lstm, RecurrentLayers, Rnn};
pub use residual::Residual;
pub use sequential::{Module, Sequential};

/// Implements [`Layer`] for a struct: its fields are parameters, buffers or layers, named as the fields; fields marked
/// `#[layer(skip)]` are neither.
pub use kudari_derive::Layer;
