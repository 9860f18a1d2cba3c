//! `kudari sweep`: trains with every combination of settings from many seeds, and says what succeeds.

pub(super) mod options;
mod plot;
mod results;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use kudari::model::write_atomically;
use kudari::{Error, ErrorKind, threads};
use kudari_plot::check_ending;

use super::{Trainings, train};
use crate::data::{self, DataArguments, Division};
use crate::failure::{Failure, OrUsage};
use crate::interrupt::{self, Interrupt};
use crate::output::{self, duration, with_commas};
use crate::pictures::can_hold;
use crate::plan::Plan;
use options::Options;
use results::Combination;

const EXAMPLES: &str = "\
Examples:
  kudari sweep xor --seeds 100
  kudari sweep xor --seeds 100 --net \"linear(8) relu linear(2)\" \\
      --init \"normal(0.1)\" --optimizer sgd --learning-rate 0.01 \\
      --iterations 5001 --plot xor.svg
  kudari sweep moons --optimizer sgd,adam --learning-rate 1,0.1,0.01
  kudari sweep spiral --net \"linear(8) relu linear(3)\" \\
      --net \"linear(32) relu linear(3)\" --csv runs.csv
  kudari sweep mnist --seeds 1..5 --plot mnist.png

Every option of `kudari train` takes several values, separated by commas (those
inside parentheses belong to the value) or by giving it again; all combinations
are trained, each with every seed, one training on each thread.

A training succeeds if its accuracy on the training data is at least --success
at its end. Of one that fails the reason is measured, the first of these:
  diverged           the loss became infinite or NaN, or ends above three times
                     its start
  slow               the loss still fell by more than 1 % over the last third
  dead units         at least half the units of a relu layer are 0 on all
                     training samples
  stuck at guessing  the loss is within 5 % of the entropy of the labels, which
                     is ln C for C classes of the same size
  stuck elsewhere    with its value, and the floor under it if samples of
                     different classes look the same to the last layer (then
                     the training counts as stuck even while its loss falls)";

/// More trainings than anybody waits for.
const MOST_RUNS: usize = 1_000_000;

/// Train with all combinations of settings from many seeds and compare what comes of it
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_data: DataArguments,
    /// How many seeds from 1 on, or from one to another as in 1..20, or a list as in 3,5,9
    #[arg(long, value_name = "SEEDS", default_value = "20", value_parser = seeds)]
    seeds: Seeds,
    /// Accuracy on the training data that counts as success, above 0 up to 1; by default 0.99, and 0.9 for mnist and for data
    /// of your own
    #[arg(long, value_name = "ACCURACY", value_parser = accuracy)]
    success: Option<f64>,
    /// Draw the loss of every combination with a band over its seeds: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Write one line for every training
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    trainings: Trainings,
}

/// The seeds. A type of its own, since clap takes a list for an option that may be repeated.
#[derive(Clone)]
struct Seeds(Vec<u64>);

fn seeds(text: &str) -> Result<Seeds, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = |first: u64, last: u64| {
        let fits = first <= last && last - first < MOST_RUNS as u64;
        fits.then(|| (first..=last).collect())
    };
    let seeds = match (number(text), text.split_once("..")) {
        (Some(count), _) => range(1, count),
        (_, Some((first, last))) => number(first).zip(number(last)).and_then(|(first, last)| range(first, last)),
        _ => text.split(',').map(number).collect::<Option<Vec<u64>>>(),
    };
    let mut seeds = seeds.ok_or_else(|| format!("a number from 1 to {MOST_RUNS}, a range as in 1..20, or a list as in 3,5,9"))?;
    seeds.sort_unstable();
    seeds.dedup();
    Ok(Seeds(seeds))
}

/// The seed that divides the rows of a table: the same rows for all trainings.
const DIVIDED_BY: u64 = 1;

fn accuracy(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|&a| a > 0.0 && a <= 1.0).ok_or_else(|| "a share above 0 and up to 1, as in 0.99".to_string())
}

/// Sweeps.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let output = arguments.trainings.begin();
    if let Some(path) = &arguments.plot {
        check_ending(path, &["svg", "png"]).or_usage()?;
    }
    for path in [&arguments.plot, &arguments.csv].into_iter().flatten() {
        can_hold(path)?;
    }
    let Seeds(seeds) = &arguments.seeds;
    let data = data::training(arguments.options.data(), &arguments.of_data, Division::by(DIVIDED_BY))?;
    if data.split.train.classes().is_empty() {
        let error = Error::new(ErrorKind::Value, format!("{} has no classes", arguments.options.data()));
        return Err(Failure::Usage(error.help("a sweep judges by accuracy; predict a column of classes")));
    }
    let goal = arguments.success.unwrap_or(data.defaults.goal);
    let mut combinations = plan(&arguments.options.combinations()?, &data)?;
    if combinations.len().saturating_mul(seeds.len()) > MOST_RUNS {
        let what = format!("{} combinations from {} seeds", combinations.len(), with_commas(seeds.len() as u64));
        return Err(Failure::Usage(Error::new(ErrorKind::Value, what).help("give fewer values or seeds")));
    }
    let interrupt = Interrupt::listen()?;
    results::print_header(&output, &data, &combinations, seeds, goal);
    let finished = trial::run_all(&mut combinations, &data, seeds, goal, &output, &interrupt)?;

    results::print(&output, &combinations);
    let runs = combinations.len() * seeds.len();
    output.line(format_args!(
        "\n{} trainings in {} ({} at once)",
        with_commas(finished as u64),
        duration(began.elapsed().as_secs_f64()),
        threads().min(runs)
    ));
    if let Some(path) = &arguments.plot {
        kudari_plot::save(&plot::losses(&data, &combinations)?, path)?;
        output.line(path.display());
    }
    if let Some(path) = &arguments.csv {
        write_atomically(path, results::csv(&combinations).as_bytes())?;
        output.line(path.display());
    }
    if arguments.trainings.json {
        output::print(results::json(&data, &combinations, seeds, goal))?;
    }
    if finished < runs {
        output::note(format_args!("interrupted: {} of {} trainings are in the results", finished, with_commas(runs as u64)));
        return Ok(ExitCode::from(interrupt::EXIT_STATUS));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that every combination can be trained, and finds out how they differ.
fn plan(all: &[train::Settings], data: &data::Training) -> Result<Vec<Combination>, Failure> {
    let mut combinations: Vec<Combination> = Vec::new();
    for arguments in all {
        let plan = Plan::on(data.clone(), arguments)?;
        // The same twice, as in `--learning-rate 0.1,1e-1`, is once.
        if combinations.iter().all(|known| known.settings != results::settings(&plan)) {
            combinations.push(Combination::new(arguments.clone(), &plan));
        }
    }
    results::name(&mut combinations);
    Ok(combinations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_number_a_range_or_a_list() {
        let read = |text| seeds(text).map(|s| s.0).ok();
        assert_eq!(read("3"), Some(vec![1, 2, 3]));
        assert_eq!(read("5..7"), Some(vec![5, 6, 7]));
        assert_eq!(read("9, 3,9"), Some(vec![3, 9]));
        for bad in ["0", "7..5", "", "1,", "1..", "-1", "x", "1..99999999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
