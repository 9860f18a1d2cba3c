//! A sequential network made from the notation.

use super::notation::{self, Suiting};
use super::ready;
use super::summary::{Summary, SummaryRow};
use super::words;
use crate::array::{Array, DType, Shape};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::layers::{Buffer, Initializer, Layer, Module, Parameter, Path, Sequential, parameter_count, unfilled};

/// How a network's parameters are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkOptions {
    /// Seed of the initialisation.
    pub seed: u64,
    /// The initialiser for all weights; without one each layer gets what suits the activation after it.
    pub initializer: Option<Initializer>,
    /// f64 instead of f32.
    pub double: bool,
}

/// A network written in one line, for samples of a known shape.
///
/// ```
/// use kudari::model::{Network, NetworkOptions};
///
/// let net = Network::new("linear(50) sigmoid linear(10)", &[784], &NetworkOptions::default())?;
/// assert_eq!(net.summary().parameters, 39760);
/// # Ok::<(), kudari::Error>(())
/// ```
pub struct Network {
    notation: String,
    input_shape: Vec<usize>,
    /// Samples of several axes go into a first layer that takes one.
    flatten: bool,
    layers: Sequential,
}

impl Network {
    /// Builds the network for samples of `input_shape` (without the axis of samples). If the first layer is `linear`,
    /// samples of several axes are flattened before it.
    ///
    /// # Errors
    ///
    /// A text that cannot be read, an unknown word, or a layer that its input does not fit, each with its column.
    pub fn new(text: &str, input_shape: &[usize], options: &NetworkOptions) -> Result<Network> {
        let mut words = words::read(text)?;
        let ready = ready::expanded(&words).map_err(|e| e.excerpt(text, words[0].column, words[0].length))?;
        let text = ready.as_deref().unwrap_or(text);
        if ready.is_some() {
            words = words::read(text)?;
        }
        Shape::new(input_shape).map_err(|e| e.context("the network's input"))?;
        let flatten = input_shape.len() != 1 && words[0].name == "linear";
        let first_shape = if flatten { vec![input_shape.iter().product()] } else { input_shape.to_vec() };
        let suiting = Suiting { chosen: options.initializer, behind: None };
        let (layers, _) = unfilled(|| notation::sequence(text, &words, &first_shape, suiting))?;
        let notation = layers.notation();
        let mut network = Network { notation, input_shape: input_shape.to_vec(), flatten, layers };
        if options.double {
            network.convert(DType::F64)?;
        }
        network.initialize(options.seed)?;
        Ok(network)
    }

    /// A network of layers that may be the program's own, for samples of `input_shape`. It is trained, evaluated and explained like
    /// any other; a model file can be opened again only where the notation knows all its layers. Lazy layers get their sizes here.
    ///
    /// # Errors
    ///
    /// No layers, or one that its input does not fit.
    pub fn from_layers(layers: Sequential, input_shape: &[usize]) -> Result<Network> {
        Shape::new(input_shape).map_err(|e| e.context("the network's input"))?;
        if layers.layers().is_empty() {
            return Err(Error::value("a network without layers").help("add layers with Sequential::with"));
        }
        let mut shape = input_shape.to_vec();
        for (i, layer) in layers.layers().iter().enumerate() {
            let next = layer.infer_sizes(&shape).and_then(|()| layer.output_shape(&shape));
            shape = next.map_err(|e| e.context(format_args!("layer {i}.{}", layer.notation())))?;
        }
        Ok(Network { notation: layers.notation(), input_shape: input_shape.to_vec(), flatten: false, layers })
    }

    /// The notation, in its usual spelling.
    pub fn notation(&self) -> &str {
        &self.notation
    }

    /// The shape of one sample.
    pub fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    /// The shape of one sample's output.
    pub fn output_shape(&self) -> Vec<usize> {
        self.summary().rows.pop().map(|row| row.output_shape).unwrap_or_default()
    }

    /// The layers.
    pub fn layers(&self) -> &Sequential {
        &self.layers
    }

    /// The network's output for a batch `[n, …]`.
    ///
    /// # Errors
    ///
    /// The batch does not fit.
    pub fn forward(&self, x: &Variable) -> Result<Variable> {
        self.layers.forward(&self.first_input(x)?)
    }

