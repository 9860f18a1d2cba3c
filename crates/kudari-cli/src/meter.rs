//! The progress of many trainings at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use kudari::model::Network;
use kudari::train::{Observer, Progress};

use crate::interrupt::Interrupt;
use crate::output::{Output, duration, with_commas};

/// How often in its course a training moves the bar.
const REPORTS: u64 = 50;

/// Follows one of the trainings.
pub struct Watch<'a> {
    meter: &'a Meter,
    interrupt: &'a Interrupt,
    iterations: u64,
    /// Iterations that the meter knows of.
    told: u64,
}

impl<'a> Watch<'a> {
    /// Follows a training of so many iterations.
    pub fn new(meter: &'a Meter, interrupt: &'a Interrupt, iterations: u64) -> Watch<'a> {
        Watch { meter, interrupt, iterations, told: 0 }
    }

    /// Counts a training that has come to its end: one that ended early has made fewer iterations than were counted on.
    pub fn finish(self) {
        self.meter.advance(self.iterations - self.told.min(self.iterations));
        self.meter.runs.fetch_add(1, Ordering::Relaxed);
    }
}

impl Observer for Watch<'_> {
    fn iteration(&mut self, progress: &Progress, _: &Network) -> kudari::Result<()> {
        if progress.iteration >= self.told + self.iterations.div_ceil(REPORTS) {
            self.meter.advance(progress.iteration - self.told);
            self.told = progress.iteration;
        }
        Ok(())
    }

    fn should_stop(&self) -> bool {
        self.interrupt.asked()
    }
}

/// The bar for all trainings.
pub struct Meter {
    bar: Option<ProgressBar>,
    began: Instant,
    runs: AtomicUsize,
    of: usize,
}

impl Meter {
    /// For so many trainings of so many iterations in all.
    pub fn new(output: &Output, runs: usize, iterations: u64) -> Meter {
        let bar = output.bar(iterations);
        if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template("{bar:20} {msg}")) {
            bar.set_style(style);
        }
        Meter { bar, began: Instant::now(), runs: AtomicUsize::new(0), of: runs }
    }

    fn advance(&self, iterations: u64) {
        let Some(bar) = &self.bar else { return };
        bar.inc(iterations);
        let rate = bar.position() as f64 / self.began.elapsed().as_secs_f64().max(1e-6);
        let left = (bar.length().unwrap_or(0) - bar.position()) as f64 / rate.max(1e-6);
        let (runs, of) = (with_commas(self.runs.load(Ordering::Relaxed) as u64), with_commas(self.of as u64));
        bar.set_message(format!(
            "{runs} of {of} trainings, {} iterations/s, {} left",
            with_commas(rate as u64),
            duration(left.ceil())
        ));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}
