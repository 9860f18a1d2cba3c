//! What is predicted.

use serde::{Deserialize, Serialize};

use super::column::{Column, Kind};
use super::features::{Moments, Writing, places};
use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};

/// Numbers that are whole and of at most so many values name classes, …
pub(super) const CLASSES: usize = 20;
/// … if there are at least so many rows for each.
const ROWS_PER_CLASS: usize = 5;

/// A column of numbers that is predicted. It is learnt as (number − mean) / deviation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberTarget {
    /// The column.
    pub column: String,
    /// Its mean over the rows that were learnt from.
    pub mean: f64,
    /// Its standard deviation there.
    pub deviation: f64,
    /// Whether a comma stands before its decimals.
    pub comma: bool,
}

impl NumberTarget {
    /// The number that an output of the network stands for.
    pub fn number_of(&self, output: f64) -> f64 {
        output * self.deviation + self.mean
    }

    pub(super) fn learnt_as(&self, number: f64) -> f32 {
        ((number - self.mean) / self.deviation) as f32
    }

    fn writing(&self) -> Writing {
        Writing { date: false, comma: self.comma }
    }
}

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
    /// A number, or several.
    Numbers {
        /// One column or more.
        columns: Vec<NumberTarget>,
    },
}

impl Target {
    /// Learns from rows that say what is predicted.
    pub(super) fn learn(columns: &[&Column], rows: &[usize]) -> Result<Target> {
        Target::check(columns)?;
        if let [column] = columns
            && names_classes(column, rows)
        {
            let levels = column.levels(rows.iter().copied());
            return Target::of_classes(column, levels.into_iter().map(|level| level.0).collect());
        }
        let moments = |column: &&Column| {
            let mut moments = Moments::default();
            rows.iter().filter_map(|&row| column.number(row)).for_each(|number| moments.add(number));
            moments
        };
        Target::of_numbers(columns, &columns.iter().map(moments).collect::<Vec<_>>())
    }

