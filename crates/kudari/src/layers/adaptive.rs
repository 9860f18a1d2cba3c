//! Activation layers whose form is learnt.

use super::activation::without_parameters;
use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{maxout, prelu};

/// ReLU with a learnt slope below zero, named `slope`: one for every channel (unit) or one for all. See [`prelu`].
#[derive(Debug, Clone)]
pub struct PRelu {
    slope: Parameter,
}

impl PRelu {
    /// The slope at the beginning.
    const FIRST: f64 = 0.25;

    /// A layer with as many slopes as the samples have channels, or with one that all share (`None`); each begins at ¼.
    ///
    /// # Errors
    ///
    /// No channels, or more than fit into memory.
    pub fn new(channels: Option<usize>) -> Result<PRelu> {
        let shape: &[usize] = match &channels {
            Some(0) => return Err(Error::value("a prelu layer of 0 channels").help("there must be at least 1")),
            Some(count) => std::slice::from_ref(count),
            None => &[],
        };
        Ok(PRelu { slope: Parameter::new(shape, Initializer::Constant(PRelu::FIRST))? })
    }

    /// A layer with as many slopes as the first x has channels; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`PRelu::new`].
    pub fn lazy() -> Result<PRelu> {
        Ok(PRelu { slope: Parameter::lazy(&[0], Initializer::Constant(PRelu::FIRST))? })
    }

    /// The slopes, `[channels]` or a single number.
    pub fn slope(&self) -> &Parameter {
        &self.slope
    }
}

impl Layer for PRelu {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.slope.visit(&path.field("slope"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.slope.visit_mut(&path.field("slope"), visitor);
    }
}

impl Module for PRelu {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        prelu(x, self.slope.variable())
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        input.first().map_or(Ok(()), |&channels| self.slope.infer_sizes(&[channels])).map_err(|e| e.context("prelu"))
    }
    fn notation(&self) -> String {
        if self.slope.array().rank() == 0 { "prelu(shared)".to_string() } else { "prelu".to_string() }
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        match self.slope.array().shape() {
            [channels] if self.slope.has_sizes() && input.first() != Some(channels) => {
                Err(Error::shape(format!("prelu of {channels} channels gets samples of shape {input:?}"))
                    .help("the first axis of a sample has its channels"))
            }
            _ => Ok(input.to_vec()),
        }
    }
}

/// The largest of every `pool` units, or channels of pictures, that follow each other. See [`maxout`].
#[derive(Debug, Clone, Copy)]
pub struct Maxout {
    /// How many make one.
    pub pool: usize,
}

without_parameters!(Maxout);

impl Module for Maxout {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        maxout(x, self.pool, 1)
    }
    fn notation(&self) -> String {
        format!("maxout({})", self.pool)
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        match input.split_first() {
            Some((&units, rest)) if self.pool > 0 && units.is_multiple_of(self.pool) => Ok([&[units / self.pool], rest].concat()),
            _ => Err(Error::shape(format!("{} gets samples of shape {input:?}", self.notation()))
                .help("the first axis of a sample must be a multiple of the number of units that make one")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use crate::layers::parameter_count;

    #[test]
    fn slopes_for_channels_and_for_all() {
        let x = Variable::constant(Array::from([[-4.0f32, 2.0, -8.0]]));
        for (layer, count) in [(PRelu::new(Some(3)).unwrap(), 3), (PRelu::new(None).unwrap(), 1)] {
            assert_eq!(layer.forward(&x).unwrap().array().to_f64_vec(), [-1.0, 2.0, -2.0]);
            assert_eq!(parameter_count(&layer), count);
        }
        assert!(PRelu::new(Some(0)).is_err() && PRelu::new(Some(2)).unwrap().output_shape(&[3]).is_err());
    }

    #[test]
    fn maxout_takes_channels_that_follow_each_other() {
        let x = Variable::constant(Array::from([[1.0f32, 3.0, -2.0, -5.0]]));
        assert_eq!(Maxout { pool: 2 }.forward(&x).unwrap().array().to_f64_vec(), [3.0, -2.0]);
        assert_eq!(Maxout { pool: 2 }.output_shape(&[6, 5, 5]).unwrap(), [3, 5, 5]);
        assert!(Maxout { pool: 4 }.output_shape(&[6]).is_err() && Maxout { pool: 2 }.output_shape(&[]).is_err());
    }
}
