//! Residual blocks.

use super::buffer::Buffer;
use super::parameter::{Layer, Parameter};
use super::sequential::{Module, Sequential};
use super::walk::Path;
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// y = body(x) + x, or body(x) + shortcut(x): the body learns what is to be added (He, Zhang, Ren and Sun 2015).
///
/// Parameters are named `body.0.weight`, `shortcut.0.weight`.
pub struct Residual {
    body: Sequential,
    shortcut: Option<Sequential>,
}

impl Residual {
    /// With the identity as the shortcut: the body must keep the shape.
    pub fn new(body: Sequential) -> Residual {
        Residual { body, shortcut: None }
    }

    /// With layers of its own for the shortcut, where the body changes the shape.
    pub fn with_shortcut(body: Sequential, shortcut: Sequential) -> Residual {
        Residual { body, shortcut: Some(shortcut) }
    }
}

impl Layer for Residual {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.body.visit(&path.field("body"), visitor);
        self.shortcut.visit(&path.field("shortcut"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.body.visit_mut(&path.field("body"), visitor);
        self.shortcut.visit_mut(&path.field("shortcut"), visitor);
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.body.visit_buffers(&path.field("body"), visitor);
        self.shortcut.visit_buffers(&path.field("shortcut"), visitor);
    }
}

impl Module for Residual {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        let beside = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x)?,
            None => x.clone(),
        };
        self.body.forward(x)?.add(&beside)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        self.body.infer_sizes(input)?;
        self.shortcut.as_ref().map_or(Ok(()), |shortcut| shortcut.infer_sizes(input))
    }
    fn notation(&self) -> String {
        match &self.shortcut {
            Some(shortcut) => format!("res({} | {})", self.body.notation(), shortcut.notation()),
            None => format!("res({})", self.body.notation()),
        }
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let body = self.body.output_shape(input)?;
        let beside = match &self.shortcut {
            Some(shortcut) => shortcut.output_shape(input)?,
            None => input.to_vec(),
        };
        if body != beside {
            return Err(Error::shape(format!("res: the body gives samples of shape {body:?}, the way past it {beside:?}"))
                .help("both must agree: give the way past it layers of its own, e.g. res(conv(8,3) | conv(8,3))"));
        }
        Ok(body)
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        self.body.multiply_adds(input) + self.shortcut.as_ref().map_or(0, |shortcut| shortcut.multiply_adds(input))
    }
}
