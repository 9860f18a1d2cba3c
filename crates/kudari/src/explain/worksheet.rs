//! Reading worksheets: a network, a sample and its weights in a small TOML file.

use std::path::Path;

use toml::{Table, Value};

use super::problem::Problem;
use super::rule::Rule;
use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::{Initializer, Layer};
use crate::model::{Network, NetworkOptions};
use crate::optimizers;
use crate::train::Loss;

/// What a worksheet may say.
const KEYS: [&str; 10] =
    ["title", "net", "loss", "input", "target", "optimizer", "learning_rate", "weights", "seed", "initializer"];

impl Problem {
    /// Reads a worksheet file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or what [`from_worksheet`](Problem::from_worksheet) returns.
    pub fn load_worksheet(path: &Path) -> Result<Problem> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, &e))?;
        let name = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
        Problem::from_worksheet(&text, &name).map_err(|e| e.context(path.display()))
    }

    /// Reads a worksheet. `name` is used where it gives no `title`.
    ///
    /// ```
    /// # use kudari::explain::Problem;
    /// let sheet = r#"
    ///     net = "linear(2,nobias) sigmoid linear(2,nobias)"
    ///     loss = "sum_squared_error"
    ///     input = [1, 2, 3]
    ///     target = [0, 1]
    ///     learning_rate = 0.1
    ///     [weights]
    ///     "0.weight" = [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]]
    ///     "2.weight" = [[1, 2], [3, 4]]
    /// "#;
    /// assert_eq!(Problem::from_worksheet(sheet, "by hand")?.input.shape(), [1, 3]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No TOML, a missing or unknown key, a network or loss that is unknown, weights that are missing or have another
    /// shape than the network's.
    pub fn from_worksheet(text: &str, name: &str) -> Result<Problem> {
        let table: Table = text.parse().map_err(|e: toml::de::Error| not_toml(text, &e))?;
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let nearest = KEYS.iter().map(|k| (strsim::damerau_levenshtein(key, k), k)).min();
            let guess = nearest.filter(|n| n.0 <= 2).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
            return Err(fail(format!("unknown key `{key}`")).help(format!("{guess}a worksheet has {}", KEYS.join(", "))));
        }
        let string = |key: &str, example: &str| -> Result<&str> {
            let value = table.get(key).ok_or_else(|| missing(key, example))?;
            value.as_str().ok_or_else(|| fail(format!("`{key}` is not a text")).help(format!("write e.g. {example}")))
        };
        let net = string("net", "net = \"linear(2) sigmoid linear(2)\"")?;
        let loss = Loss::named(string("loss", "loss = \"sum_squared_error\"")?)?;
        let input = samples(table.get("input").ok_or_else(|| missing("input", "input = [1, 2, 3]"))?)?;
        let optimizer = match table.get("optimizer") {
            Some(_) => string("optimizer", "optimizer = \"adam\"")?,
            None => "sgd",
        };
        Rule::of(optimizer)?;
        let learning_rate = match table.get("learning_rate") {
            Some(value) => number(value)
                .filter(|rate| rate.is_finite() && *rate > 0.0)
                .ok_or_else(|| fail("`learning_rate` is not a number above 0").help("write e.g. learning_rate = 0.1"))?,
            None => optimizers::usual_learning_rate(optimizer).unwrap_or(0.1),
        };
        let network = network(&table, net, &input.shape()[1..])?;
        let target = target(table.get("target").ok_or_else(|| missing("target", "target = [0, 1]"))?, &input, &network)?;
        let title = table.get("title").and_then(Value::as_str).unwrap_or(name).to_string();
        Ok(Problem { name: title, network, loss, input, target, optimizer: optimizer.to_string(), learning_rate })
    }
}

fn fail(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Format, format!("worksheet: {}", what.into()))
}

fn missing(key: &str, example: &str) -> Error {
    fail(format!("`{key}` is missing")).help(format!("write e.g. {example}"))
}