    /// As [`Network::forward`], and `each` sees the position and the result of every layer.
    ///
    /// # Errors
    ///
    /// The batch does not fit.
    pub fn forward_with(&self, x: &Variable, each: impl FnMut(usize, &Variable)) -> Result<Variable> {
        self.layers.forward_with(&self.first_input(x)?, each)
    }

    /// The batch as the first layer takes it.
    fn first_input(&self, x: &Variable) -> Result<Variable> {
        if x.shape().get(1..) != Some(&self.input_shape) {
            return Err(Error::shape(format!(
                "the network takes samples of shape {:?}, the batch has shape {:?}",
                self.input_shape,
                x.shape()
            ))
            .help("a batch has the shape [samples, …]"));
        }
        if self.flatten && x.rank() != 2 { x.flatten() } else { Ok(x.clone()) }
    }

    /// The probabilities `[n, classes]` of a classifier's outputs: the softmax of logits, the sigmoid for a single output,
    /// and the outputs themselves if the last layer is a softmax already.
    ///
    /// # Errors
    ///
    /// Outputs that are not `[n, classes]`.
    pub fn probabilities(&self, outputs: &Variable) -> Result<Array> {
        let outputs = outputs.detach();
        let last = self.layers.layers().last().map(|l| l.notation()).unwrap_or_default();
        match (outputs.shape(), last.as_str()) {
            ([_, 1], "sigmoid") => Array::concatenate(&[&outputs.array().scale(-1.0).shift(1.0), outputs.array()], 1),
            ([_, 1], _) => Array::concatenate(&[outputs.neg().sigmoid().array(), outputs.sigmoid().array()], 1),
            ([_, _], "softmax") => Ok(outputs.into_array()),
            ([_, _], "log_softmax") => Ok(outputs.exp().into_array()),
            ([_, _], _) => Ok(outputs.softmax(1)?.into_array()),
            (..) => Err(Error::shape(format!("outputs of shape {:?} are not classes", outputs.shape()))
                .help("a classifier's outputs have the shape [samples, classes]")),
        }
    }

    /// Layers, shapes, numbers of parameters and operations.
    pub fn summary(&self) -> Summary {
        let mut shape = if self.flatten { vec![self.input_shape.iter().product()] } else { self.input_shape.clone() };
        let mut rows = Vec::new();
        for layer in self.layers.layers() {
            let multiply_adds = layer.multiply_adds(&shape);
            // The shapes were checked when the network was built.
            shape = layer.output_shape(&shape).unwrap_or_default();
            let parameters = parameter_count(layer.as_ref());
            rows.push(SummaryRow { layer: layer.notation(), output_shape: shape.clone(), parameters, multiply_adds });
        }
        let mut number_size = DType::F32.size();
        self.visit(&Path::ROOT, &mut |_, parameter| number_size = parameter.array().dtype().size());
        Summary::new(self.input_shape.clone(), rows, number_size)
    }
}

