//! `kudari-bench`: how fast kudari trains, measured like the other frameworks.
//!
//! `--workload NAME --threads N` trains one fixed random batch over and over and prints one line of JSON; a script that
//! runs several frameworks one after the other puts such lines into one table. `products` measures matrix products alone,
//! `layers` layers alone, `scaling` how the time of a step grows with batch, width and depth.

mod attention;
mod gpt;
mod layers;
mod measure;
mod products;
mod scaling;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kudari::{Precision, Result};
use measure::Repetitions;

#[derive(Parser)]
#[command(version, about = "Measures kudari's training speed", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to train
    #[arg(long, value_name = "NAME", required = true, value_parser = clap::builder::PossibleValuesParser::new(workload::names()))]
    workload: Option<String>,
    /// Threads to use
    #[arg(long, value_name = "N", default_value_t = 2, global = true, value_parser = thread_count)]
    threads: usize,
    /// How matrix products and convolutions are computed: f32, or bf16 with sums in f32
    #[arg(long, value_name = "TYPE", default_value = "f32", value_parser = precision)]
    dtype: Precision,
    #[command(flatten)]
    repetitions: Repetitions,
}

#[derive(Subcommand)]
enum Command {
    /// Matrix products of the shapes that occur in training, in GFLOP/s
    Products,
    /// Layers alone, forward and backward, in milliseconds, and attention against the length of the sequence
    Layers {
        /// One line of JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Draws time and memory of attention against its length into this folder
        #[arg(long, value_name = "FOLDER")]
        plot: Option<PathBuf>,
        /// Measures attention of this length only, as the other processes that the command starts do
        #[arg(long, value_name = "N", hide = true)]
        length: Option<usize>,
    },
    /// Time of a step against batch, width and depth, with pictures
    Scaling {
        /// Folder for the pictures
        #[arg(long, value_name = "FOLDER", default_value = "docs/images")]
        out: PathBuf,
    },
}

fn thread_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "use a whole number from 1".to_string())
}

fn precision(name: &str) -> Result<Precision, String> {
    match name {
        "f32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        _ => Err("use f32 or bf16".to_string()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    kudari::set_threads(arguments.threads);
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Some(Command::Products) => products::run(),
        Some(Command::Layers { length: Some(length), .. }) => attention::one(*length, &arguments.repetitions),
        Some(Command::Layers { json, plot, .. }) => layers::run(&arguments.repetitions, *json, plot.as_deref()),
        Some(Command::Scaling { out }) => scaling::run(out),
        None => workload::run(
            arguments.workload.as_deref().unwrap_or_default(),
            arguments.threads,
            arguments.dtype,
            &arguments.repetitions,
        ),
    }
}
