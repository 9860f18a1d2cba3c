//! Floor 5: layers, parameters with names and what is computed with them.
//!
//! A [`Layer`] is anything that has parameters: implement it for a struct of your own with `#[derive(Layer)]` and write
//! `forward` as an ordinary method. A [`Module`] is a layer with one input and one output, which is what
//! [`Sequential`] and the network notation are made of.

mod activation;
mod adaptive;
mod convolution;
mod initializer;
mod linear;
mod parameter;
mod pooling;
mod sequential;

pub use activation::{ACTIVATIONS, Activation, ActivationKind, ActivationParameter, Flatten, Reshape};
pub use adaptive::{Maxout, PRelu};
pub use convolution::Conv2d;
pub use initializer::Initializer;
pub use linear::Linear;
pub use parameter::{Layer, Parameter, Path, parameter_count, set_seed};
pub use pooling::{AveragePool2d, GlobalAveragePool2d, MaxPool2d};
pub use sequential::{Module, Sequential};

/// Implements [`Layer`] for a struct: its fields are parameters or layers, named as the fields; fields marked
/// `#[layer(skip)]` are neither.
pub use kudari_derive::Layer;