impl Layer for Network {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str, shape: &[usize]) -> Result<Network> {
        Network::new(text, shape, &NetworkOptions::default())
    }

    #[test]
    fn a_weight_larger_than_memory_is_an_error_with_its_place() {
        // A byte for every number would fit, four do not.
        let rows = crate::kernels::memory::physical() / 2 / 1000;
        let error = build(&format!("linear({rows}) linear(2)"), &[1000]).err().unwrap().to_string();
        assert!(error.contains("column 1, layer 0") && error.contains(&format!("[{rows}, 1000] needs at least")), "{error}");
    }

    #[test]
    fn sizes_follow_from_the_data() {
        let net = build("linear(50)   sigmoid linear( 10 )", &[1, 28, 28]).unwrap();
        assert_eq!((net.notation(), net.output_shape()), ("linear(50) sigmoid linear(10)", vec![10]));
        assert_eq!(net.parameter_names(), ["0.weight", "0.bias", "2.weight", "2.bias"]);
        assert_eq!(net.summary().multiply_adds, 784 * 50 + 50 * 10);
        let x = Variable::constant(Array::zeros(&[3, 1, 28, 28], DType::F32).unwrap());
        assert_eq!(net.forward(&x).unwrap().shape(), [3, 10]);
        assert!(net.forward(&x.flatten().unwrap()).is_err());
    }

    #[test]
    fn initialisers_suit_the_activation_and_streams_are_named() {
        let weights = |text: &str, name: &str| {
            let net = build(text, &[400]).unwrap();
            net.arrays().into_iter().find(|a| a.0 == name).unwrap().1
        };
        let spread = |a: &Array| (a.sum_of_squares() / a.len() as f64).sqrt();
        assert!((spread(&weights("linear(200) relu linear(10)", "0.weight")) - (2.0f64 / 400.0).sqrt()).abs() < 2e-3);
        assert!((spread(&weights("linear(200) linear(10)", "0.weight")) - (1.0f64 / 400.0).sqrt()).abs() < 2e-3);
        // Another layer behind does not change the first one's numbers.
        let (a, b) = (weights("linear(20) relu linear(10)", "0.weight"), weights("linear(20) relu linear(10) relu", "0.weight"));
        assert!(a.same_as(&b));
    }

    #[test]
    fn residual_blocks_add_what_goes_past_them() {
        let net = build("linear(4) 2x(res(linear(4) relu linear(4)) relu) res(linear(2) | linear(2,nobias))", &[3]).unwrap();
        let names = net.parameter_names();
        assert_eq!((names[2].as_str(), names.len()), ("1.body.0.weight", 2 + 2 * 4 + 3));
        assert_eq!(names.last().unwrap(), "5.shortcut.0.weight");
        assert_eq!(build(net.notation(), &[3]).unwrap().notation(), net.notation());
        let x = Variable::constant(Array::from([[1.0f32, -2.0, 0.5]]));
        let y = build("res(relu) res(relu | relu)", &[3]).unwrap().forward(&x).unwrap();
        // x + max(x, 0), and then twice the positive part of that.
        assert_eq!(y.array().to_f64_vec(), [4.0, 0.0, 2.0]);
        let error = build("relu res(linear(4) relu)", &[3]).err().unwrap();
        assert_eq!(error.what(), "network, column 6, layer 1: res: the body gives samples of shape [4], the way past it [3]");
        let error = build("relu res(relu linear(x))", &[3]).err().unwrap();
        assert_eq!(error.marked_excerpt(), "relu res(relu linear(x))\n              ^^^^^^^^^");
        assert!(build("res", &[3]).is_err() && build("res(relu|relu|relu)", &[3]).is_err());
    }

    /// What was dropped in the forward pass is dropped when backward computes it again.
    #[test]
    fn a_checkpoint_drops_the_same_numbers_again() {
        let net = build("checkpoint(linear(40) dropout(0.5) tanh)", &[3]).unwrap();
        assert_eq!(
            (net.notation(), net.parameter_names()),
            ("checkpoint(linear(40) dropout(0.5) tanh)", ["0.body.0.weight", "0.body.0.bias"].map(String::from).to_vec())
        );
        let y = net.forward(&Variable::constant(Array::from([[1.0f32, -2.0, 0.5]]))).unwrap();
        let kept = y.array().to_f64_vec();
        assert!(kept.iter().filter(|&&y| y == 0.0).count() > 5 && kept.iter().filter(|&&y| y != 0.0).count() > 5);
        let gradients = y.sum().backward().unwrap();
        let mut by_bias = Vec::new();
        net.visit(&Path::ROOT, &mut |path, p| {
            if path.to_string().ends_with("bias") {
                by_bias = gradients.get(p.variable()).map(Array::to_f64_vec).unwrap_or_default();
            }
        });
        // dy/db = 2(1 − y²) where the number was kept, twice as large as it was; 0 where it was dropped.
        for (g, y) in by_bias.iter().zip(kept) {
            let expected = if y == 0.0 { 0.0 } else { 2.0 * (1.0 - y * y) };
            assert!((g - expected).abs() < 1e-6, "{g} {expected}");
        }
        assert_eq!(by_bias.len(), 40);
        assert!(build("checkpoint", &[3]).is_err() && build("checkpoint(relu | relu)", &[3]).is_err());
    }

    /// By hand: every number of a 2×2 picture times the kernel, laid down at its place in steps of 2.
    #[test]
    fn pictures_are_made_larger() {
        let x = Variable::constant(Array::from([1.0f32, 2.0, 3.0, 4.0]).reshape(&[1, 1, 2, 2]).unwrap());
        let mut net = build("convtranspose(1,3,stride=2,padding=1,nobias)", &[1, 2, 2]).unwrap();
        assert_eq!((net.notation(), net.output_shape()), ("convtranspose(1,3,stride=2,padding=1,nobias)", vec![1, 3, 3]));
        let kernel = Array::from([0.0f32, 1.0, 0.0, 1.0, 10.0, 1.0, 0.0, 1.0, 0.0]).reshape(&[1, 1, 3, 3]).unwrap();
        net.set_arrays(&[("0.weight".into(), kernel)]).unwrap();
        let y = net.forward(&x).unwrap();
        assert_eq!(y.array().to_f64_vec(), [10.0, 3.0, 20.0, 4.0, 0.0, 6.0, 30.0, 7.0, 40.0]);
        let net = build("upsample(1x2)", &[1, 2, 2]).unwrap();
        assert_eq!((net.notation(), net.output_shape()), ("upsample(1x2)", vec![1, 2, 4]));
        assert_eq!(net.forward(&x).unwrap().array().to_f64_vec(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
        // A transposed convolution undoes what a convolution does to the shape.
        let text = "conv(8,4,stride=2,padding=1) convtranspose(3,4,stride=2,padding=1)";
        assert_eq!(build(text, &[3, 28, 20]).unwrap().output_shape(), [3, 28, 20]);
        for bad in [
            "convtranspose(3)",
            "convtranspose(3,1,padding=2)",
            "upsample(0)",
            "upsample",
            "upsample(2,3)",
            "upsample(99999999999999)",
        ] {
            assert!(build(bad, &[1 << 20, 2, 2]).is_err(), "{bad}");
        }
        assert!(build("upsample(2)", &[4]).is_err() && build("convtranspose(3,3)", &[4]).is_err());
    }

    #[test]
    fn weights_suit_the_activation_behind_poolings_and_blocks() {
        let spread = |text: &str, name: &str| {
            let net = build(text, &[16, 8, 8]).unwrap();
            let (_, weight) = net.arrays().into_iter().find(|a| a.0 == name).unwrap();
            (weight.sum_of_squares() / weight.len() as f64).sqrt() * 144f64.sqrt()
        };
        let (he, lecun) = (2f64.sqrt(), 1.0);
        assert!((spread("conv(64,3) maxpool(2) relu", "0.weight") - he).abs() < 0.03);
        assert!((spread("conv(64,3) maxpool(2) flatten", "0.weight") - lecun).abs() < 0.03);
        assert!((spread("res(conv(16,3,padding=same)) relu", "0.body.0.weight") - he).abs() < 0.05);
    }

    #[test]
    fn layers_that_do_not_fit_are_marked() {
        let error = build("linear(50) sigmoyd", &[784]).err().unwrap();
        assert_eq!(error.what(), "network, column 12, layer 1: unknown layer `sigmoyd`");
        assert_eq!(error.marked_excerpt(), "linear(50) sigmoyd\n           ^^^^^^^");
        let error = build("relu linear(3)", &[1, 2, 2]).err().unwrap();
        assert!(error.what().contains("linear needs samples of one axis, here [1, 2, 2] arrives"), "{error}");
        for bad in [
            "linear",
            "linear(0)",
            "linear(x)",
            "linear(5,6)",
            "linear(-5)",
            "relu(1)",
            "leaky_relu(1,2)",
            "leaky_relu(x)",
            "linear(99999999999999)",
        ] {
            assert!(build(bad, &[4]).is_err(), "{bad}");
        }
        let error = build("linear(5)", &[1 << 40, 1 << 40]).err().unwrap();
        assert!(error.what().starts_with("the network's input: an array of shape"), "{error}");
        assert!(build("leaky_relu(0.2) softmax flatten", &[4]).is_ok());
    }
}
