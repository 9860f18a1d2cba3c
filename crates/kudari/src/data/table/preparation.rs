//! How rows of a table become inputs and targets.

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::features::{Feature, Reader};
use super::read::Table;
use super::target::{Target, is_known};
use crate::array::Array;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};

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
    /// Learns from `rows` of a table how to predict the columns `targets`, one or several of numbers, from the columns `features`.
    ///
    /// # Errors
    ///
    /// A column or row that does not exist, a target that cannot be one, or no column to predict from.
    pub fn learn(table: &Table, rows: &[usize], targets: &[&str], features: &[String]) -> Result<Preparation> {
        check_rows(table, rows)?;
        let of_targets = targets.iter().map(|name| table.column(name)).collect::<Result<Vec<_>>>()?;
        let known: Vec<usize> = rows.iter().copied().filter(|&row| of_targets.iter().all(|c| is_known(c, row))).collect();
        let target = Target::learn(&of_targets, &known).map_err(|e| e.context(table.name()))?;
        let learnt = |name: &String| Ok((name.clone(), Feature::learn(table.column(name)?, &known)));
        Preparation::of(table.name(), target, features.iter().map(learnt).collect::<Result<_>>()?)
    }

    /// Of a target and what was learnt of each column.
    pub(super) fn of(table: &str, target: Target, learnt: Vec<(String, Option<Feature>)>) -> Result<Preparation> {
        let (mut kept, mut left_out) = (Vec::new(), Vec::new());
        for (name, feature) in learnt {
            match feature.filter(|feature| feature.width() > 0) {
                Some(feature) => kept.push(feature),
                None => left_out.push(name),
            }
        }
        if kept.is_empty() {
            return Err(Error::new(ErrorKind::Value, format!("{table}: no column to predict `{}` from", target.name()))
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
            let (column, reader) = (table.column(feature.column())?, Reader::of(feature));
            let end = from + feature.width();
            for (out, &row) in values.chunks_exact_mut(width).zip(rows) {
                feature.write(reader.read(column.cell(row)), &mut out[from..end]);
            }
            from = end;
        }
        Array::from_vec(values, &[rows.len(), width])
    }

    fn targets_in<'t>(&self, table: &'t Table) -> Result<Vec<&'t Column>> {
        self.target.columns().into_iter().map(|name| table.column(name)).collect()
    }

    /// The rows among these that say what is to be predicted.
    ///
    /// # Errors
    ///
    /// There is no column of a target's name.
    pub fn known(&self, table: &Table, rows: impl IntoIterator<Item = usize>) -> Result<Vec<usize>> {
        let columns = self.targets_in(table)?;
        Ok(rows.into_iter().filter(|&row| self.target.is_known(&columns, row)).collect())
    }

    /// Rows with their targets as a data set; rows without a target are left out.
    ///
    /// # Errors
    ///
    /// A column or row that is missing, a class that was not learnt, or numbers too large for f32.
    pub fn dataset(&self, table: &Table, rows: &[usize]) -> Result<Dataset> {
        check_rows(table, rows)?;
        let known = self.known(table, rows.iter().copied())?;
        let targets = self.target.values(&self.targets_in(table)?, &known).map_err(|e| e.context(table.name()))?;
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

#[cfg(test)]
mod tests {
    use super::super::target::NumberTarget;
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
        let preparation = Preparation::learn(&table(), &[0, 1, 2, 3], &["price"], &all).unwrap();
        assert_eq!((preparation.inputs(), preparation.left_out()), (5, &names(&["same"])[..]));
        let x = preparation.inputs_of(&table(), &[0, 1, 3]).unwrap().to_f64_vec();
        let scale = (1.5f64).sqrt(); // 20 less the mean 40, by the deviation √(800/3)
        let day = |d: f64| (d - 2.0) / (8.0f64 / 3.0).sqrt();
        let expected = [-scale, 0.0, 0.0, 1.0, day(0.0), 0.0, 1.0, 1.0, 0.0, day(2.0), scale, 0.0, 0.0, 0.0, day(4.0)];
        x.iter().zip(expected).for_each(|(x, e)| assert!((x - e).abs() < 1e-6, "{x} ≠ {e}"));
        let data = preparation.dataset(&table(), &[3, 2, 1]).unwrap();
        assert_eq!((data.len(), data.targets().unwrap().shape()), (2, &[2, 1][..]));
        let [NumberTarget { mean, deviation, .. }] = preparation.target().numbers() else { panic!() };
        assert!((mean - 8.5 / 3.0).abs() < 1e-12);
        assert!((data.targets().unwrap().to_f64_vec()[0] - (4.5 - mean) / deviation).abs() < 1e-6);
        let text = serde_json::to_string(&preparation).unwrap();
        assert_eq!(serde_json::from_str::<Preparation>(&text).unwrap(), preparation);
    }

    #[test]
    fn new_rows_may_lack_the_target_and_hold_new_words() {
        let preparation = Preparation::learn(&table(), &[0, 1, 2, 3], &["price"], &names(&["age", "city"])).unwrap();
        let new = Table::from_bytes("new", b"city,age\nParis,x\nOslo,30\n").unwrap();
        let x = preparation.inputs_of(&new, &[0, 1]).unwrap().to_f64_vec();
        assert_eq!((x[0], x[1], &x[2..4], x[5], &x[6..]), (0.0, 1.0, &[0.0, 0.0][..], 0.0, &[1.0, 0.0][..]));
        let error = preparation.inputs_of(&Table::from_bytes("new", b"age,n\n1,2\n").unwrap(), &[0]).unwrap_err();
        assert_eq!(error.what(), "new: there is no column `city`");
    }

    #[test]
    fn where_values_are_missing_is_told_even_of_equal_ones() {
        let table = Table::from_bytes("t", b"a,b,c,y\n7,x,x,1.5\n,,x,2.5\n7,x,x,3.5\n").unwrap();
        let preparation = Preparation::learn(&table, &[0, 1, 2], &["y"], &names(&["a", "b", "c"])).unwrap();
        assert_eq!(preparation.left_out(), names(&["c"]));
        assert_eq!(preparation.inputs_of(&table, &[0, 1]).unwrap().to_f64_vec(), [0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_class_that_was_not_learnt_is_told() {
        let learnt = Preparation::learn(&table(), &[0, 1, 2], &["city"], &names(&["age"])).unwrap();
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
        let of =
            |target: &str| Preparation::learn(&table, &rows, &[target], &names(&["half"])).unwrap().target().classes().to_vec();
        assert_eq!((of("class"), of("count"), of("half")), (names(&["0", "1", "2"]), vec![], vec![]));
    }

    #[test]
    fn targets_that_cannot_be_one() {
        let what = |target: &str| {
            Preparation::learn(&table(), &[0, 1, 2, 3], &[target], &names(&["age"])).unwrap_err().what().to_string()
        };
        assert_eq!(what("when"), "t: the target column `when` holds dates");
        assert_eq!(what("same"), "t: the target column `same` holds one value only");
        assert_eq!(what("prise"), "t: there is no column `prise`");
        let beyond = Preparation::learn(&table(), &[0, 4], &["price"], &names(&["age"])).unwrap_err();
        assert_eq!(beyond.what(), "t: row 4 of 4");
        let nothing = Preparation::learn(&table(), &[0, 1, 3], &["price"], &names(&["same"])).unwrap_err();
        assert_eq!(nothing.what(), "t: no column to predict `price` from");
    }
}
