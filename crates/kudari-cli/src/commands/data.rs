//! `kudari data`: what a table holds, and what would be made of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kudari::Result;
use kudari::data::table::{Column, ColumnSurvey, Kind, Survey, Table, Warning, is_parquet};
use serde_json::{Value, json};

use crate::data::{self, DataArguments, Division};
use crate::failure::Failure;
use crate::output::{self, number, with_commas};
use crate::table::{AnyTable, is_table, targets};
use crate::text::{self, is_text};

const EXAMPLES: &str = "\
Examples:
  kudari data houses.csv
  kudari data houses.csv --target price
  kudari data houses.csv --json
  kudari data arrays.npz
  kudari data pets/
  kudari data book.txt

Separator, header and kinds of columns are found out as for training. A number
that is missing is filled with the median, and the network is told; categories
become one input each; texts that are nearly all different are left out.
Notes tell what may be wrong: cells that are no numbers, columns that give the
target away, copies of rows, rare classes. CSV and TSV files of any size can be looked at.";

/// Show what was understood of data: columns, kinds, ranges, gaps and faults of a table, characters of a text, shapes and classes of others
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A CSV or TSV file, as it is or compressed by gzip, a Parquet file, or anything else that kudari train takes
    table: PathBuf,
    /// The column to predict, otherwise the usual one; several columns of numbers with commas between them
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
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
    if is_text(&arguments.table) {
        text::show(&arguments.table, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !is_table(&arguments.table) && data::are_samples(&text) {
        return of_samples(&text, arguments.json);
    }
    // Row by row, which takes no memory, where that can be.
    let is_parquet = is_parquet(&arguments.table);
    let whole = AnyTable::read(&arguments.table, !is_parquet)?;
    let table = whole.table();
    let found = match &arguments.target {
        None => targets(table, None).unwrap_or_default(),
        named => targets(table, named.as_deref())?,
    };
    let targets: Vec<&str> = found.iter().map(|column| column.name()).collect();
    let survey = whole.survey(&targets)?;
    if arguments.json {
        output::print(to_json(table, &survey, &targets))?;
        return Ok(ExitCode::SUCCESS);
    }
    let header = if table.has_header() { "a header" } else { "no header" };
    let written = match table.separator() {
        _ if is_parquet => "Parquet".to_string(),
        '\t' => format!("separated by tabs, {header}"),
        sign => format!("separated by `{sign}`, {header}"),
    };
    output::print(format_args!(
        "{}: {} rows, {} columns, {written}",
        table.name(),
        with_commas(survey.rows as u64),
        table.columns().len()
    ))?;
    let rows: Vec<[String; 5]> = table.columns().iter().zip(&survey.columns).map(|(column, found)| row(column, found)).collect();
    let heads = ["column", "kind", "missing", "first", "values"].map(str::to_string);
    let width = |i: usize| rows.iter().chain([&heads]).map(|row| console::measure_text_width(&row[i])).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for [name, kind, missing, first, values] in std::iter::once(&heads).chain(&rows) {
        let [name, kind, first] = [(name, widths[0]), (kind, widths[1]), (first, widths[3])].map(padded);
        let gap = widths[2].saturating_sub(missing.len());
        output::print(format!("  {name}  {kind}  {:gap$}{missing}  {first}  {values}", "").trim_end())?;
    }
    for place in targets.iter().filter_map(|name| table.columns().iter().position(|column| column.name() == *name)) {
        for line in balance(targets.len(), table.columns()[place].name(), &survey.columns[place].levels) {
            output::print(line)?;
        }
    }
    for warning in &survey.warnings {
        output::print(format_args!("note: {warning}"))?;
    }
    if !targets.is_empty() {
        let (file, target) = (arguments.table.display(), targets.join(", "));
        match &arguments.target {
            None => output::print(format_args!("`kudari train {file}` predicts {target} (another: --target)"))?,
            Some(named) => output::print(format_args!("`kudari train {file} --target {named}` predicts {target}"))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A text with spaces behind it, as many columns of a terminal wide as it is to be.
fn padded((text, width): (&String, usize)) -> String {
    let gap = width.saturating_sub(console::measure_text_width(text));
    format!("{text}{:gap$}", "")
}

/// How many rows each class has.
fn balance(targets: usize, name: &str, levels: &[(String, usize)]) -> Vec<String> {
    const MOST: usize = 12;
    const WIDTH: usize = 30;
    if targets != 1 || levels.len() < 2 {
        return Vec::new();
    }
    let all: usize = levels.iter().map(|level| level.1).sum();
    let most = levels.iter().map(|level| level.1).max().unwrap_or(1);
    let names: Vec<String> = levels.iter().take(MOST).map(|level| cut(&level.0)).collect();
    let width = names.iter().map(|name| console::measure_text_width(name)).max().unwrap_or(0);
    let digits = with_commas(most as u64).len();
    let mut lines = vec![format!("classes of {name}:")];
    for (name, (_, count)) in names.iter().zip(levels) {
        let (bar, share) = ("▇".repeat((count * WIDTH).div_ceil(most)), *count as f64 * 100.0 / all as f64);
        lines.push(format!("  {}  {:>digits$}  {share:>4.1} %  {bar}", padded((name, width)), with_commas(*count as u64)));
    }
    if levels.len() > MOST {
        lines.push(format!("  and {} more", levels.len() - MOST));
    }
    lines
}

/// Shows samples that are no rows of a table: both parts, what was done to them, the classes.
fn of_samples(text: &str, json: bool) -> Result<ExitCode, Failure> {
    let data::Training { split, notes, .. } = data::training(text, &DataArguments::default(), Division::by(SEED))?;
    let (train, test) = (&split.train, &split.test);
    let [in_train, in_test] = [train.class_counts()?, test.class_counts()?];
    let numbers = if train.classes().is_empty() { train.target_size().unwrap_or(1) } else { 0 };
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
        rows.push(vec![format!("  {name}"), with_commas(*a as u64), with_commas(*b as u64)]);
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

/// Name, kind, gaps, first value and values of a column.
fn row(column: &Column, found: &ColumnSurvey) -> [String; 5] {
    let missing = found.missing + column.unreadable();
    let missing = if missing == 0 { "-".to_string() } else { with_commas(missing as u64) };
    let values = match column.kind() {
        Kind::Number => {
            let [least, most, mean] = found.range.unwrap_or_default();
            format!("{} to {}, mean {}", short(least), short(most), short(mean))
        }
        Kind::Date => found.extremes.join(" to "),
        Kind::Category => {
            let mut levels = found.levels.clone();
            levels.sort_by_key(|level| std::cmp::Reverse(level.1));
            let shown: Vec<String> =
                levels.iter().take(SHOWN).map(|(text, count)| format!("{} {}", cut(text), with_commas(*count as u64))).collect();
            let more = levels.len().saturating_sub(SHOWN);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        }
        Kind::Text | Kind::Empty => String::new(),
    };
    [cut(column.name()), column.kind().name().to_string(), missing, cut(&found.first), values]
}

/// A number with five digits.
fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.4e}").parse().unwrap_or(x);
    number(rounded)
}

/// The start of a long text.
fn cut(text: &str) -> String {
    const MOST: usize = 28;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    if text.chars().count() > MOST { format!("{line}…") } else { line }
}

fn to_json(table: &Table, survey: &Survey, targets: &[&str]) -> Value {
    let column = |(column, survey): (&Column, &ColumnSurvey)| {
        let mut found = json!({
            "name": column.name(),
            "kind": column.kind().name(),
            "missing": survey.missing,
            "unreadable": column.unreadable(),
            "first": survey.first,
        });
        if let Some([least, most, mean]) = survey.range {
            found["min"] = least.into();
            found["max"] = most.into();
            found["mean"] = mean.into();
        }
        if column.kind() == Kind::Category || !survey.levels.is_empty() {
            found["values"] = survey.levels.iter().map(|(text, count)| json!({"value": text, "rows": count})).collect();
        }
        found
    };
    json!({
        "table": table.name(),
        "rows": survey.rows,
        "separator": if is_parquet(Path::new(table.name())) { Value::Null } else { table.separator().to_string().into() },
        "header": table.has_header(),
        "columns": table.columns().iter().zip(&survey.columns).map(column).collect::<Vec<_>>(),
        "target": if targets.is_empty() { Value::Null } else { targets.join(",").into() },
        "duplicates": survey.duplicates,
        "notes": survey.warnings.iter().map(Warning::to_string).collect::<Vec<_>>(),
    })
}
