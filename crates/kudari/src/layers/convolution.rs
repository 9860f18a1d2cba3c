//! The convolutional layer.

use std::any::Any;

use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::pooling::MaxPool2d;
use super::sequential::{Module, starts_with_relu};
use super::walk::Path;
use crate::array::Array;
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{Conv2dOptions, conv2d, conv2d_relu, conv2d_relu_max_pool2d, conv2d_shape};

/// Convolves pictures `[channels, height, width]` with filters: weight of shape `[filters, channels / groups, height, width]`
/// and bias of `[filters]`. See [`conv2d`].
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Parameter,
    bias: Option<Parameter>,
    options: Conv2dOptions,
}

impl Conv2d {
    /// A layer of square kernels that moves in steps of 1 without padding, with bias 0 and weights by
    /// [`Initializer::LeCun`], f32.
    ///
    /// The sizes are the program's own; what a user typed goes through [`Conv2d::try_new`].
    #[allow(clippy::panic)]
    #[track_caller]
    pub fn new(channels: usize, filters: usize, kernel: usize) -> Conv2d {
        Self::try_new(channels, filters, [kernel; 2], Conv2dOptions::default(), Initializer::LeCun, true)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Conv2d::new`] for as many channels as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data). Sizes that a user typed go through [`Conv2d::try_lazy`].
    #[allow(clippy::panic)]
    #[track_caller]
    pub fn lazy(filters: usize, kernel: usize) -> Conv2d {
        Self::try_lazy(filters, [kernel; 2], Conv2dOptions::default(), Initializer::LeCun, true)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Conv2d::try_new`] for as many channels as the first x has, which the groups must divide.
    ///
    /// # Errors
    ///
    /// A size or step of 0, groups that do not divide the filters, or sizes larger than memory.
    pub fn try_lazy(
        filters: usize,
        kernel: [usize; 2],
        options: Conv2dOptions,
        initializer: Initializer,
        bias: bool,
    ) -> Result<Conv2d> {
        Self::sized(None, filters, kernel, options, initializer, bias)
    }

    /// A layer with chosen options and initialiser, with or without bias.
    ///
    /// # Errors
    ///
    /// A size or step of 0, groups that do not divide channels and filters, or sizes larger than memory.
    pub fn try_new(
        channels: usize,
        filters: usize,
        kernel: [usize; 2],
        options: Conv2dOptions,
        initializer: Initializer,
        bias: bool,
    ) -> Result<Conv2d> {
        Self::sized(Some(channels), filters, kernel, options, initializer, bias)
    }

    /// With `None` for channels that are not known yet.
    fn sized(
        channels: Option<usize>,
        filters: usize,
        kernel: [usize; 2],
        options: Conv2dOptions,
        initializer: Initializer,
        bias: bool,
    ) -> Result<Conv2d> {
        if channels == Some(0) || filters == 0 || kernel.contains(&0) {
            let channels = channels.map_or(String::new(), |channels| format!("of {channels} channels "));
            return Err(Error::value(format!("a convolution {channels}with {filters} filters of {kernel:?}"))
                .help("all of them must be at least 1"));
        }
        if options.stride.contains(&0) || options.dilation.contains(&0) {
            return Err(Error::value(format!("a convolution with stride {:?}, dilation {:?}", options.stride, options.dilation))
                .help("steps are at least 1"));
        }
        let each = channels_of_group(channels.unwrap_or(0), filters, options.groups)?;
        let weight = Parameter::lazy(&[filters, each, kernel[0], kernel[1]], initializer)?;
        let bias = if bias { Some(Parameter::new(&[filters], Initializer::Constant(0.0))?) } else { None };
        Ok(Conv2d { weight, bias, options })
    }

    /// The shape of the weight for so many channels.
    fn weight_shape(&self, channels: usize) -> Result<[usize; 4]> {
        let shape = self.weight.array().shape();
        let each = if self.weight.has_sizes() { shape[1] } else { channels_of_group(channels, shape[0], self.options.groups)? };
        Ok([shape[0], each, shape[2], shape[3]])
    }

    /// A layer with given numbers.
    ///
    /// # Errors
    ///
    /// A weight that has not four axes, or a bias of another size than its first.
    pub fn from_arrays(weight: Array, bias: Option<Array>, options: Conv2dOptions) -> Result<Conv2d> {
        let fits = weight.rank() == 4 && bias.as_ref().is_none_or(|b| b.shape() == &weight.shape()[..1]);
        if !fits {
            let bias = bias.map_or("none".into(), |b| format!("{:?}", b.shape()));
            return Err(Error::shape(format!("conv: weight {:?}, bias {bias}", weight.shape()))
                .help("the weight has shape [filters, channels / groups, height, width], the bias [filters]"));
        }
        Ok(Conv2d { weight: Parameter::from_array(weight)?, bias: bias.map(Parameter::from_array).transpose()?, options })
    }

