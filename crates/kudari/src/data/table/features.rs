//! Columns as inputs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::cell::{self, Decimal};
use super::column::{Column, Kind};
use super::median;

/// How a column writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writing {
    pub(super) date: bool,
    pub(super) comma: bool,
}

impl Writing {
    pub(super) fn of(column: &Column) -> Writing {
        Writing { date: column.kind() == Kind::Date, comma: column.decimal() == Decimal::Comma }
    }

    /// The number or date of a cell; `None` where there is none.
    pub(super) fn read(self, text: &str) -> Option<f64> {
        match self.date {
            _ if cell::is_missing(text) => None,
            true => cell::date(text),
            false => cell::number(text, if self.comma { Decimal::Comma } else { Decimal::Point }),
        }
    }
}

/// Count, mean and sum of squared distances from it, of numbers in the order in which they come.
///
/// B. P. Welford: Note on a Method for Calculating Corrected Sums of Squares and Products, Technometrics 4 (1962).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub(super) count: usize,
    pub(super) mean: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn add(&mut self, number: f64) {
        self.count += 1;
        let from_mean = number - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (number - self.mean);
    }

    /// With `count` times the same number besides: mean and deviation of all.
    fn filled(self, fill: f64, count: usize) -> (f64, f64) {
        let all = (self.count + count).max(1) as f64;
        let (apart, share) = (fill - self.mean, count as f64 / all);
        let mean = self.mean + apart * share;
        let deviation = ((self.squares + apart * apart * self.count as f64 * share) / all).sqrt();
        // Numbers that differ by rounding errors alone say nothing.
        (mean, if deviation <= 1e-12 * mean.abs() { 0.0 } else { deviation })
    }

    /// Mean and deviation.
    pub(super) fn mean_and_deviation(self) -> (f64, f64) {
        self.filled(0.0, 0)
    }
}

/// A column of numbers or dates as inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    column: String,
    pub(super) date: bool,
    comma: bool,
    /// Stands for a missing number: the median.
    fill: f64,
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// Whether numbers were missing: then another input says where. It is the only one where all others are equal.
    pub(super) gaps: bool,
}

impl Numbers {
    fn learn(column: &Column, rows: &[usize]) -> Numbers {
        let mut known: Vec<f64> = rows.iter().filter_map(|&row| column.number(row)).collect();
        let mut moments = Moments::default();
        known.iter().for_each(|&number| moments.add(number));
        known.sort_by(f64::total_cmp);
        Numbers::of(column, moments, median::of_sorted(&known), rows.len())
    }

    /// Of a column in which `rows` rows were learnt from.
    pub(super) fn of(column: &Column, known: Moments, fill: f64, rows: usize) -> Numbers {
        let missing = rows - known.count;
        let (mean, deviation) = known.filled(fill, missing);
        let Writing { date, comma } = Writing::of(column);
        Numbers { column: column.name().to_string(), date, comma, fill, mean, deviation, gaps: missing > 0 }
    }

    fn write(&self, known: Option<f64>, out: &mut [f32]) {
        if self.gaps
            && let Some(out) = out.last_mut()
        {
            *out = if known.is_none() { 1.0 } else { 0.0 };
        }
        if self.deviation > 0.0 {
            out[0] = self.becomes(known.unwrap_or(self.fill));
        }
    }

    /// What a number becomes.
    pub(super) fn becomes(&self, number: f64) -> f32 {
        if self.deviation > 0.0 { ((number - self.mean) / self.deviation) as f32 } else { 0.0 }
    }
}

/// A column of categories as inputs: one for each, 1 where it is the row's. Categories that were not there to be learnt from, and
/// missing ones, are 0 everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Categories {
    column: String,
    pub(super) levels: Vec<String>,
}

impl Categories {
    /// Of values with how often each occurs in `rows` rows.
    pub(super) fn of(column: &Column, found: Vec<(String, usize)>, rows: usize) -> Categories {
        // One category for all rows says nothing, unless it is missing in some.
        let says_something = found.len() > 1 || found.iter().any(|level| level.1 < rows);
        let levels = if says_something { found.into_iter().map(|level| level.0).collect() } else { Vec::new() };
        Categories { column: column.name().to_string(), levels }
    }
}

/// How a column becomes inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Feature {
    Numbers(Numbers),
    Categories(Categories),
}

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Number(Option<f64>),
    /// The place of a category among those that were learnt.
    Level(Option<usize>),
}

impl Feature {
    /// Learns from rows; `None` of a column that nothing can be learnt from.
    pub(super) fn learn(column: &Column, rows: &[usize]) -> Option<Feature> {
        match column.kind() {
            Kind::Number | Kind::Date => Some(Feature::Numbers(Numbers::learn(column, rows))),
            Kind::Category => Some(Feature::Categories(Categories::of(column, column.levels(rows.iter().copied()), rows.len()))),
            Kind::Text | Kind::Empty => None,
        }
    }

    pub(super) fn column(&self) -> &str {
        match self {
            Feature::Numbers(numbers) => &numbers.column,
            Feature::Categories(categories) => &categories.column,
        }
    }

    pub(super) fn width(&self) -> usize {
        match self {
            Feature::Numbers(numbers) => usize::from(numbers.deviation > 0.0) + usize::from(numbers.gaps),
            Feature::Categories(categories) => categories.levels.len(),
        }
    }

    /// Writes what a value becomes, as many inputs as the feature is wide.
    pub(super) fn write(&self, value: Value, out: &mut [f32]) {
        match (self, value) {
            (Feature::Numbers(numbers), Value::Number(number)) => numbers.write(number, out),
            (_, Value::Level(level)) => {
                out.fill(0.0);
                level.and_then(|level| out.get_mut(level)).into_iter().for_each(|out| *out = 1.0);
            }
            _ => out.fill(0.0),
        }
    }
}

/// Reads cells as a feature takes them.
pub(super) enum Reader<'a> {
    Numbers(Writing),
    Levels(HashMap<&'a str, usize>),
}

impl<'a> Reader<'a> {
    pub(super) fn of(feature: &'a Feature) -> Reader<'a> {
        match feature {
            Feature::Numbers(numbers) => Reader::Numbers(Writing { date: numbers.date, comma: numbers.comma }),
            Feature::Categories(categories) => Reader::Levels(places(&categories.levels)),
        }
    }

    /// What a cell without spaces around it says.
    pub(super) fn read(&self, text: &str) -> Value {
        match self {
            Reader::Numbers(writing) => Value::Number(writing.read(text)),
            Reader::Levels(places) => Value::Level(places.get(text).copied()),
        }
    }
}

/// The place of each name.
pub(super) fn places(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(place, name)| (&name[..], place)).collect()
}
