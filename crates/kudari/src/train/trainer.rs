//! The training loop.

use std::time::{Duration, Instant};

use super::evaluate::evaluate;
use super::failure::Failure;
use super::losses::Loss;
use super::numerical::{Differentiated, DigitsLost, GradientMethod};
use super::record::EpochRecord;
use crate::array::Array;
use crate::autograd::{find_non_finite, part};
use crate::data::{Batch, Batches, Dataset, Sampling, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::layers::Layer;
use crate::model::Network;
use crate::optimizers::{Optimizer, Plateau, Schedule};

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
    /// How the learning rate changes, if it does. A plateau looks at the loss on the training data, once a measurement.
    pub schedule: Option<Schedule>,
}

/// The factor of the learning rate in every update. Those that the losses decided are kept, so that a replay has them too.
struct Rates {
    schedule: Schedule,
    updates: u64,
    plateau: Option<Plateau>,
    /// What the plateau said: from which update on, and the factor.
    said: Vec<(u64, f64)>,
}

impl Rates {
    fn new(schedule: Schedule, updates: u64) -> Result<Rates> {
        schedule.validate(updates)?;
        Ok(Rates { plateau: schedule.waits_for_losses(), schedule, updates, said: Vec::new() })
    }

    /// The factor in update `update`, from 0.
    fn factor(&self, update: u64) -> f64 {
        let said = self.said.iter().rev().find(|(from, _)| *from <= update).map_or(1.0, |said| said.1);
        said * self.schedule.factor(update, self.updates)
    }

    /// Takes in the loss after `updates` updates.
    fn observe(&mut self, updates: u64, loss: f64) {
        if let Some(plateau) = &mut self.plateau {
            self.said.push((updates, plateau.observe(loss)));
        }
    }
}

/// Where training stands.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Updates made.
    pub iteration: u64,
    /// Updates to make.
    pub iterations: u64,
    /// The loss of the last batch.
    pub loss: f64,
}

/// Who follows a training. All methods have defaults that do nothing.
pub trait Observer {
    /// After every update, with the network as it is then.
    ///
    /// # Errors
    ///
    /// An error ends the training with it.
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        let _ = (progress, network);
        Ok(())
    }

    /// Once, when numerical gradients have lost their digits: from then on they mean little or nothing.
    fn digits_lost(&mut self, lost: &DigitsLost) {
        let _ = lost;
    }

    /// After every measurement, with the network as it is then and all measurements so far.
    ///
    /// # Errors
    ///
    /// An error ends the training with it.
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        let _ = (network, history);
        Ok(())
    }

    /// Asked after every update: whether to stop here, as Ctrl-C does.
    fn should_stop(&self) -> bool {
        false
    }
}

/// An observer that does nothing.
pub struct Silent;
impl Observer for Silent {}

/// Several follow one training: each is told in turn, and each may stop it.
impl Observer for Vec<&mut dyn Observer> {
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        self.iter_mut().try_for_each(|one| one.iteration(progress, network))
    }
    fn digits_lost(&mut self, lost: &DigitsLost) {
        self.iter_mut().for_each(|one| one.digits_lost(lost));
    }
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        self.iter_mut().try_for_each(|one| one.measured(network, history))
    }
    fn should_stop(&self) -> bool {
        self.iter().any(|one| one.should_stop())
    }
}

/// Why training ended.
#[derive(Debug, Clone)]
pub enum Stop {
    /// It reached its length.
    Finished,
    /// The observer asked for it.
    Interrupted,
    /// A NaN or infinity appeared. The network holds the last good parameters.
    Failed(Box<Failure>),
}

/// What came of a training.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The measurements in order, the first before training.
    pub history: Vec<EpochRecord>,
    /// Updates made.
    pub iterations: u64,
    /// Passes over the training data.
    pub epochs: f64,
    /// Seconds spent on updates, without measurements.
    pub training_seconds: f64,
    /// Why it ended.
    pub stop: Stop,
    /// Whether numerical gradients have lost their digits, as first seen.
    pub digits_lost: Option<DigitsLost>,
}

