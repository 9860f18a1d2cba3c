//! What training by numerical gradients costs, said before it begins.

use std::time::Instant;

use super::changes::{self, Attempt};
use super::{NumericalGradient, plain};
use crate::data::Batch;
use crate::error::Result;
use crate::layers::parameter_count;
use crate::model::Network;
use crate::train::losses::Loss;

/// What one numerical gradient costs.
#[derive(Debug, Clone, PartialEq)]
pub struct NumericalCost {
    /// Numbers that are moved.
    pub parameters: usize,
    /// Losses for each of them.
    pub losses_each: usize,
    /// About how many seconds they take all together, measured on this machine.
    pub seconds: f64,
    /// What the network has that makes every loss be computed from the beginning; `None` if only what a parameter changes is
    /// computed again.
    pub unknown: Option<String>,
}

impl NumericalCost {
    /// Losses for one update.
    pub fn losses(&self) -> usize {
        self.parameters * self.losses_each
    }
}

/// Pieces of every layer's work that are measured.
const PIECES: usize = 32;
/// The least of these many measurements counts: the first finds cold caches and sleeping threads.
const MEASUREMENTS: usize = 3;

impl NumericalGradient {
    /// What a gradient of this batch's loss costs: some of its losses are computed and the time is scaled up.
    ///
    /// # Errors
    ///
    /// As [`NumericalGradient::differentiate`].
    pub fn cost(&self, network: &Network, loss: &Loss, batch: &Batch) -> Result<NumericalCost> {
        self.validate()?;
        let (parameters, losses_each) = (parameter_count(network), self.steps().len());
        let (mut seconds, mut unknown) = (f64::INFINITY, None);
        for _ in 0..MEASUREMENTS {
            let began = Instant::now();
            let took = match changes::differentiate(self, network, loss, batch, PIECES)? {
                Attempt::Found { left_out, .. } => began.elapsed() + left_out,
                Attempt::Unknown(what) => {
                    unknown = Some(what);
                    plain::loss_of(network, loss, batch)?;
                    began.elapsed().mul_f64((parameters * losses_each) as f64)
                }
            };
            seconds = took.as_secs_f64().min(seconds);
        }
        Ok(NumericalCost { parameters, losses_each, seconds, unknown })
    }
}
