//! kudari
pub mod array;
pub mod autograd;
pub mod check;
pub mod error;
pub mod functions;
mod kernels;
pub use array::{Array, DType};
pub use autograd::{Variable, grad, no_grad};
pub use error::{Error, ErrorKind, Result};
