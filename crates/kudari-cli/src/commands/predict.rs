//! `kudari predict`: the class of each sample.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};

use kudari::data::PictureFiles;
use kudari::data::table::{Preparation, Table, is_parquet};
use kudari::metrics::predicted_classes;
use kudari::model::Model;
use kudari::{Array, Error, ErrorKind, Result, Variable, inference};
use serde_json::Value;

use super::{as_trained, dtype_of, fitting, load_model, thread_count};
use crate::data;
use crate::failure::Failure;
use crate::images;
use crate::output::{json_object, number, write_failure};
use crate::text::{self, Continuation};

const EXAMPLES: &str = "\
Examples:
  kudari predict runs/mnist-1 mnist | head
  kudari predict runs/mnist-1/model.safetensors my-images.idx
  kudari predict runs/mnist-1 mnist:train --json > predictions.jsonl
  kudari predict runs/arrays-1 X.npy
  kudari predict runs/pets-1 photo.jpg
  kudari predict runs/houses-1 new-houses.csv > prices.csv
  kudari predict runs/book-1 prompt.txt --characters 500
  head -c 80 book.txt | kudari predict runs/book-1 - --temperature 0.5

One line a sample: its number from 0, the class, and the probability that the model gives to it.
--json prints one object a line: {\"index\", \"class\", \"probability\"}.

Of pictures the path stands in place of the number: {\"file\", \"class\", \"probability\"}.
For a model that predicts numbers these stand in place of class and probability: {\"index\", \"value\"}, or \"values\" for several.

A model of a table takes rows as they stand in the file and prints CSV: the prediction, and for classes its probability; each
row as soon as it is read, so that it works in a pipe and on files of any size.

A model of a text continues the text: each character is drawn by the model's probabilities, given what comes before it. A prompt
that is shorter than the model's context is filled on the left with spaces (with the first of its characters where it knows no
space), which also stand for characters that it does not know. --json prints one object: {\"prompt\", \"text\"}.";

/// Predict the class of each sample
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run folder, or the model.safetensors in it
    model: PathBuf,
    /// A text (.txt, .txt.gz) to continue, or - for one on standard input, a table (.csv, .tsv, .parquet) or - for one on standard input, X.npy, IMAGES.idx, a picture (.png, .jpg) or a folder of them, arrays of NumPy (.npz), or mnist, digits, xor, moons, circles, spiral, a folder of IDX files, each with :train or :test (the default)
    data: String,
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Of a text: how many characters to add, by default 200
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    characters: Option<u64>,
    /// Of a text: below 1 likely characters become likelier, above 1 unlikely ones; 0 takes always the likeliest; by default 0.7
    #[arg(long, value_name = "T", value_parser = temperature, allow_negative_numbers = true)]
    temperature: Option<f64>,
    /// Of a text: the seed of what is drawn, by default 1
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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
    if model.preparation.is_none() && text::is_prompt(&arguments.data) {
        return of_text(&model, arguments);
    }
    if arguments.characters.is_some() || arguments.temperature.is_some() || arguments.seed.is_some() {
        let error = Error::new(ErrorKind::Value, format!("`{}` is no text to continue", arguments.data));
        return Err(Failure::Usage(
            error.help("--characters, --temperature and --seed are for files .txt and .txt.gz, and for -"),
        ));
    }
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
        } else {
            let place = |i: usize| ("index", (from + i).into(), format!("{:>5}", from + i));
            write_classes(&mut out, likeliest(&model, &outputs)?, place, arguments.json)?;
        }
    }
    out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}

/// A temperature, from 0.
fn temperature(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|t| (0.0..=1000.0).contains(t)).ok_or_else(|| "a number from 0 to 1000, as in 0.7".to_string())
}

