//! What all optimizers have in common.

use super::Change;
use super::groups::{GroupSettings, Groups};
use crate::error::{Error, Result};
use crate::kernels::update::Shaping;
use crate::layers::Path;

/// What all optimizers have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Step size η, above 0.
    pub learning_rate: f64,
    /// Factor of the step size, 1 unless a [`Schedule`](super::Schedule) says another; 0 or above.
    pub rate_factor: f64,
    /// Weight decay λ, 0 for none.
    pub weight_decay: f64,
    /// How: `false` adds λ·w to the gradient (L2), `true` takes η·λ·w off the weight apart from it, as AdamW does.
    pub decoupled: bool,
    /// Largest Euclidean norm of all gradients together; larger ones are scaled down to it.
    pub clip_norm: Option<f64>,
    /// Largest absolute value of each element of the gradients.
    pub clip_value: Option<f64>,
    pub(super) groups: Groups,
}

impl Settings {
    pub(super) fn new(learning_rate: f64) -> Settings {
        Settings {
            learning_rate,
            rate_factor: 1.0,
            weight_decay: 0.0,
            decoupled: false,
            clip_norm: None,
            clip_value: None,
            groups: Groups::default(),
        }
    }

    /// Whether all numbers make sense.
    ///
    /// # Errors
    ///
    /// A learning rate or limit that is not above 0, a negative factor or weight decay, NaN or infinity anywhere.
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
        not_negative("factor of the learning rate", self.rate_factor)?;
        not_negative("weight decay", self.weight_decay)
    }

    /// How the parameter of this name is changed by gradients that clipping scales by `scale`.
    pub(super) fn change(&mut self, path: &Path<'_>, scale: f64) -> Result<Change> {
        let own = GroupSettings { learning_rate: self.learning_rate * self.rate_factor, weight_decay: self.weight_decay };
        let own = self.groups.apply(path, own)?;
        let limit = self.clip_value.unwrap_or(f64::INFINITY);
        let (decay, shrink) = match self.decoupled {
            true => (0.0, 1.0 - own.learning_rate * own.weight_decay),
            false => (own.weight_decay, 1.0),
        };
        Ok(Change { shaping: Shaping { scale, limit, decay, shrink }, rate: own.learning_rate })
    }
}

pub(super) fn not_negative(name: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::value(format!("{name} {value}")).help("it must be 0 or above and finite"))
}
