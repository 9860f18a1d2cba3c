//! Floor 5: layers, parameters with names and what is computed with them.
//!
//! A [`Layer`] is anything that has parameters: implement it for a struct of your own with `#[derive(Layer)]` and write
//! `forward` as an ordinary method. A [`Module`] is a layer with one input and one output, which is what
//! [`Sequential`] and the network notation are made of.
//!
//! # Sizes that follow from the data
//!
//! A layer that is made by its `lazy` takes the size of its input from the first that it sees:
//!
//! ```
//! use kudari::layers::{Layer, Linear};
//! use kudari::{Array, DType, Result, Variable};
//!
//! #[derive(Layer)]
//! struct Net {
//!     l1: Linear,
//!     l2: Linear,
//! }
//!
//! impl Net {
//!     fn forward(&self, x: &Variable) -> Result<Variable> {
//!         self.l2.forward(&self.l1.forward(x)?.relu())
//!     }
//! }
//!
//! let mut net = Net { l1: Linear::lazy(50), l2: Linear::lazy(10) };
//! net.initialize(7)?;
//! let y = net.forward(&Variable::constant(Array::zeros(&[100, 784], DType::F32)?))?;
//! assert_eq!((y.shape(), net.l1.weight().array().shape()), (&[100, 10][..], &[50, 784][..]));
//! # Ok::<(), kudari::Error>(())
//! ```
//!
//! The numbers are those that the layer would have with the size given, whether [`Layer::initialize`] comes before or after.
//! Until then the parameters whose sizes are missing have their names but no numbers: their arrays are empty, with 0 for each
//! size that is not known, [`parameter_count`] counts 0 for them, and an optimizer has nothing to move. They can be frozen and
//! converted; [`Layer::set_arrays`] gives them sizes and numbers at once. Without data, [`Module::infer_sizes`] does it from the
//! shape of a sample: `Sequential::new().with(Linear::lazy(50)).infer_sizes(&[784])?`.
//! [`Network::from_layers`](crate::model::Network::from_layers) calls it.
//!
//! Layers of a program's own do the same with [`Parameter::lazy`].
//!
//! # Sharing weights
//!
//! A weight is shared by using it more than once in `forward`. It is one field, so that it is named, counted, saved and moved by an
//! optimizer once; its gradient is the sum over all uses. Here the table of an embedding is also the weight of the output
//! layer, as in many language models (Press and Wolf 2017):
//!
//! ```
//! use kudari::functions::{embedding, linear, softmax_cross_entropy};
//! use kudari::layers::{Embedding, Layer, Linear, parameter_count};
//! use kudari::optimizers::{Optimizer, Sgd};
//! use kudari::{Array, Result, Variable};
//!
//! #[derive(Layer)]
//! struct Tied {
//!     words: Embedding, // [1000, 16]
//!     mix: Linear,
//! }
//!
//! impl Tied {
//!     /// For every word a logit of each that may follow.
//!     fn forward(&self, words: &Array) -> Result<Variable> {
//!         let table = self.words.weight().variable();
//!         let x = embedding(table, words)?;
//!         linear(&self.mix.forward(&x)?.tanh(), table, None)
//!     }
//! }
//!
//! let mut net = Tied { words: Embedding::new(1000, 16)?, mix: Linear::new(16, 16) };
//! assert_eq!(net.parameter_names(), ["words.weight", "mix.weight", "mix.bias"]);
//! assert_eq!(parameter_count(&net), 1000 * 16 + 16 * 16 + 16);
//! let loss = softmax_cross_entropy(&net.forward(&Array::from([3i64, 7]))?, Array::from([7i64, 2]))?;
//! Sgd::new(0.1).step(&mut net, &loss.backward()?)?;
//! # Ok::<(), kudari::Error>(())
//! ```
//!
//! A whole layer is shared in the same way: its `forward` is called for every branch. A clone is no sharing: it has parameters of
//! its own that begin with the same numbers.

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
mod lazy;
mod linear;
mod normalization;
mod parameter;
mod pattern;
mod pooling;
mod recurrent;
mod residual;
mod sequential;
mod walk;

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
pub(crate) use parameter::with_at_most;
pub use parameter::{Layer, Parameter, parameter_count, set_seed, unfilled};
pub use pattern::matches;
pub use pooling::{AdaptiveAveragePool2d, AdaptiveMaxPool2d, AveragePool2d, GlobalAveragePool2d, GlobalMaxPool2d, MaxPool2d};
pub use recurrent::{Gru, Last, Lstm, RecurrentLayers, Rnn};
pub use residual::Residual;
pub use sequential::{Module, Sequential};
pub use walk::Path;

/// Implements [`Layer`] for a struct: its fields are parameters, buffers or layers, named as the fields; fields marked
/// `#[layer(skip)]` are neither.
pub use kudari_derive::Layer;
