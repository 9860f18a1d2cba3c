//! The commands, one file each.

mod bench;
mod check;
mod compare;
mod crossval;
mod data;
mod descend;
mod diff;
mod differentiate;
mod eval;
mod explain;
mod find_lr;
mod functions;
mod gradient;
mod predict;
mod summary;
mod sweep;
pub mod train;
mod tune;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use kudari::data::Dataset;
use kudari::layers::Layer;
use kudari::model::Model;
use kudari::{DType, Error, ErrorKind, Precision, with_precision};

use crate::failure::Failure;
use crate::output::Output;

const TOUR: &str = "\
A tour:
  kudari train mnist
      trains on 60,000 handwritten digits, in seconds
  kudari train moons --animate moons.gif
      shows what a network decides while it learns
  kudari train houses.csv --target price
      learns a column of a table from the others (kudari data houses.csv shows it)
  kudari sweep xor --seeds 100
      trains from a hundred starts and says how many succeed
  kudari compare runs/mnist-*
      tells differences from the spread over seeds
  kudari eval runs/mnist-1 mnist
      measures the model on the 10,000 test digits
  kudari predict runs/mnist-1 mnist | head
      says what it takes the first of them for
  kudari summary \"linear(50) sigmoid linear(10)\" --input 784
      shows what a network is made of
  kudari check \"linear(50) sigmoid linear(10)\" --data mnist --samples 200
      compares its gradients with numerical differentiation
  kudari explain examples/worksheets/by-hand-2.toml
      works out one step of training, number by number
  kudari explain lstm -o lstm.html
      works out a tiny example of a function or layer, as a page
  kudari functions gelu
      shows a function with its formula, derivative, check, error and time
  kudari diff \"x^2 + 4^2\" --at 3
      differentiates a formula exactly, by the rules and numerically
  kudari descend rosenbrock --plot way.svg
      goes down a formula step by step and tells how it went

A network is one line of layers; the sizes of inputs follow from the data.
Every command has --help with examples. NO_COLOR=1 switches colours off.";

/// Trains neural networks and shows its work.
#[derive(Parser)]
#[command(name = "kudari", version, after_help = TOUR, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<train::Arguments>),
    FindLr(Box<find_lr::Arguments>),
    Crossval(Box<crossval::Arguments>),
    Tune(tune::Arguments),
    Sweep(sweep::Arguments),
    Compare(compare::Arguments),
    Eval(eval::Arguments),
    Predict(predict::Arguments),
    Data(data::Arguments),
    Summary(summary::Arguments),
    Check(check::Arguments),
    Explain(Box<explain::Arguments>),
    Functions(functions::Arguments),
    Diff(diff::Arguments),
    Gradient(gradient::Arguments),
    Descend(Box<descend::Arguments>),
    Bench(bench::Arguments),
}

/// Runs what the command line asks for.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Train(arguments) => train::run(arguments),
        Command::FindLr(arguments) => find_lr::run(arguments),
        Command::Crossval(arguments) => crossval::run(arguments),
        Command::Tune(arguments) => tune::run(arguments),
        Command::Sweep(arguments) => sweep::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Predict(arguments) => predict::run(arguments),
        Command::Data(arguments) => data::run(arguments),
        Command::Summary(arguments) => summary::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Functions(arguments) => functions::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Gradient(arguments) => gradient::run(arguments),
        Command::Descend(arguments) => descend::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    }
}

/// The type of number to compute with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Numbers {
    /// 32 bits
    F32,
    /// 64 bits
    F64,
    /// 32 bits, but matrix products and convolutions round their factors to bf16 and sum in f32: faster for large layers on
    /// Intel processors with AMX, slower on others
    Bf16,
}

impl Numbers {
    /// The type of parameters, activations and gradients.
    pub fn dtype(self) -> DType {
        match self {
            Numbers::F32 | Numbers::Bf16 => DType::F32,
            Numbers::F64 => DType::F64,
        }
    }

    /// How matrix products and convolutions of f32 numbers are computed.
    pub fn precision(self) -> Precision {
        match self {
            Numbers::F32 | Numbers::F64 => Precision::F32,
            Numbers::Bf16 => Precision::Bf16,
        }
    }

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Numbers::F32 => "f32",
            Numbers::F64 => "f64",
            Numbers::Bf16 => "bf16",
        }
    }
}

/// The shape of a sample. A type of its own, since clap takes a list for an option that may be repeated.
#[derive(Clone)]
struct Sizes(Vec<usize>);

/// Reads the shape of a sample: `784`, `1x28x28`, `1,28,28`.
fn input_shape(text: &str) -> Result<Sizes, String> {
    let sizes: Option<Vec<usize>> = text.split(['x', ',']).map(|n| n.trim().parse().ok().filter(|&n| n > 0)).collect();
    sizes.map(Sizes).ok_or_else(|| "sizes from 1, as in 784 or 1x28x28".to_string())
}

/// How a command that makes many trainings runs them and speaks of them.
#[derive(clap::Args)]
struct Trainings {
    /// Trainings at once, by default one on every processor; the results are the same
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Print one JSON object with all results on standard output, everything else on standard error
    #[arg(long)]
    json: bool,
    /// Print nothing but errors, and the JSON object with --json
    #[arg(long)]
    quiet: bool,
}

impl Trainings {
    /// Takes as many threads as are wanted; gives where to speak.
    fn begin(&self) -> Output {
        self.threads.iter().for_each(|&count| kudari::set_threads(count));
        Output::new(self.json, self.quiet)
    }
}

/// The number of threads, from 1.
fn thread_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=1024).contains(n)).ok_or_else(|| "a number from 1 to 1024".to_string())
}

/// The model in this file, or in the file of this run folder.
fn load_model(path: &Path) -> Result<Model, Failure> {
    Ok(if path.is_dir() { Model::load(&path.join("model.safetensors"))? } else { Model::load(path)? })
}

/// Runs `body` with matrix products and convolutions as they were in the model's training.
pub fn as_trained<R>(model: &Model, body: impl FnOnce() -> R) -> R {
    let bf16 = model.training["dtype"] == Numbers::Bf16.name();
    with_precision(if bf16 { Precision::Bf16 } else { Precision::F32 }, body)
}

/// The data as the model was trained to see them: its normalisation and its type of number.
fn fitting(model: &Model, data: Dataset) -> Result<Dataset, Failure> {
    let wanted = model.network.input_shape();
    if data.sample_shape() != wanted {
        let what =
            format!("the model takes samples of shape {wanted:?}, those of {} have shape {:?}", data.name(), data.sample_shape());
        return Err(Error::new(ErrorKind::Shape, what)
            .help("use the data that the model was trained on, or train one on these")
            .into());
    }
    Ok(data.with_normalisation(model.normalisation.clone()).with_dtype(dtype_of(model))?)
}

/// The type of number that a model calculates with.
pub fn dtype_of(model: &Model) -> DType {
    model.network.arrays().first().map_or(DType::F32, |(_, array)| array.dtype())
}
