//! `kudari data`: what a table holds, and what would be made of it.

use std::path::PathBuf;
use std::process::ExitCode;

use kudari::Result;
use kudari::data::Dataset;
use kudari::data::table::{Column, Kind, Table, usual_target};
use serde_json::{Value, json};

use crate::data::{self, DataArguments, Division};
use crate::failure::Failure;
use crate::output::{self, number, with_commas};
use crate::table::is_table;

const EXAMPLES: &str = "\
Examples:
  kudari data houses.csv
  kudari data houses.csv --json
  kudari data arrays.npz
  kudari data pets/

Separator, header and kinds of columns are found out as for training. A number
that is missing is filled with the median, and the network is told; categories
become one input each; texts that are nearly all different are left out.";

/// Show what was understood of data: columns, kinds, ranges and gaps of a table, shapes and classes of others
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A CSV or TSV file, as it is or compressed by gzip, or anything else that kudari train takes
    table: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The seed that `kudari train` divides samples by where none is given.
const SEED: u64 = 1;
/// Classes that are shown.
const MOST_CLASSES: usize = 50;
/// Levels of a category that are shown.
const SHOWN: usize = 4;

/// Shows a table.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let text = arguments.table.to_string_lossy();
    if !is_table(&arguments.table) && data::are_samples(&text) {
        return of_samples(&text, arguments.json);
    }
    let table = Table::read(&arguments.table)?;
    if arguments.json {
        output::print(to_json(&table))?;
        return Ok(ExitCode::SUCCESS);
    }
    let separator = match table.separator() {
        '\t' => "tabs".to_string(),
        sign => format!("`{sign}`"),
    };
    let header = if table.has_header() { "a header" } else { "no header" };
    output::print(format_args!(
        "{}: {} rows, {} columns, separated by {separator}, {header}",
        table.name(),
        with_commas(table.rows() as u64),
        table.columns().len()
    ))?;
    let rows: Vec<[String; 4]> = table.columns().iter().map(row).collect();
    let heads = ["column", "kind", "missing", "values"].map(str::to_string);
    let width = |i: usize| rows.iter().chain([&heads]).map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [name, kind, missing, values] in std::iter::once(&heads).chain(&rows) {
        let [a, b, c] = widths;
        output::print(format_args!("  {name:<a$}  {kind:<b$}  {missing:>c$}  {values}"))?;
    }
    for warning in warnings(&table) {
        output::print(format_args!("note: {warning}"))?;
    }
    if let Some(target) = usual_target(&table) {
        output::print(format_args!(
            "`kudari train {}` predicts {} (another: --target)",
            arguments.table.display(),
            target.name()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows samples that are no rows of a table: both parts, what was done to them, the classes.
fn of_samples(text: &str, json: bool) -> Result<ExitCode, Failure> {
    let data::Training { split, notes, .. } = data::training(text, &DataArguments::default(), Division::by(SEED))?;
    let (train, test) = (&split.train, &split.test);
    let [in_train, in_test] = [class_counts(train)?, class_counts(test)?];
    let numbers = if train.classes().is_empty() { train.targets().shape().get(1).copied().unwrap_or(1) } else { 0 };
    if json {
        let rows = train.classes().iter().zip(in_train.iter().zip(&in_test));
        let classes: Vec<Value> = rows.map(|(name, (a, b))| json!({"class": name, "training": a, "test": b})).collect();
        output::print(json!({
            "data": text,
            "training": train.len(),
            "test": test.len(),
            "shape": train.sample_shape(),
            "classes": classes,
            "numbers": numbers,
            "notes": notes,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::print(format_args!(
        "{text}: {} training and {} test samples of shape {:?}",
        with_commas(train.len() as u64),
        with_commas(test.len() as u64),
        train.sample_shape()
    ))?;
    notes.iter().try_for_each(|note| output::print(format_args!("  {note}")))?;
    if numbers > 0 {
        output::print(format_args!("  {numbers} number{} to predict", if numbers == 1 { "" } else { "s" }))?;
    }
    let mut rows = vec![["  class", "training", "test"].map(str::to_string).to_vec()];
    for (name, (a, b)) in train.classes().iter().zip(in_train.iter().zip(&in_test)).take(MOST_CLASSES) {
        rows.push(vec![format!("  {name}"), with_commas(*a), with_commas(*b)]);
    }
    if rows.len() > 1 {
        output::table(&rows)?;
    }
    let more = train.classes().len().saturating_sub(MOST_CLASSES);
    if more > 0 {
        output::print(format_args!("  and {more} more"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many samples each class has.
fn class_counts(data: &Dataset) -> Result<Vec<u64>> {
    let mut counts = vec![0; data.classes().len()];
    if !counts.is_empty() {
        data.targets().to_vec::<i64>()?.into_iter().for_each(|label| counts[label as usize] += 1);
    }
    Ok(counts)
}

/// Name, kind, gaps and values of a column.
fn row(column: &Column) -> [String; 4] {
    let missing = column.missing() + column.unreadable();
    let missing = if missing == 0 { "-".to_string() } else { with_commas(missing as u64) };
    let values = match column.kind() {
        Kind::Number => {
            let Range { least, mean, most } = Range::of(column);
            format!("{} to {}, mean {}", short(least), short(most), short(mean))
        }
        Kind::Date => {
            let dates: Vec<&str> = extremes(column).map(|row| column.cell(row)).to_vec();
            format!("{} to {}", dates[0], dates[1])
        }
        Kind::Category => {
            let mut levels = column.levels(0..column.len());
            levels.sort_by_key(|level| std::cmp::Reverse(level.1));
            let shown: Vec<String> =
                levels.iter().take(SHOWN).map(|(text, count)| format!("{text} {}", with_commas(*count as u64))).collect();
            let more = levels.len().saturating_sub(SHOWN);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        }
        Kind::Text => format!("such as {}", cut(column.cell(0))),
        Kind::Empty => String::new(),
    };
    [column.name().to_string(), column.kind().name().to_string(), missing, values]
}

/// The range of a column of numbers.
struct Range {
    least: f64,
    mean: f64,
    most: f64,
}

impl Range {
    fn of(column: &Column) -> Range {
        let numbers: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Range { least, mean: numbers.iter().sum::<f64>() / numbers.len().max(1) as f64, most }
    }
}

/// The rows of the least and the largest number or date.
fn extremes(column: &Column) -> [usize; 2] {
    let known = || (0..column.len()).filter_map(|row| Some((column.number(row)?, row)));
    let least = known().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |found| found.1);
    let most = known().max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |found| found.1);
    [least, most]
}

/// A number with five digits.
fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.4e}").parse().unwrap_or(x);
    number(rounded)
}

/// The start of a long text.
fn cut(text: &str) -> String {
    const MOST: usize = 40;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    if text.chars().count() > MOST { format!("{line}…") } else { line }
}

/// What somebody should know before a training.
fn warnings(table: &Table) -> Vec<String> {
    let mut warnings = Vec::new();
    for column in table.columns() {
        let name = column.name();
        if column.unreadable() > 0 {
            warnings.push(format!(
                "{name}: {} values are no {}s and count as missing",
                column.unreadable(),
                column.kind().name()
            ));
        }
        match column.kind() {
            Kind::Text => warnings.push(format!("{name}: nearly every text is another: left out")),
            Kind::Empty => warnings.push(format!("{name}: no value: left out")),
            _ if column.missing() + column.unreadable() == 0 && column.levels(0..column.len()).len() == 1 => {
                warnings.push(format!("{name}: one value only: left out"))
            }
            _ => {}
        }
    }
    let mut names: Vec<&str> = table.columns().iter().map(Column::name).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        warnings.push(format!("{}: two columns have this name: the first is used", pair[0]));
    }
    warnings
}

fn to_json(table: &Table) -> Value {
    let column = |column: &Column| {
        let mut found = json!({
            "name": column.name(),
            "kind": column.kind().name(),
            "missing": column.missing(),
            "unreadable": column.unreadable(),
        });
        match column.kind() {
            Kind::Number | Kind::Date => {
                let Range { least, mean, most } = Range::of(column);
                found["min"] = least.into();
                found["max"] = most.into();
                found["mean"] = mean.into();
            }
            Kind::Category => {
                let levels =
                    column.levels(0..column.len()).into_iter().map(|(text, count)| json!({"value": text, "rows": count}));
                found["values"] = levels.collect();
            }
            Kind::Text | Kind::Empty => {}
        }
        found
    };
    json!({
        "table": table.name(),
        "rows": table.rows(),
        "separator": table.separator().to_string(),
        "header": table.has_header(),
        "columns": table.columns().iter().map(column).collect::<Vec<_>>(),
        "target": usual_target(table).map(Column::name),
        "notes": warnings(table),
    })
}
