//! Finding out a column's kind from its cells as they pass by, in memory that does not grow with them.

use std::collections::HashMap;

use super::cell::{self, Decimal};
use super::column::Kind;

/// Of the values of a column of numbers or dates so many must be such; the others count as missing.
const SHARE: f64 = 0.95;
/// A column of texts has at most so many categories, …
pub(super) const CATEGORIES: usize = 1000;
/// … or this many rows for each of them; else it names its rows.
const ROWS_PER_CATEGORY: usize = 2;

/// What was seen of a column.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// Cells with a value.
    values: usize,
    /// Values that are numbers, written with a point or a comma, and dates.
    points: usize,
    commas: usize,
    dates: usize,
    /// Whether all values so far are whole numbers that rise, and the last of them.
    rising: bool,
    last: f64,
    /// How often each value occurs; none once there are too many for categories.
    levels: Option<HashMap<String, usize>>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { values: 0, points: 0, commas: 0, dates: 0, rising: true, last: f64::NEG_INFINITY, levels: Some(HashMap::new()) }
    }
}

impl Tally {
    /// Takes in a cell without spaces around it.
    pub(super) fn add(&mut self, text: &str) {
        if cell::is_missing(text) {
            return;
        }
        self.values += 1;
        let number = cell::number(text, Decimal::Point);
        self.rising &= number.is_some_and(|number| number.fract() == 0.0 && number > self.last);
        self.last = number.unwrap_or(self.last);
        if number.is_some() {
            self.points += 1;
            self.commas += usize::from(!text.contains('.'));
        } else if cell::number(text, Decimal::Comma).is_some() {
            self.commas += 1;
        } else if cell::date(text).is_some() {
            self.dates += 1;
        }
        let Some(levels) = &mut self.levels else { return };
        if let Some(count) = levels.get_mut(text) {
            *count += 1;
        } else if levels.len() < CATEGORIES {
            levels.insert(text.to_string(), 1);
        } else {
            self.levels = None;
        }
    }

    /// Kind, way of writing numbers, and how many values are not of the kind. Commas in numbers are looked for where they do not
    /// separate columns.
    pub(super) fn kind(&self, commas: bool) -> (Kind, Decimal, usize) {
        let enough = |count: usize| count as f64 >= SHARE * self.values as f64;
        let (decimal, numbers) = match commas && !enough(self.points) {
            true => (Decimal::Comma, self.commas),
            false => (Decimal::Point, self.points),
        };
        let different = self.levels.as_ref().map_or(usize::MAX, HashMap::len);
        let many = different > CATEGORIES || (different > 20 && different * ROWS_PER_CATEGORY > self.values);
        let (kind, unreadable) = match () {
            () if self.values == 0 => (Kind::Empty, 0),
            () if enough(numbers) => (Kind::Number, self.values - numbers),
            () if enough(self.dates) => (Kind::Date, self.values - self.dates),
            () => (if many { Kind::Text } else { Kind::Category }, 0),
        };
        (kind, decimal, unreadable)
    }

    /// Whether the values number the rows: many whole numbers that rise from row to row.
    pub(super) fn counts_rows(&self) -> bool {
        const MANY: usize = 20;
        self.rising && self.values >= MANY
    }

    /// How many values are of the column's kind.
    pub(super) fn readable(&self, commas: bool) -> usize {
        self.values - self.kind(commas).2
    }
}
