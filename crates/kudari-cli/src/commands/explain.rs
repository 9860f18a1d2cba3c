//! `kudari explain`: one step of training as a worked calculation.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use kudari::explain::{
    Carry, Document, Example, Explanation, HtmlFormat, Language, LatexFormat, Notation, Options, Problem, TextFormat,
};
use kudari::functions::registry;
use kudari::model::{Network, NetworkOptions, layer_words, write_atomically};
use kudari::optimizers::usual_learning_rate;
use kudari::train::Loss;
use kudari::{Array, DType, Error, ErrorKind};

use super::load_model;
use crate::data;
use crate::failure::{Failure, OrUsage};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  kudari explain conv2d
      a tiny example of a function or layer by its name: the formula, every number
      of the result, and the derivatives by the inputs (--list names all)
  kudari explain lstm -o lstm.html
      the same as a page to read in a browser
  kudari explain examples/worksheets/by-hand-2.toml
      every number of one step of training: forward, loss, gradients, update
  kudari explain examples/worksheets/by-hand-2.toml --carry shown --lang ja
      the same in Japanese, rounded at each step as by hand
  kudari explain examples/worksheets/deep.toml --only 0.weight[1,2]
      one gradient with all its ways to the loss
  kudari explain examples/worksheets/by-hand-2.toml --check mine.txt
      your own numbers, one by one: right, wrong and by which slip, or only
      a consequence (mine.txt: z1 = 0.6457, dE/dw2_11 = 1.41, one a line)
  kudari explain examples/worksheets/by-hand-2.toml -o page.html
      a page to read in a browser: point at a number to see where it comes from
  kudari explain examples/worksheets/by-hand-2.toml -o sheet.tex && pdflatex sheet
      the same set in LaTeX (--lang ja: lualatex); -o sheet.md gives Markdown
  kudari explain \"linear(2) tanh linear(1)\" --input 0.5,-1 --target 1 --seed 3
      a network without a worksheet, its weights by chance
  kudari explain \"linear(2) tanh linear(1)\" --input 0.5,-1 --target 1 --optimizer adam
      the first step of Adam: both moments, their corrections, the new weights
  kudari explain \"conv(1,2) relu flatten linear(1)\" --shape 1,3,3 --input 1,2,0,0,1,3,2,1,1 --target 1
      samples of several axes; --input may hold several samples
  kudari explain runs/mnist-1 --data mnist --sample 17
      a trained model on the 18th test digit (the first is 0)

A worksheet is a small TOML file:
  net = \"linear(2,nobias) sigmoid linear(2,nobias)\"
  loss = \"sum_squared_error\"
  input = [1, 2, 3]
  target = [0, 1]
  learning_rate = 0.1            # and perhaps optimizer = \"adam\"
  [weights]
  \"0.weight\" = [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]]
  \"2.weight\" = [[1, 2], [3, 4]]
or `seed = 1` instead of the weights. A row of a weight belongs to one unit.

Up to 60 weights every number has its line; up to 2,000 the matrices are
written, and one unit of each layer; beyond that statistics and one unit.";

/// How the explanation is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Text,
    /// A page for the browser, in one file, with both languages
    Html,
    /// A document for TeX
    Latex,
    /// Its sections alone, to be pasted into notes
    LatexBody,
    /// Markdown with formulas between dollar signs
    Markdown,
    /// All values, for programs
    Json,
}

/// The formats that a file's ending asks for.
const ENDINGS: [(&str, Format); 5] =
    [("txt", Format::Text), ("html", Format::Html), ("tex", Format::Latex), ("md", Format::Markdown), ("json", Format::Json)];

#[derive(Clone, Copy, ValueEnum)]
enum CarryName {
    /// 64-bit numbers, rounded for display only
    Exact,
    /// Every intermediate result rounded, as by hand
    Shown,
}

#[derive(Clone, Copy, ValueEnum)]
enum NotationName {
    Index,
    Matrix,
}

