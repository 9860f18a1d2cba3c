//! Floor 5: optimizers, what moves the parameters.
//!
//! Each is one fused pass over a parameter, its gradient and the optimizer's memory of it. All of them know weight decay
//! and gradient clipping; the learning rate may be changed before every step.

mod notation;
mod rules;

pub use notation::{OPTIMIZERS, parse};
pub use rules::{AdaGrad, Adam, AdamW, Momentum, Nesterov, RmsProp, Sgd};

use crate::array::Array;
use crate::autograd::{Description, Gradients, Pass, Span};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::update::Shaping;
use crate::layers::{Layer, Path};

/// What all optimizers have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Step size η, above 0.
    pub learning_rate: f64,
    /// Weight decay λ, 0 for none: λ·w is added to the gradient (L2), or taken off the weight apart from it in AdamW.
    pub weight_decay: f64,
    /// Largest Euclidean norm of all gradients together; larger ones are scaled down to it.
    pub clip_norm: Option<f64>,
    /// Largest absolute value of each element of the gradients.
    pub clip_value: Option<f64>,
}

impl Settings {
    fn new(learning_rate: f64) -> Settings {
        Settings { learning_rate, weight_decay: 0.0, clip_norm: None, clip_value: None }
    }

    /// Whether all numbers make sense.
    ///
    /// # Errors
    ///
    /// A learning rate or limit that is not above 0, a negative weight decay, NaN or infinity anywhere.
    pub fn validate(&self) -> Result<()> {
        let positive = |name: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(Error::value(format!("{name} {value}")).help(format!("the {name} must be above 0 and finite, e.g. 0.1")))
        };
        positive("learning rate", self.learning_rate)?;
        self.clip_norm.map_or(Ok(()), |v| positive("clipping norm", v))?;
        self.clip_value.map_or(Ok(()), |v| positive("clipping value", v))?;
        if self.weight_decay >= 0.0 && self.weight_decay.is_finite() {
            return Ok(());
        }
        Err(Error::value(format!("weight decay {}", self.weight_decay)).help("it must be 0 or above and finite"))
    }
}

/// Something that moves parameters along their gradients.
///
/// ```
/// use kudari::layers::Linear;
/// use kudari::optimizers::{Adam, Optimizer};
/// use kudari::{Array, Variable, functions::mean_squared_error};
///
/// let mut net = Linear::new(2, 1);
/// let mut adam = Adam::new(0.1).weight_decay(1e-4).clip_norm(1.0);
/// let x = Variable::constant(Array::from([[1.0f32, 2.0]]));
/// let loss = mean_squared_error(&net.forward(&x)?, &Array::from([[3.0f32]]))?;
/// adam.step(&mut net, &loss.backward()?)?;
/// # Ok::<(), kudari::Error>(())
/// ```
pub trait Optimizer: Send {
    /// The name, as in the notation.
    fn name(&self) -> &'static str;

    /// Learning rate, weight decay, clipping.
    fn settings(&self) -> &Settings;

    /// The same, to change them.
    fn settings_mut(&mut self) -> &mut Settings;

    /// A copy with all its memory. Cheap: the buffers are shared until one side is written.
    fn copy(&self) -> Box<dyn Optimizer>;

    /// How many numbers are remembered of each number of a parameter, for profiles.
    fn remembered(&self) -> usize {
        0
    }

    /// Called once before the parameters of a step.
    fn begin_step(&mut self) {}

    /// Changes parameter number `slot` (in the layer's order) by its gradient, shaped as [`Optimizer::step`] says.
    ///
    /// # Errors
    ///
    /// The gradient does not fit the parameter.
    #[doc(hidden)]
    fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()>;

    /// Moves every parameter of `layer` that has a gradient. Parameters without one (the loss does not depend on them)
    /// stay as they are.
    ///
    /// # Errors
    ///
    /// Settings that make no sense, or gradients that are not finite (then nothing is changed).
    fn step(&mut self, layer: &mut dyn Layer, gradients: &Gradients) -> Result<()> {
        let span = Span::begin();
        self.settings().validate()?;
        let settings = self.settings();
        let mut shaping =
            Shaping { scale: 1.0, limit: settings.clip_value.unwrap_or(f64::INFINITY), decay: settings.weight_decay };
        if let Some(largest) = settings.clip_norm {
            let norm = gradients.norm();
            if !norm.is_finite() {
                return Err(Error::new(ErrorKind::NonFinite, format!("the norm of the gradients is {norm}"))
                    .help("find the function that made it with autograd::find_non_finite"));
            }
            shaping.scale = (largest / norm).min(1.0);
        }
        self.begin_step();
        let mut slot = 0;
        let mut outcome = Ok(());
        layer.visit_mut(&Path::ROOT, &mut |path, parameter| {
            if let (Some(gradient), true) = (gradients.get(parameter.variable()), outcome.is_ok()) {
                outcome =
                    self.update(slot, parameter.array_mut(), gradient, GradientShaping(shaping)).map_err(|e| e.context(path));
            }
            slot += 1;
        });
        span.describe(|| {
            // The gradient is read, the parameter and what is remembered of it are read and written.
            let passes = (3 + 2 * self.remembered()) as f64;
            let bytes = passes * gradients.arrays().map(|g| (g.len() * g.dtype().size()) as f64).sum::<f64>();
            Description { pass: Pass::Update, name: self.name(), layer: 0, operations: 0.0, bytes }
        });
        outcome
    }

    /// Changes the learning rate, for schedules.
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.settings_mut().learning_rate = learning_rate;
    }

    /// With weight decay λ.
    #[must_use]
    fn weight_decay(mut self, decay: f64) -> Self
    where
        Self: Sized,
    {
        self.settings_mut().weight_decay = decay;
        self
    }

    /// With all gradients together scaled to at most this Euclidean norm.
    #[must_use]
    fn clip_norm(mut self, norm: f64) -> Self
    where
        Self: Sized,
    {
        self.settings_mut().clip_norm = Some(norm);
        self
    }

    /// With every element of the gradients held within ± this value.
    #[must_use]
    fn clip_value(mut self, value: f64) -> Self
    where
        Self: Sized,
    {
        self.settings_mut().clip_value = Some(value);
        self
    }
}

/// What is done to a gradient before the rule sees it: scaling, limiting, weight decay.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct GradientShaping(Shaping);
