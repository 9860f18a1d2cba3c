//! kudari
pub mod array;
pub mod autograd;
pub mod check;
pub mod data;
pub mod error;
pub mod functions;
mod kernels;
pub mod layers;
pub mod metrics;
pub mod model;
pub mod optimizers;
pub mod train;
pub use array::{Array, DType};
pub use autograd::{Variable, grad, no_grad};
pub use error::{Error, ErrorKind, Result};
pub use kernels::memory::release_unused_memory;
pub use kernels::threads::{set_threads, threads};
