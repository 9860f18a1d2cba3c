//! `kudari crossval`: how good a training is, from several divisions of the data.

use std::process::ExitCode;
use std::time::Instant;

use kudari::train::{NumberScores, Stop, evaluate, number_scores, run_each, train};
use kudari::{Error, ErrorKind, with_precision};
use serde_json::{Value, json};

use super::train::Settings;
use crate::data::{self, Division};
use crate::failure::Failure;
use crate::interrupt::{self, Interrupt};
use crate::meter::{Meter, Watch};
use crate::output::{self, Output, duration, loss, score_fields, share};
use crate::plan::Plan;

const EXAMPLES: &str = "\
Examples:
  kudari crossval iris.csv
  kudari crossval houses.csv --target price --folds 10
  kudari crossval digits --net \"linear(64) relu linear(10)\" --json

The samples are divided into parts of the same size, of every class alike. Each
part in turn is kept apart, a network is trained on the others and judged by it.
What is learnt from the data beforehand (means, categories) is learnt from the
others too. Of data with a test part of their own the training part is divided.";

/// Train on all parts of the data but one, in turn, and judge by that one
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Parts, at least 2
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = folds)]
    folds: usize,
    /// Print one JSON object with all results on standard output, everything else on standard error
    #[arg(long)]
    json: bool,
    /// Print nothing but errors, and the JSON object with --json
    #[arg(long)]
    quiet: bool,
}

fn folds(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count >= 2).ok_or_else(|| "a number of parts, at least 2".to_string())
}

/// What came of one part.
struct Fold {
    samples: (usize, usize),
    loss: f64,
    accuracy: Option<f64>,
    scores: Option<NumberScores>,
    epochs: f64,
    failed: bool,
}

/// Validates.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (began, settings) = (Instant::now(), &arguments.settings);
    settings.threads.iter().for_each(|&count| kudari::set_threads(count));
    let output = Output::new(arguments.json, arguments.quiet);
    let planned = plan(arguments, 0)?;
    let [how, how_long] = planned.in_words();
    output.line(format_args!("{}: {}, {how}, {how_long}", planned.data, planned.network.notation()));
    let interrupt = Interrupt::listen()?;
    let meter = Meter::new(&output, arguments.folds, planned.iterations().saturating_mul(arguments.folds as u64));
    let folds = run_each(arguments.folds, |number| fold(arguments, number, &meter, &interrupt));
    meter.finish();
    let folds: Vec<Fold> = folds.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if interrupt.asked() {
        output::note("interrupted");
        return Ok(ExitCode::from(interrupt::EXIT_STATUS));
    }
    print(&output, &folds);
    output.line(format_args!("\n{} trainings in {}", folds.len(), duration(began.elapsed().as_secs_f64())));
    if arguments.json {
        output::print(to_json(&planned, &folds))?;
    }
    let failed = folds.iter().filter(|fold| fold.failed).count();
    if failed > 0 {
        let what = format!("{failed} of {} trainings met a NaN or an infinity", folds.len());
        return Err(Error::new(ErrorKind::NonFinite, what).help("kudari train with the same settings tells where").into());
    }
    Ok(ExitCode::SUCCESS)
}

/// The training that is judged by part `number`.
fn plan(arguments: &Arguments, number: usize) -> Result<Plan, Failure> {
    let settings = &arguments.settings;
    let division =
        Division { seed: settings.seed, validation: settings.validation_share(), fold: Some((number, arguments.folds)) };
    Plan::on(data::training(&settings.data, &settings.of_data, division)?, settings)
}

/// Trains and judges; `None` if it was interrupted.
fn fold(arguments: &Arguments, number: usize, meter: &Meter, interrupt: &Interrupt) -> Result<Option<Fold>, Failure> {
    if interrupt.asked() {
        return Ok(None);
    }
    let mut plan = plan(arguments, number)?;
    let options = plan.options();
    let mut watch = Watch::new(meter, interrupt, plan.iterations());
    with_precision(plan.precision(), || {
        let outcome = train(&mut plan.network, &plan.split, options, &mut watch)?;
        watch.finish();
        if let Stop::Interrupted = outcome.stop {
            return Ok(None);
        }
        let test = evaluate(&plan.network, &plan.split.test, plan.loss)?;
        let unit = plan.preparation.as_ref().map_or(1.0, |preparation| preparation.target().unit());
        Ok(Some(Fold {
            samples: (plan.split.train.len(), plan.split.test.len()),
            loss: test.loss,
            accuracy: test.accuracy,
            scores: number_scores(&plan.network, &plan.split.test)?.map(|scores| scores.in_unit(unit)),
            epochs: outcome.epochs,
            failed: matches!(outcome.stop, Stop::Failed(_)),
        }))
    })
}