impl Outcome {
    /// Updates per second.
    pub fn iterations_per_second(&self) -> f64 {
        if self.training_seconds > 0.0 { self.iterations as f64 / self.training_seconds } else { 0.0 }
    }
}

/// Updates between two points from which a failed one can be replayed.
const SNAPSHOT_INTERVAL: u64 = 100;
/// More measurements than this say nothing new; a small data set has many epochs.
const MEASUREMENTS: u64 = 100;

/// The state before an update: to find out by replaying it which function failed.
struct Snapshot<'a> {
    iteration: u64,
    parameters: Vec<(String, Array)>,
    optimizer: Box<dyn Optimizer>,
    batches: Batches<'a>,
}

/// Trains a network. Loss and accuracy on both parts of the data are measured before training, after every epoch (if
/// there are more than a hundred, after about every hundredth of them), and at the end.
///
/// Under [`with_precision`](crate::with_precision) the matrix products and convolutions of updates and measurements alike are computed as that
/// says. The same seed gives the same bits on any number of threads. When a loss or a gradient is NaN or infinite, the last
/// one or two hundred updates are replayed with a check after every function, so that the outcome names the first that
/// failed, and the parameters that gave the last finite loss are kept and measured.
///
/// # Errors
///
/// Settings that cannot be, a network that does not fit the data, or what the observer returns.
pub fn train(network: &mut Network, data: &Split, options: TrainOptions, observer: &mut dyn Observer) -> Result<Outcome> {
    options.optimizer.settings().validate()?;
    let batches = data.train.batches(options.batch_size)?.sampled(options.sampling, options.seed).epochs(u64::MAX);
    let per_epoch = batches.per_epoch() as u64;
    let iterations = match options.length {
        Length::Iterations(count) => count,
        Length::Epochs(count) => count.saturating_mul(per_epoch),
    };
    if iterations == 0 {
        return Err(Error::value("training of 0 iterations").help("give at least 1"));
    }
    let rates = Rates::new(options.schedule.clone().unwrap_or_else(Schedule::constant), iterations)?;
    let epochs = iterations.div_ceil(per_epoch);
    let measure_every = per_epoch.saturating_mul(epochs.div_ceil(MEASUREMENTS));
    let mut state = Snapshot { iteration: 0, parameters: Vec::new(), optimizer: options.optimizer.copy(), batches };
    let (history, training) = (Vec::new(), Duration::ZERO);
    let mut run = Run { network, data, options, rates, per_epoch, began: Instant::now(), history, training };
    run.measure(0)?;
    observer.measured(run.network, &run.history)?;

    // The last two: after a failure right behind the newer one, the good parameters lie before it.
    let mut snapshots: [Option<Snapshot<'_>>; 2] = [None, None];
    let mut since = Instant::now();
    let mut digits_lost = None;
    let stop = loop {
        if state.iteration.is_multiple_of(SNAPSHOT_INTERVAL) {
            snapshots = [snapshots[1].take(), Some(state.copy(run.network))];
        }
        let update = state.update(run.network, &run.options, &run.rates)?;
        if let (None, Some(lost)) = (&digits_lost, &update.lost) {
            observer.digits_lost(lost);
            digits_lost = Some(*lost);
        }
        let mut failed = !update.made;
        if update.made {
            observer.iteration(&Progress { iteration: state.iteration, iterations, loss: update.loss }, run.network)?;
        }
        let finished = state.iteration == iterations;
        let interrupted = update.made && observer.should_stop();
        if !(failed || finished || interrupted || state.iteration.is_multiple_of(measure_every)) {
            continue;
        }
        run.training += since.elapsed();
        if !failed {
            // The last update may have spoilt the parameters, and no batch has seen them yet.
            failed = !run.measure(state.iteration)?.is_finite();
        }
        if failed {
            let from = snapshots.into_iter().flatten().next().unwrap_or_else(|| state.copy(run.network));
            break Stop::Failed(Box::new(run.fail(from, state.iteration)?));
        }
        observer.measured(run.network, &run.history)?;
        if finished || interrupted {
            break if finished { Stop::Finished } else { Stop::Interrupted };
        }
        since = Instant::now();
    };
    let made = match &stop {
        Stop::Failed(failure) => failure.kept,
        _ => state.iteration,
    };
    Ok(Outcome {
        history: run.history,
        iterations: made,
        epochs: made as f64 / per_epoch as f64,
        training_seconds: run.training.as_secs_f64(),
        stop,
        digits_lost,
    })
}

/// What the loop keeps besides its state.
struct Run<'a> {
    network: &'a mut Network,
    data: &'a Split,
    options: TrainOptions,
    rates: Rates,
    per_epoch: u64,
    began: Instant,
    history: Vec<EpochRecord>,
    training: Duration,
}

