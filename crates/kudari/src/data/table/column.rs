//! A column and what kind of values it holds.

use std::collections::HashMap;

use super::cell::{self, Decimal};
use super::tally::Tally;

/// What kind of values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Dates, as days since 1970-01-01.
    Date,
    /// One of some words.
    Category,
    /// Texts that are nearly all different, such as names: nothing to learn from.
    Text,
    /// No value at all.
    Empty,
}

impl Kind {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Date => "date",
            Kind::Category => "category",
            Kind::Text => "text",
            Kind::Empty => "empty",
        }
    }
}

/// One column of a table: its cells as they stand in the file, and what was understood.
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
    /// All cells one after the other, and where each ends.
    text: String,
    ends: Vec<usize>,
    kind: Kind,
    decimal: Decimal,
    unreadable: usize,
    counts_rows: bool,
}

impl Column {
    pub(super) fn new(name: String) -> Column {
        let (text, ends) = (String::new(), Vec::new());
        Column { name, text, ends, kind: Kind::Empty, decimal: Decimal::Point, unreadable: 0, counts_rows: false }
    }

    pub(super) fn push(&mut self, cell: &str) {
        self.text.push_str(cell.trim());
        self.ends.push(self.text.len());
    }

    /// The name in the header.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of values it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What stands in a row, without spaces around it; nothing beyond the last row.
    pub fn cell(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else { return "" };
        &self.text[if row == 0 { 0 } else { self.ends[row - 1] }..end]
    }

    /// What stands in a row, if it is a value.
    pub fn value(&self, row: usize) -> Option<&str> {
        Some(self.cell(row)).filter(|text| !cell::is_missing(text))
    }

    /// The number or date of a row; `None` where there is none.
    pub fn number(&self, row: usize) -> Option<f64> {
        self.number_as(row, self.kind == Kind::Date, self.decimal)
    }

    /// The same, written as the column was in which it was learnt what numbers or dates look like.
    pub(super) fn number_as(&self, row: usize, date: bool, decimal: Decimal) -> Option<f64> {
        let text = self.value(row)?;
        if date { cell::date(text) } else { cell::number(text, decimal) }
    }

    pub(super) fn decimal(&self) -> Decimal {
        self.decimal
    }

    /// Rows without a value.
    pub fn missing(&self) -> usize {
        (0..self.len()).filter(|&row| self.value(row).is_none()).count()
    }

    /// Rows whose value is not of the column's kind; they count as missing.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Whether its values number the rows: at least 20 whole numbers that rise from row to row.
    pub fn counts_rows(&self) -> bool {
        self.counts_rows
    }

    /// The different values and how often each occurs, in order: of their numbers if all are numbers, else of their letters.
    pub fn levels(&self, rows: impl IntoIterator<Item = usize>) -> Vec<(String, usize)> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        rows.into_iter().filter_map(|row| self.value(row)).for_each(|text| *counts.entry(text).or_default() += 1);
        self.in_order(counts.into_iter().map(|(text, count)| (text.to_string(), count)).collect())
    }

    /// Values in the order of their numbers if all are numbers, else of their letters.
    pub(super) fn in_order(&self, mut levels: Vec<(String, usize)>) -> Vec<(String, usize)> {
        let number = |text: &str| cell::number(text, self.decimal);
        if levels.iter().all(|(text, _)| number(text).is_some()) {
            levels
                .sort_by(|a, b| number(&a.0).partial_cmp(&number(&b.0)).unwrap_or(std::cmp::Ordering::Equal).then(a.0.cmp(&b.0)));
        } else {
            levels.sort();
        }
        levels
    }

    /// Finds out the kind from all cells. Commas in numbers are looked for where they do not separate columns.
    pub(super) fn understand(&mut self, commas: bool) {
        let mut tally = Tally::default();
        (0..self.len()).for_each(|row| tally.add(self.cell(row)));
        self.understood(&tally, commas);
    }

    /// Takes in what a tally of all cells says.
    pub(super) fn understood(&mut self, tally: &Tally, commas: bool) {
        (self.kind, self.decimal, self.unreadable) = tally.kind(commas);
        self.counts_rows = tally.counts_rows();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str], commas: bool) -> Column {
        let mut column = Column::new("c".into());
        cells.iter().for_each(|cell| column.push(cell));
        column.understand(commas);
        column
    }

    #[test]
    fn kinds_follow_from_the_cells() {
        assert_eq!(column(&["1", " 2.5 ", "", "NA"], false).kind(), Kind::Number);
        assert_eq!(column(&["2024-01-01", "2024-02-01"], false).kind(), Kind::Date);
        assert_eq!(column(&["a", "b", "1"], false).kind(), Kind::Category);
        assert_eq!(column(&["", "?"], false).kind(), Kind::Empty);
        let names: Vec<String> = (0..50).map(|i| format!("name {i}")).collect();
        assert_eq!(column(&names.iter().map(String::as_str).collect::<Vec<_>>(), false).kind(), Kind::Text);
        let commas = column(&["1,5", "2,25", "3"], true);
        assert_eq!((commas.kind(), commas.number(1)), (Kind::Number, Some(2.25)));
        assert_eq!(column(&["1,5", "2,25"], false).kind(), Kind::Category);
    }

    #[test]
    fn a_few_values_that_are_no_numbers_count_as_missing() {
        let mut cells = vec!["7"; 39];
        cells.push("seven");
        let column = column(&cells, false);
        assert_eq!((column.kind(), column.unreadable(), column.number(39), column.missing()), (Kind::Number, 1, None, 0));
        assert_eq!((column.cell(39), column.cell(40), column.number(usize::MAX)), ("seven", "", None));
    }

    #[test]
    fn levels_are_in_the_order_of_numbers_or_letters() {
        let names = |column: Column| column.levels(0..column.len()).into_iter().map(|l| l.0).collect::<Vec<_>>();
        assert_eq!(names(column(&["10", "9", "", "10"], false)), ["9", "10"]);
        assert_eq!(names(column(&["10", "9", "b"], false)), ["10", "9", "b"]);
    }
}
