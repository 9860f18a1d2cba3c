//! The dropout layer.

use super::buffer::Buffer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::autograd::{Variable, is_training};
use crate::error::Result;
use crate::functions::{check_probability, dropout};

/// In training every number is dropped with a probability, in use nothing happens. See [`dropout`].
#[derive(Debug, Clone)]
pub struct Dropout {
    probability: f64,
    /// The random stream, named after the layer's place, and how often it was used.
    state: Buffer,
}

impl Dropout {
    /// Drops this share of the numbers.
    ///
    /// # Errors
    ///
    /// A share that is not in `0 ≤ p < 1`.
    pub fn new(probability: f64) -> Result<Dropout> {
        check_probability(probability)?;
        Ok(Dropout { probability, state: Buffer::stream() })
    }
}

impl Layer for Dropout {
    fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &Parameter)) {}
    fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {}
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.state.visit_buffers(&path.field("state"), visitor);
    }
}

impl Module for Dropout {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        if !is_training() {
            return Ok(x.clone());
        }
        dropout(x, self.probability, &mut self.state.next_stream()?)
    }
    fn notation(&self) -> String {
        format!("dropout({})", self.probability)
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }
}
