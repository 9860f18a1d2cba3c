//! `kudari compare`: trainings side by side, and whether their difference is more than their spread over seeds.

mod measure;
mod plot;
mod results;
mod runs;

use std::path::PathBuf;
use std::process::ExitCode;

use kudari::{Error, ErrorKind};
use kudari_plot::check_ending;

use crate::failure::{Failure, OrUsage};
use crate::output::{self, Output};
use crate::pictures::can_hold;
use measure::Measure;

const EXAMPLES: &str = "\
Examples:
  kudari compare runs/mnist-1 runs/mnist-2
  kudari compare runs/mnist-*
      all of them, in groups of what differs only in its seed
  kudari compare runs/houses-* --by test-loss --plot losses.svg
  kudari compare runs/wide-* runs/narrow-* --best --json

Trainings whose settings differ only in the seed are one group: how much they
scatter is what chance alone does. Of each group the mean over its seeds and the
standard deviation are shown, and every two groups are compared by Welch's
t-test: p is the probability of means at least so different if the settings made
no difference. Below 0.05 the difference is called more than the spread over
seeds. Of more than two groups every pair is tested, and the p-values are
corrected for that by Holm's method. To judge, a group needs two seeds; five or
more are better:

  for seed in 1 2 3 4 5; do
    kudari train mnist --seed $seed --quiet
    kudari train mnist --seed $seed --quiet --optimizer adam
  done
  kudari compare runs/mnist-*

Of a run folder metrics.csv and model.safetensors are read. --json prints one
object: {\"measure\", \"groups\", \"comparisons\"}.";

/// Compare trainings: tell a difference from the spread over seeds
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Run folders of kudari train
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// What is judged and drawn [default: test-accuracy, where numbers are predicted test-loss]
    #[arg(long, value_name = "MEASURE")]
    by: Option<Measure>,
    /// Judge by the best of a training's measurements instead of that whose parameters were kept: the last, or that of the least loss on
    /// a validation part
    #[arg(long)]
    best: bool,
    /// Draw the curves of every group with a band over its seeds: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print one JSON object on standard output, everything else on standard error
    #[arg(long)]
    json: bool,
    /// Print nothing but errors, and the JSON object with --json
    #[arg(long)]
    quiet: bool,
}

/// Compares.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.plot {
        check_ending(path, &["svg", "png"]).or_usage()?;
        can_hold(path)?;
    }
    let all = arguments.runs.iter().map(|path| runs::read(path)).collect::<Result<Vec<_>, _>>()?;
    let (groups, notes) = runs::groups(all, arguments.best);
    let has = |measure: Measure| groups.iter().all(|group| group.runs.iter().any(|run| measure.end(run, false).is_some()));
    let measure = arguments.by.unwrap_or(if has(Measure::TestAccuracy) { Measure::TestAccuracy } else { Measure::TestLoss });
    if !has(measure) {
        let what = format!("--by {}: not measured in all of the runs", measure.option());
        return Err(Failure::Usage(Error::new(ErrorKind::Value, what).help("without --by the loss is compared, which all have")));
    }
    let output = Output::new(arguments.json, arguments.quiet);
    notes.iter().for_each(|note| output.line(format_args!("note: {note}")));
    let comparison = results::Comparison::new(groups, measure, arguments.best)?;
    comparison.print(&output);
    if let Some(path) = &arguments.plot {
        kudari_plot::save(&plot::curves(&comparison)?, path)?;
        output.line(format_args!("\n{}", path.display()));
    }
    if arguments.json {
        output::print(comparison.json())?;
    }
    Ok(ExitCode::SUCCESS)
}