/// A text, and what the model writes after it.
fn of_text(model: &Model, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let prompt = text::prompt(&arguments.data)?;
    let how = Continuation {
        characters: arguments.characters.map_or(200, |count| usize::try_from(count).unwrap_or(usize::MAX)),
        temperature: arguments.temperature.unwrap_or(0.7),
        seed: arguments.seed.unwrap_or(1),
    };
    let mut out = stdout().lock();
    if arguments.json {
        let mut text = String::new();
        how.of(model, &arguments.data, &prompt, |character| {
            text.push(character);
            Ok(())
        })?;
        let line = json_object(&[("prompt", prompt.into()), ("text", text.into())]);
        writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Whoever waits sees the text grow.
    let mut write = |text: &str| out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| write_failure(&e));
    let mut begun = false;
    how.of(model, &arguments.data, &prompt, |character| {
        if !std::mem::replace(&mut begun, true) {
            write(&prompt)?;
        }
        write(character.encode_utf8(&mut [0; 4]))
    })?;
    write("\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Pictures as their files hold them: path, class and probability of each.
fn of_pictures(model: &Model, files: &PictureFiles, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(stdout().lock());
    for paths in files.paths.chunks(PICTURES) {
        let data = images::samples(model, &PictureFiles { paths: paths.to_vec(), others: 0 })?;
        let data = fitting(model, data)?;
        let outputs = as_trained(model, || inference(|| model.network.forward(&data.all()?.x)))?;
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let place = |i: usize| ("file", paths[i].clone().into(), paths[i].clone());
        write_classes(&mut out, likeliest(model, &outputs)?, place, arguments.json)?;
    }
    out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a model was trained on targets that are numbers: no classes, and a loss that is not only for them.
fn predicts_numbers(model: &Model) -> bool {
    model.labels.is_empty() && !model.loss.contains("cross_entropy")
}

/// The name of the likeliest class of each sample, and its probability.
fn likeliest(model: &Model, outputs: &Variable) -> Result<Vec<(String, f64)>> {
    let (classes, probabilities) = (predicted_classes(outputs)?.to_vec::<i64>()?, model.network.probabilities(outputs)?);
    let of = |(i, &class): (usize, &i64)| {
        // A class without a name goes by its number.
        let name = model.labels.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
        Ok((name, probabilities.get(&[i, class as usize])?))
    };
    classes.iter().enumerate().map(of).collect()
}

/// Class and probability of each sample, in a line of text or JSON that begins with its place: name and value in JSON, and as text.
fn write_classes(
    out: &mut impl Write,
    classes: Vec<(String, f64)>,
    place: impl Fn(usize) -> (&'static str, Value, String),
    json: bool,
) -> Result<(), Failure> {
    for (i, (name, probability)) in classes.into_iter().enumerate() {
        let (key, value, text) = place(i);
        let line = if json {
            json_object(&[(key, value), ("class", name.into()), ("probability", probability.into())])
        } else {
            format!("{text}  {name}  {probability:.4}")
        };
        writeln!(out, "{line}").map_err(|e| write_failure(&e))?;
    }
    Ok(())
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

/// Rows that go through the network at once. There are always so many, with rows of zeros where fewer have come, so that the prediction of
/// a row does not depend on how many came with it.
const TOGETHER: usize = 256;

/// The rows of a table, each in a line of CSV or JSON as soon as it is there.
fn of_table(model: &Model, preparation: &Preparation, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut printer = Printer { model, preparation, json: arguments.json, rows: 0, out: BufWriter::new(stdout().lock()) };
    let rows = read_ahead(&arguments.data, preparation)?;
    let mut has_head = arguments.json;
    let mut next = rows.recv().ok();
    while let Some(first) = next.take() {
        let (mut together, mut failed) = (Vec::new(), None);
        let mut take = |row: Result<Vec<f32>>| match row {
            Ok(row) => together.push(row),
            Err(error) => failed = Some(error),
        };
        take(first);
        rows.try_iter().take(TOGETHER - 1).for_each(&mut take);
        if !has_head && (failed.is_none() || !together.is_empty()) {
            printer.head()?;
            has_head = true;
        }
        printer.print(&together)?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        next = rows.recv().ok();
    }
    if !has_head {
        printer.head()?;
    }
    printer.out.flush().map_err(|e| write_failure(&e))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads rows on a thread of its own, so that those that are there need not wait for those that are to come. An error is the last.
fn read_ahead(data: &str, preparation: &Preparation) -> Result<Receiver<Result<Vec<f32>>>, Failure> {
    let (sender, receiver) = sync_channel(4 * TOGETHER);
    if is_parquet(Path::new(data)) {
        let (table, preparation) = (Table::read(Path::new(data))?, preparation.clone());
        let read = move || {
            if let Err(error) = each_row_of(&table, &preparation, |row| sender.send(Ok(row)).is_ok()) {
                let _ = sender.send(Err(error));
            }
        };
        return started(read, receiver);
    }
    let (name, reader): (&str, Box<dyn BufRead + Send>) = match data {
        "-" => ("standard input", Box::new(BufReader::new(stdin()))),
        path => (path, Box::new(BufReader::new(File::open(path).map_err(|e| Error::io(Path::new(path), &e))?))),
    };
    let (name, preparation) = (name.to_string(), preparation.clone());
    let read = move || {
        if let Err(error) = preparation.for_each_row(&name, reader, |row| sender.send(Ok(row)).is_ok()) {
            // Where nobody takes it, nobody wants to know.
            let _ = sender.send(Err(error));
        }
    };
    started(read, receiver)
}

/// Starts the thread that reads rows.
fn started<T>(read: impl FnOnce() + Send + 'static, rows: Receiver<T>) -> Result<Receiver<T>, Failure> {
    let started = std::thread::Builder::new().name("rows".into()).spawn(read);
    started.map_err(|e| Error::new(ErrorKind::Io, format!("a thread to read rows: {e}")))?;
    Ok(rows)
}

/// Gives `each` the inputs of each row of a table in memory, until it says `false`.
fn each_row_of(table: &Table, preparation: &Preparation, mut each: impl FnMut(Vec<f32>) -> bool) -> Result<()> {
    let rows: Vec<usize> = (0..table.rows()).collect();
    for rows in rows.chunks(TOGETHER) {
        let inputs = preparation.inputs_of(table, rows)?.to_vec::<f32>()?;
        if !inputs.chunks(preparation.inputs().max(1)).all(|row| each(row.to_vec())) {
            break;
        }
    }
    Ok(())
}

/// Predicts and prints.
struct Printer<'a, W: Write> {
    model: &'a Model,
    preparation: &'a Preparation,
    json: bool,
    /// Rows that were printed.
    rows: usize,
    out: W,
}

impl<W: Write> Printer<'_, W> {
    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(|e| write_failure(&e))
    }

    /// The names of the columns.
    fn head(&mut self) -> Result<(), Failure> {
        let target = self.preparation.target();
        let mut heads = target.columns();
        if !target.classes().is_empty() {
            heads.push("probability");
        }
        self.line(&csv_line(&heads))
    }

    /// Predicts rows and prints them.
    fn print(&mut self, rows: &[Vec<f32>]) -> Result<(), Failure> {
        let (model, target) = (self.model, self.preparation.target());
        let mut inputs = rows.concat();
        inputs.resize(TOGETHER * self.preparation.inputs(), 0.0);
        let x = Array::from_slice(&inputs, &[TOGETHER, self.preparation.inputs()])?.to_dtype(dtype_of(model));
        let x = Variable::constant(x);
        let outputs = as_trained(model, || inference(|| model.network.forward(&x)))?;
        let is_class = !target.classes().is_empty();
        let classes = if is_class { Some(likeliest(model, &outputs)?) } else { None };
        for (i, _) in rows.iter().enumerate() {
            let mut values: Vec<(&str, Value)> = Vec::new();
            match &classes {
                Some(classes) => {
                    let (name, probability) = classes[i].clone();
                    let column = target.columns().first().copied().unwrap_or_default();
                    values.extend([(column, name.into()), ("probability", probability.into())]);
                }
                None => {
                    for (place, number) in target.numbers().iter().enumerate() {
                        let output = outputs.array().get(&[i, place])?;
                        values.push((&number.column, seven_digits(number.number_of(output)).into()));
                    }
                }
            }
            let line = if self.json {
                json_object(&[&[("row", self.rows.into())], &values[..]].concat())
            } else {
                let text = |(place, (_, value)): (usize, &(&str, Value))| match value.as_f64() {
                    Some(probability) if is_class && place == 1 => format!("{probability:.4}"),
                    Some(x) => number(x),
                    None => value.as_str().unwrap_or_default().to_string(),
                };
                csv_line(&values.iter().enumerate().map(text).collect::<Vec<_>>())
            };
            self.line(&line)?;
            self.rows += 1;
        }
        // Somebody may wait for these rows while the next are still to come.
        self.out.flush().map_err(|e| write_failure(&e))
    }
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
