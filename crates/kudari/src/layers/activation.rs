//! Layers without parameters: activation functions and reshaping.

use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};

/// An activation function that the notation knows.
pub struct ActivationKind {
    /// The word.
    pub name: &'static str,
    /// The parameter, for those that take one.
    pub parameter: Option<ActivationParameter>,
    /// The initialiser that suits the weights before it.
    pub initializer: Initializer,
    /// Whether each number of the result depends on one number of the input; the others mix the numbers of a sample.
    pub elementwise: bool,
    /// The function, of the input and the parameter.
    pub apply: fn(&Variable, f64) -> Result<Variable>,
}

/// The parameter of an activation function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationParameter {
    /// Its name.
    pub name: &'static str,
    /// Its value where none is given.
    pub default: f64,
    /// The values it may have; empty if any finite number above `above` will do.
    pub choices: &'static [f64],
    /// The number that it must be larger than: 0, or −∞.
    pub above: f64,
}

impl ActivationParameter {
    /// How the function is written with this value: by name where there is a choice of values, `relu(kink=0.5)`, else by
    /// its place, `leaky_relu(0.01)`.
    pub fn written(&self, function: &str, value: f64) -> String {
        if self.choices.is_empty() { format!("{function}({value})") } else { format!("{function}({}={value})", self.name) }
    }

    /// An example of how the function is written, with a value that is not the default if there is a choice.
    pub fn example(&self, function: &str) -> String {
        let other = self.choices.iter().copied().find(|&c| c != self.default);
        self.written(function, other.unwrap_or(self.default))
    }
}

macro_rules! kinds {
    ($($name:literal $(($parameter:ident = $default:literal $(of $choices:expr)? $(, above $above:literal)?))? $initializer:ident $(over $rows:ident)?
        |$x:ident $(, $p:ident)?| $call:expr;)*) => {
        &[$(ActivationKind {
            name: $name,
            parameter: kinds!(@parameter $($parameter, $default, [$($choices)?], [$($above)?])?),
            initializer: Initializer::$initializer,
            elementwise: kinds!(@elementwise $($rows)?),
            apply: |$x, _parameter| { $(let $p = _parameter;)? $call },
        }),*]
    };
    (@parameter) => { None };
    (@parameter $name:ident, $default:literal, [$($choices:expr)?], [$($above:literal)?]) => {
        Some(ActivationParameter {
            name: stringify!($name),
            default: $default,
            choices: kinds!(@choices $($choices)?),
            above: kinds!(@above $($above)?),
        })
    };
    (@choices) => { &[] };
    (@choices $choices:expr) => { &$choices };
    (@above) => { f64::NEG_INFINITY };
    (@above $above:literal) => { $above };
    (@elementwise) => { true };
    (@elementwise rows) => { false };
}

/// Every activation function of the notation.
pub const ACTIVATIONS: &[ActivationKind] = kinds! {
    "identity" LeCun |x| Ok(x.identity());
    "step" LeCun |x| Ok(x.step());
    "sigmoid" Glorot |x| Ok(x.sigmoid());
    "tanh" Glorot |x| Ok(x.tanh());
    "relu"(kink = 0.0 of [0.0, 0.5, 1.0]) He |x, kink| Ok(x.relu_with(kink));
    "leaky_relu"(slope = 0.01) He |x, slope| Ok(x.leaky_relu(slope));
    "relu6" He |x| Ok(x.relu6());
    "clipped_relu"(ceiling = 20.0, above 0.0) He |x, ceiling| Ok(x.clipped_relu(ceiling));
    "elu"(alpha = 1.0) He |x, alpha| Ok(x.elu(alpha));
    "selu" LeCun |x| Ok(x.selu());
    "celu"(alpha = 1.0, above 0.0) He |x, alpha| Ok(x.celu(alpha));
    "softplus" He |x| Ok(x.softplus());
    "log_sigmoid" Glorot |x| Ok(x.log_sigmoid());
    "hard_sigmoid" Glorot |x| Ok(x.hard_sigmoid());
    "hard_swish" He |x| Ok(x.hard_swish());
    "gelu" He |x| Ok(x.gelu());
    "gelu_tanh" He |x| Ok(x.gelu_tanh());
    "silu" He |x| Ok(x.silu());
    "mish" He |x| Ok(x.mish());
    "softmax" LeCun over rows |x| x.softmax(-1);
    "log_softmax" LeCun over rows |x| x.log_softmax(-1);
    "softmin" LeCun over rows |x| x.softmin(-1);
};

