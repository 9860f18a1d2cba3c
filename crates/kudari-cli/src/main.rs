//! The command `kudari`: trains a neural network, measures it, predicts with it, and checks its gradients.
//!
//! It parses, calls the library and prints. No mathematics here.

mod arrays;
mod commands;
mod config;
mod data;
mod failure;
mod gradient_method;
mod images;
mod interrupt;
mod memory;
mod meter;
mod output;
mod pictures;
mod plan;
mod profiling;
mod progress;
mod table;
mod text;
mod tui;
mod views;

use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;

use failure::Failure;
use kudari::{Error, ErrorKind, OutOfMemory};

fn main() -> ExitCode {
    let outcome = catch_unwind(|| config::parse_command_line().and_then(commands::run));
    let outcome = outcome.unwrap_or_else(|panic| match panic.downcast::<OutOfMemory>() {
        Ok(missing) => {
            let error = Error::new(ErrorKind::Value, missing.to_string());
            Err(Failure::from(error.help("use smaller batches, a smaller network or less data, or a machine with more memory")))
        }
        Err(other) => resume_unwind(other),
    });
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
