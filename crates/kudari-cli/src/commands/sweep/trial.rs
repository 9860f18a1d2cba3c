//! The trainings of a sweep, as many at once as there are threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use kudari::model::Network;
use kudari::train::{EpochRecord, Observer, Progress, Stop, Verdict, judge, run_each, train};
use kudari::with_precision;

use super::results::Combination;
use crate::commands::train::Arguments;
use crate::data::Training;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, duration, with_commas};
use crate::plan::Plan;

/// How often in its course a training moves the bar.
const REPORTS: u64 = 50;

/// What came of one training.
pub struct Trial {
    /// Its seed.
    pub seed: u64,
    /// Its measurements.
    pub history: Vec<EpochRecord>,
    /// Whether it succeeded, or how it failed.
    pub verdict: Verdict,
}

impl Trial {
    /// The measurement at its end.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.history.last()
    }
}

/// Trains every combination with every seed, until asked to stop; gives the number of trainings that came to their end.
pub fn run_all(
    combinations: &mut [Combination],
    data: &Training,
    seeds: &[u64],
    goal: f64,
    output: &Output,
    interrupt: &Interrupt,
) -> Result<usize, Failure> {
    let runs = combinations.len() * seeds.len();
    let meter = Meter::new(output, runs, combinations.iter().map(|c| c.iterations).sum::<u64>() * seeds.len() as u64);
    let (count, planned) = (combinations.len(), &*combinations);
    // All combinations with one seed, then with the next: a sweep that is interrupted can still compare them.
    let trials = run_each(runs, |run| match (planned.get(run % count), seeds.get(run / count)) {
        (Some(combination), Some(&seed)) => trial(&combination.arguments, data, seed, goal, &meter, interrupt),
        _ => Ok(None),
    });
    meter.finish();
    let mut finished = 0;
    for (run, trial) in trials.into_iter().enumerate() {
        if let (Some(trial), Some(combination)) = (trial?, combinations.get_mut(run % count)) {
            combination.trials.push(trial);
            finished += 1;
        }
    }
    Ok(finished)
}

/// One training; `None` if it was interrupted.
fn trial(
    arguments: &Arguments,
    data: &Training,
    seed: u64,
    goal: f64,
    meter: &Meter,
    interrupt: &Interrupt,
) -> Result<Option<Trial>, Failure> {
    if interrupt.asked() {
        return Ok(None);
    }
    let mut plan = Plan::on(data.clone(), &Arguments { seed, ..arguments.clone() })?;
    let (options, iterations) = (plan.options(), plan.iterations());
    let mut watch = Watch { meter, interrupt, told: 0, every: iterations.div_ceil(REPORTS) };
    let precision = plan.precision();
    let outcome = with_precision(precision, || train(&mut plan.network, &plan.split, options, &mut watch))?;
    if let Stop::Interrupted = outcome.stop {
        return Ok(None);
    }
    // One that failed has made fewer iterations than were counted on.
    meter.advance(iterations - watch.told);
    meter.runs.fetch_add(1, Ordering::Relaxed);
    let verdict = with_precision(precision, || judge(&plan.network, &plan.split.train, plan.loss, &outcome, goal))?;
    Ok(Some(Trial { seed, history: outcome.history, verdict }))
}

/// Follows one of the trainings.
struct Watch<'a> {
    meter: &'a Meter,
    interrupt: &'a Interrupt,
    /// Iterations that the meter knows of.
    told: u64,
    every: u64,
}

impl Observer for Watch<'_> {
    fn iteration(&mut self, progress: &Progress, _: &Network) -> kudari::Result<()> {
        if progress.iteration >= self.told + self.every {
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
struct Meter {
    bar: Option<ProgressBar>,
    began: Instant,
    runs: AtomicUsize,
    of: usize,
}

impl Meter {
    fn new(output: &Output, runs: usize, iterations: u64) -> Meter {
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

    fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}