    /// Makes sure that columns hold what can be predicted.
    pub(super) fn check(columns: &[&Column]) -> Result<()> {
        for column in columns {
            match column.kind() {
                Kind::Empty => return Err(unfit(column, "holds no value")),
                Kind::Text => return Err(unfit(column, "holds texts that are nearly all different")),
                Kind::Date => return Err(unfit(column, "holds dates")),
                Kind::Category if columns.len() > 1 => {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!(
                            "the target column `{}` holds categories, and there are {} targets",
                            column.name(),
                            columns.len()
                        ),
                    )
                    .help("several targets are all numbers; train a model of its own for each column of categories"));
                }
                Kind::Number | Kind::Category => {}
            }
        }
        if columns.is_empty() {
            return Err(Error::value("no target column").help("name one with --target"));
        }
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].iter().any(|other| other.name() == column.name()) {
                return Err(unfit(column, "is named twice"));
            }
        }
        Ok(())
    }

    pub(super) fn of_classes(column: &Column, names: Vec<String>) -> Result<Target> {
        if names.len() < 2 {
            return Err(unfit(column, "holds one value only"));
        }
        Ok(Target::Classes { column: column.name().to_string(), names })
    }

    pub(super) fn of_numbers(columns: &[&Column], moments: &[Moments]) -> Result<Target> {
        let of = |(column, moments): (&&Column, &Moments)| {
            let (mean, deviation) = moments.mean_and_deviation();
            if deviation == 0.0 {
                return Err(unfit(column, "holds one value only"));
            }
            Ok(NumberTarget { column: column.name().to_string(), mean, deviation, comma: Writing::of(column).comma })
        };
        Ok(Target::Numbers { columns: columns.iter().zip(moments).map(of).collect::<Result<_>>()? })
    }

    /// The columns' names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Target::Classes { column, .. } => vec![column],
            Target::Numbers { columns } => columns.iter().map(|number| &number.column[..]).collect(),
        }
    }

    /// The columns' names in one, for people.
    pub fn name(&self) -> String {
        self.columns().join(", ")
    }

    /// The names of the classes; empty if numbers are predicted.
    pub fn classes(&self) -> &[String] {
        match self {
            Target::Classes { names, .. } => names,
            Target::Numbers { .. } => &[],
        }
    }

    /// The numbers that are predicted; none if classes are.
    pub fn numbers(&self) -> &[NumberTarget] {
        match self {
            Target::Classes { .. } => &[],
            Target::Numbers { columns } => columns,
        }
    }

    /// What 1 stands for in what a network gives: the deviation of the number; 1 for classes, and for several numbers, which have no
    /// common unit.
    pub fn unit(&self) -> f64 {
        match self.numbers() {
            [number] => number.deviation,
            _ => 1.0,
        }
    }

    /// Whether a row says what is to be predicted.
    pub(super) fn is_known(&self, columns: &[&Column], row: usize) -> bool {
        match self {
            Target::Classes { .. } => columns.iter().all(|column| is_known(column, row)),
            Target::Numbers { columns: numbers } => {
                columns.iter().zip(numbers).all(|(column, number)| number.writing().read(column.cell(row)).is_some())
            }
        }
    }

    /// What a network is to give for rows that say it: class numbers, or numbers in columns. A class that was not learnt is an error:
    /// left out, it would make a model look better than it is.
    pub(super) fn values(&self, columns: &[&Column], rows: &[usize]) -> Result<Array> {
        match self {
            Target::Classes { names, .. } => {
                let places = places(names);
                let number = |&row: &usize| {
                    let text = columns.first().map_or("", |column| column.cell(row));
                    places.get(text).map(|&place| place as i64).ok_or_else(|| self.not_learnt(row, text))
                };
                Array::from_vec(rows.iter().map(number).collect::<Result<_>>()?, &[rows.len()])
            }
            Target::Numbers { columns: numbers } => {
                let of_row = |&row: &usize| {
                    columns.iter().zip(numbers).map(move |(column, number)| {
                        number.learnt_as(number.writing().read(column.cell(row)).unwrap_or(number.mean))
                    })
                };
                Array::from_vec(rows.iter().flat_map(of_row).collect(), &[rows.len(), numbers.len()])
            }
        }
    }

    /// The error of a class that was not there to be learnt from.
    pub(super) fn not_learnt(&self, row: usize, class: &str) -> Error {
        let known: Vec<&str> = self.classes().iter().take(20).map(String::as_str).collect();
        Error::new(ErrorKind::Value, format!("row {row}: the class `{class}` of `{}` was not learnt", self.name()))
            .help(format!("the classes are {}", known.join(", ")))
    }
}

fn unfit(column: &Column, why: &str) -> Error {
    Error::new(ErrorKind::Value, format!("the target column `{}` {why}", column.name())).help("name another one with --target")
}

/// Whether a row of a column says something of the column's kind.
pub(super) fn is_known(column: &Column, row: usize) -> bool {
    match column.kind() {
        Kind::Number => column.number(row).is_some(),
        _ => column.value(row).is_some(),
    }
}

/// Whether a column's values are the names of classes rather than amounts.
pub(super) fn names_classes(column: &Column, rows: &[usize]) -> bool {
    if column.kind() != Kind::Number {
        return true;
    }
    if !rows.iter().all(|&row| column.number(row).is_none_or(is_whole)) {
        return false;
    }
    let levels = column.levels(rows.iter().copied());
    are_classes(levels.len(), levels.iter().map(|level| level.1).sum())
}

pub(super) fn is_whole(number: f64) -> bool {
    number.fract() == 0.0
}

/// Whether whole numbers of so many values in so many rows are classes.
pub(super) fn are_classes(values: usize, rows: usize) -> bool {
    values <= CLASSES && rows >= ROWS_PER_CLASS * values
}
