//! How rows of a table become inputs and targets.

use serde::{Deserialize, Serialize};

use super::cell::Decimal;
use super::column::{Column, Kind};
use super::read::Table;
use crate::array::Array;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};

/// Numbers that are whole and of at most so many values name classes, …
const CLASSES: usize = 20;
/// … if there are at least so many rows for each.
const ROWS_PER_CLASS: usize = 5;

/// What is predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// One of some classes.
    Classes {
        /// The column.
        column: String,
        /// The classes, in the order of their numbers.
        names: Vec<String>,
    },
    /// A number, which is learnt as (number − mean) / deviation.
    Number {
        /// The column.
        column: String,
        /// Its mean over the rows that were learnt from.
        mean: f64,
        /// Its standard deviation there.
        deviation: f64,
        /// Whether a comma stands before its decimals.
        comma: bool,
    },
}

impl Target {
    fn learn(column: &Column, rows: &[usize]) -> Result<Target> {
        let unfit = |why: &str| {
            Err(Error::new(ErrorKind::Value, format!("the target column `{}` {why}", column.name()))
                .help("name another one with --target"))
        };
        match column.kind() {
            Kind::Empty => return unfit("holds no value"),
            Kind::Text => return unfit("holds texts that are nearly all different"),
            Kind::Date => return unfit("holds dates"),
            Kind::Number | Kind::Category => {}
        }
        let name = column.name().to_string();
        if names_classes(column, rows) {
            let names: Vec<String> = column.levels(rows.iter().copied()).into_iter().map(|level| level.0).collect();
            return if names.len() < 2 { unfit("holds one value only") } else { Ok(Target::Classes { column: name, names }) };
        }
        let numbers = Numbers::learn(column, rows);
        if numbers.deviation == 0.0 {
            return unfit("holds one value only");
        }
        let Numbers { mean, deviation, comma, .. } = numbers;
        Ok(Target::Number { column: name, mean, deviation, comma })
    }

    /// The column's name.
    pub fn column(&self) -> &str {
        match self {
            Target::Classes { column, .. } | Target::Number { column, .. } => column,
        }
    }

    /// The names of the classes; empty if numbers are predicted.
    pub fn classes(&self) -> &[String] {
        match self {
            Target::Classes { names, .. } => names,
            Target::Number { .. } => &[],
        }
    }

    /// What 1 stands for in what a network gives: the deviation of the numbers, 1 for classes.
    pub fn unit(&self) -> f64 {
        match self {
            Target::Classes { .. } => 1.0,
            Target::Number { deviation, .. } => *deviation,
        }
    }

    /// The number that an output of the network stands for.
    pub fn number_of(&self, output: f64) -> f64 {
        match self {
            Target::Classes { .. } => output,
            Target::Number { mean, deviation, .. } => output * deviation + mean,
        }
    }

    /// Whether a row says what is to be predicted.
    fn is_known(&self, column: &Column, row: usize) -> bool {
        match self {
            Target::Classes { .. } => column.value(row).is_some(),
            Target::Number { comma, .. } => column.number_as(row, false, decimal(*comma)).is_some(),
        }
    }

    /// What a network is to give for rows that say it: class numbers, or a column of numbers. A class that was not learnt is an error:
    /// left out, it would make a model look better than it is.
    fn values(&self, column: &Column, rows: &[usize]) -> Result<Array> {
        match self {
            Target::Classes { names, .. } => {
                let number = |&row: &usize| {
                    let place = names.iter().position(|name| name == column.cell(row));
                    place.map(|place| place as i64).ok_or_else(|| {
                        let what = format!("row {row}: the class `{}` of `{}` was not learnt", column.cell(row), column.name());
                        let known: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                        Error::new(ErrorKind::Value, what).help(format!("the classes are {}", known.join(", ")))
                    })
                };
                Array::from_vec(rows.iter().map(number).collect::<Result<_>>()?, &[rows.len()])
            }
            Target::Number { mean, deviation, comma, .. } => {
                let number = |&row: &usize| column.number_as(row, false, decimal(*comma)).unwrap_or(*mean);
                let values = rows.iter().map(|row| ((number(row) - mean) / deviation) as f32).collect();
                Array::from_vec(values, &[rows.len(), 1])
            }
        }
    }
}

