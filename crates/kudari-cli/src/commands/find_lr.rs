//! `kudari find-lr`: which learning rate suits a training.

use std::path::PathBuf;
use std::process::ExitCode;

use kudari::train::{RateRange, RateSearch, find_rate};
use kudari::{Error, ErrorKind, with_precision};
use kudari_plot::{Color, Plot, Scale, check_ending, palette};
use serde_json::json;

use super::train::Settings;
use crate::failure::{Failure, OrUsage};
use crate::interrupt::{self, Interrupt};
use crate::output::{self, Output, loss, number};
use crate::pictures::can_hold;
use crate::plan::Plan;

const EXAMPLES: &str = "\
Examples:
  kudari find-lr mnist
  kudari find-lr houses.csv --target price --optimizer sgd
  kudari find-lr digits --net \"linear(64) relu linear(10)\" --plot rates.svg
  kudari find-lr mnist --from 1e-4 --to 100 --updates 300 --json

The network is trained with a learning rate that grows from update to update
until the loss explodes, which is meant to happen. The rate at which the
smoothed loss falls fastest is suggested, at most a fifth of that at which it is
least, which is about to explode.
Nothing is saved; give the suggestion to kudari train with --learning-rate.";

/// Lines of the table.
const ROWS: usize = 15;

/// Try growing learning rates and suggest one
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The first learning rate, above 0
    #[arg(long, value_name = "RATE", default_value_t = RateRange::default().from)]
    from: f64,
    /// The last one, unless the loss explodes before it
    #[arg(long, value_name = "RATE", default_value_t = RateRange::default().to)]
    to: f64,
    /// Updates from the first to the last
    #[arg(long, value_name = "N", default_value_t = RateRange::default().updates)]
    updates: usize,
    /// Draw the loss over the learning rate: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print one JSON object with all updates on standard output
    #[arg(long)]
    json: bool,
}

/// Searches.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.settings.threads.iter().for_each(|&count| kudari::set_threads(count));
    if let Some(path) = &arguments.plot {
        check_ending(path, &["svg", "png"]).or_usage()?;
        can_hold(path)?;
    }
    let range = RateRange { from: arguments.from, to: arguments.to, updates: arguments.updates };
    if arguments.settings.learning_rate.is_some() || arguments.settings.schedule.is_some() {
        let what = "a learning rate or a schedule for the search of one";
        return Err(Failure::Usage(Error::new(ErrorKind::Value, what).help("leave out --learning-rate and --schedule")));
    }
    let mut plan = Plan::new(&arguments.settings)?;
    let interrupt = Interrupt::listen()?;
    let (options, precision) = (plan.options(), plan.precision());
    let found =
        with_precision(precision, || find_rate(&mut plan.network, &plan.split.train, &options, range, &|| interrupt.asked()));
    // What cannot be searched was said on the command line.
    let found = found.map_err(|error| match error.kind() {
        ErrorKind::Value => Failure::Usage(error),
        _ => Failure::Work(error),
    })?;
    if let Some(path) = &arguments.plot {
        kudari_plot::save(&draw(&found, &plan)?, path)?;
    }
    let output = Output::new(arguments.json, false);
    print(&output, &found, &plan);
    if arguments.json {
        let trials: Vec<_> =
            found.trials.iter().map(|t| json!({"rate": t.rate, "loss": t.loss, "smoothed": t.smoothed})).collect();
        output::print(output::json_object(&[
            ("suggestion", found.suggestion.map(two_digits).into()),
            ("exploded", found.exploded.into()),
            ("trials", trials.into()),
        ]))?;
    }
    Ok(if interrupt.asked() { ExitCode::from(interrupt::EXIT_STATUS) } else { ExitCode::SUCCESS })
}

/// A rate that nobody knows better than that.
fn two_digits(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

fn print(output: &Output, found: &RateSearch, plan: &Plan) {
    let [how, _] = plan.in_words();
    output.line(format_args!("{}: {}, {how}", plan.data, plan.network.notation()));
    output.line(output.bold(&format!("{:>13}  {:>10}  {:>10}", "learning rate", "loss", "smoothed")));
    let every = found.trials.len().div_ceil(ROWS).max(1);
    for trial in found.trials.iter().step_by(every) {
        let rate = number(format!("{:.2e}", trial.rate).parse().unwrap_or(trial.rate));
        output.line(format_args!("{rate:>13}  {:>10}  {:>10}", loss(trial.loss), loss(trial.smoothed)));
    }
    if let Some(rate) = found.exploded {
        output.line(format_args!("the loss exploded at {}", number(two_digits(rate))));
    }
    output.line("");
    match found.suggestion {
        Some(rate) => output.line(format_args!("{} --learning-rate {}", output.bold("suggestion:"), number(two_digits(rate)))),
        None => output.line("no suggestion: the loss fell at none of these rates; try --from lower, or look at the data"),
    }
}

fn draw(found: &RateSearch, plan: &Plan) -> Result<kudari_plot::Picture, Failure> {
    let curve = |value: fn(&kudari::train::RateTrial) -> f64| -> Vec<(f64, f64)> {
        found.trials.iter().map(|trial| (trial.rate, value(trial))).collect()
    };
    let mut plot = Plot::new(format!("{}: the loss while the learning rate grows", plan.name))
        .x_label("learning rate")
        .y_label("loss of the batch")
        .x_scale(Scale::Logarithmic)
        .line("loss", &curve(|t| t.loss))
        .color(Color::GRAY)
        .width(0.8)
        .line("smoothed", &curve(|t| t.smoothed))
        .color(palette(0))
        .width(2.2);
    // The explosion itself would leave no room for what comes before it.
    if let Some(first) = found.trials.first() {
        let least = found.trials.iter().map(|trial| trial.loss).fold(f64::INFINITY, f64::min);
        plot = plot.y_range(least.min(0.0), least.min(0.0) + 1.6 * (first.smoothed - least.min(0.0)).max(f64::MIN_POSITIVE));
    }
    if let Some(rate) = found.suggestion {
        plot = plot.vertical_line(rate, format!("suggestion {}", number(two_digits(rate)))).color(palette(1));
    }
    Ok(plot.picture(760.0, 460.0)?)
}