/// The measures of a fold by their names: loss, and accuracy or the scores of numbers.
fn measures(fold: &Fold) -> Vec<(&'static str, f64)> {
    let mut measures = vec![("loss", fold.loss)];
    measures.extend(fold.accuracy.map(|accuracy| ("accuracy", accuracy)));
    if let Some(scores) = &fold.scores {
        measures.extend(scores.r_squared.map(|r| ("R²", r)));
        measures.extend([("RMSE", scores.root_mean_squared_error), ("MAE", scores.mean_absolute_error)]);
    }
    measures
}

/// Mean and standard deviation (with n − 1) of every measure that all folds have.
fn summary(folds: &[Fold]) -> Vec<(&'static str, f64, f64)> {
    let all: Vec<Vec<(&str, f64)>> = folds.iter().map(measures).collect();
    let names = all.first().into_iter().flatten().map(|(name, _)| *name);
    let of = |name: &'static str| {
        let values: Option<Vec<f64>> = all.iter().map(|m| m.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)).collect();
        let values = values?;
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Some((name, mean, (squares / (count - 1.0)).sqrt()))
    };
    names.filter_map(of).collect()
}

/// A measure in few digits: shares as such, others as losses.
fn few(name: &str, value: f64) -> String {
    if matches!(name, "accuracy" | "R²") { share(Some(value)) } else { loss(value) }
}

fn print(output: &Output, folds: &[Fold]) {
    let names: Vec<&str> = folds.first().map_or(Vec::new(), |fold| measures(fold).iter().map(|m| m.0).collect());
    let heads: String = names.iter().map(|name| format!("  {name:>12}")).collect();
    output.line(output.bold(&format!("\n{:>4}  {:>8}  {:>8}{heads}  {:>7}", "part", "training", "test", "epochs")));
    for (number, fold) in folds.iter().enumerate() {
        let values: String = measures(fold).iter().map(|(name, value)| format!("  {:>12}", few(name, *value))).collect();
        let (training, test) = fold.samples;
        let failed = if fold.failed { "  failed" } else { "" };
        output.line(format_args!("{:>4}  {training:>8}  {test:>8}{values}  {:>7.1}{failed}", number + 1, fold.epochs));
    }
    output.line("");
    for (name, mean, deviation) in summary(folds) {
        let text = format!("{name} {} ± {}", few(name, mean), few(name, deviation));
        output.line(if name == "loss" { text } else { output.bold(&text) });
    }
}

fn to_json(plan: &Plan, folds: &[Fold]) -> String {
    let each: Vec<Value> = folds
        .iter()
        .map(|fold| {
            let mut fields = json!({
                "training_samples": fold.samples.0,
                "test_samples": fold.samples.1,
                "loss": fold.loss,
                "accuracy": fold.accuracy,
                "epochs": fold.epochs,
                "failed": fold.failed,
            });
            for (name, value) in fold.scores.iter().flat_map(score_fields) {
                fields[name] = value;
            }
            fields
        })
        .collect();
    let word = |name: &str| match name {
        "R²" => "r_squared",
        "RMSE" => "root_mean_squared_error",
        "MAE" => "mean_absolute_error",
        _ => {
            if name == "loss" {
                "loss"
            } else {
                "accuracy"
            }
        }
    };
    let summary: serde_json::Map<String, Value> = summary(folds)
        .into_iter()
        .map(|(name, mean, deviation)| (word(name).to_string(), json!({"mean": mean, "deviation": deviation})))
        .collect();
    output::json_object(&[
        ("data", plan.data.clone().into()),
        ("command", plan.command().into()),
        ("folds", each.into()),
        ("summary", summary.into()),
    ])
}
