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

use std::process::ExitCode;

fn main() -> ExitCode {
    match config::parse_command_line().and_then(commands::run) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
