//! Pooling layers.

use super::activation::without_parameters;
use super::convolution::{picture, written};
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::autograd::Variable;
use crate::error::Result;
use crate::functions::{
    adaptive_average_pool2d, adaptive_max_pool2d, adaptive_pool2d_shape, average_pool2d, global_average_pool2d,
    global_max_pool2d, max_pool2d, pool2d_shape,
};

/// The largest number of every window of each channel. See [`max_pool2d`].
#[derive(Debug, Clone, Copy)]
pub struct MaxPool2d {
    /// Height and width of a window.
    pub size: [usize; 2],
    /// Steps from a window to the next.
    pub stride: [usize; 2],
    /// Rows and columns around the picture, which are never the largest.
    pub padding: [usize; 2],
}

/// The mean of every window of each channel. See [`average_pool2d`].
#[derive(Debug, Clone, Copy)]
pub struct AveragePool2d {
    /// Height and width of a window.
    pub size: [usize; 2],
    /// Steps from a window to the next.
    pub stride: [usize; 2],
    /// Rows and columns of zeros around the picture.
    pub padding: [usize; 2],
}

/// The mean of each channel: `[channels, height, width]` becomes `[channels]`.
#[derive(Debug, Clone, Copy)]
pub struct GlobalAveragePool2d;

/// The largest number of each channel: `[channels, height, width]` becomes `[channels]`. See [`global_max_pool2d`].
#[derive(Debug, Clone, Copy)]
pub struct GlobalMaxPool2d;

/// The mean of every part of each channel, which is cut into a given number of parts whatever its size. See
/// [`adaptive_average_pool2d`].
#[derive(Debug, Clone, Copy)]
pub struct AdaptiveAveragePool2d {
    /// How many parts the height and the width are cut into.
    pub size: [usize; 2],
}

/// The largest number of every part of each channel, which is cut into a given number of parts whatever its size. See
/// [`adaptive_max_pool2d`].
#[derive(Debug, Clone, Copy)]
pub struct AdaptiveMaxPool2d {
    /// How many parts the height and the width are cut into.
    pub size: [usize; 2],
}

without_parameters!(MaxPool2d AveragePool2d GlobalAveragePool2d GlobalMaxPool2d AdaptiveAveragePool2d AdaptiveMaxPool2d);

macro_rules! windows {
    ($($type:ident $word:literal $function:ident;)*) => {$(
        impl $type {
            /// Square windows that lie side by side.
            pub fn new(size: usize) -> $type {
                $type { size: [size; 2], stride: [size; 2], padding: [0; 2] }
            }
        }

        impl Module for $type {
            fn forward(&self, x: &Variable) -> Result<Variable> {
                $function(x, self.size, self.stride, self.padding)
            }
            fn notation(&self) -> String {
                let mut text = format!(concat!($word, "({}"), written(self.size));
                for (name, pair, usual) in [("stride", self.stride, self.size), ("padding", self.padding, [0; 2])] {
                    if pair != usual {
                        text += &format!(",{name}={}", written(pair));
                    }
                }
                text + ")"
            }
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
                let [channels, height, width] = picture(self, input)?;
                let shape = [1, channels, height, width];
                Ok(pool2d_shape(&self.notation(), shape, self.size, self.stride, self.padding)?[1..].to_vec())
            }
        }
    )*};
}

windows! {
    MaxPool2d "maxpool" max_pool2d;
    AveragePool2d "avgpool" average_pool2d;
}

macro_rules! adaptive {
    ($($type:ident $word:literal $function:ident;)*) => {$(
        impl Module for $type {
            fn forward(&self, x: &Variable) -> Result<Variable> {
                $function(x, self.size)
            }
            fn notation(&self) -> String {
                format!(concat!($word, "({})"), written(self.size))
            }
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
                let [channels, height, width] = picture(self, input)?;
                Ok(adaptive_pool2d_shape(&self.notation(), [1, channels, height, width], self.size)?[1..].to_vec())
            }
        }
    )*};
}

adaptive! {
    AdaptiveAveragePool2d "adaptiveavgpool" adaptive_average_pool2d;
    AdaptiveMaxPool2d "adaptivemaxpool" adaptive_max_pool2d;
}

macro_rules! global {
    ($($type:ident $word:literal $function:ident;)*) => {$(
        impl Module for $type {
            fn forward(&self, x: &Variable) -> Result<Variable> {
                $function(x)
            }
            fn notation(&self) -> String {
                $word.to_string()
            }
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
                Ok(vec![picture(self, input)?[0]])
            }
        }
    )*};
}

global! {
    GlobalAveragePool2d "globalpool" global_average_pool2d;
    GlobalMaxPool2d "globalmaxpool" global_max_pool2d;
}
