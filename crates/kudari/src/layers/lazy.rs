//! Parameters whose sizes follow from the first input.

use std::sync::OnceLock;

use super::initializer::Initializer;
use crate::array::{DType, Stream};
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// What a parameter is made from when its sizes are known, and the variable that was made then.
///
/// It is made while the layer computes, which it does from `&self`: hence the lock, which costs one load afterwards.
#[derive(Debug)]
pub(super) struct Lazy {
    stream: Stream,
    /// The type that the numbers are drawn in; the parameter may have been converted since, as numbers would have been.
    dtype: DType,
    made: OnceLock<Variable>,
}

/// A clone draws the same numbers.
impl Clone for Lazy {
    fn clone(&self) -> Lazy {
        Lazy::new(self.stream.clone(), self.dtype)
    }
}

impl Lazy {
    /// To be drawn from the beginning of `stream`.
    pub fn new(stream: Stream, dtype: DType) -> Lazy {
        Lazy { stream, dtype, made: OnceLock::new() }
    }

    #[inline]
    pub fn made(&self) -> Option<&Variable> {
        self.made.get()
    }

    pub fn take_made(&mut self) -> Option<Variable> {
        self.made.take()
    }

    /// Makes the parameter, with the type of `empty` and frozen as it is.
    #[cold]
    pub fn make(&self, shape: &[usize], empty: &Variable, initializer: &Initializer) -> Result<()> {
        check(empty.shape(), shape).map_err(|e| e.context("a parameter"))?;
        let array = initializer.array(shape, self.dtype, &mut self.stream.clone())?.to_dtype(empty.dtype());
        self.made.get_or_init(|| if empty.wants_gradient() { Variable::parameter(array) } else { Variable::constant(array) });
        Ok(())
    }
}

/// Whether `shape` has the sizes that are known of another, which are not 0, and all others too.
pub(super) fn completes(known: &[usize], shape: &[usize]) -> bool {
    let fits = |(&known, &size): (&usize, &usize)| size > 0 && (known == 0 || known == size);
    known.len() == shape.len() && known.iter().zip(shape).all(fits)
}

/// An error for a shape that does not complete another.
pub(super) fn check(known: &[usize], shape: &[usize]) -> Result<()> {
    if completes(known, shape) {
        return Ok(());
    }
    Err(Error::shape(format!("shape {} cannot become {shape:?}", written(known, false)))
        .help("sizes that are known must stay, and each must be at least 1"))
}

/// A shape for an error, with `?` for sizes that are not known.
pub(super) fn written(shape: &[usize], known: bool) -> String {
    if known {
        return format!("{shape:?}");
    }
    let sizes = shape.iter().map(|&size| if size == 0 { "?".to_string() } else { size.to_string() });
    format!("[{}]", sizes.collect::<Vec<_>>().join(", "))
}
