//! Floor 5: optimizers, what moves the parameters.
//!
//! Each is one fused pass over a parameter, its gradient and the optimizer's memory of it. One pass over all parameters
//! together was measured and saves less than a hundredth of a step. All of them know weight decay
//! and gradient clipping; the learning rate may be changed before every step, by hand or by a [`Schedule`]. Other settings
//! for some parameters are [groups](Optimizer::group). [`Lbfgs`] is another kind: it computes the loss several times a step.

mod average;
mod groups;
mod in_place;
mod lbfgs;
mod memory;
mod muon;
mod notation;
mod rules;
mod schedule;
mod settings;

pub use average::WeightAverage;
pub use groups::GroupSettings;
pub use in_place::{InPlaceNumber, InPlaceStep};
pub use lbfgs::Lbfgs;
pub use muon::Muon;
pub use notation::{OPTIMIZERS, parse, usual_learning_rate};
pub use rules::{AdaDelta, AdaGrad, Adam, AdamW, Adamax, AmsGrad, Lion, Momentum, NAdam, Nesterov, RAdam, RmsProp, Sgd};
pub(crate) use schedule::words;
pub use schedule::{Plateau, SCHEDULES, Schedule};
pub use settings::Settings;

use crate::array::Array;
use crate::autograd::{Description, Gradients, Pass, Span};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::update::Shaping;
use crate::layers::{Layer, Path};

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

    /// All that was remembered so far, to be kept in a checkpoint; `None` of an optimizer that cannot tell.
    fn memory(&self) -> Option<OptimizerMemory> {
        None
    }

    /// Takes up what [`Optimizer::memory`] gave: from then on it moves parameters as the one that gave it.
    ///
    /// # Errors
    ///
    /// What another kind of optimizer remembered, or an optimizer that cannot take it up.
    fn restore(&mut self, memory: OptimizerMemory) -> Result<()> {
        let _ = memory;
        Err(Error::value(format!("the optimizer {} cannot go on from a checkpoint", self.name()))
            .help("implement `memory` and `restore` for it"))
    }

    /// Whether all numbers make sense.
    ///
    /// # Errors
    ///
    /// As [`Settings::validate`], and a factor of the optimizer's own that is not from 0 to below 1.
    fn validate(&self) -> Result<()> {
        self.settings().validate()
    }

    /// Called once before the parameters of a step.
    #[doc(hidden)]
    fn begin_step(&mut self) {}

    /// Changes parameter number `slot` (in the layer's order) by its gradient, as [`Optimizer::step`] says.
    ///
    /// # Errors
    ///
    /// The gradient does not fit the parameter.
    #[doc(hidden)]
    fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, change: Change) -> Result<()>;

    /// Moves every parameter of `layer` that has a gradient. Parameters without one (the loss does not depend on them, or
    /// they are [frozen](Layer::freeze)) stay as they are.
    ///
    /// # Errors
    ///
    /// Settings that make no sense, a group that no parameter belongs to, or gradients that are not finite where their norm
    /// is asked for (then nothing is changed).
    fn step(&mut self, layer: &mut dyn Layer, gradients: &Gradients) -> Result<()> {
        let span = Span::begin();
        self.validate()?;
        let settings = self.settings_mut();
        settings.groups.check(layer)?;
        let mut scale = 1.0;
        if let Some(largest) = settings.clip_norm {
            let norm = gradients.norm();
            if !norm.is_finite() {
                return Err(Error::new(ErrorKind::NonFinite, format!("the norm of the gradients is {norm}"))
                    .help("find the function that made it with autograd::find_non_finite"));
            }
            scale = (largest / norm).min(1.0);
        }
        self.begin_step();
        let mut slot = 0;
        let mut outcome = Ok(());
        layer.visit_mut(&Path::ROOT, &mut |path, parameter| {
            if let (Some(gradient), true) = (gradients.get(parameter.variable()), outcome.is_ok()) {
                let change = self.settings_mut().change(path, scale);
                outcome = change
                    .and_then(|change| self.update(slot, parameter.array_mut(), gradient, change))
                    .map_err(|e| e.context(path));
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

    /// Changes the learning rate.
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.settings_mut().learning_rate = learning_rate;
    }

    /// Changes the factor of the learning rate, which is what a [`Schedule`] gives.
    fn set_rate_factor(&mut self, factor: f64) {
        self.settings_mut().rate_factor = factor;
    }

    /// With weight decay λ of the optimizer's own kind: λ·w is added to the gradient (L2), in AdamW, Lion and Muon w shrinks
    /// by η·λ·w apart from it.
    #[must_use]
    fn weight_decay(mut self, decay: f64) -> Self
    where
        Self: Sized,
    {
        self.settings_mut().weight_decay = decay;
        self
    }

    /// With weight decay λ apart from the gradient: w ← w − η·λ·w before the step, whatever the step is (Loshchilov and Hutter
    /// 2017). `Sgd`, `NAdam`, `RAdam` and others become what their names with a W stand for.
    #[must_use]
    fn decoupled_weight_decay(mut self, decay: f64) -> Self
    where
        Self: Sized,
    {
        let settings = self.settings_mut();
        (settings.weight_decay, settings.decoupled) = (decay, true);
        self
    }

    /// With other settings for the parameters whose names match `pattern`, in which `*` stands for any characters. `change`
    /// gets the settings of the moment, so that a schedule of the learning rate reaches the group too; of several groups that
    /// a parameter belongs to all changes are made, in the order in which they were given.
    ///
    /// ```
    /// use kudari::optimizers::{AdamW, Optimizer};
    /// let adam = AdamW::new(1e-3).weight_decay(0.05).group("*.bias", |s| s.weight_decay = 0.0).group("0.*", |s| {
    ///     s.learning_rate *= 0.1; // the first layer moves slowly
    /// });
    /// # let _ = adam;
    /// ```
    #[must_use]
    fn group(mut self, pattern: &str, change: impl Fn(&mut GroupSettings) + Send + Sync + 'static) -> Self
    where
        Self: Sized,
    {
        self.settings_mut().groups.add(pattern, change);
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

/// What an optimizer remembers between steps.
#[derive(Debug, Clone, Default)]
pub struct OptimizerMemory {
    /// Steps made.
    pub step: u64,
    /// A number that changes with every step, of the optimizers that have one.
    pub factor: Option<f64>,
    /// The remembered arrays of every parameter, in the order of the layer's parameters.
    pub arrays: Vec<Vec<Array>>,
}

/// How one parameter is changed: what is done before the rule sees it, and the learning rate.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Change {
    pub(crate) shaping: Shaping,
    pub(crate) rate: f64,
}
