//! Layers one after the other.

use std::any::Any;

use super::activation::Activation;
use super::buffer::Buffer;
use super::parameter::{Layer, Parameter};
use super::walk::Path;
use crate::autograd::{Variable, may_fuse, within};
use crate::error::Result;

/// A layer with one input and one output, which knows how it is written and what shape it makes.
///
/// Shapes here are those of one sample, without the axis of samples. As [`Any`] it tells whether it is a certain layer.
pub trait Module: Layer + Send + Sync + Any {
    /// The layer's result for a batch `[n, …]`.
    ///
    /// # Errors
    ///
    /// The input does not fit.
    fn forward(&self, x: &Variable) -> Result<Variable>;

    /// The result of this layer and of some that follow it, where they can be had in one pass: how many of the following,
    /// and the result, which has the same bits. `None` if nothing can be joined.
    #[doc(hidden)]
    fn forward_joined(&self, x: &Variable, following: &[Box<dyn Module>]) -> Option<(usize, Result<Variable>)> {
        let _ = (x, following);
        None
    }

    /// Takes the sizes that are not known yet from the shape of a sample; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data). A layer does it by itself when it computes, so that only layers
    /// made of others need pass it on.
    ///
    /// # Errors
    ///
    /// A shape that does not fit.
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let _ = input;
        Ok(())
    }

    /// How the layer is written in the network notation.
    fn notation(&self) -> String;

    /// The shape of one sample's output for that of its input.
    ///
    /// # Errors
    ///
    /// The input does not fit.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>>;

    /// Multiply-add operations of matrix products for one sample; what is done per element is not counted.
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let _ = input;
        0
    }
}

/// Layers one after the other. Parameters are named by the layer's position: `0.weight`, `2.bias`.
#[derive(Default)]
pub struct Sequential {
    layers: Vec<Box<dyn Module>>,
}

impl Sequential {
    /// No layers yet.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// With one more layer at the end.
    #[must_use]
    pub fn with(mut self, layer: impl Module + 'static) -> Sequential {
        self.layers.push(Box::new(layer));
        self
    }

    /// Puts a layer at the end.
    pub fn push(&mut self, layer: Box<dyn Module>) {
        self.layers.push(layer);
    }

    /// The layers.
    pub fn layers(&self) -> &[Box<dyn Module>] {
        &self.layers
    }

    /// The result of the last layer.
    ///
    /// # Errors
    ///
    /// A layer that its input does not fit, with the layer's position and name.
    pub fn forward(&self, x: &Variable) -> Result<Variable> {
        let mut y = x.clone();
        let mut i = 0;
        while let Some(layer) = self.layers.get(i) {
            let (joined, result) = within(
                || self.place(i),
                || {
                    let following = self.layers.get(i + 1..).unwrap_or_default();
                    let joined = if may_fuse() { layer.forward_joined(&y, following) } else { None };
                    joined.unwrap_or_else(|| (0, layer.forward(&y)))
                },
            );
            y = result.map_err(|e| e.context(format_args!("layer {}", self.place(i))))?;
            i += 1 + joined;
        }
        Ok(y)
    }

    /// What a layer is called in errors.
    fn place(&self, i: usize) -> String {
        format!("{i}.{}", self.layers.get(i).map_or(String::new(), |layer| layer.notation()))
    }

    /// As [`Sequential::forward`], and `each` sees the position and the result of every layer.
    ///
    /// # Errors
    ///
    /// A layer that its input does not fit, with the layer's position and name.
    pub fn forward_with(&self, x: &Variable, mut each: impl FnMut(usize, &Variable)) -> Result<Variable> {
        let mut y = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            y = within(|| self.place(i), || layer.forward(&y)).map_err(|e| e.context(format_args!("layer {}", self.place(i))))?;
            each(i, &y);
        }
        Ok(y)
    }
}

/// Whether the first of these layers is the ReLU whose slope at 0 is 0.
pub(super) fn starts_with_relu(layers: &[Box<dyn Module>]) -> bool {
    let first = layers.first().and_then(|layer| (layer.as_ref() as &dyn Any).downcast_ref::<Activation>());
    first.is_some_and(Activation::is_plain_relu)
}

impl Layer for Sequential {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.layers.visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.layers.visit_mut(path, visitor);
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.layers.visit_buffers(path, visitor);
    }
}

impl Module for Sequential {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        Sequential::forward(self, x)
    }
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let mut shape = input.to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            let next = layer.infer_sizes(&shape).and_then(|()| layer.output_shape(&shape));
            shape = next.map_err(|e| e.context(format_args!("layer {}", self.place(i))))?;
        }
        Ok(())
    }
    fn notation(&self) -> String {
        self.layers.iter().map(|l| l.notation()).collect::<Vec<_>>().join(" ")
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.layers.iter().try_fold(input.to_vec(), |shape, layer| layer.output_shape(&shape))
    }
    fn multiply_adds(&self, input: &[usize]) -> usize {
        let mut shape = input.to_vec();
        let mut count = 0;
        for layer in &self.layers {
            count += layer.multiply_adds(&shape);
            shape = layer.output_shape(&shape).unwrap_or_default();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Array, DType, Stream};
    use crate::autograd::{find_non_finite, trace};
    use crate::layers::Conv2d;

    #[test]
    fn a_convolution_and_its_relu_are_one_where_nobody_looks() {
        let relu = || Activation::new("relu").unwrap();
        let layers = Sequential::new().with(relu()).with(Conv2d::new(2, 3, 3)).with(relu());
        let x = Variable::constant(Stream::new(1, "x").uniform(&[2, 2, 6, 5], -1.0, 1.0, DType::F32).unwrap());
        let creator = |y: &Variable| y.creator().map(str::to_string);
        let fused = layers.forward(&x).unwrap();
        assert_eq!(creator(&fused).unwrap(), "conv2d_relu");
        let mut results = Vec::new();
        let seen = layers.forward_with(&x, |i, y| results.push((i, creator(y)))).unwrap();
        let name = |text: &str| Some(text.to_string());
        assert_eq!(results, [(0, None), (1, name("conv2d")), (2, name("relu"))]);
        let traced = trace(|| layers.forward(&x).unwrap()).0;
        let searched = find_non_finite(|| layers.forward(&x).unwrap()).0;
        for y in [&seen, &traced, &searched] {
            assert!(creator(y) == name("relu") && y.array().same_as(fused.array()));
        }
        let gradients = [fused, seen].map(|y| (&y * &y).sum().backward().unwrap());
        layers.visit(&Path::ROOT, &mut |_, parameter| {
            let [a, b] = gradients.each_ref().map(|g| g.get(parameter.variable()).unwrap());
            assert!(a.same_as(b) && a.sum_of_squares() > 0.0);
        });
        // Another derivative at the kink is not fused, and an error names the convolution.
        let half = Sequential::new().with(Conv2d::new(2, 3, 3)).with(relu().with(0.5).unwrap());
        assert_eq!(creator(&half.forward(&x).unwrap()), name("relu"));
        let wrong = layers.forward(&Variable::constant(Array::zeros(&[2, 1, 6, 5], DType::F32).unwrap())).unwrap_err();
        assert!(wrong.what().starts_with("layer 1.conv(3,3): conv2d: x [2, 1, 6, 5]"), "{wrong}");
    }
}
