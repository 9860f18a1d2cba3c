//! The way from each linear layer's result to the loss: what has to be computed again when one of its weights moves.

use std::any::Any;

use crate::layers::{Activation, Flatten, Linear, Module};

/// A linear layer and what comes after it.
pub(super) struct Route<'a> {
    /// Its place in the network.
    pub position: usize,
    pub layer: &'a Linear,
    /// The next linear layer, if only elementwise functions lie between: then the change of one number of a sample goes
    /// through that layer's weights. Otherwise changed rows start with this layer's own result.
    pub next: Option<Next<'a>>,
    /// The layers that run in full on changed rows.
    pub rest: &'a [Box<dyn Module>],
}

/// The next linear layer.
pub(super) struct Next<'a> {
    pub position: usize,
    pub layer: &'a Linear,
    /// The elementwise functions before it.
    pub between: Vec<&'a dyn Module>,
}

/// The routes of all linear layers.
///
/// # Errors
///
/// The layer that is neither linear nor an activation function nor flatten: it may do anything with its input.
pub(super) fn routes(layers: &[Box<dyn Module>]) -> Result<Vec<Route<'_>>, &dyn Module> {
    let mut routes = Vec::new();
    for (position, layer) in layers.iter().enumerate() {
        let layer = layer.as_ref();
        if let Some(linear) = as_linear(layer) {
            let next = next(layers, position);
            let rest = &layers[next.as_ref().map_or(position, |n| n.position) + 1..];
            routes.push(Route { position, layer: linear, next, rest });
        } else if !(is_elementwise(layer) || (layer as &dyn Any).is::<Activation>()) {
            return Err(layer);
        }
    }
    Ok(routes)
}

fn next(layers: &[Box<dyn Module>], position: usize) -> Option<Next<'_>> {
    let mut between = Vec::new();
    for (place, layer) in layers.iter().enumerate().skip(position + 1) {
        if let Some(linear) = as_linear(layer.as_ref()) {
            return Some(Next { position: place, layer: linear, between });
        }
        if !is_elementwise(layer.as_ref()) {
            return None;
        }
        // What a linear layer gives has one axis a sample: there is nothing to flatten.
        if !(layer.as_ref() as &dyn Any).is::<Flatten>() {
            between.push(layer.as_ref());
        }
    }
    None
}

/// The layer as a linear one, if it is.
pub(super) fn as_linear(layer: &dyn Module) -> Option<&Linear> {
    (layer as &dyn Any).downcast_ref()
}

fn is_elementwise(layer: &dyn Module) -> bool {
    let layer = layer as &dyn Any;
    layer.is::<Flatten>() || layer.downcast_ref::<Activation>().is_some_and(|a| a.kind().elementwise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;
    use crate::autograd::Variable;
    use crate::data::Dataset;
    use crate::error::Result;
    use crate::layers::{Initializer, Layer, Parameter, Path, Sequential};
    use crate::model::Network;
    use crate::train::{Loss, NumericalGradient};

    /// Mixes the samples of a batch.
    struct MinusMean;

    impl Layer for MinusMean {
        fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &Parameter)) {}
        fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {}
    }

    impl Module for MinusMean {
        fn forward(&self, x: &Variable) -> Result<Variable> {
            x.sub(x.mean_axes(&[0], true)?)
        }
        fn notation(&self) -> String {
            "minus_mean".into()
        }
        fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
            Ok(input.to_vec())
        }
    }

    fn layers(words: &[&str]) -> Sequential {
        let mut layers = Sequential::new();
        for &word in words {
            layers.push(match (word, Activation::new(word)) {
                (_, Some(activation)) => Box::new(activation),
                ("linear", _) => Box::new(Linear::try_new(2, 2, Initializer::LeCun, true).unwrap()),
                ("flatten", _) => Box::new(Flatten),
                _ => Box::new(MinusMean),
            });
        }
        layers
    }

    #[test]
    fn changes_pass_elementwise_functions_up_to_the_next_linear_layer() {
        let layers = layers(&["flatten", "linear", "tanh", "flatten", "relu", "linear", "softmax", "linear", "silu"]);
        let routes = routes(layers.layers()).ok().unwrap();
        let found: Vec<_> =
            routes.iter().map(|r| (r.position, r.next.as_ref().map(|n| (n.position, n.between.len())), r.rest.len())).collect();
        assert_eq!(found, [(1, Some((5, 2)), 3), (5, None, 3), (7, None, 1)]);
    }

    #[test]
    fn with_a_layer_that_may_do_anything_every_loss_is_computed_from_the_beginning() {
        let mut network = Network::from_layers(layers(&["linear", "minus_mean", "tanh", "linear"]), &[2]).unwrap();
        network.convert(DType::F64).unwrap();
        let batch = Dataset::all(&crate::data::xor().with_dtype(DType::F64).unwrap()).unwrap();
        let (loss, numerical) = (Loss::named("softmax_cross_entropy").unwrap(), NumericalGradient::default());
        assert_eq!(numerical.cost(&network, loss, &batch).unwrap().unknown.unwrap(), "minus_mean");
        let found = numerical.differentiate(&mut network, loss, &batch).unwrap().gradients;
        let exact = loss.of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().backward().unwrap();
        for (a, b) in found.arrays().zip(exact.arrays()) {
            assert!(a.sub(b).unwrap().sum_of_squares() < 1e-16, "{a} {b}");
        }
        assert_eq!(found.len(), 4);
    }
}
