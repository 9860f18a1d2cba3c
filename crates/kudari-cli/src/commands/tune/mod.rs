//! `kudari tune`: searches for settings that train well.

mod journal;
mod space;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use kudari::model::write_atomically;
use kudari::train::{Stop, evaluate, number_scores, run_each, train};
use kudari::{threads, with_precision};
use serde_json::json;

use super::Trainings;
use super::sweep::options::{Options, settings};
use super::train::Settings;
use crate::config;
use crate::data::{self, DataArguments, Division, Training};
use crate::failure::Failure;
use crate::interrupt::{self, Interrupt};
use crate::meter::{Meter, Watch};
use crate::output::{self, Output, duration, loss, share, with_commas};
use crate::plan::Plan;
use journal::{Finding, Journal};
use space::Space;

const EXAMPLES: &str = "\
Examples:
  kudari tune iris.csv --learning-rate 1e-4..1e-1
  kudari tune digits --net \"linear(32) relu linear(10)\" \\
      --net \"linear(128) relu linear(10)\" --batch-size 16..128 \\
      --learning-rate 1e-4..1e-1 --trials 40 --halving 3
  kudari tune houses.csv --target price --optimizer adam,adamw \\
      --weight-decay 0..0.1 --out houses-search

Every option of `kudari train` takes several values, separated by commas or by
giving it again, or a range FROM..TO, from which numbers are drawn (by their
logarithm where both ends are above 0). Each trial draws one combination.

Trials are judged by a validation part of the training data: by accuracy, then
by loss; where numbers are predicted by their error. The test part is not used.

--halving K trains all trials for a fraction of the time first, then the best
K-th part of them K times as long, and so on, until the last have the whole.

The folder keeps every result: repeat the command to go on with a search that
was interrupted. best.toml in it trains the best: kudari train --config.";

/// Trials of which the table shows the best.
const SHOWN: usize = 10;

/// Search for settings that train well
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_data: DataArguments,
    /// Combinations to try
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
    /// Successive halving: train all briefly, the best K-th part of them K times as long, and so on
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=100))]
    halving: Option<u32>,
    /// The share of the training data that judges
    #[arg(long, value_name = "SHARE", default_value = "0.2", value_parser = super::train::proper_share)]
    validation: f64,
    /// Seed of the draws, of the division and of all trainings
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder of the search, by default tune/DATA; one that is there goes on if it is the same search
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    trainings: Trainings,
}

/// Searches.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let output = arguments.trainings.begin();
    let values = arguments.options.values()?;
    let drawn = Space::read(&values)?.draw(arguments.trials as usize, arguments.seed);
    let division = Division { validation: Some(arguments.validation), ..Division::by(arguments.seed) };
    let data = data::training(arguments.options.data(), &arguments.of_data, division)?;
    // All are planned before the first is trained: what cannot be is found at once.
    let trials: Vec<Settings> = drawn.iter().map(|words| trial_settings(arguments, words)).collect();
    let plans = trials.iter().map(|trial| Plan::on(data.clone(), trial)).collect::<Result<Vec<_>, _>>()?;
    let lengths: Vec<u64> = plans.iter().map(Plan::iterations).collect();
    drop(plans);

    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("tune").join(&data.name));
    let search = json!({
        "data": arguments.options.data(),
        "columns": arguments.of_data.options(),
        "options": values,
        "validation": arguments.validation,
        "seed": arguments.seed,
        "trials": arguments.trials,
        "halving": arguments.halving,
    });
    let journal = Journal::open(&folder, &search)?;
    let rounds = rounds(trials.len(), arguments.halving);
    let known = journal.all().len();
    output.line(format_args!(
        "{}: {} trials{}, judged by {} validation samples{}",
        arguments.options.data(),
        trials.len(),
        if rounds.len() > 1 { format!(" in {} rounds", rounds.len()) } else { String::new() },
        data.split.validation.as_ref().map_or(0, |part| part.len()),
        if known > 0 { format!("; {known} trainings were made before") } else { String::new() }
    ));
    let interrupt = Interrupt::listen()?;
    let search =
        Search { data: &data, trials: &trials, lengths: &lengths, journal: &journal, output: &output, interrupt: &interrupt };
    let mut left: Vec<usize> = (0..trials.len()).collect();
    let mut last = Vec::new();
    for (round, &Round { count, share }) in rounds.iter().enumerate() {
        left.truncate(count);
        last = search.round(round, &left, share)?;
        if interrupt.asked() {
            output::note(format_args!("interrupted: {} keeps what was found; repeat the command to go on", folder.display()));
            return Ok(ExitCode::from(interrupt::EXIT_STATUS));
        }
        last.sort_by(|a, b| a.order().partial_cmp(&b.order()).unwrap_or(std::cmp::Ordering::Equal));
        left = last.iter().map(|finding| finding.trial).collect();
    }
    print(&output, &last, &drawn);
    let Some(best) = last.first() else { return Ok(ExitCode::SUCCESS) };
    let plan = Plan::on(data.clone(), &trials[best.trial])?;
    let config = folder.join("best.toml");
    write_atomically(&config, config::to_toml(&plan.configuration()).as_bytes())?;
    output.line(format_args!(
        "\n{} trainings in {}\nkudari train --config {} trains the best",
        journal.all().len() - known,
        duration(began.elapsed().as_secs_f64()),
        config.display()
    ));
    if arguments.trainings.json {
        let found: Vec<_> = last
            .iter()
            .map(|f| json!({"settings": drawn[f.trial], "loss": f.loss, "accuracy": f.accuracy, "error": f.error, "iterations": f.iterations}))
            .collect();
        output::print(output::json_object(&[
            ("data", arguments.options.data().into()),
            ("best", plan.command().into()),
            ("found", found.into()),
            ("folder", folder.display().to_string().into()),
        ]))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The training of a combination.
fn trial_settings(arguments: &Arguments, words: &[String]) -> Settings {
    let mut line = vec![arguments.options.data().to_string()];
    line.extend(words.iter().cloned());
    Settings {
        seed: arguments.seed,
        of_data: arguments.of_data.clone(),
        validation: Some(arguments.validation),
        ..settings(line)
    }
}

/// How many trials a round has, and the share of the whole length that each is trained for.
#[derive(Debug, PartialEq)]
struct Round {
    count: usize,
    share: f64,
}

/// The rounds: one without halving; otherwise each has a K-th part of the trials of the one before and K times the length.
fn rounds(trials: usize, halving: Option<u32>) -> Vec<Round> {
    let Some(factor) = halving.map(|k| k as usize) else { return vec![Round { count: trials, share: 1.0 }] };
    let mut counts = vec![trials];
    while let Some(&last) = counts.last().filter(|&&last| last >= factor) {
        counts.push(last / factor);
    }
    let rounds = counts.len() as i32;
    let round = |(i, count): (usize, usize)| Round { count, share: (factor as f64).powi(i as i32 - (rounds - 1)) };
    counts.into_iter().enumerate().map(round).collect()
}

/// What every training of a search needs.
struct Search<'a> {
    data: &'a Training,
    trials: &'a [Settings],
    lengths: &'a [u64],
    journal: &'a Journal,
    output: &'a Output,
    interrupt: &'a Interrupt,
}

