//! The training loop.

use std::time::{Duration, Instant};

use super::checkpoint::Checkpoint;
use super::evaluate::{Evaluation, evaluate};
use super::failure::Failure;
use super::numerical::DigitsLost;
use super::observer::{Observer, Progress};
use super::options::{Rates, TrainOptions};
use super::record::EpochRecord;
use super::state::State;
use crate::array::Array;
use crate::autograd::part;
use crate::data::{Dataset, Split};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::model::Network;
use crate::optimizers::{Schedule, WeightAverage};

/// Why training ended.
#[derive(Debug, Clone)]
pub enum Stop {
    /// It reached its length.
    Finished,
    /// The loss on the validation part has not become smaller for as long as was allowed.
    NoLongerBetter,
    /// The time was up.
    TimeLimit,
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
    /// Updates behind the parameters that the network holds: fewer than made, where those with the least loss on the validation part
    /// were kept.
    pub kept: u64,
    /// The last parameters, where the network holds others.
    pub last: Option<Vec<(String, Array)>>,
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

/// The parameters with the least loss on the validation part so far.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub iteration: u64,
    pub loss: f64,
    pub arrays: Vec<(String, Array)>,
}

/// Updates between two points from which a failed one can be replayed.
const SNAPSHOT_INTERVAL: u64 = 100;

/// Trains a network. Loss and accuracy on all parts of the data are measured before training, after every epoch (if
/// there are more than a hundred, after about every hundredth of them), and at the end. Where there is a validation part, the
/// parameters with the least loss on it are kept.
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
    Run::new(network, data, options)?.go(0, observer)
}

/// Goes on with a training from a checkpoint, with the bits that it would have had without the break.
///
/// # Errors
///
/// As [`train`], and a checkpoint of another network, optimizer or of other data.
pub fn resume(
    network: &mut Network,
    data: &Split,
    options: TrainOptions,
    checkpoint: Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut run = Run::new(network, data, options)?;
    let iteration = checkpoint.iteration();
    checkpoint.put_back(&mut run)?;
    run.go(iteration, observer)
}

/// What the loop keeps besides its state.
pub(super) struct Run<'a> {
    pub network: &'a mut Network,
    pub data: &'a Split,
    pub options: TrainOptions,
    rates: Rates,
    iterations: u64,
    per_epoch: u64,
    measure_every: u64,
    began: Instant,
    /// Seconds of the whole, of the updates alone, before this run took them up.
    pub seconds_before: f64,
    pub training_seconds: f64,
    pub history: Vec<EpochRecord>,
    pub average: Option<WeightAverage>,
    pub best: Option<Best>,
    digits_lost: Option<DigitsLost>,
}

