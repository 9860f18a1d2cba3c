//! The state of a training between two updates, the update, and the search for what failed.

use super::evaluate::evaluate;
use super::failure::Failure;
use super::numerical::{Differentiated, DigitsLost};
use super::options::{Rates, TrainOptions};
use crate::array::Array;
use crate::autograd::{Gradients, find_non_finite, part};
use crate::data::{Batch, Batches, Dataset};
use crate::error::{Error, ErrorKind, Result};
use crate::layers::Layer;
use crate::model::Network;
use crate::optimizers::Optimizer;

/// The state before an update. With the parameters it is a snapshot, from which it can be found out by replaying which function failed.
pub(super) struct State<'a> {
    pub iteration: u64,
    pub parameters: Vec<(String, Array)>,
    pub optimizer: Box<dyn Optimizer>,
    pub batches: Batches<'a>,
}

/// What came of an update.
pub(super) struct Update {
    /// The loss before it.
    pub loss: f64,
    /// Whether the parameters were changed.
    pub made: bool,
    /// Whether the gradients have lost their digits.
    pub lost: Option<DigitsLost>,
}

impl<'a> State<'a> {
    /// A copy with the parameters as they are; cheap, since buffers are shared until one side is written.
    pub fn snapshot(&self, network: &Network) -> State<'a> {
        State {
            iteration: self.iteration,
            parameters: network.arrays(),
            optimizer: self.optimizer.copy(),
            batches: self.batches.clone(),
        }
    }

    fn next_batch(&mut self) -> Result<Batch> {
        part("reading the batch", || self.batches.next_batch())?
            .ok_or_else(|| Error::value("the training data have no more batches"))
    }

    /// One update. Where the loss or the gradients are not finite nothing is changed.
    pub fn update(&mut self, network: &mut Network, options: &TrainOptions, rates: &Rates) -> Result<Update> {
        self.optimizer.set_rate_factor(rates.factor(self.iteration));
        let batches = options.accumulate.min(self.batches.left_in_epoch());
        let Differentiated { loss, gradients, lost } = match batches {
            1 => {
                let batch = self.next_batch()?;
                options.gradient.differentiate(network, options.loss, &batch)?
            }
            several => self.accumulate(several, network, options)?,
        };
        self.iteration += 1;
        if !loss.is_finite() {
            return Ok(Update { loss, made: false, lost });
        }
        match self.optimizer.step(network, &gradients) {
            Ok(()) => Ok(Update { loss, made: true, lost }),
            Err(error) if error.kind() == ErrorKind::NonFinite => Ok(Update { loss, made: false, lost }),
            Err(error) => Err(error),
        }
    }

    /// Loss and gradients of the next batches together; of the first whose loss is not finite, if there is one.
    fn accumulate(&mut self, batches: usize, network: &mut Network, options: &TrainOptions) -> Result<Differentiated> {
        let (mut total, mut sum, mut weights, mut digits_lost) = (0.0, Gradients::default(), 0.0, None);
        for _ in 0..batches {
            let batch = self.next_batch()?;
            let Differentiated { loss, mut gradients, lost } = options.gradient.differentiate(network, options.loss, &batch)?;
            digits_lost = digits_lost.or(lost);
            if !loss.is_finite() {
                return Ok(Differentiated { loss, gradients, lost: digits_lost });
            }
            // A mean over all samples is the sum of the means, each times what it was divided by.
            let weight = if options.loss.averages() { options.loss.divisor(&batch.t)? } else { 1.0 };
            if weight > 0.0 {
                gradients.divide(1.0 / weight)?;
                sum.add(&gradients)?;
                total += loss * weight;
                weights += weight;
            }
        }
        if options.loss.averages() && weights > 0.0 {
            sum.divide(weights)?;
            total /= weights;
        }
        Ok(Differentiated { loss: total, gradients: sum, lost: digits_lost })
    }

    /// Goes from this state on with a check after every function until the first NaN or infinity; if none has come with
    /// the update `last`, it is in the measurement after it.
    pub fn replay(
        mut self,
        network: &mut Network,
        data: &Dataset,
        (options, rates): (&TrainOptions, &Rates),
        last: u64,
    ) -> Result<Failure> {
        network.set_arrays(&self.parameters)?;
        // The parameters that gave the last finite loss: an update may leave some that are finite and yet of no use.
        let mut good = (self.iteration, self.parameters.clone());
        loop {
            let before = (self.iteration, network.arrays());
            let (update, mut origin) = find_non_finite(|| self.update(network, options, rates));
            let (update, mut rows) = (update?, self.batches.rows());
            if update.loss.is_finite() {
                good = before;
            }
            let broken = network.arrays().into_iter().find(|(_, array)| !array.all_finite()).map(|(name, _)| name);
            let what = match broken {
                _ if !update.loss.is_finite() => format!("the loss is {}", update.loss),
                _ if !update.made => "the gradients are not finite".to_string(),
                Some(name) => format!("the update made parameter {name} infinite or NaN"),
                None if self.iteration >= last => {
                    let (measured, found) = find_non_finite(|| evaluate(network, data, options.loss));
                    (origin, rows) = (found, &[]);
                    format!("after it the loss on the training data is {}", measured?.loss)
                }
                None => continue,
            };
            network.set_arrays(&good.1)?;
            let updates_per_epoch = self.batches.per_epoch().div_ceil(options.accumulate) as u64;
            let epoch = (self.iteration - 1) / updates_per_epoch + 1;
            let failure = Failure { iteration: self.iteration, epoch, what, origin, sample: None, kept: good.0 };
            return Ok(failure.in_batch(rows));
        }
    }
}
