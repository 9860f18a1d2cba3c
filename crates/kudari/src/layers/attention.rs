//! Layers of transformers: attention with several heads, and learnt positions.

use super::initializer::Initializer;
use super::linear::Linear;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{AttentionOptions, self_attention};

/// Attention of every place of a sequence to all places: `[samples, places, size]` keeps its shape. One linear layer makes
/// queries, keys and values side by side, another mixes what the heads give. See [`self_attention`].
#[derive(Debug, Clone)]
pub struct MultiHeadAttention {
    input: Linear,
    output: Linear,
    heads: usize,
    /// Every place sees itself and what comes before it.
    causal: bool,
}

impl MultiHeadAttention {
    /// For places of `size` numbers and so many heads.
    ///
    /// # Errors
    ///
    /// Heads that do not divide the size, or a size larger than memory.
    pub fn new(size: usize, heads: usize, causal: bool, initializer: Initializer, bias: bool) -> Result<MultiHeadAttention> {
        let all = three_times(size, heads)?;
        let input = Linear::try_new(size, all, initializer, bias)?;
        Ok(MultiHeadAttention { input, output: Linear::try_new(size, size, initializer, bias)?, heads, causal })
    }

    /// As [`MultiHeadAttention::new`] for places of as many numbers as the first x has, which the heads must divide; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// No heads.
    pub fn lazy(heads: usize, causal: bool, initializer: Initializer, bias: bool) -> Result<MultiHeadAttention> {
        if heads == 0 {
            return Err(Error::value("attention of 0 heads").help("there must be at least 1"));
        }
        let linear = || Linear::sized(0, 0, initializer, bias);
        Ok(MultiHeadAttention { input: linear()?, output: linear()?, heads, causal })
    }

    /// With a mask of its own besides the causal one, see [`AttentionOptions::mask`].
    ///
    /// # Errors
    ///
    /// x or the mask does not fit.
    pub fn forward_masked(&self, x: &Variable, mask: Option<crate::Array>) -> Result<Variable> {
        self.infer_sizes(x.shape())?;
        let options = AttentionOptions { causal: self.causal, mask, scale: None };
        self.output.forward(&self_attention(&self.input.forward(x)?, self.heads, &options)?)
    }

    /// How many numbers a place has; 0 as long as it is not known.
    fn size(&self) -> usize {
        self.output.outputs()
    }
}

/// The numbers of queries, keys and values.
fn three_times(size: usize, heads: usize) -> Result<usize> {
    if heads == 0 || size == 0 || !size.is_multiple_of(heads) {
        return Err(Error::value(format!("attention: {heads} heads for places of {size} numbers"))
            .help("the number of heads must divide the size"));
    }
    size.checked_mul(3).ok_or_else(|| Error::value(format!("attention: places of {size} numbers")))
}

impl Layer for MultiHeadAttention {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.input.visit(&path.field("input"), visitor);
        self.output.visit(&path.field("output"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.input.visit_mut(&path.field("input"), visitor);
        self.output.visit_mut(&path.field("output"), visitor);
    }
}

/// The shape of samples `[places, size]`.
fn sequence(layer: &dyn Module, input: &[usize], size: usize) -> Result<[usize; 2]> {
    match *input {
        [places, found] if found == size => Ok([places, size]),
        _ => Err(Error::shape(format!("{} for places of {size} numbers gets samples of shape {input:?}", layer.notation()))
            .help("samples have the shape [places, numbers]")),
    }
}

impl Module for MultiHeadAttention {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.forward_masked(x, None)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        match input.last() {
            Some(&size) if !(self.input.has_sizes() && self.output.has_sizes()) => {
                self.input.set_sizes(size, three_times(size, self.heads)?)?;
                self.output.set_sizes(size, size)
            }
            _ => Ok(()),
        }
    }
    fn notation(&self) -> String {
        let causal = if self.causal { ",causal" } else { "" };
        let bias = if self.output.bias().is_some() { "" } else { ",nobias" };
        format!("attention({}{causal}{bias})", self.heads)
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let size = match *input {
            [_, size] if self.size() == 0 => three_times(size, self.heads).map(|_| size)?,
            _ => self.size(),
        };
        Ok(sequence(self, input, size)?.to_vec())
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let (places, size) = (input.first().copied().unwrap_or(0), self.size());
        places.saturating_mul(size).saturating_mul(4 * size + 2 * places)
    }
}

/// Adds a learnt row of numbers to every place of a sequence, so that places can be told apart: weight `[places, size]`.
#[derive(Debug, Clone)]
pub struct Positions {
    weight: Parameter,
}

impl Positions {
    /// For sequences of so many places of so many numbers, normally distributed with deviation 0.02.
    ///
    /// # Errors
    ///
    /// Sizes larger than memory.
    pub fn new(places: usize, size: usize) -> Result<Positions> {
        Ok(Positions { weight: Parameter::new(&[places, size], Initializer::Normal(0.02))? })
    }

    /// For sequences as long as the first is, of as many numbers; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`Positions::new`].
    pub fn lazy() -> Result<Positions> {
        Ok(Positions { weight: Parameter::lazy(&[0, 0], Initializer::Normal(0.02))? })
    }
}

impl Layer for Positions {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.weight.visit(&path.field("weight"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.weight.visit_mut(&path.field("weight"), visitor);
    }
}

impl Module for Positions {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        x.add(self.weight.variable())
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        self.weight.infer_sizes(input).map_err(|e| e.context("positions"))
    }
    fn notation(&self) -> String {
        "positions".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        if !self.weight.fits(input) {
            return Err(Error::shape(format!("positions for {} gets samples of shape {input:?}", self.weight.written_shape())));
        }
        Ok(input.to_vec())
    }
}
