//! What is seen of a training while it runs.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kudari::model::Network;
use kudari::train::{Checkpoint, DigitsLost, EpochRecord, Observer, Progress, RunFolder};
use kudari::{Result, model};

use crate::commands::train::Interval;
use crate::interrupt::Interrupt;
use crate::output::{Output, duration, loss, share, with_commas};

/// At most about this many measurements are printed; metrics.csv and the report have them all.
const LINES: u64 = 20;
/// Time between two looks at the bar, and between two writes of the measurements.
const BAR_EVERY: Duration = Duration::from_millis(100);
const METRICS_EVERY: Duration = Duration::from_secs(1);

/// The heads of the lines that [`Follower`] prints.
pub fn heads(validation: bool) -> String {
    let pair = |part: &str| format!("  {:>10} {:>9}", format!("{part} loss"), "accuracy");
    let decided_by = if validation { pair("valid.") } else { String::new() };
    format!("{:>8} {:>10}{}{decided_by}{}  {:>9}", "epoch", "iteration", pair("train"), pair("test"), "time")
}

fn line(record: &EpochRecord) -> String {
    let pair = |value: f64, accuracy: Option<f64>| format!("  {:>10} {:>9}", loss(value), share(accuracy));
    format!(
        "{:>8.1} {:>10}{}{}{}  {:>9}",
        record.epoch,
        with_commas(record.iteration),
        pair(record.train_loss, record.train_accuracy),
        record.validation_loss.map_or(String::new(), |value| pair(value, record.validation_accuracy)),
        pair(record.test_loss, record.test_accuracy),
        duration(record.seconds)
    )
}

/// How often checkpoints are written, and how many are kept.
#[derive(Clone, Copy)]
pub struct Saving {
    /// How often.
    pub every: Interval,
    /// How many.
    pub keep: usize,
}

/// Makes the model's file for a network.
type ToBytes<'a> = Box<dyn Fn(&Network) -> Result<Vec<u8>> + 'a>;

/// Follows a training: prints a line for every measurement, moves the bar, writes what must not be lost.
pub struct Follower<'a> {
    output: &'a Output,
    folder: &'a mut RunFolder,
    to_bytes: ToBytes<'a>,
    interrupt: Interrupt,
    bar: Option<ProgressBar>,
    iterations: u64,
    /// The iteration from which the next measurement is printed.
    next_line: u64,
    /// The iteration at which the bar is looked at again: asking for the time at each would slow down small networks.
    next_look: u64,
    /// The first iteration that was seen: of a run that goes on it is not the first of all.
    first: Option<u64>,
    saving: Saving,
    /// The iteration at which the time since the last checkpoint is looked at again, and that checkpoint's time.
    next_check: u64,
    checkpoint_written: Instant,
    /// Whether it was said that something cannot be written.
    complained: bool,
    began: Instant,
    metrics_written: Instant,
}

impl<'a> Follower<'a> {
    /// Follows a training of `iterations`; `to_bytes` gives the model's file for the network as it is.
    pub fn new(
        output: &'a Output,
        folder: &'a mut RunFolder,
        iterations: u64,
        interrupt: Interrupt,
        saving: Saving,
        to_bytes: impl Fn(&Network) -> Result<Vec<u8>> + 'a,
    ) -> Follower<'a> {
        let bar = output.bar(iterations);
        if let (Some(bar), Ok(style)) =
            (&bar, ProgressStyle::with_template("{bar:20} {human_pos} of {human_len} iterations, {msg}"))
        {
            bar.set_style(style);
        }
        let now = Instant::now();
        Follower {
            output,
            folder,
            to_bytes: Box::new(to_bytes),
            interrupt,
            bar,
            iterations,
            next_line: 0,
            next_look: 1,
            first: None,
            saving,
            next_check: 1,
            checkpoint_written: now,
            complained: false,
            began: now,
            metrics_written: now,
        }
    }

    /// Prints a line above the bar.
    fn say(&self, text: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.line(text)),
            None => self.output.line(text),
        }
    }

    /// Tells once that a file cannot be written, and lets the training go on: the place may become free again, and what was there is
    /// unchanged. At the end of the training it is an error.
    fn try_to_write(&mut self, outcome: Result<()>) {
        if let (Err(error), false) = (outcome, self.complained) {
            self.complained = true;
            self.say(format!("note: {}; training goes on", error.what()));
        }
    }

    /// Iterations a second so far.
    fn rate(&self, iteration: u64) -> f64 {
        let made = iteration - self.first.unwrap_or(iteration).min(iteration) + 1;
        made as f64 / self.began.elapsed().as_secs_f64().max(1e-6)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Observer for Follower<'_> {
    fn iteration(&mut self, progress: &Progress, _: &Network) -> Result<()> {
        self.first.get_or_insert(progress.iteration);
        if progress.iteration < self.next_look {
            return Ok(());
        }
        let rate = self.rate(progress.iteration);
        let Some(bar) = &self.bar else {
            self.next_look = u64::MAX;
            return Ok(());
        };
        let left = (progress.iterations - progress.iteration) as f64 / rate;
        self.next_look = progress.iteration + 1 + (rate * BAR_EVERY.as_secs_f64()) as u64;
        bar.set_position(progress.iteration);
        let [rate, left, loss] = [with_commas(rate as u64), duration(left.ceil()), loss(progress.loss)];
        bar.set_message(format!("{rate}/s, {left} left, loss {loss}"));
        Ok(())
    }

    fn digits_lost(&mut self, lost: &DigitsLost) {
        self.say(format!("note: {lost}"));
    }

    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        let due = |r: &&EpochRecord| r.iteration >= self.next_line || r.iteration == self.iterations || self.should_stop();
        if let Some(record) = history.last().filter(due) {
            self.next_line = record.iteration + self.iterations / LINES;
            self.say(line(record));
        }
        if self.metrics_written.elapsed() >= METRICS_EVERY {
            let written = self.folder.write_metrics(history);
            self.try_to_write(written);
            self.metrics_written = Instant::now();
        }
        let saved = self.folder.save_now_and_then(|| (self.to_bytes)(network));
        self.try_to_write(saved);
        Ok(())
    }

    fn wants_checkpoint(&mut self, iteration: u64) -> bool {
        match self.saving.every {
            Interval::Iterations(every) => iteration.is_multiple_of(every),
            Interval::Time(_) if iteration < self.next_check => false,
            Interval::Time(every) => {
                self.next_check = iteration + 1 + (self.rate(iteration) * BAR_EVERY.as_secs_f64()) as u64;
                self.checkpoint_written.elapsed() >= every
            }
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let saved = self.folder.save_checkpoint(checkpoint, self.saving.keep);
        self.checkpoint_written = Instant::now();
        self.try_to_write(saved);
        Ok(())
    }

    fn should_stop(&self) -> bool {
        self.interrupt.asked()
    }
}

/// A network of its own with the same parameters, for a model file of a training that goes on.
pub fn copy_of(network: &Network) -> Result<Network> {
    use kudari::layers::Layer;
    let mut copy = Network::new(network.notation(), network.input_shape(), &model::NetworkOptions::default())?;
    copy.set_arrays(&network.arrays())?;
    Ok(copy)
}
