//! Layers that make pictures larger.

use super::Layer;
use super::convolution::{picture, written};
use super::initializer::Initializer;
use super::parameter::Parameter;
use super::sequential::Module;
use crate::array::Shape;
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{Conv2dOptions, conv_transpose2d};

/// The transposed convolution of pictures `[channels, height, width]`: weight of shape `[channels, filters, height, width]` and
/// bias of `[filters]`. Each side becomes (side − 1)·stride − 2·padding + kernel. See [`conv_transpose2d`].
#[derive(Debug, Clone, Layer)]
pub struct ConvTranspose2d {
    weight: Parameter,
    bias: Option<Parameter>,
    #[layer(skip)]
    stride: [usize; 2],
    #[layer(skip)]
    padding: [usize; 2],
}

impl ConvTranspose2d {
    /// A layer with bias 0.
    ///
    /// # Errors
    ///
    /// A size or step of 0, or sizes larger than memory.
    pub fn try_new(
        channels: usize,
        filters: usize,
        kernel: [usize; 2],
        [stride, padding]: [[usize; 2]; 2],
        initializer: Initializer,
        bias: bool,
    ) -> Result<ConvTranspose2d> {
        Self::sized(Some(channels), filters, kernel, [stride, padding], initializer, bias)
    }

    /// As [`ConvTranspose2d::try_new`] for as many channels as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// A size or step of 0, or sizes larger than memory.
    pub fn try_lazy(
        filters: usize,
        kernel: [usize; 2],
        [stride, padding]: [[usize; 2]; 2],
        initializer: Initializer,
        bias: bool,
    ) -> Result<ConvTranspose2d> {
        Self::sized(None, filters, kernel, [stride, padding], initializer, bias)
    }

    /// With `None` for channels that are not known yet.
    fn sized(
        channels: Option<usize>,
        filters: usize,
        kernel: [usize; 2],
        [stride, padding]: [[usize; 2]; 2],
        initializer: Initializer,
        bias: bool,
    ) -> Result<ConvTranspose2d> {
        if channels == Some(0) || filters == 0 || kernel.contains(&0) || stride.contains(&0) {
            let channels = channels.map_or(String::new(), |channels| format!("of {channels} channels "));
            return Err(Error::value(format!(
                "a transposed convolution {channels}with {filters} filters of {kernel:?} in steps of {stride:?}"
            ))
            .help("all of them must be at least 1"));
        }
        let weight = Parameter::lazy(&[channels.unwrap_or(0), filters, kernel[0], kernel[1]], initializer)?;
        let bias = if bias { Some(Parameter::new(&[filters], Initializer::Constant(0.0))?) } else { None };
        Ok(ConvTranspose2d { weight, bias, stride, padding })
    }

    fn options(&self) -> Conv2dOptions {
        Conv2dOptions { stride: self.stride, padding: self.padding, ..Conv2dOptions::default() }
    }
}

impl Module for ConvTranspose2d {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
        let bias = self.bias.as_ref().map(Parameter::variable);
        conv_transpose2d(x, self.weight.variable(), bias, &self.options(), [0; 2])
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        if self.weight.has_sizes() {
            return Ok(());
        }
        let [channels, ..] = picture(self, input)?;
        let shape = self.weight.array().shape();
        self.weight.infer_sizes(&[channels, shape[1], shape[2], shape[3]]).map_err(|e| e.context(self.notation()))
    }
    fn notation(&self) -> String {
        let shape = self.weight.array().shape();
        let mut text = format!("convtranspose({},{}", shape[1], written([shape[2], shape[3]]));
        for (name, pair, usual) in [("stride", self.stride, 1), ("padding", self.padding, 0)] {
            if pair != [usual; 2] {
                text += &format!(",{name}={}", written(pair));
            }
        }
        text + if self.bias.is_some() { ")" } else { ",nobias)" }
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let [channels, height, width] = picture(self, input)?;
        let shape = self.weight.array().shape();
        if self.weight.has_sizes() && channels != shape[0] {
            return Err(Error::shape(format!("{} has weights for {} channels and gets {channels}", self.notation(), shape[0])));
        }
        let mut result = vec![shape[1]];
        for (axis, side) in [height, width].into_iter().enumerate() {
            let whole = side.checked_sub(1).and_then(|n| n.checked_mul(self.stride[axis])?.checked_add(shape[2 + axis]));
            let inside = whole.and_then(|whole| whole.checked_sub(self.padding[axis].checked_mul(2)?)).filter(|&side| side > 0);
            result.push(inside.ok_or_else(|| {
                Error::shape(format!("{}: nothing is left of samples of shape {input:?}", self.notation()))
                    .help("use less padding, or a larger kernel")
            })?);
        }
        Shape::new(&result).map_err(|e| e.context(self.notation()))?;
        Ok(result)
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let filter: usize = self.weight.array().shape()[1..].iter().product();
        input.iter().product::<usize>() * filter
    }
}

/// Every number of a picture as a square of as many equal ones: the nearest neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Layer)]
pub struct Upsample {
    /// How many times higher and wider.
    #[layer(skip)]
    pub factor: [usize; 2],
}

impl Module for Upsample {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        x.repeat(self.factor[0], -2)?.repeat(self.factor[1], -1)
    }
    fn notation(&self) -> String {
        format!("upsample({})", written(self.factor))
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let [channels, height, width] = picture(self, input)?;
        let too_large = || Error::value(format!("{} of samples of shape {input:?} does not fit into memory", self.notation()));
        let sides = height.checked_mul(self.factor[0]).zip(width.checked_mul(self.factor[1]));
        let (height, width) = sides.ok_or_else(too_large)?;
        let result = [channels, height, width];
        Shape::new(&result).map_err(|_| too_large())?;
        Ok(result.to_vec())
    }
}