/// Work out one step of training: every number, every gradient, as on paper
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A function or layer such as conv2d or lstm, a worksheet (.toml), a trained model or its run folder, or a network such as
    /// "linear(2) tanh linear(1)"
    #[arg(value_name = "NAME|WORKSHEET|MODEL|NET", required_unless_present = "list")]
    what: Option<String>,
    /// List the names of all functions and layers that have a tiny example
    #[arg(long)]
    list: bool,
    /// Of a tiny example: every line, also where a result has many numbers
    #[arg(long)]
    all: bool,
    /// How it is written; by default as the ending of --output says, else text
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Language of the words: en or ja; a page has both and begins with this one
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = language)]
    lang: Language,
    /// Significant digits, 1 to 15
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=15))]
    digits: u8,
    /// Which numbers are carried from line to line
    #[arg(long, value_enum, default_value = "exact")]
    carry: CarryName,
    /// One line for every number, or for every matrix; by default as the network's size suggests
    #[arg(long, value_enum)]
    notation: Option<NotationName>,
    /// Only this gradient, with all its ways: 0.weight[1,2] as in programs, or w1_23 as in the formulas
    #[arg(long, value_name = "PARAMETER", conflicts_with = "unit")]
    only: Option<String>,
    /// Only this unit, by layer and number from 1: 2:5
    #[arg(long, value_name = "LAYER:UNIT")]
    unit: Option<String>,
    /// Check somebody's own numbers instead: a file with a line for each, as in `z1 = 0.6457`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "unit"])]
    check: Option<PathBuf>,
    /// Shorten sums of more terms than this to the largest three; `all` shortens none
    #[arg(long, value_name = "N|all", default_value = "8", value_parser = terms)]
    terms: usize,
    /// List the loss after up to this many updates
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Only the keyboard's signs
    #[arg(long)]
    ascii: bool,
    /// Write to this file instead of standard output, in the format of its ending (.txt, .html, .tex, .md, .json)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Of a network: its input, e.g. 0.5,-1
    #[arg(long, value_name = "NUMBERS", value_parser = numbers, allow_hyphen_values = true)]
    input: Option<Numbers>,
    /// Of a network: sizes of the axes of a sample, e.g. 1,3,3 for a picture; otherwise the input is one row
    #[arg(long, value_name = "SIZES", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    shape: Vec<u32>,
    /// Of a network: what its outputs should be, or the number of the class
    #[arg(long, value_name = "NUMBERS", value_parser = numbers, allow_hyphen_values = true)]
    target: Option<Numbers>,
    /// Of a network: the loss
    #[arg(long, value_name = "NAME")]
    loss: Option<String>,
    /// Of a network: seed of its weights
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The optimizer that makes the step, otherwise plain descent: any of kudari train but muon,
    /// such as momentum(0.9), rmsprop(0.99), adam(0.9,0.999), nadam, lion
    #[arg(long)]
    optimizer: Option<String>,
    /// The learning rate of the step, otherwise the worksheet's, or what is usual for the optimizer
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Of a model: the data from which the sample is taken
    #[arg(long)]
    data: Option<String>,
    /// Of a model: the number of the sample, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
}

/// A list of numbers. A type of its own, since clap takes a list for an option that may be repeated.
#[derive(Clone)]
struct Numbers(Vec<f64>);

fn numbers(text: &str) -> Result<Numbers, String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|n| n.trim().parse().ok().filter(|n: &f64| n.is_finite())).collect();
    numbers.map(Numbers).ok_or_else(|| "numbers with commas between them, as in 0.5,-1".to_string())
}

fn language(text: &str) -> Result<Language, String> {
    Language::named(text).map_err(|e| e.what_to_do().to_string())
}

fn terms(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(usize::MAX),
        _ => text.parse().ok().filter(|&n| n > 0).ok_or_else(|| "a number from 1, or `all`".to_string()),
    }
}

/// Explains.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.list {
        output::print(list())?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options {
        digits: arguments.digits.into(),
        carry: match arguments.carry {
            CarryName::Exact => Carry::Exact,
            CarryName::Shown => Carry::Shown,
        },
        notation: match arguments.notation {
            None => Notation::Automatic,
            Some(NotationName::Index) => Notation::Index,
            Some(NotationName::Matrix) => Notation::Matrix,
        },
        terms: arguments.terms,
        only: arguments.only.clone(),
        unit: arguments.unit.clone(),
        steps: arguments.steps as usize,
    };
    let format = format(arguments)?;
    let what = arguments.what.as_deref().unwrap_or_default();
    if is_name(what, arguments) {
        let example = Example::named(what).or_usage()?;
        let lines = example.lines(&options);
        let document = example.document(&lines, arguments.all);
        write_document(arguments, format, &document, || example.json())?;
        return Ok(ExitCode::SUCCESS);
    }
    let explanation = Explanation::new(problem(what, arguments)?, options).or_usage()?;
    if let Some(path) = &arguments.check {
        return judge(arguments, format, &explanation, path);
    }
    let lines = explanation.lines();
    write_document(arguments, format, &explanation.document(&lines), || explanation.json())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the name of a function or layer is asked for, and not a file, or a network of one word with its input.