    /// The layer's result for x of shape `[samples, channels, height, width]`: `[samples, filters, …]`.
    ///
    /// # Errors
    ///
    /// x does not fit.
    #[track_caller]
    pub fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        conv2d(x, self.weight.variable(), self.bias.as_ref().map(Parameter::variable), &self.options)
    }

    /// The weight, `[filters, channels / groups, height, width]`.
    pub fn weight(&self) -> &Parameter {
        &self.weight
    }

    /// The bias, `[filters]`.
    pub fn bias(&self) -> Option<&Parameter> {
        self.bias.as_ref()
    }

    /// How the layer moves over its input.
    pub fn options(&self) -> &Conv2dOptions {
        &self.options
    }
}

/// How many channels one group reads.
fn channels_of_group(channels: usize, filters: usize, groups: usize) -> Result<usize> {
    if groups == 0 || !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        return Err(Error::value(format!("{groups} groups for {channels} channels and {filters} filters"))
            .help("the number of groups must divide both"));
    }
    Ok(channels / groups)
}

/// Two sizes in the notation: `3`, or `3x5` for rows and columns that differ.
pub(super) fn written([rows, columns]: [usize; 2]) -> String {
    if rows == columns { rows.to_string() } else { format!("{rows}x{columns}") }
}

/// The shape `[channels, height, width]` of samples, or an error of the layer that needs it.
pub(super) fn picture(layer: &dyn Module, input: &[usize]) -> Result<[usize; 3]> {
    input.try_into().map_err(|_| {
        Error::shape(format!("{} takes samples of shape [channels, height, width] and gets shape {input:?}", layer.notation()))
            .help("put e.g. reshape(1,28,28) before it if the samples are pictures")
    })
}

impl Layer for Conv2d {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.weight.visit(&path.field("weight"), visitor);
        self.bias.visit(&path.field("bias"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.weight.visit_mut(&path.field("weight"), visitor);
        self.bias.visit_mut(&path.field("bias"), visitor);
    }
}

impl Module for Conv2d {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        Conv2d::forward(self, x)
    }
    fn forward_joined(&self, x: &Variable, following: &[Box<dyn Module>]) -> Option<(usize, Result<Variable>)> {
        if !starts_with_relu(following) {
            return None;
        }
        if let Err(error) = self.infer_sizes(x.shape().get(1..).unwrap_or_default()) {
            return Some((0, Err(error)));
        }
        let (weight, bias) = (self.weight.variable(), self.bias.as_ref().map(Parameter::variable));
        let pool = following.get(1).and_then(|layer| (layer.as_ref() as &dyn Any).downcast_ref::<MaxPool2d>());
        Some(match pool {
            Some(&MaxPool2d { size, stride, padding }) => {
                (2, conv2d_relu_max_pool2d(x, weight, bias, &self.options, [size, stride, padding]))
            }
            None => (1, conv2d_relu(x, weight, bias, &self.options)),
        })
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        if self.weight.has_sizes() {
            return Ok(());
        }
        let [channels, ..] = picture(self, input)?;
        let shape = self.weight_shape(channels).map_err(|e| e.context(self.notation()))?;
        self.weight.infer_sizes(&shape).map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        let Conv2dOptions { stride, padding, dilation, groups } = self.options;
        let shape = self.weight.array().shape();
        let mut text = format!("conv({},{}", shape[0], written([shape[2], shape[3]]));
        let pairs = [("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1), ("groups", [groups; 2], 1)];
        for (name, pair, _) in pairs.into_iter().filter(|(_, pair, usual)| *pair != [*usual; 2]) {
            text += &format!(",{name}={}", written(pair));
        }
        text + if self.bias.is_some() { ")" } else { ",nobias)" }
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let [channels, height, width] = picture(self, input)?;
        let w = self.weight_shape(channels)?;
        let place = format!("{} gets samples of shape {input:?}", self.notation());
        Ok(conv2d_shape(place, [1, channels, height, width], w, &self.options)?[1..].to_vec())
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let filter: usize = self.weight.array().shape()[1..].iter().product();
        self.output_shape(input).map_or(0, |shape| shape.iter().product::<usize>() * filter)
    }
}