/// Whether a column's values are the names of classes rather than amounts.
pub(super) fn names_classes(column: &Column, rows: &[usize]) -> bool {
    if column.kind() != Kind::Number {
        return true;
    }
    let is_whole = |row: &usize| column.number(*row).is_none_or(|x| x.fract() == 0.0);
    if !rows.iter().all(is_whole) {
        return false;
    }
    let levels = column.levels(rows.iter().copied());
    levels.len() <= CLASSES && levels.iter().map(|level| level.1).sum::<usize>() >= ROWS_PER_CLASS * levels.len()
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
        known.sort_by(f64::total_cmp);
        let fill = match known.len() {
            0 => 0.0,
            n => (known[(n - 1) / 2] + known[n / 2]) / 2.0,
        };
        let gaps = known.len() < rows.len();
        let count = rows.len().max(1) as f64;
        let filled = (rows.len() - known.len()) as f64;
        let mean = (known.iter().sum::<f64>() + filled * fill) / count;
        let squares = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() + filled * (fill - mean).powi(2);
        let deviation = (squares / count).sqrt();
        // Numbers that differ by rounding errors alone say nothing.
        let deviation = if deviation <= 1e-12 * mean.abs() { 0.0 } else { deviation };
        Numbers {
            column: column.name().to_string(),
            date: column.kind() == Kind::Date,
            comma: column.decimal() == Decimal::Comma,
            fill,
            mean,
            deviation,
            gaps,
        }
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
    fn learn(column: &Column, rows: &[usize]) -> Categories {
        let found = column.levels(rows.iter().copied());
        // One category for all rows says nothing, unless it is missing in some.
        let says_something = found.len() > 1 || found.iter().any(|level| level.1 < rows.len());
        let levels = if says_something { found.into_iter().map(|level| level.0).collect() } else { Vec::new() };
        Categories { column: column.name().to_string(), levels }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Feature {
    Numbers(Numbers),
    Categories(Categories),
}

impl Feature {
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

    /// Writes a row's inputs.
    fn encode(&self, column: &Column, row: usize, out: &mut [f32]) {
        match self {
            Feature::Numbers(numbers) => {
                let known = column.number_as(row, numbers.date, decimal(numbers.comma));
                if numbers.gaps
                    && let Some(out) = out.last_mut()
                {
                    *out = if known.is_none() { 1.0 } else { 0.0 };
                }
                if numbers.deviation > 0.0 {
                    out[0] = ((known.unwrap_or(numbers.fill) - numbers.mean) / numbers.deviation) as f32;
                }
            }
            Feature::Categories(categories) => {
                let own = column.value(row).and_then(|text| categories.levels.iter().position(|level| level == text));
                out.iter_mut().enumerate().for_each(|(i, out)| *out = if own == Some(i) { 1.0 } else { 0.0 });
            }
        }
    }
}

/// What was learnt from the rows to learn from about how rows become inputs and targets: numbers less their mean by their deviation,
/// gaps filled by the median and told to the network, an input for every category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    pub(super) features: Vec<Feature>,
    target: Target,
    /// Columns that are left out since they say nothing: texts, a single value, none.
    left_out: Vec<String>,
}

impl Preparation {
    /// Learns from `rows` of a table how to predict the column `target` from the columns `features`.
    ///
    /// # Errors
    ///
    /// A column or row that does not exist, a target that cannot be one, or no column to predict from.
    pub fn learn(table: &Table, rows: &[usize], target: &str, features: &[String]) -> Result<Preparation> {
        check_rows(table, rows)?;
        let of_target = table.column(target)?;
        let known: Vec<usize> = rows.iter().copied().filter(|&row| of_target.value(row).is_some()).collect();
        let target = Target::learn(of_target, &known).map_err(|e| e.context(table.name()))?;
        let (mut kept, mut left_out) = (Vec::new(), Vec::new());
        for name in features {
            let column = table.column(name)?;
            let feature = match column.kind() {
                Kind::Number | Kind::Date => Some(Feature::Numbers(Numbers::learn(column, &known))),
                Kind::Category => Some(Feature::Categories(Categories::learn(column, &known))),
                Kind::Text | Kind::Empty => None,
            };
            match feature.filter(|feature| feature.width() > 0) {
                Some(feature) => kept.push(feature),
                None => left_out.push(name.clone()),
            }
        }
        if kept.is_empty() {
            return Err(Error::new(
                ErrorKind::Value,
                format!("{}: no column to predict `{}` from", table.name(), target.column()),
            )
            .help("columns of numbers, dates or categories with more than one value are needed"));
        }
        Ok(Preparation { features: kept, target, left_out })
    }

    /// What is predicted.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Columns that say nothing and are left out.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The columns that are read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(Feature::column)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The inputs of rows, `[rows, inputs]`.
    ///
    /// # Errors
    ///
    /// A column or row that is missing in the table.
    pub fn inputs_of(&self, table: &Table, rows: &[usize]) -> Result<Array> {
        check_rows(table, rows)?;
        let width = self.inputs();
        let mut values = vec![0.0f32; rows.len() * width];
        let mut from = 0;
        for feature in &self.features {
            let column = table.column(feature.column())?;
            let end = from + feature.width();
            for (out, &row) in values.chunks_exact_mut(width).zip(rows) {
                feature.encode(column, row, &mut out[from..end]);
            }
            from = end;
        }
        Array::from_vec(values, &[rows.len(), width])
    }

    /// The rows among these that say what is to be predicted.
    ///
    /// # Errors
    ///
    /// There is no column of the target's name.
    pub fn known(&self, table: &Table, rows: impl IntoIterator<Item = usize>) -> Result<Vec<usize>> {
        let column = table.column(self.target.column())?;
        Ok(rows.into_iter().filter(|&row| self.target.is_known(column, row)).collect())
    }

    /// Rows with their targets as a data set; rows without a target are left out.
    ///
    /// # Errors
    ///
    /// A column or row that is missing, a class that was not learnt, or numbers too large for f32.
    pub fn dataset(&self, table: &Table, rows: &[usize]) -> Result<Dataset> {
        check_rows(table, rows)?;
        let known = self.known(table, rows.iter().copied())?;
        let column = table.column(self.target.column())?;
        let targets = self.target.values(column, &known).map_err(|e| e.context(table.name()))?;
        Dataset::from_arrays(table.name(), self.inputs_of(table, &known)?, targets, self.target.classes().to_vec())
    }
}

/// A row beyond the last would count as one without values.
fn check_rows(table: &Table, rows: &[usize]) -> Result<()> {
    match rows.iter().find(|&&row| row >= table.rows()) {
        Some(row) => Err(Error::new(ErrorKind::Shape, format!("{}: row {row} of {}", table.name(), table.rows()))
            .help("rows are counted from 0, without the header")),
        None => Ok(()),
    }
}

fn decimal(comma: bool) -> Decimal {
    if comma { Decimal::Comma } else { Decimal::Point }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id,age,city,when,same,price\n\
        a1,20,Rome,2024-01-01,7,1.5\na2,,Oslo,2024-01-03,7,2.5\na3,40,Rome,2024-01-02,7,\na4,60,,2024-01-05,7,4.5\n";

    fn table() -> Table {
        Table::from_bytes("t", TEXT.as_bytes()).unwrap()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| name.to_string()).collect()
    }

    /// The row without a price is not learnt from: ages 20, missing and 60 (median 40), days 0, 2 and 4 from the first.
    #[test]
    fn rows_become_numbers() {
        let all = names(&["age", "city", "when", "same"]);
        let preparation = Preparation::learn(&table(), &[0, 1, 2, 3], "price", &all).unwrap();
        assert_eq!((preparation.inputs(), preparation.left_out()), (5, &names(&["same"])[..]));
        let x = preparation.inputs_of(&table(), &[0, 1, 3]).unwrap().to_f64_vec();
        let scale = (1.5f64).sqrt(); // 20 less the mean 40, by the deviation √(800/3)
        let day = |d: f64| (d - 2.0) / (8.0f64 / 3.0).sqrt();
        let expected = [-scale, 0.0, 0.0, 1.0, day(0.0), 0.0, 1.0, 1.0, 0.0, day(2.0), scale, 0.0, 0.0, 0.0, day(4.0)];
        x.iter().zip(expected).for_each(|(x, e)| assert!((x - e).abs() < 1e-6, "{x} ≠ {e}"));
        let data = preparation.dataset(&table(), &[3, 2, 1]).unwrap();
        assert_eq!((data.len(), data.targets().shape()), (2, &[2, 1][..]));
        let Target::Number { mean, deviation, .. } = preparation.target() else { panic!() };
        assert!((mean - 8.5 / 3.0).abs() < 1e-12);
        assert!((data.targets().to_f64_vec()[0] - (4.5 - mean) / deviation).abs() < 1e-6);
        let text = serde_json::to_string(&preparation).unwrap();
        assert_eq!(serde_json::from_str::<Preparation>(&text).unwrap(), preparation);
    }

    #[test]
    fn new_rows_may_lack_the_target_and_hold_new_words() {
        let preparation = Preparation::learn(&table(), &[0, 1, 2, 3], "price", &names(&["age", "city"])).unwrap();
        let new = Table::from_bytes("new", b"city,age\nParis,x\nOslo,30\n").unwrap();
        let x = preparation.inputs_of(&new, &[0, 1]).unwrap().to_f64_vec();
        assert_eq!((x[0], x[1], &x[2..4], x[5], &x[6..]), (0.0, 1.0, &[0.0, 0.0][..], 0.0, &[1.0, 0.0][..]));
        let error = preparation.inputs_of(&Table::from_bytes("new", b"age,n\n1,2\n").unwrap(), &[0]).unwrap_err();
        assert_eq!(error.what(), "new: there is no column `city`");
    }

    #[test]
    fn where_values_are_missing_is_told_even_of_equal_ones() {
        let table = Table::from_bytes("t", b"a,b,c,y\n7,x,x,1.5\n,,x,2.5\n7,x,x,3.5\n").unwrap();
        let preparation = Preparation::learn(&table, &[0, 1, 2], "y", &names(&["a", "b", "c"])).unwrap();
        assert_eq!(preparation.left_out(), names(&["c"]));
        assert_eq!(preparation.inputs_of(&table, &[0, 1]).unwrap().to_f64_vec(), [0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_class_that_was_not_learnt_is_told() {
        let learnt = Preparation::learn(&table(), &[0, 1, 2], "city", &names(&["age"])).unwrap();
        let other = Table::from_bytes("other", b"age,city\n1,Rome\n2,Paris\n").unwrap();
        let error = learnt.dataset(&other, &[0, 1]).err().unwrap();
        assert_eq!(error.what(), "other: row 1: the class `Paris` of `city` was not learnt");
        assert_eq!((error.what_to_do(), learnt.dataset(&other, &[0]).unwrap().len()), ("the classes are Oslo, Rome", 1));
    }

    #[test]
    fn whole_numbers_of_few_values_are_classes() {
        let text: String = (0..30).map(|i| format!("{},{},{}\n", i % 3, i, i as f64 / 2.0)).collect();
        let table = Table::from_bytes("t", format!("class,count,half\n{text}").as_bytes()).unwrap();
        let rows: Vec<usize> = (0..30).collect();
        let of = |target: &str| Preparation::learn(&table, &rows, target, &names(&["half"])).unwrap().target().classes().to_vec();
        assert_eq!((of("class"), of("count"), of("half")), (names(&["0", "1", "2"]), vec![], vec![]));
    }

    #[test]
    fn targets_that_cannot_be_one() {
        let what =
            |target: &str| Preparation::learn(&table(), &[0, 1, 2, 3], target, &names(&["age"])).unwrap_err().what().to_string();
        assert_eq!(what("when"), "t: the target column `when` holds dates");
        assert_eq!(what("same"), "t: the target column `same` holds one value only");
        assert_eq!(what("prise"), "t: there is no column `prise`");
        let beyond = Preparation::learn(&table(), &[0, 4], "price", &names(&["age"])).unwrap_err();
        assert_eq!(beyond.what(), "t: row 4 of 4");
        let nothing = Preparation::learn(&table(), &[0, 1, 3], "price", &names(&["same"])).unwrap_err();
        assert_eq!(nothing.what(), "t: no column to predict `price` from");
    }
}