fn is_name(what: &str, arguments: &Arguments) -> bool {
    let of_problem = [&arguments.loss, &arguments.optimizer, &arguments.data, &arguments.only, &arguments.unit];
    let asks_for_problem = of_problem.iter().any(|option| option.is_some())
        || arguments.input.is_some()
        || arguments.target.is_some()
        || arguments.seed.is_some()
        || arguments.learning_rate.is_some()
        || arguments.check.is_some()
        || !arguments.shape.is_empty();
    let is_word = !what.is_empty() && what.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word && !asks_for_problem && !Path::new(what).exists()
}

/// The names of all examples, family by family.
fn list() -> String {
    let mut families: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in registry() {
        match families.last_mut() {
            Some((family, names)) if *family == entry.family() => names.push(entry.name),
            _ => families.push((entry.family(), vec![entry.name])),
        }
    }
    let is_layer = |name: &&str| layer_words().any(|word| word == *name);
    families.push(("layers", Example::names().skip(registry().count()).filter(is_layer).collect()));
    let lines = families.iter().map(|(family, names)| format!("{family}\n  {}", names.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}

fn write_document(
    arguments: &Arguments,
    format: Format,
    document: &Document<'_>,
    json: impl FnOnce() -> serde_json::Value,
) -> Result<(), Failure> {
    let text = match format {
        Format::Text => document.text(&text_format(arguments)),
        Format::Html => document.html(&HtmlFormat { language: arguments.lang }),
        Format::Latex | Format::LatexBody => {
            document.latex(&LatexFormat { language: arguments.lang, body: format == Format::LatexBody })
        }
        Format::Markdown => document.markdown(arguments.lang),
        Format::Json => json().to_string(),
    };
    write(arguments, &text)
}

/// How text is written: colours and the width of the terminal if it goes to one.
fn text_format(arguments: &Arguments) -> TextFormat {
    let to_terminal = arguments.output.is_none() && std::io::stdout().is_terminal();
    let columns = if to_terminal { output::terminal_columns() } else { 110 };
    TextFormat { language: arguments.lang, ascii: arguments.ascii, colours: to_terminal && output::stdout_has_colours(), columns }
}

fn write(arguments: &Arguments, text: &str) -> Result<(), Failure> {
    match &arguments.output {
        Some(path) => Ok(write_atomically(path, text.as_bytes())?),
        None => output::print(text.trim_end_matches('\n')),
    }
}

/// Judges the file of somebody's own numbers. The exit status is 1 if one of them is wrong.
fn judge(arguments: &Arguments, format: Format, explanation: &Explanation, path: &Path) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, &e))?;
    let judged = explanation.judge(&text).map_err(|e| e.context(path.display()))?;
    let style = text_format(arguments);
    match format {
        Format::Json => write(arguments, &explanation.answers_json(&judged, &style).to_string())?,
        _ => write(arguments, &explanation.answers_text(&judged, &style))?,
    }
    Ok(if judged.iter().all(|j| j.is_right()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The format that is asked for by name, or by the ending of the output file.
fn format(arguments: &Arguments) -> Result<Format, Failure> {
    let usage = |what: String, help: String| Failure::Usage(Error::new(ErrorKind::Value, what).help(help));
    let format = match (arguments.format, &arguments.output) {
        (Some(format), _) => format,
        (None, None) => Format::Text,
        (None, Some(path)) => {
            let known = ENDINGS.iter().find(|(ending, _)| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending)));
            let (_, format) = known.ok_or_else(|| {
                let endings: Vec<String> = ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
                let what = format!("--output {}: the ending names no format", path.display());
                usage(what, format!("end it in {}, or add --format", endings.join(", ")))
            })?;
            *format
        }
    };
    if arguments.check.is_some() && !matches!(format, Format::Text | Format::Json) {
        let what = "--check judges in text or JSON only".to_string();
        return Err(usage(what, "leave --format away, or use --format json".to_string()));
    }
    Ok(format)
}

