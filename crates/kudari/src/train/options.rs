//! How to train.

use std::time::Duration;

use super::losses::Loss;
use super::numerical::GradientMethod;
use crate::data::{Sampling, Split};
use crate::error::{Error, Result};
use crate::optimizers::{Optimizer, Plateau, Schedule, WeightAverage};

/// More measurements than this say nothing new; a small data set has many epochs.
const MEASUREMENTS: u64 = 100;

/// How long to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// This many updates.
    Iterations(u64),
    /// This many passes over the training data.
    Epochs(u64),
}

/// How to train.
pub struct TrainOptions {
    /// What is made small.
    pub loss: &'static Loss,
    /// What makes it small.
    pub optimizer: Box<dyn Optimizer>,
    /// How its gradients are taken.
    pub gradient: GradientMethod,
    /// Samples per update.
    pub batch_size: usize,
    /// How long.
    pub length: Length,
    /// How batches are chosen.
    pub sampling: Sampling,
    /// Seed of that choice.
    pub seed: u64,
    /// How the learning rate changes, if it does. A plateau looks at the loss on the validation part, or on the training data where
    /// there is none, once a measurement.
    pub schedule: Option<Schedule>,
    /// Batches whose gradients make one update together: as one batch of that many times the samples, in the memory of one. At the
    /// end of an epoch it may be fewer.
    pub accumulate: usize,
    /// Measures and keeps the moving average of the parameters instead of the last ones: the share that is kept in every update.
    pub average: Option<f64>,
    /// Ends the training when the loss on the validation part has not been below its least for so many epochs.
    pub early_stopping: Option<u64>,
    /// Ends the training after the first update past so much time.
    pub time_limit: Option<Duration>,
}

impl TrainOptions {
    /// Backpropagation and shuffled batches of seed 1, and nothing that is not asked for.
    pub fn new(loss: &'static Loss, optimizer: Box<dyn Optimizer>, batch_size: usize, length: Length) -> TrainOptions {
        TrainOptions {
            loss,
            optimizer,
            gradient: GradientMethod::Backpropagation,
            batch_size,
            length,
            sampling: Sampling::Shuffled,
            seed: 1,
            schedule: None,
            accumulate: 1,
            average: None,
            early_stopping: None,
            time_limit: None,
        }
    }

    /// Whether all settings fit each other and the data.
    pub(super) fn validate(&self, data: &Split) -> Result<()> {
        self.optimizer.settings().validate()?;
        if self.accumulate == 0 {
            return Err(Error::value("updates of 0 batches").help("accumulate at least 1"));
        }
        if self.early_stopping.is_some() && data.validation.is_none() {
            return Err(Error::value("early stopping without a validation part")
                .help("take one from the training data with Split::with_validation"));
        }
        if let Some(decay) = self.average {
            WeightAverage::new(decay)?;
        }
        Ok(())
    }

    /// The updates in one pass over the data.
    pub(super) fn updates_per_epoch(&self, data: &Split) -> u64 {
        (data.train.len().div_ceil(self.batch_size.max(1)) as u64).div_ceil(self.accumulate.max(1) as u64).max(1)
    }

    /// The updates between two measurements: whole epochs, so that there are about a hundred of them.
    pub(super) fn measure_every(&self, data: &Split) -> Result<u64> {
        let per_epoch = self.updates_per_epoch(data);
        Ok(per_epoch.saturating_mul(self.iterations(data)?.div_ceil(per_epoch).div_ceil(MEASUREMENTS)))
    }

    /// How often a training of the whole length is measured, with its begin and its end.
    ///
    /// # Errors
    ///
    /// A training without updates.
    pub fn measurements(&self, data: &Split) -> Result<u64> {
        Ok(1 + self.iterations(data)?.div_ceil(self.measure_every(data)?))
    }

    /// The updates to make.
    ///
    /// # Errors
    ///
    /// None at all.
    pub fn iterations(&self, data: &Split) -> Result<u64> {
        let count = match self.length {
            Length::Iterations(count) => count,
            Length::Epochs(count) => count.saturating_mul(self.updates_per_epoch(data)),
        };
        if count == 0 { Err(Error::value("training of 0 iterations").help("give at least 1")) } else { Ok(count) }
    }
}

/// The factor of the learning rate in every update. Those that the losses decided are kept, so that a replay has them too.
pub(super) struct Rates {
    schedule: Schedule,
    updates: u64,
    plateau: Option<Plateau>,
    /// What the plateau said: from which update on, and the factor.
    said: Vec<(u64, f64)>,
}

impl Rates {
    pub fn new(schedule: Schedule, updates: u64) -> Result<Rates> {
        schedule.validate(updates)?;
        Ok(Rates { plateau: schedule.waits_for_losses(), schedule, updates, said: Vec::new() })
    }

    /// The factor in update `update`, from 0.
    pub fn factor(&self, update: u64) -> f64 {
        let said = self.said.iter().rev().find(|(from, _)| *from <= update).map_or(1.0, |said| said.1);
        said * self.schedule.factor(update, self.updates)
    }

    /// Takes in the loss after `updates` updates.
    pub fn observe(&mut self, updates: u64, loss: f64) {
        if let Some(plateau) = &mut self.plateau {
            self.said.push((updates, plateau.observe(loss)));
        }
    }
}