impl<'a> Run<'a> {
    fn new(network: &'a mut Network, data: &'a Split, options: TrainOptions) -> Result<Run<'a>> {
        options.validate(data)?;
        let (iterations, per_epoch) = (options.iterations(data)?, options.updates_per_epoch(data));
        let rates = Rates::new(options.schedule.clone().unwrap_or_else(Schedule::constant), iterations)?;
        Ok(Run {
            average: options.average.map(WeightAverage::new).transpose()?,
            measure_every: options.measure_every(data)?,
            network,
            data,
            options,
            rates,
            iterations,
            per_epoch,
            began: Instant::now(),
            seconds_before: 0.0,
            training_seconds: 0.0,
            history: Vec::new(),
            best: None,
            digits_lost: None,
        })
    }

    /// Trains from this update on.
    fn go(mut self, from: u64, observer: &mut dyn Observer) -> Result<Outcome> {
        self.history.iter().for_each(|record| self.rates.observe(record.iteration, record.deciding_loss()));
        let batches = self.data.train.batches(self.options.batch_size)?.sampled(self.options.sampling, self.options.seed);
        let (epoch, update) = (from / self.per_epoch, from % self.per_epoch);
        let skipped = epoch.saturating_mul(batches.per_epoch() as u64) + update * self.options.accumulate as u64;
        let mut state = State {
            iteration: from,
            parameters: Vec::new(),
            optimizer: self.options.optimizer.copy(),
            batches: batches.epochs(u64::MAX).skip_to(skipped),
        };
        // The last two: after a failure right behind the newer one, the good parameters lie before it.
        let mut snapshots = [None, Some(state.snapshot(self.network))];
        let mut stop = self.measure_if_due(from, observer)?;
        let mut since = Instant::now();
        let stop = loop {
            if let Some(stop) = stop {
                break stop;
            }
            if state.iteration.is_multiple_of(SNAPSHOT_INTERVAL) {
                snapshots = [snapshots[1].take(), Some(state.snapshot(self.network))];
            }
            let update = state.update(self.network, &self.options, &self.rates)?;
            if let (None, Some(lost)) = (&self.digits_lost, &update.lost) {
                observer.digits_lost(lost);
                self.digits_lost = Some(*lost);
            }
            let mut failed = !update.made;
            if update.made {
                self.average.as_mut().map_or(Ok(()), |average| average.update(self.network))?;
                let progress = Progress { iteration: state.iteration, iterations: self.iterations, loss: update.loss };
                observer.iteration(&progress, self.network)?;
            }
            let ended = if update.made { self.ended(state.iteration, observer) } else { None };
            let wanted = update.made && observer.wants_checkpoint(state.iteration);
            if !(failed || wanted || ended.is_some() || self.is_due(state.iteration)) {
                continue;
            }
            self.training_seconds += since.elapsed().as_secs_f64();
            // Before the measurement, which an interrupted training has and an uninterrupted one has not.
            if !failed && (wanted || ended.is_some()) {
                self.hand_out(&state, wanted, observer)?;
            }
            if !failed && (ended.is_some() || self.is_due(state.iteration)) {
                // The last update may have spoilt the parameters, and no batch has seen them yet.
                failed = !self.measure(state.iteration)?.is_finite();
                if !failed {
                    self.show(observer)?;
                    stop = ended.or_else(|| self.no_longer_better());
                }
            }
            if failed {
                let from = snapshots.into_iter().flatten().next().unwrap_or_else(|| state.snapshot(self.network));
                break Stop::Failed(Box::new(self.fail(from, state.iteration)?));
            }
            if matches!(stop, Some(Stop::NoLongerBetter)) {
                self.hand_out(&state, false, observer)?;
            }
            since = Instant::now();
        };
        self.outcome(stop, state.iteration)
    }

    /// Whether there is a reason to end after this update.
    fn ended(&self, iteration: u64, observer: &dyn Observer) -> Option<Stop> {
        if iteration >= self.iterations {
            return Some(Stop::Finished);
        }
        if observer.should_stop() {
            return Some(Stop::Interrupted);
        }
        let up = |limit: Duration| self.seconds() >= limit.as_secs_f64();
        self.options.time_limit.is_some_and(up).then_some(Stop::TimeLimit)
    }

    /// Whether a measurement is made after so many updates, however the training ends.
    fn is_due(&self, iteration: u64) -> bool {
        iteration.is_multiple_of(self.measure_every)
    }

    /// The measurement at the beginning, which a resumed training may have behind it.
    fn measure_if_due(&mut self, iteration: u64, observer: &mut dyn Observer) -> Result<Option<Stop>> {
        let is_new = self.history.last().is_none_or(|record| record.iteration < iteration);
        if is_new && self.is_due(iteration) {
            self.measure(iteration)?;
        }
        if !self.history.is_empty() {
            self.show(observer)?;
        }
        Ok(if iteration >= self.iterations { Some(Stop::Finished) } else { self.no_longer_better() })
    }

    /// Seconds since training began, also before it was taken up again.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    /// Runs `body` on the network with the parameters that would be kept: their average, if one is taken.
    fn as_kept<R>(&mut self, body: impl FnOnce(&Network) -> R) -> Result<R> {
        match &self.average {
            Some(average) if !average.arrays().is_empty() => average.with_average(self.network, |network| body(network)),
            _ => Ok(body(self.network)),
        }
    }

    /// Measures the network after `iteration` updates; gives the loss on the training data.
    fn measure(&mut self, iteration: u64) -> Result<f64> {
        let (data, loss) = (self.data, self.options.loss);
        let measured = self.as_kept(|network| -> Result<_> {
            let on = |data: &Dataset| part("evaluation", || evaluate(network, data, loss));
            Ok((on(&data.train)?, data.validation.as_ref().map(on).transpose()?, on(&data.test)?))
        });
        let (train, validation, test): (Evaluation, Option<Evaluation>, Evaluation) = measured??;
        let record = EpochRecord {
            epoch: iteration as f64 / self.per_epoch as f64,
            iteration,
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            validation_loss: validation.map(|v| v.loss),
            validation_accuracy: validation.and_then(|v| v.accuracy),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            // The rate of the update just made.
            learning_rate: self.options.optimizer.settings().learning_rate * self.rates.factor(iteration.saturating_sub(1)),
            seconds: self.seconds(),
        };
        if let Some(loss) = record.validation_loss.filter(|loss| self.best.as_ref().is_none_or(|best| *loss < best.loss)) {
            self.best = Some(Best { iteration, loss, arrays: self.as_kept(|network| network.arrays())? });
        }
        self.rates.observe(iteration, record.deciding_loss());
        self.history.push(record);
        Ok(train.loss)
    }

    /// Shows the last measurement.
    fn show(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let history = std::mem::take(&mut self.history);
        let outcome = self.as_kept(|network| observer.measured(network, &history));
        self.history = history;
        outcome?
    }

    /// The end, if the loss on the validation part has not been below its least for long enough.
    fn no_longer_better(&self) -> Option<Stop> {
        let (patience, best, last) = (self.options.early_stopping?, self.best.as_ref()?, self.history.last()?);
        let epochs = (last.iteration - best.iteration) as f64 / self.per_epoch as f64;
        (epochs >= patience as f64).then_some(Stop::NoLongerBetter)
    }

    /// Gives the observer a point to resume from. Where it did not ask for one, an optimizer that cannot be kept is no mistake.
    fn hand_out(&mut self, state: &State<'_>, wanted: bool, observer: &mut dyn Observer) -> Result<()> {
        match state.optimizer.memory() {
            Some(memory) => observer.checkpoint(&Checkpoint::of(self, state.iteration, memory, self.seconds())),
            None if wanted => {
                Err(Error::value(format!("the optimizer {} cannot be kept in a checkpoint", state.optimizer.name()))
                    .help("implement `memory` and `restore` for it"))
            }
            None => Ok(()),
        }
    }

    /// Finds out what failed in the updates after `from`, and ends the history with a measurement of what is kept.
    fn fail(&mut self, from: State<'_>, last: u64) -> Result<Failure> {
        // What failed is in the parameters themselves, not in their average.
        self.average = None;
        let failure = from.replay(self.network, &self.data.train, (&self.options, &self.rates), last)?;
        self.history.retain(|r| r.iteration <= failure.kept);
        if self.history.last().is_none_or(|r| r.iteration < failure.kept) {
            self.measure(failure.kept)?;
        }
        Ok(failure)
    }

    /// Leaves in the network what is kept, and tells what came of it.
    fn outcome(self, stop: Stop, iteration: u64) -> Result<Outcome> {
        let made = match &stop {
            Stop::Failed(failure) => failure.kept,
            _ => iteration,
        };
        if let Some(average) = self.average.filter(|average| !average.arrays().is_empty()) {
            average.copy_to(self.network)?;
        }
        let (mut kept, mut last) = (made, None);
        if let Some(best) = self.best.filter(|best| best.iteration < made) {
            last = Some(self.network.arrays());
            self.network.set_arrays(&best.arrays)?;
            kept = best.iteration;
        }
        Ok(Outcome {
            history: self.history,
            iterations: made,
            epochs: made as f64 / self.per_epoch as f64,
            kept,
            last,
            training_seconds: self.training_seconds,
            stop,
            digits_lost: self.digits_lost,
        })
    }
}