/// What is to be explained.
fn problem(what: &str, arguments: &Arguments) -> Result<Problem, Failure> {
    let path = Path::new(what);
    let is_worksheet = path.extension().is_some_and(|e| e == "toml");
    let mut problem = match (is_worksheet, path.exists()) {
        (true, _) => Problem::load_worksheet(path)?,
        (false, true) => of_model(path, arguments)?,
        (false, false) => of_network(what, arguments)?,
    };
    if let Some(optimizer) = &arguments.optimizer {
        problem = problem.with_optimizer(optimizer).or_usage()?;
        problem.learning_rate = usual_learning_rate(optimizer).unwrap_or(problem.learning_rate);
    }
    if let Some(rate) = arguments.learning_rate {
        problem.learning_rate = positive(rate)?;
    }
    Ok(problem)
}

fn positive(rate: f64) -> Result<f64, Failure> {
    if rate.is_finite() && rate > 0.0 {
        return Ok(rate);
    }
    let error = Error::new(ErrorKind::Value, format!("--learning-rate {rate}: not a number above 0"));
    Err(Failure::Usage(error.help("use e.g. --learning-rate 0.1")))
}

/// A trained model on a sample of a data set.
fn of_model(path: &Path, arguments: &Arguments) -> Result<Problem, Failure> {
    let model = load_model(path)?;
    let needs = || Error::new(ErrorKind::Value, "a model needs a sample").help("add e.g. --data mnist --sample 17");
    let name = arguments.data.as_deref().ok_or_else(|| Failure::Usage(needs()))?;
    let data = super::fitting(&model, data::labelled(name, Some(&model))?)?.with_dtype(DType::F64)?;
    if arguments.sample >= data.len() {
        let error =
            Error::new(ErrorKind::Value, format!("--sample {}: {} has {} samples", arguments.sample, data.name(), data.len()));
        return Err(Failure::Usage(error.help(format!("samples are numbered from 0 to {}", data.len() - 1))));
    }
    let batch = data.batch(&[arguments.sample as i64])?;
    let mut network = model.network;
    kudari::layers::Layer::convert(&mut network, DType::F64)?;
    let loss = Loss::named(arguments.loss.as_deref().unwrap_or(&model.loss)).or_usage()?;
    let name = format!("{}, {} {}", path.display(), data.name(), arguments.sample);
    Ok(Problem { name, network, loss, input: batch.x.into_array(), target: batch.t, optimizer: "sgd".into(), learning_rate: 0.1 })
}

/// A network in the notation, with an input and a target from the command line.
fn of_network(what: &str, arguments: &Arguments) -> Result<Problem, Failure> {
    if what.contains(['/', '\\', '.']) && !what.contains('(') {
        let missing = Error::new(ErrorKind::Io, format!("{what}: there is no such file or folder"));
        return Err(missing.help("give a worksheet (.toml), a model, or a network such as \"linear(2) tanh linear(1)\"").into());
    }
    let needed = |missing: &str, example: &str| {
        Failure::Usage(Error::new(ErrorKind::Value, format!("a network needs {missing}")).help(format!("add e.g. {example}")))
    };
    let input = arguments.input.as_ref().ok_or_else(|| needed("an input", "--input 0.5,-1"))?;
    let options = NetworkOptions { seed: arguments.seed.unwrap_or(1), initializer: None, double: true };
    let shape = match &arguments.shape[..] {
        [] => vec![input.0.len()],
        sizes => sizes.iter().map(|&size| size as usize).collect(),
    };
    let samples = samples(input.0.len(), &shape)?;
    let network = Network::new(what, &shape, &options).or_usage()?;
    let target = arguments.target.as_ref().ok_or_else(|| needed("a target", "--target 1"))?;
    let loss = Loss::named(arguments.loss.as_deref().unwrap_or("sum_squared_error")).or_usage()?;
    let input = Array::from_slice(&input.0, &[&[samples], &shape[..]].concat())?;
    let target = Problem::target_for(&target.0, samples, &network).or_usage()?;
    Ok(Problem { name: what.to_string(), network, loss, input, target, optimizer: "sgd".into(), learning_rate: 0.1 })
}

/// How many samples of a shape so many numbers are.
fn samples(numbers: usize, shape: &[usize]) -> Result<usize, Failure> {
    let each = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).unwrap_or(usize::MAX);
    if numbers.is_multiple_of(each) {
        return Ok(numbers / each);
    }
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let error = Error::new(ErrorKind::Shape, format!("--input has {numbers} numbers, --shape {} needs {each}", sizes.join(",")));
    Err(Failure::Usage(error.help("give as many numbers, or a multiple of them for several samples")))
}
