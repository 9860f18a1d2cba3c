//! What goes to the screen: lines for people, JSON for programs, errors.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr, stdout};

use indicatif::ProgressBar;
pub use kudari::model::with_commas;
use kudari::train::NumberScores;
use kudari::{Error, ErrorKind};
use serde_json::Value;

use crate::failure::Failure;

/// Where the lines for people go.
pub struct Output {
    to: Target,
}

#[derive(PartialEq)]
enum Target {
    Stdout,
    Stderr,
    Nowhere,
}

impl Output {
    /// Standard output, or standard error if JSON goes there, or nowhere.
    pub fn new(json: bool, quiet: bool) -> Output {
        let to = match (quiet, json) {
            (true, _) => Target::Nowhere,
            (_, true) => Target::Stderr,
            _ => Target::Stdout,
        };
        Output { to }
    }

    /// Whether nothing is to be said.
    pub fn is_quiet(&self) -> bool {
        self.to == Target::Nowhere
    }

    /// Prints a line. That it can no longer be read must not end a training, so failures are passed over.
    pub fn line(&self, text: impl Display) {
        let _ = match self.to {
            Target::Stdout => writeln!(stdout(), "{text}"),
            Target::Stderr => writeln!(stderr(), "{text}"),
            Target::Nowhere => Ok(()),
        };
    }

    /// Text in bold where it goes to a terminal.
    pub fn bold(&self, text: &str) -> String {
        let colours = match self.to {
            Target::Stdout => colours(&stdout()),
            Target::Stderr => colours(&stderr()),
            Target::Nowhere => false,
        };
        if colours { format!("\x1b[1m{text}\x1b[0m") } else { text.to_string() }
    }

    /// A progress bar on standard error of `length` steps, if that is a terminal and something may be said.
    pub fn bar(&self, length: u64) -> Option<ProgressBar> {
        (!self.is_quiet() && stderr().is_terminal()).then(|| ProgressBar::new(length))
    }
}

/// Whether this stream shows colours: a terminal, and <https://no-color.org> is not asked for.
fn colours(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    stream.is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Whether standard output shows colours.
pub fn stdout_has_colours() -> bool {
    colours(&stdout())
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    stdout().is_terminal()
}

/// How many columns the terminal has.
pub fn terminal_columns() -> usize {
    console::Term::stdout().size_checked().map_or(110, |(_, columns)| columns.into())
}

/// Prints text on standard output and a line's end.
pub fn print(text: impl Display) -> Result<(), Failure> {
    writeln!(stdout(), "{text}").map_err(|error| write_failure(&error))
}

/// Prints a table of equally long rows on standard output, its columns in line, two spaces apart.
pub fn table(rows: &[Vec<String>]) -> Result<(), Failure> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        print(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// What it means that standard output cannot be written.
pub fn write_failure(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Work(Error::new(ErrorKind::Io, format!("standard output: {error}"))),
    }
}

/// Prints a line on standard error that even `--quiet` leaves.
pub fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// A name of a class as it can be seen, also where it is a space or the end of a line.
pub fn visible(name: &str) -> String {
    let is_blank = name.chars().all(char::is_whitespace);
    let seen = |c: char| match c {
        ' ' if is_blank => "␣".to_string(),
        c if c.is_control() || (is_blank && c != ' ') => c.escape_default().to_string(),
        c => c.to_string(),
    };
    name.chars().map(seen).collect()
}

/// Prints an error on standard error.
pub fn print_error(error: &Error) {
    let [start, end] = if colours(&stderr()) { ["\x1b[1;31m", "\x1b[0m"] } else { ["", ""] };
    // There is no place left to complain to.
    let _ = writeln!(stderr(), "{start}error:{end} {error}");
}

/// A JSON object on one line, its fields in the order given.
pub fn json_object(fields: &[(&str, Value)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{}: {value}", Value::from(*name))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// A setting with all its digits, but no row of zeros.
pub fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// A number in four digits with a real minus sign, for pictures.
pub fn rounded(value: f64) -> String {
    number(format!("{value:.3e}").parse().unwrap_or(value)).replace('-', "−")
}

/// A step: powers of ten as such, others with all digits.
pub fn step(value: f64) -> String {
    let power = format!("{value:e}");
    if power.starts_with("1e") { power } else { number(value) }
}

/// A loss in few digits.
pub fn loss(value: f64) -> String {
    let ordinary = value == 0.0 || !value.is_finite() || (1e-3..1e6).contains(&value.abs());
    if ordinary { format!("{value:.4}") } else { format!("{value:.2e}") }
}

/// R² and the errors of predicted numbers.
pub fn scores_in_words(scores: &NumberScores) -> String {
    let NumberScores { r_squared, root_mean_squared_error: rmse, mean_absolute_error: mae } = scores;
    format!("R² {}, RMSE {}, MAE {}", share(*r_squared), loss(*rmse), loss(*mae))
}

/// The same as fields of a JSON object.
pub fn score_fields(scores: &NumberScores) -> [(&'static str, Value); 3] {
    [
        ("r_squared", scores.r_squared.into()),
        ("root_mean_squared_error", scores.root_mean_squared_error.into()),
        ("mean_absolute_error", scores.mean_absolute_error.into()),
    ]
}

/// A share from 0 to 1; `-` where there is none.
pub fn share(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |v| format!("{v:.4}"))
}

/// A duration that people grasp.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 && s == s.trunc() => format!("{s} s"),
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {} s", s as u64 / 60, s as u64 % 60),
        s => format!("{} h {} min", s as u64 / 3600, s as u64 % 3600 / 60),
    }
}
