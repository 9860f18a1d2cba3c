//! kudari
pub mod array;
pub mod error;
mod kernels;
pub use array::{Array, DType};
pub use error::{Error, ErrorKind, Result};
