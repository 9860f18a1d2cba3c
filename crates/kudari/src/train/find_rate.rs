//! The search for a learning rate: it grows from update to update until the loss explodes, and the curve tells which is good.

use super::options::{Rates, TrainOptions};
use super::state::State;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::model::Network;
use crate::optimizers::Schedule;

/// The weight of a neighbour in the smoothed loss, for each update that it is away, and how far away counts.
const SMOOTHING: f64 = 0.8;
const NEIGHBOURS: usize = 10;
/// Updates over which the fall of the loss is measured.
const SLOPE: usize = 10;
/// Updates whose mean loss is judged: where it has risen by as much as it was at first, it has exploded.
const FIRST: usize = 5;
/// No more is suggested than this share of the rate with the least loss: at that rate itself training is about to explode.
const SAFE: f64 = 0.2;

/// Which learning rates are tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The first rate.
    pub from: f64,
    /// The last rate, if the loss does not explode before it.
    pub to: f64,
    /// Updates from the first to the last.
    pub updates: usize,
}

impl Default for RateRange {
    /// A hundred updates from 10⁻⁶ to 10.
    fn default() -> RateRange {
        RateRange { from: 1e-6, to: 10.0, updates: 100 }
    }
}

impl RateRange {
    /// The rate of an update: the same factor lies between any two.
    fn rate(&self, update: usize) -> f64 {
        let share = update as f64 / (self.updates - 1).max(1) as f64;
        (self.from.ln() + share * (self.to.ln() - self.from.ln())).exp()
    }

    fn validate(&self) -> Result<()> {
        let is_range = self.from > 0.0 && self.to > self.from && self.to.is_finite();
        if is_range && self.updates > FIRST {
            return Ok(());
        }
        Err(Error::value(format!("learning rates from {} to {} in {} updates", self.from, self.to, self.updates))
            .help(format!("the first is above 0, the last above it, in more than {FIRST} updates")))
    }
}

/// One update of the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateTrial {
    /// The learning rate.
    pub rate: f64,
    /// The loss of the batch before the update.
    pub loss: f64,
    /// The weighted mean of this loss and those before and after it. (An average of those before alone would lag behind the rate.)
    pub smoothed: f64,
}

/// What came of a search.
#[derive(Debug, Clone)]
pub struct RateSearch {
    /// The updates in their order.
    pub trials: Vec<RateTrial>,
    /// The rate at which the loss exploded or was no longer a number, if it did.
    pub exploded: Option<f64>,
    /// A rate that is likely to be good; `None` where the loss fell at none.
    pub suggestion: Option<f64>,
}

/// Searches for a learning rate (after Smith 2017): trains with rates that grow by the same factor from update to update, until the loss
/// explodes, which is expected and no failure. The rate suggested is the one at which the smoothed loss falls fastest over ten updates, but
/// at most a fifth of that at which it is least. The network's
/// parameters are put back at the end; of the options the optimizer, the loss, the batches and the seed are used.
///
/// # Errors
///
/// A range that is none, or a network that does not fit the data.
pub fn find_rate(
    network: &mut Network,
    data: &Dataset,
    options: &TrainOptions,
    range: RateRange,
    should_stop: &dyn Fn() -> bool,
) -> Result<RateSearch> {
    range.validate()?;
    let begin = network.arrays();
    let found = search(network, data, options, range, should_stop);
    network.set_arrays(&begin)?;
    found
}

