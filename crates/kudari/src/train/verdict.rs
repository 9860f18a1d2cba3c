//! Whether a training reached its goal, and if not, how it failed: measured on the network and its history, not guessed.

use std::fmt;

use super::inspect::{inspect, label_entropy};
use super::losses::Loss;
use super::trainer::{Outcome, Stop};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Network;

/// A loss this many times the one before training has diverged.
const DIVERGED: f64 = 3.0;
/// A loss that falls by more than this share over the last third of a training is still on its way.
const FALLING: f64 = 0.01;
/// A loss that is within this share of that of guessing is the loss of guessing.
const NEAR: f64 = 0.05;

/// What came of a training that was to reach an accuracy.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It has the accuracy at its end.
    Solved {
        /// Updates made at the first measurement from which on it kept it.
        iteration: u64,
    },
    /// It has not.
    Failed(FailedBy),
}

/// How a training failed, the first of these that is true.
#[derive(Debug, Clone, PartialEq)]
pub enum FailedBy {
    /// The loss became infinite or NaN, or ends above three times its start.
    Diverged {
        /// The last loss; NaN where it was not finite.
        loss: f64,
    },
    /// The loss still falls, by more than 1 % over the last third, and the network can tell apart what it must.
    Slow {
        /// The last loss.
        loss: f64,
    },
    /// At least half of the units of a ReLU layer are 0 on all training samples: no gradient reaches them.
    DeadUnits {
        /// The layer's position in the network.
        layer: usize,
        /// Its dead units.
        dead: usize,
        /// Its units.
        units: usize,
        /// The last loss.
        loss: f64,
    },
    /// The loss is within 5 % of that of guessing.
    StuckAtGuessing {
        /// The last loss.
        loss: f64,
        /// The loss of guessing with the classes' shares: ln C for C classes that are equally frequent.
        guessing: f64,
    },
    /// The loss stays elsewhere.
    StuckElsewhere {
        /// The last loss.
        loss: f64,
        /// What the loss cannot fall below while samples of different classes look the same to the last layer, and the same
        /// as a share of the loss of guessing. `None` if none look the same, and for losses that are no cross-entropy.
        floor: Option<(f64, f64)>,
    },
}

impl FailedBy {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 5] = ["diverged", "slow", "dead units", "stuck at guessing", "stuck elsewhere"];

    /// The name of the kind.
    pub fn kind(&self) -> &'static str {
        let [diverged, slow, dead, guessing, elsewhere] = Self::KINDS;
        match self {
            FailedBy::Diverged { .. } => diverged,
            FailedBy::Slow { .. } => slow,
            FailedBy::DeadUnits { .. } => dead,
            FailedBy::StuckAtGuessing { .. } => guessing,
            FailedBy::StuckElsewhere { .. } => elsewhere,
        }
    }
}

/// What was measured, in one line without the kind.
impl fmt::Display for FailedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |loss: f64| if (1e-3..1e4).contains(&loss) { format!("{loss:.4}") } else { format!("{loss:.2e}") };
        match *self {
            FailedBy::Diverged { loss } if loss.is_nan() => write!(f, "the loss became infinite or NaN"),
            FailedBy::Diverged { loss } => write!(f, "the loss rose to {}", short(loss)),
            FailedBy::Slow { loss } => write!(f, "loss {}, still falling", short(loss)),
            FailedBy::DeadUnits { layer, dead, units, loss } => {
                write!(f, "{dead} of {units} in layer {layer} are 0 on all samples, loss {}", short(loss))
            }
            FailedBy::StuckAtGuessing { loss, guessing } => write!(f, "loss {}, guessing gives {}", short(loss), short(guessing)),
            FailedBy::StuckElsewhere { loss, floor: None } => write!(f, "loss {}", short(loss)),
            FailedBy::StuckElsewhere { loss, floor: Some((floor, share)) } => write!(
                f,
                "loss {}, not below {} ({share:.3} of guessing) while samples of different classes look the same",
                short(loss),
                short(floor)
            ),
        }
    }
}

/// Judges a training by the accuracy on its training data, which is to be `goal` or more (0.99: 99 % right), with the network
/// as it is at the end.
///
/// # Errors
///
/// Data without classes, a history without measurements, or a network that does not fit the data.
pub fn judge(network: &Network, data: &Dataset, loss: &Loss, outcome: &Outcome, goal: f64) -> Result<Verdict> {
    let (Some(first), Some(last)) = (outcome.history.first(), outcome.history.last()) else {
        return Err(Error::value("a training without measurements cannot be judged"));
    };
    let Some(accuracy) = last.train_accuracy else {
        return Err(Error::value(format!("{} has no classes: there is no accuracy to judge by", data.name())));
    };
    let failed = |by| Ok(Verdict::Failed(by));
    if let Stop::Failed(_) = outcome.stop {
        return failed(FailedBy::Diverged { loss: f64::NAN });
    }
    if accuracy >= goal {
        let lasting = outcome.history.iter().rev().take_while(|r| r.train_accuracy >= Some(goal)).last().unwrap_or(last);
        return Ok(Verdict::Solved { iteration: lasting.iteration });
    }
    let value = last.train_loss;
    if value > DIVERGED * first.train_loss {
        return failed(FailedBy::Diverged { loss: value });
    }
    let inside = inspect(network, data)?;
    let before = outcome.history.iter().rev().find(|r| 3 * r.iteration <= 2 * last.iteration).unwrap_or(first);
    if value < (1.0 - FALLING) * before.train_loss && inside.best_accuracy >= goal {
        return failed(FailedBy::Slow { loss: value });
    }
    if let Some(relu) = inside.relu_layers.iter().find(|r| 2 * r.dead >= r.units) {
        return failed(FailedBy::DeadUnits { layer: relu.layer, dead: relu.dead, units: relu.units, loss: value });
    }
    if !loss.is_cross_entropy_of_classes(&network.output_shape()) {
        return failed(FailedBy::StuckElsewhere { loss: value, floor: None });
    }
    let guessing = label_entropy(data)?;
    if (value - guessing).abs() <= NEAR * guessing {
        return failed(FailedBy::StuckAtGuessing { loss: value, guessing });
    }
    let floor = Some(inside.least_cross_entropy).filter(|&floor| floor > 0.0).map(|floor| (floor, floor / guessing));
    failed(FailedBy::StuckElsewhere { loss: value, floor })
}
