//! The linear (fully connected) layer.

use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::{Module, starts_with_relu};
use super::walk::Path;
use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{linear, linear_relu};

/// `y = x·Wᵀ + b` with W of shape `[outputs, inputs]`, named `weight`, and b of `[outputs]`, named `bias`.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Parameter,
    bias: Option<Parameter>,
}

impl Linear {
    /// A layer with bias 0 and weights by [`Initializer::LeCun`], f32.
    ///
    /// The sizes are the program's own; what a user typed goes through [`Linear::try_new`].
    #[allow(clippy::panic)]
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize) -> Linear {
        Self::try_new(inputs, outputs, Initializer::LeCun, true).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Linear::new`] for as many inputs as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data). A size that a user typed goes through [`Linear::try_lazy`].
    ///
    /// ```
    /// use kudari::layers::Linear;
    /// use kudari::{Array, Variable};
    /// let layer = Linear::lazy(50);
    /// let y = layer.forward(&Variable::constant(Array::zeros(&[2, 784], kudari::DType::F32)?))?;
    /// assert_eq!((y.shape(), layer.inputs()), (&[2, 50][..], 784));
    /// # Ok::<(), kudari::Error>(())
    /// ```
    #[allow(clippy::panic)]
    #[track_caller]
    pub fn lazy(outputs: usize) -> Linear {
        Self::try_lazy(outputs, Initializer::LeCun, true).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Linear::try_new`] for as many inputs as the first x has.
    ///
    /// # Errors
    ///
    /// A size of 0, or one larger than memory.
    pub fn try_lazy(outputs: usize, initializer: Initializer, bias: bool) -> Result<Linear> {
        if outputs == 0 {
            return Err(Error::value("a linear layer of 0 outputs").help("there must be at least 1"));
        }
        Self::sized(0, outputs, initializer, bias)
    }

    /// A layer with a chosen initialiser, with or without bias.
    ///
    /// # Errors
    ///
    /// A size of 0, or sizes larger than memory.
    pub fn try_new(inputs: usize, outputs: usize, initializer: Initializer, bias: bool) -> Result<Linear> {
        if inputs == 0 || outputs == 0 {
            return Err(
                Error::value(format!("a linear layer of {inputs} inputs and {outputs} outputs")).help("both must be at least 1")
            );
        }
        Self::sized(inputs, outputs, initializer, bias)
    }

    /// With 0 for a size that is not known yet.
    pub(super) fn sized(inputs: usize, outputs: usize, initializer: Initializer, bias: bool) -> Result<Linear> {
        let weight = Parameter::lazy(&[outputs, inputs], initializer)?;
        let bias = if bias { Some(Parameter::lazy(&[outputs], Initializer::Constant(0.0))?) } else { None };
        Ok(Linear { weight, bias })
    }

    /// Whether both sizes are known.
    pub(super) fn has_sizes(&self) -> bool {
        self.weight.has_sizes() && self.bias.as_ref().is_none_or(Parameter::has_sizes)
    }

    /// Sets sizes that are not known yet.
    pub(super) fn set_sizes(&self, inputs: usize, outputs: usize) -> Result<()> {
        self.weight.infer_sizes(&[outputs, inputs])?;
        self.bias.as_ref().map_or(Ok(()), |bias| bias.infer_sizes(&[outputs]))
    }

    /// A layer with given numbers.
    ///
    /// # Errors
    ///
    /// A weight that is not a matrix, or a bias of another size than its rows.
    pub fn from_arrays(weight: Array, bias: Option<Array>) -> Result<Linear> {
        let fits = weight.rank() == 2 && bias.as_ref().is_none_or(|b| b.shape() == &weight.shape()[..1]);
        if !fits {
            let bias = bias.map_or("none".into(), |b| format!("{:?}", b.shape()));
            return Err(Error::shape(format!("linear: weight {:?}, bias {bias}", weight.shape()))
                .help("the weight has shape [outputs, inputs], the bias [outputs]"));
        }
        Ok(Linear { weight: Parameter::from_array(weight)?, bias: bias.map(Parameter::from_array).transpose()? })
    }

    /// The layer's result for x of shape `[…, inputs]`: `[…, outputs]`.
    ///
    /// # Errors
    ///
    /// x does not fit.
    #[track_caller]
    pub fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape())?;
        linear(x, self.weight.variable(), self.bias.as_ref().map(Parameter::variable))
    }

    /// The weight, `[outputs, inputs]`.
    pub fn weight(&self) -> &Parameter {
        &self.weight
    }

    /// The bias, `[outputs]`.
    pub fn bias(&self) -> Option<&Parameter> {
        self.bias.as_ref()
    }

    /// Number of inputs; 0 as long as it is not known.
    pub fn inputs(&self) -> usize {
        self.weight.array().shape()[1]
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.weight.array().shape()[0]
    }

    /// The type of the parameters.
    pub fn dtype(&self) -> DType {
        self.weight.array().dtype()
    }
}

impl Layer for Linear {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.weight.visit(&path.field("weight"), visitor);
        self.bias.visit(&path.field("bias"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.weight.visit_mut(&path.field("weight"), visitor);
        self.bias.visit_mut(&path.field("bias"), visitor);
    }
}

impl Module for Linear {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        Linear::forward(self, x)
    }
    fn forward_joined(&self, x: &Variable, following: &[Box<dyn Module>]) -> Option<(usize, Result<Variable>)> {
        let compute = || {
            self.infer_sizes(x.shape())?;
            linear_relu(x, self.weight.variable(), self.bias.as_ref().map(Parameter::variable))
        };
        starts_with_relu(following).then(|| (1, compute()))
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        match input.last() {
            Some(&inputs) if !self.weight.has_sizes() => {
                self.set_sizes(inputs, self.outputs()).map_err(|e| e.context(self.notation()))
            }
            _ => Ok(()),
        }
    }
    fn notation(&self) -> String {
        let bias = if self.bias.is_some() { "" } else { ",nobias" };
        format!("linear({}{bias})", self.outputs())
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        match input.split_last() {
            Some((&last, rest)) if self.weight.fits(&[self.outputs(), last]) => Ok([rest, &[self.outputs()]].concat()),
            _ => Err(Error::shape(format!("{} takes {} inputs and gets shape {input:?}", self.notation(), self.inputs()))),
        }
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let rows: usize = input.iter().rev().skip(1).product();
        rows * self.inputs() * self.outputs()
    }
}
