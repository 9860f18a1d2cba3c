//! Small users of [`observe`](super::observe()): printing, timing, statistics.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::time::Duration;

use super::observe::{Observe, Step};
use super::recorder::Pass;
use super::variable::Variable;
use crate::array::Array;

impl fmt::Display for Step<'_> {
    /// `0.linear(50) linear [100, 784] [784, 50] [50] → [100, 50] 81 µs`, with `backward of` before a backward rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.layer();
        if !layer.is_empty() {
            write!(f, "{layer} ")?;
        }
        if self.pass == Pass::Backward {
            write!(f, "backward of ")?;
        }
        write!(f, "{}", self.name())?;
        self.given().try_for_each(|v| write!(f, " {:?}", v.shape()))?;
        write!(f, " →")?;
        self.results().try_for_each(|v| write!(f, " {:?}", v.shape()))?;
        write!(f, " {:?}", self.time)
    }
}

/// Writes a line for every step. What cannot be written is left out: looking on never stops a calculation.
///
/// ```
/// # use kudari::{Array, Variable, autograd::{Printing, observe}};
/// let x = Variable::parameter(Array::from([1.0, 4.0]));
/// let (_, printing) = observe(Printing::new(Vec::new()), || x.sqrt().sum());
/// assert!(String::from_utf8_lossy(&printing.into_inner()).starts_with("sqrt [2] → [2] "));
/// ```
pub struct Printing<W> {
    to: W,
}

impl<W: Write> Printing<W> {
    /// Lines for this writer.
    pub fn new(to: W) -> Printing<W> {
        Printing { to }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.to
    }
}

impl<W: Write + 'static> Observe for Printing<W> {
    fn see(&mut self, step: &Step<'_>) {
        let _ = writeln!(self.to, "{step}");
    }
}

/// What tells steps apart in a table: layer, function, forward or backward.
type Key = (u32, &'static str, Pass);

/// Rows in the order of their first step.
#[derive(Debug)]
struct Table<R> {
    places: HashMap<Key, usize>,
    rows: Vec<R>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Table { places: HashMap::new(), rows: Vec::new() }
    }
}

impl<R> Table<R> {
    fn row(&mut self, step: &Step<'_>, new: impl FnOnce() -> R) -> Option<&mut R> {
        let place = *self.places.entry((step.layer, step.name(), step.pass)).or_insert(self.rows.len());
        if place == self.rows.len() {
            self.rows.push(new());
        }
        self.rows.get_mut(place)
    }
}

/// Adds up the time of every function, by layer and direction. What one function applies inside its own is counted twice;
/// a [profile](crate::profile()) separates them.
#[derive(Debug, Default)]
pub struct Timing {
    table: Table<TimingRow>,
}

/// The steps of one function in one layer and direction, and their time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimingRow {
    /// The path of the layer; empty outside of layers.
    pub layer: String,
    /// The name of the function.
    pub function: &'static str,
    /// Forward or backward.
    pub pass: Pass,
    /// How often it ran.
    pub calls: u64,
    /// How long in all.
    pub time: Duration,
}

impl Timing {
    /// The rows, in the order in which they first ran.
    pub fn rows(&self) -> &[TimingRow] {
        &self.table.rows
    }
}

impl Observe for Timing {
    fn see(&mut self, step: &Step<'_>) {
        let new = || TimingRow { layer: step.layer(), function: step.name(), pass: step.pass, calls: 0, time: Duration::ZERO };
        if let Some(row) = self.table.row(step, new) {
            row.calls += 1;
            row.time += step.time;
        }
    }
}

/// Counts and averages of the numbers that every function gives, forward, and of the gradients, backward.
#[derive(Debug, Default)]
pub struct Statistics {
    table: Table<StatisticsRow>,
}

/// The results of one function in one layer and direction: those of all its steps together.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsRow {
    /// The path of the layer; empty outside of layers.
    pub layer: String,
    /// The name of the function.
    pub function: &'static str,
    /// Forward: its results. Backward: the gradients by its inputs.
    pub pass: Pass,
    /// How many finite numbers there were.
    pub count: u64,
    /// The smallest of them.
    pub min: f64,
    /// The largest of them.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
    /// How many of them are zero: units that do not fire, gradients that do not pass.
    pub zeros: u64,
    /// How many numbers were NaN or infinite.
    pub non_finite: u64,
    /// Sum of the squared deviations from the mean.
    deviations: f64,
}

impl StatisticsRow {
    /// The standard deviation, √(Σ(x − mean)²/n); 0 for no numbers.
    pub fn standard_deviation(&self) -> f64 {
        (self.deviations / self.count.max(1) as f64).sqrt()
    }

    /// Takes a number in: B. P. Welford, Note on a method for calculating corrected sums of squares and products,
    /// Technometrics 4 (1962), 419–420, which loses no digits when the mean is large.
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.non_finite += 1;
            return;
        }
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.deviations += before * (value - self.mean);
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
        self.zeros += u64::from(value == 0.0);
    }
}

impl Statistics {
    /// The rows, in the order in which they first ran.
    pub fn rows(&self) -> &[StatisticsRow] {
        &self.table.rows
    }
}

impl Observe for Statistics {
    fn see(&mut self, step: &Step<'_>) {
        let new = || StatisticsRow {
            layer: step.layer(),
            function: step.name(),
            pass: step.pass,
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            zeros: 0,
            non_finite: 0,
            deviations: 0.0,
        };
        if let Some(row) = self.table.row(step, new) {
            step.results().map(Variable::array).flat_map(Array::to_f64_vec).for_each(|value| row.add(value));
        }
    }
}
