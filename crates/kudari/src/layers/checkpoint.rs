//! Layers whose results are computed again in backward.

use super::buffer::Buffer;
use super::parameter::{Layer, Parameter};
use super::sequential::{Module, Sequential};
use super::walk::Path;
use crate::autograd::{self, Variable};
use crate::error::Result;

/// Layers that keep nothing for backward but what goes in; see [`autograd::checkpoint`]. Parameters are named
/// `body.0.weight`.
pub struct Checkpoint {
    body: Sequential,
}

impl Checkpoint {
    /// Around these layers.
    pub fn new(body: Sequential) -> Checkpoint {
        Checkpoint { body }
    }
}

impl Layer for Checkpoint {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.body.visit(&path.field("body"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.body.visit_mut(&path.field("body"), visitor);
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.body.visit_buffers(&path.field("body"), visitor);
    }
}

impl Module for Checkpoint {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        autograd::checkpoint(|| self.body.forward(x))
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        self.body.infer_sizes(input)
    }
    fn notation(&self) -> String {
        format!("checkpoint({})", self.body.notation())
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.body.output_shape(input)
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        self.body.multiply_adds(input)
    }
}
