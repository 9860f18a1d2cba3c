//! `kudari predict`: the class of each sample.

use std::io::{BufWriter, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kudari::data::PictureFiles;
use kudari::data::table::{Preparation, Table};
use kudari::metrics::predicted_classes;
use kudari::model::Model;
use kudari::{Array, Variable, inference};
use serde_json::Value;

use super::{as_trained, dtype_of, fitting, load_model, thread_count};
use crate::data;
use crate::failure::Failure;
use crate::images;
use crate::output::{json_object, number, write_failure};

const EXAMPLES: &str = "\
Examples:
  kudari predict runs/mnist-1 mnist | head
  kudari predict runs/mnist-1/model.safetensors my-images.idx
  kudari predict runs/mnist-1 mnist:train --json > predictions.jsonl
  kudari predict runs/arrays-1 X.npy
  kudari predict runs/pets-1 photo.jpg
  kudari predict runs/houses-1 new-houses.csv > prices.csv

One line a sample: its number from 0, the class, and the probability that the model gives to it.
--json prints one object a line: {\"index\", \"class\", \"probability\"}.

Of pictures the path stands in place of the number: {\"file\", \"class\", \"probability\"}.
For a model that predicts numbers these stand in place of class and probability: {\"index\", \"value\"}, or \"values\" for several.

A model of a table takes rows as they stand in the file and prints CSV: the prediction, and for classes its probability.";

/// Predict the class of each sample
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run folder, or the model.safetensors in it
    model: PathBuf,
    /// A table (.csv, .tsv) or - for one on standard input, X.npy, IMAGES.idx, a picture (.png, .jpg) or a folder of them, arrays of NumPy (.npz), or mnist, digits, xor, moons, circles, spiral, a folder of IDX files, each with :train or :test (the default)
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
/// Pictures that are read and predicted at once; they may be large.
const PICTURES: usize = 100;

/// Predicts.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let model = load_model(&arguments.model)?;
    if let Some(preparation) = &model.preparation {
        return of_table(&model, preparation, arguments);
    }
    if let Some(files) = data::pictures(&arguments.data)? {
        return of_pictures(&model, &files, arguments);
    }
    let data = fitting(&model, data::samples(&arguments.data)?)?;
    let mut out = BufWriter::new(stdout().lock());
    for from in (0..data.len()).step_by(CHUNK) {
        let outputs = as_trained(&model, || inference(|| model.network.forward(&data.range(from, from + CHUNK)?.x)))?;
        if predicts_numbers(&model) {
            write_numbers(&mut out, outputs.array(), from, arguments.json)?;
            continue;
        }
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

/// Pictures as their files hold them: path, class and probability of each.
fn of_pictures(model: &Model, files: &PictureFiles, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(stdout().lock());
    for paths in files.paths.chunks(PICTURES) {
        let data = images::samples(model, &PictureFiles { paths: paths.to_vec(), others: 0 })?;
        let data = fitting(model, data)?;
        let outputs = as_trained(model, || inference(|| model.network.forward(&data.all()?.x)))?;
        let (classes, probabilities) = (predicted_classes(&outputs)?.to_vec::<i64>()?, model.network.probabilities(&outputs)?);
        for (i, (path, &class)) in paths.iter().zip(&classes).enumerate() {
            let probability = probabilities.get(&[i, class as usize])?;
            let name = model.labels.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
            let path = path.display().to_string();
            let line = if arguments.json {
                json_object(&[("file", path.into()), ("class", name.into()), ("probability", probability.into())])
            } else {
                format!("{path}  {name}  {probability:.4}")
            };
            writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
        }
    }
    out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a model was trained on targets that are numbers: no classes, and a loss that is not only for them.
fn predicts_numbers(model: &Model) -> bool {
    model.labels.is_empty() && !model.loss.contains("cross_entropy")
}

/// The outputs for each sample, in a line of text or JSON.
fn write_numbers(out: &mut impl Write, outputs: &Array, from: usize, json: bool) -> Result<(), Failure> {
    let size = outputs.len() / outputs.shape().first().copied().unwrap_or(1).max(1);
    let values: Vec<f64> = outputs.to_f64_vec().into_iter().map(seven_digits).collect();
    for (i, values) in values.chunks(size.max(1)).enumerate() {
        let index = from + i;
        let line = match (json, values) {
            (true, &[value]) => json_object(&[("index", index.into()), ("value", value.into())]),
            (true, values) => json_object(&[("index", index.into()), ("values", values.into())]),
            (false, values) => format!("{index:>5}  {}", values.iter().map(|&x| number(x)).collect::<Vec<_>>().join("  ")),
        };
        writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
    }
    Ok(())
}

/// The rows of a table, each in a line of CSV or JSON.
fn of_table(model: &Model, preparation: &Preparation, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let table = match arguments.data.as_str() {
        "-" => Table::from_reader("standard input", stdin().lock())?,
        path => Table::read(Path::new(path))?,
    };
    let target = preparation.target();
    let is_class = !target.classes().is_empty();
    let mut out = BufWriter::new(stdout().lock());
    if !arguments.json {
        let heads: &[&str] = if is_class { &[target.column(), "probability"] } else { &[target.column()] };
        writeln!(out, "{}", csv_line(heads)).map_err(|e| write_failure(&e))?;
    }
    for from in (0..table.rows()).step_by(CHUNK) {
        let rows: Vec<usize> = (from..table.rows().min(from + CHUNK)).collect();
        let x = Variable::constant(preparation.inputs_of(&table, &rows)?.to_dtype(dtype_of(model)));
        let outputs = as_trained(model, || inference(|| model.network.forward(&x)))?;
        let classes = if is_class { predicted_classes(&outputs)?.to_vec::<i64>()? } else { Vec::new() };
        let probabilities = if is_class { Some(model.network.probabilities(&outputs)?) } else { None };
        for (i, row) in rows.into_iter().enumerate() {
            let (value, probability) = match &probabilities {
                Some(probabilities) => {
                    let class = classes[i] as usize;
                    let name = model.labels.get(class).cloned().unwrap_or_else(|| class.to_string());
                    (Value::from(name), Some(probabilities.get(&[i, class])?))
                }
                None => (seven_digits(target.number_of(outputs.array().get(&[i, 0])?)).into(), None),
            };
            let line = if arguments.json {
                let mut fields = vec![("row", row.into()), (target.column(), value)];
                fields.extend(probability.map(|probability| ("probability", probability.into())));
                json_object(&fields)
            } else {
                let text = value.as_str().map_or_else(|| value.as_f64().map_or(String::new(), number), str::to_string);
                let probability = probability.map(|p| format!("{p:.4}"));
                csv_line(&std::iter::once(text).chain(probability).collect::<Vec<_>>())
            };
            writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
        }
    }
    out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}

/// The digits that a network in f32 gives.
fn seven_digits(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

/// Cells in a line of CSV, in quotes where they need them.
fn csv_line(cells: &[impl AsRef<str>]) -> String {
    let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_string(),
    };
    cells.iter().map(|cell| quoted(cell.as_ref())).collect::<Vec<_>>().join(",")
}
