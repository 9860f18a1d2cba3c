//! What is known of a training.

use std::time::{Duration, Instant};

use kudari::train::{EpochRecord, LayerMoment, Progress};

use crate::output::with_commas;
use crate::plan::Plan;

/// At most so many points of the batches' losses are kept.
const POINTS: usize = 400;

/// What is known of a training.
pub struct State {
    /// Data and network.
    pub title: [String; 2],
    /// Whether colours may be used.
    pub colours: bool,
    /// Updates made, and to make.
    pub iteration: u64,
    pub iterations: u64,
    /// Updates in a pass over the training data.
    pub per_epoch: f64,
    /// Samples in an update.
    pub batch_size: usize,
    /// The measurements.
    pub history: Vec<EpochRecord>,
    /// The losses of the batches, each the mean of some, over epochs.
    pub batches: Vec<(f64, f64)>,
    /// The typical size (root mean square) of every parameter's gradient.
    pub gradients: Vec<(String, f64)>,
    pub paused: bool,
    pub stopping: bool,
    /// Seconds since the beginning, without pauses.
    pub seconds: f64,
    began: Instant,
    /// The update that it began with, and the time that was spent waiting.
    first: Option<u64>,
    waited: Duration,
    /// The losses that make the next point: how many, and their sum.
    gathered: (u64, f64),
    /// How many make one.
    per_point: u64,
}

impl State {
    /// Of a training that is about to begin.
    pub fn new(plan: &Plan, colours: bool) -> State {
        let parameters = with_commas(plan.network.summary().parameters as u64);
        let title = [plan.data.clone(), format!("{}, {parameters} parameters", plan.network.notation())];
        let per_epoch = plan.split.train.len().div_ceil(plan.batch_size) as f64;
        State::plain(title, colours, plan.iterations(), per_epoch, plan.batch_size)
    }

    fn plain(title: [String; 2], colours: bool, iterations: u64, per_epoch: f64, batch_size: usize) -> State {
        State {
            title,
            colours,
            iteration: 0,
            iterations,
            per_epoch,
            batch_size,
            history: Vec::new(),
            batches: Vec::new(),
            gradients: Vec::new(),
            paused: false,
            stopping: false,
            seconds: 0.0,
            began: Instant::now(),
            first: None,
            waited: Duration::ZERO,
            gathered: (0, 0.0),
            per_point: iterations.div_ceil(POINTS as u64).max(1),
        }
    }

    /// After an update.
    pub fn batch(&mut self, progress: &Progress) {
        self.first.get_or_insert(progress.iteration.saturating_sub(1));
        self.iteration = progress.iteration;
        self.gathered = (self.gathered.0 + 1, self.gathered.1 + progress.loss);
        if self.gathered.0 >= self.per_point {
            self.batches.push((self.epoch(), self.gathered.1 / self.gathered.0 as f64));
            self.gathered = (0, 0.0);
        }
    }

    /// After a measurement.
    pub fn measured(&mut self, history: &[EpochRecord], layers: Option<&LayerMoment>) {
        self.history = history.to_vec();
        if let Some(record) = history.last() {
            self.iteration = self.iteration.max(record.iteration);
        }
        let sizes = layers.map(|moment| {
            let size = |p: &kudari::train::ParameterMoment| Some((p.name.clone(), p.gradient.as_ref()?.root_mean_square()));
            moment.parameters.iter().filter_map(size).collect()
        });
        self.gradients = sizes.unwrap_or_default();
    }

    /// Before a picture.
    pub fn see(&mut self, paused: bool, stopping: bool) {
        (self.paused, self.stopping) = (paused, stopping);
        self.seconds = self.began.elapsed().saturating_sub(self.waited).as_secs_f64();
    }

    /// After a pause.
    pub fn paused_for(&mut self, time: Duration) {
        self.waited += time;
    }

    /// Passes over the training data.
    pub fn epoch(&self) -> f64 {
        self.iteration as f64 / self.per_epoch.max(1.0)
    }

    /// Updates a second since the beginning, with measurements and without pauses.
    pub fn rate(&self) -> f64 {
        let made = self.iteration.saturating_sub(self.first.unwrap_or(self.iteration));
        made as f64 / self.began.elapsed().saturating_sub(self.waited).as_secs_f64().max(1e-6)
    }

    /// Seconds that it will go on; `None` before the first updates.
    pub fn left(&self) -> Option<f64> {
        let rate = self.rate();
        (rate > 0.0).then(|| self.iterations.saturating_sub(self.iteration) as f64 / rate)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// In the middle of a training of classes or numbers.
    pub fn state(classes: bool, colours: bool) -> State {
        let title = ["digits".to_string(), "linear(50) relu linear(10), 3,760 parameters".to_string()];
        let mut state = State::plain(title, colours, 1000, 100.0, 32);
        for iteration in 1..=500 {
            state.batch(&Progress { iteration, iterations: 1000, loss: 2.0 / iteration as f64 });
        }
        let record = |i: u64| EpochRecord {
            epoch: i as f64,
            iteration: 100 * i,
            train_loss: 2.0 / (i + 1) as f64,
            train_accuracy: classes.then_some(0.5 + i as f64 / 20.0),
            validation_loss: classes.then_some(2.2 / (i + 1) as f64),
            validation_accuracy: classes.then_some(0.45 + i as f64 / 20.0),
            test_loss: 2.5 / (i + 1) as f64,
            test_accuracy: classes.then_some(0.4 + i as f64 / 20.0),
            learning_rate: 0.001,
            seconds: i as f64,
        };
        let history: Vec<EpochRecord> = (0..=5).map(record).collect();
        state.measured(&history, None);
        state.gradients = vec![("0.weight".into(), 1e-2), ("0.bias".into(), 1e-4), ("2.weight".into(), 0.0)];
        state
    }

    #[test]
    fn losses_of_batches_are_means_of_several() {
        let state = state(true, true);
        assert_eq!((state.per_point, state.batches.len(), state.epoch()), (3, 166, 5.0));
        assert!((state.batches[0].1 - (2.0 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!((state.batches[0].0 - 0.03).abs() < 1e-12);
        assert!(state.rate() > 0.0 && state.left().is_some());
    }

    #[test]
    fn pauses_do_not_count() {
        let mut state = state(true, true);
        let before = state.rate();
        state.paused_for(Duration::from_secs(3600));
        assert!(state.rate() >= before);
        state.see(true, false);
        assert!(state.paused && state.seconds == 0.0);
    }
}
