//! Normalisation layers.

use super::buffer::Buffer;
use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::array::{Array, DType};
use crate::autograd::{Variable, is_training};
use crate::error::{Error, Result};
use crate::functions::{Moments, batch_norm, fixed_batch_norm, group_norm, layer_norm, rms_norm};
use crate::kernels::strided::MAX_RANK;

/// [`Parameter::new`], or [`Parameter::lazy`] for sizes that are not known yet.
type Make = fn(&[usize], Initializer) -> Result<Parameter>;

/// A weight of ones and a bias of zeros.
fn weight_and_bias(make: Make, shape: &[usize]) -> Result<(Parameter, Parameter)> {
    Ok((make(shape, Initializer::Constant(1.0))?, make(shape, Initializer::Constant(0.0))?))
}

/// The two walks over fields that are parameters.
macro_rules! parameters {
    ($type:ty: $($field:ident)* $(, buffers $($buffer:ident)*)?) => {
        impl Layer for $type {
            fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
                $(self.$field.visit(&path.field(stringify!($field)), visitor);)*
            }
            fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
                $(self.$field.visit_mut(&path.field(stringify!($field)), visitor);)*
            }
            $(fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
                $(self.$buffer.visit_buffers(&path.field(stringify!($buffer)), visitor);)*
            })?
        }
    };
}

/// Batch normalisation of `[samples, channels, …]`: in training by the batch's mean and variance, which are remembered as
/// running means; in use by these. See [`batch_norm`].
#[derive(Debug, Clone)]
pub struct BatchNorm {
    weight: Parameter,
    bias: Parameter,
    mean: Buffer,
    variance: Buffer,
    /// The share of a new batch in the running statistics, 0.1.
    pub momentum: f64,
    /// Added to the variance, 1e-5.
    pub epsilon: f64,
}

impl BatchNorm {
    /// For so many channels.
    ///
    /// # Errors
    ///
    /// More channels than memory holds.
    pub fn new(channels: usize) -> Result<BatchNorm> {
        let of = |value: f64| Ok(Buffer::new(Array::full(&[channels], value, DType::F32)?));
        Self::make(Parameter::new, channels, [of(0.0)?, of(1.0)?])
    }

    /// For as many channels as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`BatchNorm::new`].
    pub fn lazy() -> Result<BatchNorm> {
        Self::make(Parameter::lazy, 0, [Buffer::lazy(&[0], 0.0)?, Buffer::lazy(&[0], 1.0)?])
    }

    fn make(make: Make, channels: usize, [mean, variance]: [Buffer; 2]) -> Result<BatchNorm> {
        let (weight, bias) = weight_and_bias(make, &[channels])?;
        Ok(BatchNorm { weight, bias, mean, variance, momentum: 0.1, epsilon: 1e-5 })
    }

    /// The running mean and variance; empty as long as the number of channels is not known.
    pub fn statistics(&self) -> [Array; 2] {
        [self.mean.get(), self.variance.get()]
    }

    /// Moves the running statistics towards those of a batch; the variance as an estimate for all data, divided by n − 1.
    fn remember(&self, moments: &Moments) -> Result<()> {
        let count = moments.count as f64;
        let unbiased = if moments.count > 1 { moments.variance.scale(count / (count - 1.0)) } else { moments.variance.clone() };
        for (buffer, new) in [(&self.mean, &moments.mean), (&self.variance, &unbiased)] {
            buffer.set(buffer.get().scale(1.0 - self.momentum).add(&new.scale(self.momentum))?)?;
        }
        Ok(())
    }
}

parameters!(BatchNorm: weight bias, buffers mean variance);

impl Module for BatchNorm {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        let (weight, bias) = (Some(self.weight.variable()), Some(self.bias.variable()));
        if !is_training() {
            let [mean, variance] = self.statistics();
            return fixed_batch_norm(x, [&mean, &variance], weight, bias, self.epsilon);
        }
        let (y, moments) = batch_norm(x, weight, bias, self.epsilon)?;
        self.remember(&moments)?;
        Ok(y)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let Some(channels) = input.get(..1) else { return Ok(()) };
        let all = [&self.weight, &self.bias].into_iter().try_for_each(|parameter| parameter.infer_sizes(channels));
        all.and_then(|()| self.mean.infer_sizes(channels))
            .and_then(|()| self.variance.infer_sizes(channels))
            .map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        "batchnorm".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        channels_of(self, input, &self.weight)
    }
}

/// The shape of samples whose first axis is the channels, one for each number of `weight`.
fn channels_of(layer: &dyn Module, input: &[usize], weight: &Parameter) -> Result<Vec<usize>> {
    if input.get(..1).is_some_and(|channels| weight.fits(channels)) {
        return Ok(input.to_vec());
    }
    let channels = weight.array().len();
    Err(Error::shape(format!("{} for {channels} channels gets samples of shape {input:?}", layer.notation()))
        .help("samples have the shape [channels, …]"))
}

/// Layer normalisation of every sample over all its axes, or over the last of them. See [`layer_norm`].
#[derive(Debug, Clone)]
pub struct LayerNorm {
    weight: Parameter,
    bias: Parameter,
    /// Added to the variance, 1e-5.
    pub epsilon: f64,
}

/// RMS normalisation over the last axis. See [`rms_norm`].
#[derive(Debug, Clone)]
pub struct RmsNorm {
    weight: Parameter,
    /// Added to the mean square, 1e-6.
    pub epsilon: f64,
}