impl Run<'_> {
    /// Measures the network after `iteration` updates; gives the loss on the training data.
    fn measure(&mut self, iteration: u64) -> Result<f64> {
        let on = |data: &Dataset| part("evaluation", || evaluate(self.network, data, self.options.loss));
        let (train, test) = (on(&self.data.train)?, on(&self.data.test)?);
        self.history.push(EpochRecord {
            epoch: iteration as f64 / self.per_epoch as f64,
            iteration,
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            // The rate of the update just made.
            learning_rate: self.options.optimizer.settings().learning_rate * self.rates.factor(iteration.saturating_sub(1)),
            seconds: self.began.elapsed().as_secs_f64(),
        });
        self.rates.observe(iteration, train.loss);
        Ok(train.loss)
    }

    /// Finds out what failed in the updates after `from`, and ends the history with a measurement of what is kept.
    fn fail(&mut self, from: Snapshot<'_>, last: u64) -> Result<Failure> {
        let failure = from.replay(self.network, &self.data.train, (&self.options, &self.rates), last)?;
        self.history.retain(|r| r.iteration <= failure.kept);
        if self.history.last().is_none_or(|r| r.iteration < failure.kept) {
            self.measure(failure.kept)?;
        }
        Ok(failure)
    }
}

impl<'a> Snapshot<'a> {
    fn copy(&self, network: &Network) -> Snapshot<'a> {
        Snapshot {
            iteration: self.iteration,
            parameters: network.arrays(),
            optimizer: self.optimizer.copy(),
            batches: self.batches.clone(),
        }
    }

    fn next_batch(&mut self) -> Result<Batch> {
        part("reading the batch", || self.batches.next()).ok_or_else(|| Error::value("the training data have no more batches"))
    }

    /// One update. Where the loss or the gradients are not finite nothing is changed.
    fn update(&mut self, network: &mut Network, options: &TrainOptions, rates: &Rates) -> Result<Update> {
        self.optimizer.set_rate_factor(rates.factor(self.iteration));
        let batch = self.next_batch()?;
        let Differentiated { loss, gradients, lost } = options.gradient.differentiate(network, options.loss, &batch)?;
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

    /// Goes from this state on with a check after every function until the first NaN or infinity; if none has come with
    /// the update `last`, it is in the measurement after it.
    fn replay(
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
            let epoch = (self.iteration - 1) / self.batches.per_epoch() as u64 + 1;
            let failure = Failure { iteration: self.iteration, epoch, what, origin, sample: None, kept: good.0 };
            return Ok(failure.in_batch(rows));
        }
    }
}

/// What came of an update.
struct Update {
    /// The loss before it.
    loss: f64,
    /// Whether the parameters were changed.
    made: bool,
    /// Whether the gradients have lost their digits.
    lost: Option<DigitsLost>,
}
