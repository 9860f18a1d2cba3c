//! What is seen of the functions: a table, all about one, JSON.

use kudari::DType;
use kudari::functions::{Entry, ReferenceError};
use serde_json::{Value, json};

use super::Measured;
use crate::failure::Failure;
use crate::output::{self, Output, json_object, terminal_columns, with_commas};

/// The table fits as many columns; a wider terminal shows more of the formulas.
const COLUMNS: usize = 100;
/// What it takes beside names and formulas, and the least that is left for a formula.
const BESIDE: usize = 48;
const SHORTEST_FORMULA: usize = 16;

/// The table of all functions, printed row by row.
pub struct Table {
    name: usize,
    formula: usize,
}

impl Table {
    /// A table for these functions.
    pub fn new(entries: &[&Entry]) -> Table {
        let longest = |text: fn(&Entry) -> &str| entries.iter().map(|entry| text(entry).chars().count()).max().unwrap_or(0);
        let (name, formula) = (longest(|entry| entry.name), longest(|entry| entry.formula));
        let columns = if output::stdout_is_terminal() { terminal_columns() } else { COLUMNS };
        Table { name, formula: formula.min(columns.saturating_sub(BESIDE + name)).max(SHORTEST_FORMULA) }
    }

    fn row(&self, [name, formula, order, f64, f32, forward, backward]: [&str; 7]) -> String {
        let formula = shortened(formula, self.formula);
        format!(
            "  {name:<0$}  {formula:<1$}  {order:>5}  {f64:>7}  {f32:>7}  {forward:>7}  {backward:>8}",
            self.name, self.formula
        )
    }

    /// Prints the row of a function, and before the first of a family its name and the heads.
    pub fn print(&self, measured: &Measured, before: Option<&Measured>) -> Result<(), Failure> {
        let (entry, output) = (measured.entry, Output::new(false, false));
        if before.is_none() {
            let order_ends = 11 + self.name + self.formula;
            output::print(format_args!("{:>order_ends$}{:>18}{:>19}", "gradient", "largest error", "ns per element"))?;
        }
        if before.is_none_or(|before| before.entry.family() != entry.family()) {
            let heads = self.row(["", "", "order", "f64", "f32", "forward", "backward"]);
            let family = entry.family();
            // The heads stand in the family's own line.
            let rest: String = heads.chars().skip(family.chars().count()).collect();
            let gap = if before.is_some() { "\n" } else { "" };
            output::print(format_args!("{gap}{}{rest}", output.bold(family)))?;
        }
        let error = |dtype| entry.reference_error(dtype).map_or("-".to_string(), |error| relative(error.largest()));
        let [forward, backward] = match &measured.time {
            Some(time) => [time.forward, time.backward].map(nanoseconds),
            None => ["-".to_string(), "-".to_string()],
        };
        let order = measured.report.order.to_string();
        output::print(self.row([entry.name, entry.formula, &order, &error(DType::F64), &error(DType::F32), &forward, &backward]))
    }

    /// Prints what the columns say.
    pub fn print_end(&self, count: usize) -> Result<(), Failure> {
        output::print(format_args!(
            "\n{count} functions; times in f32, {}.\n\
             `kudari functions NAME` shows all of one, `kudari functions --help` says how it is measured.",
            threads()
        ))
    }
}

/// The first line's worth of a text.
fn shortened(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_string();
    }
    let start: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// A relative error in two digits.
fn relative(error: f64) -> String {
    if error == 0.0 { "0".to_string() } else { format!("{error:.1e}") }
}

/// Nanoseconds in three digits, as far as they mean something.
fn nanoseconds(time: f64) -> String {
    match time {
        t if t < 0.01 => "<0.01".to_string(),
        t if t < 10.0 => format!("{t:.2}"),
        t if t < 100.0 => format!("{t:.1}"),
        t => with_commas(t.round() as u64),
    }
}

/// Prints everything about a function.
pub fn print_one(measured: &Measured, is_first: bool) -> Result<(), Failure> {
    let (entry, report) = (measured.entry, &measured.report);
    let gap = if is_first { "" } else { "\n" };
    let title = Output::new(false, false).bold(entry.name);
    output::print(format_args!("{gap}{title} ({})", entry.family()))?;
    line("in Rust", entry.usage)?;
    line("formula", entry.formula)?;
    line("derivative", entry.derivative)?;
    line("notes", entry.notes)?;
    let [first, second] = [report.first_error, report.second_error].map(relative);
    let (order, checked) = (report.order, with_commas(report.checked as u64));
    let differences = format!("largest relative errors against differences: first {first}, second {second}");
    line("gradient", &format!("order {order}, {checked} derivatives; {differences}"))?;
    for dtype in [DType::F64, DType::F32] {
        let text = match entry.reference_error(dtype) {
            Some(ReferenceError { value, gradient }) => {
                let [value, gradient] = [value, gradient].map(relative);
                format!("values {value}, gradients {gradient}, relative, against reference values")
            }
            None => "not compared with reference values".to_string(),
        };
        line(&format!("error {dtype}"), &text)?;
    }
    let Some(time) = &measured.time else { return line("time", "has no sample to be timed on") };
    let shapes: Vec<String> = time.shapes.iter().map(|shape| format!("{shape:?}")).collect();
    let [elements, threads, shapes] = [with_commas(time.elements as u64), threads(), shapes.join(" ")];
    line("forward", &format!("{} ns an element, of {elements} in f32; {threads}, inputs {shapes}", nanoseconds(time.forward)))?;
    line("backward", &format!("{} ns an element", nanoseconds(time.backward)))
}

/// How many threads calculate.
fn threads() -> String {
    match kudari::threads() {
        1 => "1 thread".to_string(),
        count => format!("{count} threads"),
    }
}

/// Prints a text under a name, broken between words.
fn line(name: &str, text: &str) -> Result<(), Failure> {
    const INDENT: usize = 14;
    let mut start = format!("  {name:<12}");
    let mut column = INDENT;
    for (number, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if number > 0 && column + 1 + width > COLUMNS {
            output::print(&start)?;
            (start, column) = (" ".repeat(INDENT), INDENT);
        } else if number > 0 {
            start.push(' ');
            column += 1;
        }
        start.push_str(word);
        column += width;
    }
    if text.is_empty() { Ok(()) } else { output::print(start) }
}

/// A function as a JSON object.
pub fn json(measured: &Measured) -> String {
    let (entry, report) = (measured.entry, &measured.report);
    let error = |dtype| entry.reference_error(dtype).map(|error| json!({"value": error.value, "gradient": error.gradient}));
    let time = measured.time.as_ref().map(|time| {
        json!({
            "forward_ns_per_element": time.forward,
            "backward_ns_per_element": time.backward,
            "elements": time.elements,
            "shapes": time.shapes,
        })
    });
    json_object(&[
        ("name", entry.name.into()),
        ("family", entry.family().into()),
        ("usage", entry.usage.into()),
        ("formula", entry.formula.into()),
        ("derivative", entry.derivative.into()),
        ("notes", entry.notes.into()),
        ("order", report.order.into()),
        ("derivatives_checked", report.checked.into()),
        ("gradient_error", json!({"first": report.first_error, "second": report.second_error})),
        ("reference_error", json!({"f64": error(DType::F64), "f32": error(DType::F32)})),
        ("time", Value::from(time)),
    ])
}