/// A syntax error, with its line marked.
fn not_toml(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").chars().count();
    fail(format!("line {}, column {}: {}", line + 1, column + 1, error.message()))
        .excerpt(text.lines().nth(line).unwrap_or(""), column, 1)
        .help("a worksheet is TOML: lines such as  net = \"linear(2) sigmoid linear(2)\"")
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// Nested lists of numbers as an array.
fn array(value: &Value, key: &str) -> Result<Array> {
    fn collect(value: &Value, depth: usize, shape: &mut Vec<usize>, numbers: &mut Vec<f64>) -> Result<(), String> {
        let Some(list) = value.as_array() else {
            let number = number(value)
                .filter(|n| n.is_finite())
                .ok_or_else(|| format!("a {} is not a finite number", value.type_str()))?;
            numbers.push(number);
            return if shape.len() == depth { Ok(()) } else { Err("lists and numbers are mixed".to_string()) };
        };
        if shape.len() == depth {
            // Only the first list of each depth may say how long such lists are.
            if !numbers.is_empty() {
                return Err("lists and numbers are mixed".to_string());
            }
            shape.push(list.len());
        }
        if shape[depth] != list.len() {
            return Err(format!("a list has {} members, another {}", shape[depth], list.len()));
        }
        list.iter().try_for_each(|member| collect(member, depth + 1, shape, numbers))
    }
    let (mut shape, mut numbers) = (Vec::new(), Vec::new());
    collect(value, 0, &mut shape, &mut numbers)
        .map_err(|what| fail(format!("`{key}`: {what}")).help("write numbers in lists, as in [[0.1, 0.2], [0.3, 0.4]]"))?;
    Array::from_vec(numbers, &shape).map_err(|e| e.context(format_args!("worksheet: `{key}`")))
}

/// The samples `[n, …]`: one list of numbers is one sample.
fn samples(value: &Value) -> Result<Array> {
    let array = array(value, "input")?;
    match array.shape() {
        _ if array.is_empty() => Err(fail("`input` has no numbers").help("write e.g. input = [1, 2, 3]")),
        [] => array.reshape(&[1, 1]),
        [_] => array.reshape(&[1, -1]),
        _ => Ok(array),
    }
}

/// The network in f64 with the worksheet's weights.
fn network(table: &Table, net: &str, sample_shape: &[usize]) -> Result<Network> {
    let seed = table.get("seed").map(|value| {
        let seed = value.as_integer().and_then(|n| u64::try_from(n).ok());
        seed.ok_or_else(|| fail("`seed` is not a whole number from 0").help("write e.g. seed = 1"))
    });
    let seed = seed.transpose()?;
    let initializer = table.get("initializer").and_then(Value::as_str).map(Initializer::parse).transpose()?;
    let options = NetworkOptions { seed: seed.unwrap_or(0), initializer, double: true };
    let mut network = Network::new(net, sample_shape, &options)?;
    let weights = match table.get("weights") {
        None => Table::new(),
        Some(Value::Table(weights)) => weights.clone(),
        Some(_) => return Err(fail("`weights` is not a table").help("write [weights] and below it \"0.weight\" = [[…], […]]")),
    };
    let names = network.parameter_names();
    if let Some(name) = weights.keys().find(|name| !names.contains(name)) {
        let help = format!("the parameters of {} are {}; names with a dot stand in quotes", network.notation(), names.join(", "));
        return Err(fail(format!("`weights`: there is no parameter `{name}`")).help(help));
    }
    let mut arrays = network.arrays();
    for (name, current) in &mut arrays {
        let Some(value) = weights.get(name) else {
            if seed.is_none() {
                let help = format!("give it with shape {:?}, or write `seed = 1` for weights by chance", current.shape());
                return Err(fail(format!("`weights`: \"{name}\" is missing")).help(help));
            }
            continue;
        };
        let array = array(value, &format!("weights.\"{name}\""))?;
        if array.shape() != current.shape() {
            let turned = array.rank() == 2 && array.transpose().shape() == current.shape();
            let help = if turned {
                "it is transposed: one row for each unit"
            } else {
                "one row for each unit, one number for each input"
            };
            return Err(fail(format!(
                "`weights`: \"{name}\" has shape {:?}, the network needs {:?}",
                array.shape(),
                current.shape()
            ))
            .help(help));
        }
        *current = array;
    }
    network.set_arrays(&arrays)?;
    Ok(network)
}

impl Problem {
    /// The target of so many samples from a plain list: a number for every output of every sample, or the number of the class of
    /// every sample.
    ///
    /// # Errors
    ///
    /// Neither as many numbers as outputs of all samples, nor a class number for each.
    pub fn target_for(numbers: &[f64], samples: usize, network: &Network) -> Result<Array> {
        let shape = [&[samples], &network.output_shape()[..]].concat();
        if numbers.len() == shape.iter().product::<usize>() {
            return Array::from_slice(numbers, &shape);
        }
        shaped_target(Array::from_slice(numbers, &[numbers.len()])?, samples, network)
    }
}

/// The targets of the samples: numbers of the outputs' shape, or class numbers `[n]`.
fn target(value: &Value, input: &Array, network: &Network) -> Result<Array> {
    shaped_target(array(value, "target")?, input.shape()[0], network).map_err(|e| e.context("worksheet"))
}

fn shaped_target(target: Array, samples: usize, network: &Network) -> Result<Array> {
    let outputs = network.output_shape();
    let wanted = [&[samples], &outputs[..]].concat();
    let count: usize = outputs.iter().product();
    let wrong = || {
        let shape = target.shape();
        let classes = if count > 1 { format!(", or {samples} class numbers from 0 to {}", count - 1) } else { String::new() };
        Error::new(
            ErrorKind::Shape,
            format!("`target` has shape {shape:?} for {samples} sample(s) with outputs of shape {outputs:?}"),
        )
        .help(format!("give numbers of shape {wanted:?}{classes}"))
    };
    let sizes: Vec<isize> = wanted.iter().map(|&n| n as isize).collect();
    // One sample needs no list around it, one output no list inside.
    let same_count = target.len() == samples * count;
    if target.shape() == wanted || (same_count && target.rank() <= 1 && (samples == 1 || count == 1)) {
        return target.reshape(&sizes);
    }
    let classes = target.to_f64_vec();
    let is_class = |t: &f64| t.fract() == 0.0 && (0.0..count as f64).contains(t);
    if target.rank() <= 1 && target.len() == samples && count > 1 && classes.iter().all(is_class) {
        return Array::from_vec(classes.iter().map(|&t| t as i64).collect(), &[samples]);
    }
    Err(wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    const SHEET: &str = "net = \"linear(2) relu linear(1)\"\nloss = \"mean_squared_error\"\ninput = [2, 3, 1]\ntarget = 20\n";
    const WEIGHTS: &str =
        "[weights]\n\"0.weight\" = [[3, 1, 2], [-2, -3, -1]]\n\"0.bias\" = [0, 0]\n\"2.weight\" = [[3, 2]]\n\"2.bias\" = [0]\n";

    fn error(text: &str) -> Error {
        Problem::from_worksheet(text, "test").err().unwrap()
    }

    #[test]
    fn a_sample_may_stand_without_brackets() {
        let problem = Problem::from_worksheet(&format!("{SHEET}{WEIGHTS}"), "test").unwrap();
        assert_eq!((problem.input.shape(), problem.target.shape()), (&[1, 3][..], &[1, 1][..]));
        assert_eq!(problem.network.arrays()[0].1.dtype(), DType::F64);
        let batch = SHEET.replace("[2, 3, 1]", "[[0, 0], [0, 1]]").replace("= 20", "= [0, 1]") + "seed = 3\n";
        let problem = Problem::from_worksheet(&batch, "test").unwrap();
        assert_eq!(problem.target.shape(), [2, 1]);
        let classes = batch.replace("linear(1)", "linear(2)").replace("mean_squared_error", "softmax_cross_entropy");
        assert_eq!(Problem::from_worksheet(&classes, "test").unwrap().target.dtype(), DType::I64);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let of = |old: &str, new: &str| error(&format!("{SHEET}{WEIGHTS}").replace(old, new)).to_string();
        assert!(of("net =", "nett =").contains("unknown key `nett`\n  help: did you mean `net`?"));
        assert!(of("\"2.bias\" = [0]\n", "").contains("\"2.bias\" is missing"));
        assert!(of("[[3, 2]]", "[[3], [2]]").contains("has shape [2, 1], the network needs [1, 2]\n  help: it is transposed"));
        assert!(of("\"2.bias\"", "\"2.bios\"").contains("there is no parameter `2.bios`"));
        assert!(of("[[3, 2]]", "[[3, 2], 1]").contains("lists and numbers are mixed"));
        assert!(of("[[3, 2]]", "[[3, \"x\"]]").contains("is not a finite number"));
        assert!(of("target = 20", "target = [1, 2]").contains("`target` has shape [2]"));
        assert!(of("input = [2, 3, 1]\n", "").contains("`input` is missing"));
        assert!(of("target = 20", "learning_rate = -1\ntarget = 20").contains("`learning_rate` is not a number above 0"));
        let broken = error("net = \"linear(2)\"\nloss = = 3\n");
        assert!(broken.what().starts_with("worksheet: line 2, column 8"), "{broken}");
        assert!(error("").what().contains("`net` is missing"));
    }
}