/// An activation function as a layer.
#[derive(Clone, Copy)]
pub struct Activation {
    kind: &'static ActivationKind,
    parameter: Option<f64>,
}

impl Activation {
    /// The activation of this name with the default parameter; `None` for an unknown name.
    pub fn new(name: &str) -> Option<Activation> {
        ACTIVATIONS.iter().find(|kind| kind.name == name).map(|kind| Activation { kind, parameter: None })
    }

    /// The same with another parameter.
    ///
    /// # Errors
    ///
    /// A function without a parameter, or a value that it cannot have.
    pub fn with(self, value: f64) -> Result<Activation> {
        let name = self.kind.name;
        let fail = |what: String| Error::new(ErrorKind::Notation, what);
        let Some(parameter) = self.kind.parameter else {
            return Err(fail(format!("{name} takes no arguments")).help(format!("write `{name}`")));
        };
        let help = format!("write e.g. {}", parameter.example(name));
        if !value.is_finite() {
            return Err(fail(format!("{name}: {} {value} is not a finite number", parameter.name)).help(help));
        }
        if !parameter.choices.is_empty() && !parameter.choices.contains(&value) {
            let choices = parameter.choices.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            return Err(fail(format!("{name}: {} {value} is not one of {choices}", parameter.name)).help(help));
        }
        if value <= parameter.above {
            return Err(fail(format!("{name}: {} {value} is not above {}", parameter.name, parameter.above)).help(help));
        }
        Ok(Activation { parameter: Some(value), ..self })
    }

    /// Whether it is ReLU with slope 0 at 0.
    pub(super) fn is_plain_relu(&self) -> bool {
        self.kind.name == "relu" && self.parameter.or(self.kind.parameter.map(|p| p.default)) == Some(0.0)
    }

    /// What kind it is.
    pub fn kind(&self) -> &'static ActivationKind {
        self.kind
    }
}

/// All numbers of each sample in one axis: `[n, …]` becomes `[n, m]`.
#[derive(Debug, Clone, Copy)]
pub struct Flatten;

/// The numbers of each sample in another shape, which is given without the axis of samples.
#[derive(Debug, Clone)]
pub struct Reshape(pub Vec<usize>);

macro_rules! without_parameters {
    ($($type:ty)*) => {$(
        impl Layer for $type {
            fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &Parameter)) {}
            fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {}
        }
    )*};
}
pub(super) use without_parameters;

without_parameters!(Activation Flatten Reshape);

impl Module for Activation {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        let default = self.kind.parameter.map(|p| p.default);
        (self.kind.apply)(x, self.parameter.or(default).unwrap_or(0.0))
    }
    fn notation(&self) -> String {
        match (self.kind.parameter, self.parameter) {
            (Some(parameter), Some(value)) => parameter.written(self.kind.name, value),
            _ => self.kind.name.to_string(),
        }
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }
}

impl Module for Flatten {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        x.flatten()
    }
    fn notation(&self) -> String {
        "flatten".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(vec![input.iter().product()])
    }
}

impl Module for Reshape {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.output_shape(x.shape().get(1..).unwrap_or(&[]))?;
        x.reshape_as(&[&x.shape()[..1], &self.0].concat())
    }
    fn notation(&self) -> String {
        format!("reshape({})", self.0.iter().map(usize::to_string).collect::<Vec<_>>().join(","))
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let count = |shape: &[usize]| shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
        if count(input) != count(&self.0) {
            return Err(Error::shape(format!("{} gets samples of shape {input:?}", self.notation()))
                .help("the number of elements must stay the same"));
        }
        Ok(self.0.clone())
    }
}
