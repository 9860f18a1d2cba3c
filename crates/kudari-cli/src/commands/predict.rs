//! `kudari predict`: the class of each sample.

use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use kudari::inference;
use kudari::metrics::predicted_classes;

use super::{as_trained, fitting, load_model, thread_count};
use crate::data;
use crate::failure::Failure;
use crate::output::{json_object, write_failure};

const EXAMPLES: &str = "\
Examples:
  kudari predict runs/mnist-1 mnist | head
  kudari predict runs/mnist-1/model.safetensors my-images.idx
  kudari predict runs/mnist-1 mnist:train --json > predictions.jsonl

One line a sample: its number from 0, the class, and the probability that the model gives to it.
--json prints one object a line: {\"index\", \"class\", \"probability\"}.";

/// Predict the class of each sample
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run folder, or the model.safetensors in it
    model: PathBuf,
    /// IMAGES.idx, or mnist, digits, xor, moons, circles, spiral, a folder of IDX files, each with :train or :test (the default)
    data: String,
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Samples that are predicted at once.
const CHUNK: usize = 1000;

/// Predicts.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let model = load_model(&arguments.model)?;
    let data = fitting(&model, data::samples(&arguments.data)?)?;
    let mut out = BufWriter::new(stdout().lock());
    for from in (0..data.len()).step_by(CHUNK) {
        let outputs = as_trained(&model, || inference(|| model.network.forward(&data.range(from, from + CHUNK)?.x)))?;
        let (classes, probabilities) = (predicted_classes(&outputs)?.to_vec::<i64>()?, model.network.probabilities(&outputs)?);
        for (i, &class) in classes.iter().enumerate() {
            let probability = probabilities.get(&[i, class as usize])?;
            // A class without a name goes by its number.
            let name = model.labels.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
            let index = from + i;
            let line = if arguments.json {
                json_object(&[("index", index.into()), ("class", name.into()), ("probability", probability.into())])
            } else {
                format!("{index:>5}  {name}  {probability:.4}")
            };
            writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
        }
    }
    out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}
