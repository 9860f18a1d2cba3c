//! `kudari summary`: what a network is made of.

use std::process::ExitCode;

use kudari::model::{Network, NetworkOptions};
use serde_json::{Value, json};

use super::{Sizes, input_shape};
use crate::failure::{Failure, OrUsage};
use crate::output::{self, json_object};

const EXAMPLES: &str = "\
Examples:
  kudari summary \"linear(50) sigmoid linear(10)\" --input 784
  kudari summary \"flatten linear(256) relu linear(10)\" --input 1x28x28 --json

Multiply-adds are those of the matrix products for one sample, forward.";

/// Show a network's layers, shapes, parameters, operations and memory
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The network, e.g. "linear(50) sigmoid linear(10)"
    net: String,
    /// The shape of one sample, e.g. 784, 1x28x28 or 1,28,28
    #[arg(long, value_name = "SHAPE", value_parser = input_shape)]
    input: Sizes,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Shows.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let network = Network::new(&arguments.net, &arguments.input.0, &NetworkOptions::default()).or_usage()?;
    let summary = network.summary();
    if !arguments.json {
        output::print(summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    let layers: Vec<Value> = summary
        .rows
        .iter()
        .map(|row| {
            json!({
                "layer": row.layer,
                "output_shape": row.output_shape,
                "parameters": row.parameters,
                "multiply_adds": row.multiply_adds,
            })
        })
        .collect();
    output::print(json_object(&[
        ("net", network.notation().into()),
        ("input_shape", summary.input_shape.into()),
        ("layers", layers.into()),
        ("parameters", summary.parameters.into()),
        ("multiply_adds", summary.multiply_adds.into()),
        ("parameter_bytes", summary.parameter_bytes.into()),
        ("activation_bytes", summary.activation_bytes.into()),
    ]))?;
    Ok(ExitCode::SUCCESS)
}
