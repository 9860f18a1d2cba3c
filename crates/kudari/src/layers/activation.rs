//! Layers without parameters: activation functions and reshaping.

use super::initializer::Initializer;
use super::parameter::{Layer, Parameter, Path};
use super::sequential::Module;
use crate::autograd::Variable;
use crate::error::Result;

/// An activation function that the notation knows.
pub struct ActivationKind {
    /// The word.
    pub name: &'static str,
    /// The parameter's default, for those that take one.
    pub default: Option<f64>,
    /// The initialiser that suits the weights before it.
    pub initializer: Initializer,
    /// The function, of the input and the parameter.
    pub apply: fn(&Variable, f64) -> Result<Variable>,
}

macro_rules! kinds {
    ($($name:literal $(($default:literal))? $initializer:ident |$x:ident $(, $p:ident)?| $call:expr;)*) => {
        &[$(ActivationKind {
            name: $name,
            default: kinds!(@default $($default)?),
            initializer: Initializer::$initializer,
            apply: |$x, _parameter| { $(let $p = _parameter;)? $call },
        }),*]
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}

/// Every activation function of the notation.
pub const ACTIVATIONS: &[ActivationKind] = kinds! {
    "identity" LeCun |x| Ok(x.identity());
    "step" LeCun |x| Ok(x.step());
    "sigmoid" Glorot |x| Ok(x.sigmoid());
    "tanh" Glorot |x| Ok(x.tanh());
    "relu" He |x| Ok(x.relu());
    "leaky_relu"(0.01) He |x, slope| Ok(x.leaky_relu(slope));
    "softplus" He |x| Ok(x.softplus());
    "gelu" He |x| Ok(x.gelu());
    "gelu_tanh" He |x| Ok(x.gelu_tanh());
    "silu" He |x| Ok(x.silu());
    "softmax" LeCun |x| x.softmax(-1);
    "log_softmax" LeCun |x| x.log_softmax(-1);
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

    /// The same with another parameter, for those that take one.
    #[must_use]
    pub fn with(self, parameter: f64) -> Activation {
        Activation { parameter: self.kind.default.map(|_| parameter), ..self }
    }

    /// What kind it is.
    pub fn kind(&self) -> &'static ActivationKind {
        self.kind
    }
}

/// All numbers of each sample in one axis: `[n, …]` becomes `[n, m]`.
#[derive(Debug, Clone, Copy)]
pub struct Flatten;

macro_rules! without_parameters {
    ($($type:ty)*) => {$(
        impl Layer for $type {
            fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &Parameter)) {}
            fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {}
        }
    )*};
}
without_parameters!(Activation Flatten);

impl Module for Activation {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        (self.kind.apply)(x, self.parameter.or(self.kind.default).unwrap_or(0.0))
    }
    fn notation(&self) -> String {
        match self.parameter {
            Some(parameter) => format!("{}({parameter})", self.kind.name),
            None => self.kind.name.to_string(),
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
