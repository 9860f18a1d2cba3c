//! The list of all functions.

use crate::array::{Array, DType, Stream};
use crate::autograd::Variable;
use crate::error::Result;

/// One function of the registry.
pub struct Entry {
    /// The name, as in errors and in the network notation.
    pub name: &'static str,
    /// How it is written in Rust.
    pub usage: &'static str,
    /// What it computes, as a reader would write it.
    pub formula: &'static str,
    /// Its derivatives, `g` being the gradient by the result.
    pub derivative: &'static str,
    /// Remarks on edges (kinks, ties, divisors) and the source of what is not common knowledge.
    pub notes: &'static str,
    /// Inputs on which its gradients are checked.
    pub samples: fn() -> Vec<Sample>,
}

/// Inputs for a check, and the call that uses them.
pub struct Sample {
    /// The differentiable inputs, f64.
    pub inputs: Vec<Array>,
    /// Calls the function.
    #[allow(clippy::type_complexity)]
    pub call: Box<dyn Fn(&[Variable]) -> Result<Variable>>,
}

impl Sample {
    /// A sample whose inputs have the given shapes and random numbers in `low..high`.
    pub fn new(inputs: &[(&[usize], f64, f64)], call: impl Fn(&[Variable]) -> Result<Variable> + 'static) -> Sample {
        let mut stream = Stream::new(0, "samples");
        let array = |&(shape, low, high): &(&[usize], f64, f64)| {
            stream.uniform(shape, low, high, DType::F64).unwrap_or_else(|_| Array::from(low))
        };
        Sample { inputs: inputs.iter().map(array).collect(), call: Box::new(call) }
    }

    /// The same sample with inputs that do not lie contiguously in memory.
    #[must_use]
    pub fn strided(mut self) -> Sample {
        for input in &mut self.inputs {
            // Written in the opposite order of axes and turned back: the same numbers by other strides.
            *input = input.transpose().copy().transpose();
        }
        self
    }
}

/// The elementwise functions of one variable. [`Expression::parse`](crate::expression::Expression::parse) reads their
/// formulas (in x and the parameters) and derivatives (also in y, the result).
pub fn elementwise() -> impl Iterator<Item = &'static Entry> {
    [super::elementary::ENTRIES, super::trigonometric::ENTRIES, super::activation::ENTRIES].into_iter().flatten()
}

/// Every differentiable function, family by family.
pub fn registry() -> impl Iterator<Item = &'static Entry> {
    [
        super::arithmetic::ENTRIES,
        super::elementary::ENTRIES,
        super::trigonometric::ENTRIES,
        super::activation::ENTRIES,
        super::adaptive::ENTRIES,
        super::reduction::ENTRIES,
        super::softmax::ENTRIES,
        super::product::ENTRIES,
        super::convolution::ENTRIES,
        super::pooling::ENTRIES,
        super::normalization::ENTRIES,
        super::attention::ENTRIES,
        super::recurrent::ENTRIES,
        super::shape::ENTRIES,
        super::indexing::ENTRIES,
        super::embedding::ENTRIES,
        super::arrange::ENTRIES,
        super::pad::ENTRIES,
        super::order::ENTRIES,
        super::einsum::ENTRIES,
        super::loss::ENTRIES,
        super::loss_cross_entropy::ENTRIES,
        super::loss_weighted::ENTRIES,
        super::loss_classification::ENTRIES,
        super::loss_regression::ENTRIES,
        super::loss_embedding::ENTRIES,
        super::loss_ctc::ENTRIES,
    ]
    .into_iter()
    .flatten()
}
