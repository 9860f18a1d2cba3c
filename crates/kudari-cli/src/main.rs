//! The command `kudari`: trains a neural network, measures it, predicts with it, and checks its gradients.
//!
//! It parses, calls the library and prints. No mathematics here.

mod arrays;
mod commands;
mod data;
mod failure;
mod gradient_method;
mod images;
mod interrupt;
mod output;
mod pictures;
mod plan;
mod profiling;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(commands::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
