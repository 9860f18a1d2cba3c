//! The embedding layer.

use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::embedding;

/// A learnt row of numbers for every whole number from 0: weight of shape `[rows, size]`. See [`embedding`].
#[derive(Debug, Clone)]
pub struct Embedding {
    weight: Parameter,
}

impl Embedding {
    /// So many rows of so many numbers, normally distributed with deviation 1.
    ///
    /// # Errors
    ///
    /// A size of 0 or larger than memory.
    pub fn new(rows: usize, size: usize) -> Result<Embedding> {
        if rows == 0 || size == 0 {
            return Err(Error::value(format!("an embedding of {rows} rows of {size} numbers")).help("both must be at least 1"));
        }
        Ok(Embedding { weight: Parameter::new(&[rows, size], Initializer::Normal(1.0))? })
    }

    /// The table, `[rows, size]`.
    pub fn weight(&self) -> &Parameter {
        &self.weight
    }
}

/// Whole numbers as indices; they may come as floating-point numbers, as data files hold them.
fn whole_numbers(x: &Array) -> Result<Array> {
    let indices = x.to_dtype(DType::I64);
    if x.dtype().is_float() && !indices.to_dtype(x.dtype()).equal(x)?.all() {
        return Err(
            Error::value("embedding: inputs that are not whole numbers").help("an embedding takes numbers of rows, from 0")
        );
    }
    Ok(indices)
}

impl Layer for Embedding {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.weight.visit(&path.field("weight"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.weight.visit_mut(&path.field("weight"), visitor);
    }
}

impl Module for Embedding {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        embedding(self.weight.variable(), &whole_numbers(x.array())?)
    }
    fn notation(&self) -> String {
        let shape = self.weight.array().shape();
        format!("embedding({},{})", shape[0], shape[1])
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok([input, &self.weight.array().shape()[1..]].concat())
    }
}