impl Search<'_> {
    /// Trains these trials for a share of their length, as many at once as there are threads; those that were trained before are
    /// taken from the journal.
    fn round(&self, round: usize, trials: &[usize], share: f64) -> Result<Vec<Finding>, Failure> {
        let length = |trial: usize| ((self.lengths[trial] as f64 * share).ceil() as u64).max(1);
        let pending: Vec<usize> = trials.iter().copied().filter(|&trial| self.journal.of(round, trial).is_none()).collect();
        let meter = Meter::new(self.output, pending.len(), pending.iter().map(|&trial| length(trial)).sum());
        let made = run_each(pending.len(), |i| match self.train(pending[i], length(pending[i]), round, &meter)? {
            Some(finding) => self.journal.add(finding).map_err(Failure::from),
            None => Ok(()),
        });
        meter.finish();
        made.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(trials.iter().filter_map(|&trial| self.journal.of(round, trial)).collect())
    }

    /// One training, judged; `None` if it was interrupted.
    fn train(&self, trial: usize, iterations: u64, round: usize, meter: &Meter) -> Result<Option<Finding>, Failure> {
        if self.interrupt.asked() {
            return Ok(None);
        }
        let began = Instant::now();
        let settings = Settings { iterations: Some(iterations), epochs: None, ..self.trials[trial].clone() };
        let mut plan = Plan::on(self.data.clone(), &settings)?;
        let options = plan.options();
        let mut watch = Watch::new(meter, self.interrupt, iterations);
        with_precision(plan.precision(), || {
            let outcome = train(&mut plan.network, &plan.split, options, &mut watch)?;
            watch.finish();
            if let Stop::Interrupted = outcome.stop {
                return Ok(None);
            }
            let Some(validation) = &plan.split.validation else { return Ok(None) };
            let judged = evaluate(&plan.network, validation, plan.loss)?;
            let unit = plan.preparation.as_ref().map_or(1.0, |preparation| preparation.target().unit());
            let error = number_scores(&plan.network, validation)?.map(|scores| scores.in_unit(unit).root_mean_squared_error);
            let failed = matches!(outcome.stop, Stop::Failed(_));
            Ok(Some(Finding {
                round,
                trial,
                loss: if failed { f64::NAN } else { judged.loss },
                accuracy: judged.accuracy.filter(|_| !failed),
                error: error.filter(|_| !failed),
                iterations: outcome.iterations,
                seconds: began.elapsed().as_secs_f64(),
            }))
        })
    }
}

fn print(output: &Output, found: &[Finding], drawn: &[Vec<String>]) {
    let measure = |finding: &Finding| match (finding.accuracy, finding.error) {
        (Some(accuracy), _) => share(Some(accuracy)),
        (None, Some(error)) => loss(error),
        (None, None) => "failed".to_string(),
    };
    let name = if found.iter().any(|finding| finding.error.is_some()) { "RMSE" } else { "accuracy" };
    output.line(output.bold(&format!("\n{name:>9}  {:>10}  {:>10}  settings", "loss", "iterations")));
    for finding in found.iter().take(SHOWN) {
        let (loss, iterations) = (loss(finding.loss), with_commas(finding.iterations));
        output.line(format_args!("{:>9}  {loss:>10}  {iterations:>10}  {}", measure(finding), drawn[finding.trial].join(" ")));
    }
    if found.len() > SHOWN {
        output.line(format_args!("… and {} more, at most {} at once", found.len() - SHOWN, threads()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_grow_by_the_factor_up_to_the_whole_length() {
        assert_eq!(rounds(7, None), [Round { count: 7, share: 1.0 }]);
        let halved: Vec<(usize, f64)> = rounds(27, Some(3)).iter().map(|r| (r.count, r.share)).collect();
        let expected = [(27, 1.0 / 27.0), (9, 1.0 / 9.0), (3, 1.0 / 3.0), (1, 1.0)];
        assert!(
            halved.iter().zip(expected).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-12) && halved.len() == 4,
            "{halved:?}"
        );
        assert_eq!(rounds(1, Some(2)), [Round { count: 1, share: 1.0 }]);
    }
}
