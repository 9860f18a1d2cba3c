//! kudari (下り, "descent") trains neural networks and shows its work.
//!
//! The graph is what the program did: computing with [`Variable`]s records how, `backward` gives the gradients by the
//! parameters, and an optimizer moves them. Nothing has to be zeroed, detached or declared beforehand.
//!
//! ```
//! use kudari::prelude::*;
//!
//! #[derive(Layer)]
//! struct TwoLayerNet {
//!     hidden: Linear,
//!     output: Linear,
//! }
//!
//! impl TwoLayerNet {
//!     fn forward(&self, x: &Variable) -> Result<Variable> {
//!         self.output.forward(&self.hidden.forward(x)?.sigmoid())
//!     }
//! }
//!
//! let data = kudari::data::xor();
//! let mut net = TwoLayerNet { hidden: Linear::new(2, 8), output: Linear::new(8, 2) };
//! let mut sgd = Sgd::new(2.0);
//! for batch in data.batches(4)?.shuffled(1).epochs(500) {
//!     let loss = softmax_cross_entropy(&net.forward(&batch.x)?, &batch.t)?;
//!     sgd.step(&mut net, &loss.backward()?)?;
//! }
//! let all = data.all()?;
//! assert_eq!(accuracy(&net.forward(&all.x)?, &all.t)?, 1.0);
//! # Ok::<(), kudari::Error>(())
//! ```
//!
//! The house has floors, each of which uses only those below it:
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 7 | [`train`], [`check`], [`descent`], [`mod@profile`] | training a network, verifying its gradients, descending on formulas, where the time goes |
//! | 6 | [`data`], [`model`], [`formula`] | data in, models in and out, the network notation, formulas as functions |
//! | 5 | [`layers`], [`optimizers`], [`metrics`] | parameters with names, and what moves them |
//! | 4 | [`functions`] | differentiable functions: one file a family, one place a function |
//! | 3 | [`autograd`] | variables, the graph, `backward`, `grad` |
//! | 2 | [`mod@array`], [`expression`] | n-dimensional numbers: shape, strides, views, broadcasting · formulas as trees |
//! | 1 | kernels (private) | loops over slices: matrix products, maps, reductions; threads, vector instructions |
//!
//! Results do not depend on the number of threads, and one seed drives everything random. Whatever can be given a wrong
//! shape, type, file or number returns a [`Result`] whose [`Error`] says what is wrong, where, and what to do.

// `#[derive(Layer)]` writes `::kudari`, also inside this crate's own tests.
extern crate self as kudari;

pub mod array;
pub mod autograd;
pub mod check;
pub mod data;
pub mod descent;
pub mod error;
pub mod explain;
pub mod expression;
pub mod formula;
pub mod functions;
mod kernels;
pub mod layers;
pub mod metrics;
pub mod model;
pub mod optimizers;
pub mod profile;
pub mod train;

pub use array::{Array, DType};
pub use autograd::{Variable, grad, inference, no_grad};
pub use error::{Error, ErrorKind, Result};
pub use kernels::memory::{ForeignMemory, OutOfMemory, release_unused_memory};
pub use kernels::precision::{Precision, precision, with_precision};
pub use kernels::threads::{set_threads, threads};
pub use profile::profile;

/// What most programs need, in one `use`.
pub mod prelude {
    pub use crate::data::{Batch, Dataset, Split};
    pub use crate::functions::{
        cross_entropy, linear, mean_absolute_error, mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy,
        sum_squared_error,
    };
    pub use crate::layers::{Conv2d, Initializer, Layer, Linear, MaxPool2d, Module, Parameter, Sequential};
    pub use crate::metrics::accuracy;
    pub use crate::optimizers::{AdaGrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RmsProp, Sgd};
    pub use crate::{Array, DType, Error, Result, Variable, grad, inference, no_grad};
}
