//! What is seen of a training while it runs.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kudari::model::Network;
use kudari::train::{DigitsLost, EpochRecord, Observer, Progress, RunFolder};
use kudari::{Result, model};

use crate::interrupt::Interrupt;
use crate::output::{Output, duration, loss, share, with_commas};

/// At most about this many measurements are printed; metrics.csv and the report have them all.
const LINES: u64 = 20;
/// Time between two looks at the bar, and between two writes of the measurements.
const BAR_EVERY: Duration = Duration::from_millis(100);
const METRICS_EVERY: Duration = Duration::from_secs(1);

/// The heads of the lines that [`Follower`] prints.
pub fn heads() -> String {
    format!(
        "{:>8} {:>10}  {:>10} {:>9}  {:>10} {:>9}  {:>9}",
        "epoch", "iteration", "train loss", "accuracy", "test loss", "accuracy", "time"
    )
}

fn line(record: &EpochRecord) -> String {
    format!(
        "{:>8.1} {:>10}  {:>10} {:>9}  {:>10} {:>9}  {:>9}",
        record.epoch,
        with_commas(record.iteration),
        loss(record.train_loss),
        share(record.train_accuracy),
        loss(record.test_loss),
        share(record.test_accuracy),
        duration(record.seconds)
    )
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

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Observer for Follower<'_> {
    fn iteration(&mut self, progress: &Progress, _: &Network) -> Result<()> {
        if progress.iteration < self.next_look {
            return Ok(());
        }
        let Some(bar) = &self.bar else {
            self.next_look = u64::MAX;
            return Ok(());
        };
        let rate = progress.iteration as f64 / self.began.elapsed().as_secs_f64().max(1e-6);
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
            self.folder.write_metrics(history)?;
            self.metrics_written = Instant::now();
        }
        self.folder.save_now_and_then(|| (self.to_bytes)(network))
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
