//! What a training would do, without doing it: a few updates on a copy tell the time and the memory.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use kudari::data::Split;
use kudari::train::{Length, Silent, TrainOptions, evaluate, train};
use kudari::{Result, with_precision};

use super::print_header;
use crate::config;
use crate::failure::Failure;
use crate::output::{self, Output, duration, json_object, with_commas};
use crate::plan::Plan;
use crate::progress::copy_of;

/// How long updates are tried for, about.
const TRIAL: Duration = Duration::from_millis(500);
/// Updates before those that are timed, and at first.
const FIRST: u64 = 3;
/// Batches that they come from.
const FEW_BATCHES: usize = 16;
/// Samples that a measurement is timed on.
const MEASURED: usize = 2000;

/// What a training will take.
struct Estimate {
    seconds_an_update: f64,
    seconds: f64,
    /// The most memory that this program has had so far, where the system tells it.
    bytes: Option<u64>,
}

/// Tells the plan and what it will take.
pub fn run(plan: Plan, output: &Output, json: bool) -> Result<ExitCode, Failure> {
    print_header(output, &plan, None)?;
    let summary = plan.network.summary();
    output.line(summary.to_string().trim_end());
    let estimate = with_precision(plan.precision(), || estimate(&plan))?;
    let memory = estimate.bytes.map_or(String::new(), |bytes| format!(", {} MB of memory", with_commas(bytes / 1_000_000)));
    output.line(format_args!(
        "\nabout {}: {} updates of {}{memory}\nthe same as a command:\n{}",
        duration(rounded(estimate.seconds)),
        with_commas(plan.iterations()),
        in_small_units(estimate.seconds_an_update),
        plan.command()
    ));
    if json {
        let mut fields: Vec<(&str, serde_json::Value)> = vec![
            ("parameters", summary.parameters.into()),
            ("training_samples", plan.split.train.len().into()),
            ("validation_samples", plan.split.validation.as_ref().map_or(0, |part| part.len()).into()),
            ("test_samples", plan.split.test.len().into()),
            ("iterations", plan.iterations().into()),
            ("seconds", estimate.seconds.into()),
            ("bytes", estimate.bytes.into()),
            ("command", plan.command().into()),
        ];
        fields.push(("config", config::to_toml(&plan.configuration()).into()));
        output::print(json_object(&fields))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tries some updates, and a measurement on some samples, on a copy of the network.
fn estimate(plan: &Plan) -> Result<Estimate> {
    // Measurements are counted apart: here they see as few samples as may be.
    let few = plan.split.test.first(plan.split.test.len().min(1))?;
    let some = plan.split.train.first(plan.split.train.len().min(plan.batch_size.saturating_mul(FEW_BATCHES)))?;
    let split = Split { train: some, test: few.clone(), validation: Some(few) };
    let samples = plan.split.train.len().min(MEASURED);
    let began = Instant::now();
    evaluate(&plan.network, &plan.split.train.first(samples)?, plan.loss)?;
    let measured = began.elapsed().as_secs_f64() / samples as f64;
    let updates = |count: u64| -> Result<f64> {
        let mut network = copy_of(&plan.network)?;
        let options = TrainOptions { length: Length::Iterations(count), early_stopping: None, schedule: None, ..plan.options() };
        let outcome = train(&mut network, &split, options, &mut Silent)?;
        Ok(outcome.training_seconds / outcome.iterations.max(1) as f64)
    };
    let first = updates(FIRST)?;
    let more = (TRIAL.as_secs_f64() / first.max(1e-7)) as u64;
    let seconds_an_update = if more > FIRST { updates(more.min(plan.iterations()).max(1))? } else { first };
    let parts = [Some(&plan.split.train), plan.split.validation.as_ref(), Some(&plan.split.test)];
    let all: usize = parts.into_iter().flatten().map(|part| part.len()).sum();
    let seconds = seconds_an_update * plan.iterations() as f64 + measured * all as f64 * plan.measurements() as f64;
    let limit = plan.options().time_limit.map_or(f64::INFINITY, |limit| limit.as_secs_f64());
    Ok(Estimate { seconds_an_update, seconds: seconds.min(limit), bytes: most_memory() })
}

/// The most memory that the program has had, as Linux tells it.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A guess has two digits.
fn rounded(seconds: f64) -> f64 {
    format!("{seconds:.1e}").parse().unwrap_or(seconds)
}

fn in_small_units(seconds: f64) -> String {
    match rounded(seconds) {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => duration(s),
    }
}