/// Group normalisation of `[samples, channels, …]`. See [`group_norm`].
#[derive(Debug, Clone)]
pub struct GroupNorm {
    weight: Parameter,
    bias: Parameter,
    groups: usize,
    /// Added to the variance, 1e-5.
    pub epsilon: f64,
}

impl LayerNorm {
    /// Over last axes of these sizes.
    ///
    /// # Errors
    ///
    /// No axes, or more numbers than memory holds.
    pub fn new(sizes: &[usize]) -> Result<LayerNorm> {
        Self::make(Parameter::new, sizes)
    }

    fn make(make: Make, sizes: &[usize]) -> Result<LayerNorm> {
        if sizes.is_empty() {
            return Err(Error::shape("layer normalisation over no axes").help("give the sizes of the last axes, e.g. [128]"));
        }
        let (weight, bias) = weight_and_bias(make, sizes)?;
        Ok(LayerNorm { weight, bias, epsilon: 1e-5 })
    }

    /// Over so many last axes, of the sizes that the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// No axes, or more than an array can have.
    pub fn lazy(axes: usize) -> Result<LayerNorm> {
        if axes > MAX_RANK {
            return Err(
                Error::shape(format!("layer normalisation over {axes} axes")).help(format!("arrays have at most {MAX_RANK}"))
            );
        }
        Self::make(Parameter::lazy, &[0; MAX_RANK][..axes])
    }
}

impl RmsNorm {
    /// Over a last axis of this size.
    ///
    /// # Errors
    ///
    /// A size larger than memory.
    pub fn new(size: usize) -> Result<RmsNorm> {
        Ok(RmsNorm { weight: Parameter::new(&[size], Initializer::Constant(1.0))?, epsilon: 1e-6 })
    }

    /// Over a last axis of the size that the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`RmsNorm::new`].
    pub fn lazy() -> Result<RmsNorm> {
        Ok(RmsNorm { weight: Parameter::lazy(&[0], Initializer::Constant(1.0))?, epsilon: 1e-6 })
    }
}

impl GroupNorm {
    /// For so many channels in so many groups.
    ///
    /// # Errors
    ///
    /// Groups that do not divide the channels, or more channels than memory holds.
    pub fn new(groups: usize, channels: usize) -> Result<GroupNorm> {
        Self::make(Parameter::new, groups, channels)
    }

    fn make(make: Make, groups: usize, channels: usize) -> Result<GroupNorm> {
        check_groups(groups, channels)?;
        let (weight, bias) = weight_and_bias(make, &[channels])?;
        Ok(GroupNorm { weight, bias, groups, epsilon: 1e-5 })
    }

    /// For as many channels as the first x has, in so many groups; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// No groups.
    pub fn lazy(groups: usize) -> Result<GroupNorm> {
        Self::make(Parameter::lazy, groups, 0)
    }
}

fn check_groups(groups: usize, channels: usize) -> Result<()> {
    if groups == 0 || !channels.is_multiple_of(groups) {
        return Err(Error::value(format!("{groups} groups of {channels} channels"))
            .help("the number of groups must divide the number of channels"));
    }
    Ok(())
}

parameters!(LayerNorm: weight bias);
parameters!(RmsNorm: weight);
parameters!(GroupNorm: weight bias);

impl Module for LayerNorm {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape())?;
        let axes = self.weight.array().rank();
        layer_norm(x, axes, Some(self.weight.variable()), Some(self.bias.variable()), self.epsilon)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let all = infer_last(&self.weight, input).and_then(|()| infer_last(&self.bias, input));
        all.map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        "layernorm".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        last_of(self, input, &self.weight)
    }
}

impl Module for RmsNorm {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape())?;
        rms_norm(x, 1, Some(self.weight.variable()), self.epsilon)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        infer_last(&self.weight, input).map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        "rmsnorm".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        last_of(self, input, &self.weight)
    }
}

impl Module for GroupNorm {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        group_norm(x, self.groups, Some(self.weight.variable()), Some(self.bias.variable()), self.epsilon)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let (Some(channels), false) = (input.get(..1), self.weight.has_sizes() && self.bias.has_sizes()) else { return Ok(()) };
        check_groups(self.groups, channels[0])
            .and_then(|()| self.weight.infer_sizes(channels))
            .and_then(|()| self.bias.infer_sizes(channels))
            .map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        format!("groupnorm({})", self.groups)
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        channels_of(self, input, &self.weight)
    }
}

/// The last axes of a shape, as many as `weight` has.
fn last_axes<'a>(weight: &Parameter, input: &'a [usize]) -> Option<&'a [usize]> {
    input.get(input.len().checked_sub(weight.array().rank())?..)
}

/// Gives `weight` the sizes of the last axes.
fn infer_last(weight: &Parameter, input: &[usize]) -> Result<()> {
    last_axes(weight, input).map_or(Ok(()), |sizes| weight.infer_sizes(sizes))
}

/// The shape of samples whose last axes have the sizes of `weight`.
fn last_of(layer: &dyn Module, input: &[usize], weight: &Parameter) -> Result<Vec<usize>> {
    if last_axes(weight, input).is_some_and(|sizes| weight.fits(sizes)) {
        return Ok(input.to_vec());
    }
    let sizes = weight.written_shape();
    Err(Error::shape(format!("{} over axes of sizes {sizes} gets samples of shape {input:?}", layer.notation())))
}