fn search(
    network: &mut Network,
    data: &Dataset,
    options: &TrainOptions,
    range: RateRange,
    should_stop: &dyn Fn() -> bool,
) -> Result<RateSearch> {
    let rates = Rates::new(Schedule::constant(), range.updates as u64)?;
    let mut state = State {
        iteration: 0,
        parameters: Vec::new(),
        optimizer: options.optimizer.copy(),
        batches: data.batches(options.batch_size)?.sampled(options.sampling, options.seed).epochs(u64::MAX),
    };
    let (mut trials, mut exploded, mut least) = (Vec::<RateTrial>::new(), None, f64::INFINITY);
    for update in 0..range.updates {
        if should_stop() {
            break;
        }
        let rate = range.rate(update);
        state.optimizer.set_learning_rate(rate);
        let made = state.update(network, options, &rates)?;
        if !made.loss.is_finite() {
            exploded = Some(rate);
            break;
        }
        trials.push(RateTrial { rate, loss: made.loss, smoothed: made.loss });
        // Single losses jump about: the mean of the last few is compared with the least such mean.
        let last = &trials[trials.len().saturating_sub(FIRST)..];
        let now = last.iter().map(|trial| trial.loss).sum::<f64>() / last.len() as f64;
        least = least.min(now);
        if !made.made || (update >= FIRST && now - least > trials[0].loss.abs()) {
            exploded = Some(rate);
            break;
        }
    }
    smooth(&mut trials);
    let suggestion = suggestion(&trials);
    Ok(RateSearch { trials, exploded, suggestion })
}

fn smooth(trials: &mut [RateTrial]) {
    let losses: Vec<f64> = trials.iter().map(|trial| trial.loss).collect();
    for (i, trial) in trials.iter_mut().enumerate() {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (j, loss) in losses.iter().enumerate().take(i + NEIGHBOURS + 1).skip(i.saturating_sub(NEIGHBOURS)) {
            let weight = SMOOTHING.powi(i.abs_diff(j) as i32);
            sum += weight * loss;
            weights += weight;
        }
        trial.smoothed = sum / weights;
    }
}

/// The rate at which the smoothed loss falls fastest, at most a share of that at which it is least; none if it fell at no rate.
fn suggestion(trials: &[RateTrial]) -> Option<f64> {
    let least = trials.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))?;
    let fall = |pair: &&[RateTrial]| pair[SLOPE].smoothed - pair[0].smoothed;
    let steepest = trials.windows(SLOPE + 1).min_by(|a, b| fall(a).total_cmp(&fall(b)))?;
    (least.smoothed < trials[0].smoothed).then_some(steepest[SLOPE / 2].rate.min(least.rate * SAFE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Array, DType};
    use crate::model::NetworkOptions;
    use crate::optimizers::Sgd;
    use crate::train::{Length, Loss};

    /// A loss of w² + … with the second derivative 2 along w: gradient descent diverges exactly above the rate 1.
    #[test]
    fn a_parabola_explodes_where_theory_says_and_the_suggestion_lies_below() {
        let ones = |shape: &[usize]| Array::full(shape, 1.0, DType::F64).unwrap();
        let data =
            Dataset::from_arrays("parabola", ones(&[8, 1]), ones(&[8, 1]), vec![]).unwrap().with_dtype(DType::F64).unwrap();
        let double = NetworkOptions { double: true, ..Default::default() };
        let mut network = Network::new("linear(1,nobias)", &[1], &double).unwrap();
        let before = network.arrays()[0].1.to_f64_vec();
        let loss = Loss::named("mean_squared_error").unwrap();
        let options = TrainOptions::new(loss, Box::new(Sgd::new(1.0)), 4, Length::Epochs(1));
        let range = RateRange { from: 1e-4, to: 100.0, updates: 200 };
        let found = find_rate(&mut network, &data, &options, range, &|| false).unwrap();
        let (exploded, suggestion) = (found.exploded.unwrap(), found.suggestion.unwrap());
        assert!((1.0..10.0).contains(&exploded), "{exploded}");
        assert!((0.01..1.0).contains(&suggestion), "{suggestion}");
        assert_eq!(network.arrays()[0].1.to_f64_vec(), before, "the network is as it was");
        assert!(found.trials.windows(2).all(|pair| (pair[1].rate / pair[0].rate - 1e6f64.powf(1.0 / 199.0)).abs() < 1e-9));
        // Losses that become infinite end the search too, and so does whoever asks for it.
        let mut huge = RateRange { from: 1e150, to: 1e300, updates: 50 };
        assert!(find_rate(&mut network, &data, &options, huge, &|| false).unwrap().exploded.is_some());
        assert!(find_rate(&mut network, &data, &options, range, &|| true).unwrap().trials.is_empty());
        huge.to = 1.0;
        assert!(find_rate(&mut network, &data, &options, huge, &|| false).is_err());
    }
}
