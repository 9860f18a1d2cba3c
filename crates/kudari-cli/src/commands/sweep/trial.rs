//! The trainings of a sweep, as many at once as there are threads.

use kudari::train::{EpochRecord, Stop, Verdict, judge, run_each, train};
use kudari::with_precision;

use super::results::Combination;
use crate::commands::train::Settings;
use crate::data::Training;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::meter::{Meter, Watch};
use crate::output::Output;
use crate::plan::Plan;

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
    arguments: &Settings,
    data: &Training,
    seed: u64,
    goal: f64,
    meter: &Meter,
    interrupt: &Interrupt,
) -> Result<Option<Trial>, Failure> {
    if interrupt.asked() {
        return Ok(None);
    }
    let mut plan = Plan::on(data.clone(), &Settings { seed, ..arguments.clone() })?;
    let (options, iterations) = (plan.options(), plan.iterations());
    let mut watch = Watch::new(meter, interrupt, iterations);
    let precision = plan.precision();
    let outcome = with_precision(precision, || train(&mut plan.network, &plan.split, options, &mut watch))?;
    if let Stop::Interrupted = outcome.stop {
        return Ok(None);
    }
    watch.finish();
    let verdict = with_precision(precision, || judge(&plan.network, &plan.split.train, plan.loss, &outcome, goal))?;
    Ok(Some(Trial { seed, history: outcome.history, verdict }))
}
