//! Which rows are learnt from, which judge and which decide.

use std::collections::HashMap;

use super::column::Column;
use super::read::Table;
use super::target::{is_known, names_classes};
use crate::array::Stream;
use crate::data::divide::{check_folds, divide_groups, fold_groups};
use crate::error::{Error, Result};

/// Up to so many rows are divided with every class alike; of more the parts are alike by their number, and each row is drawn by itself.
pub(super) const DIVIDED_TOGETHER: usize = 250_000;

/// How the rows of a table are divided. The same seed gives the same parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowDivision {
    /// The share of the rows that a model is judged by; 0 if others judge.
    pub test: f64,
    /// The number of the fold to be judged by, from 0, and of how many: instead of the share.
    pub fold: Option<(usize, usize)>,
    /// The share of the other rows that decide, of at least one row, if there is to be such a part.
    pub validation: Option<f64>,
    /// The seed.
    pub seed: u64,
}

/// The rows to learn from, to be judged by and to decide by, each in their order in the table: those with all targets, of every
/// class alike if the target are classes. Of more than 250,000 rows each is drawn by itself.
///
/// # Errors
///
/// Too few rows, or fewer than two folds.
pub fn divide_rows(table: &Table, targets: &[&Column], division: &RowDivision) -> Result<[Vec<usize>; 3]> {
    let count = targets.first().map_or(0, |target| target.len());
    let rows: Vec<usize> = (0..count).filter(|&row| targets.iter().all(|target| is_known(target, row))).collect();
    let parts = if rows.len() > DIVIDED_TOGETHER {
        let draw = Draw::new(division);
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        rows.into_iter().for_each(|row| parts[draw.part(row)].push(row));
        parts
    } else {
        divided_together(table.name(), targets, rows, division)?
    };
    division.check(table.name(), [parts[0].len(), parts[1].len(), parts[2].len()])?;
    Ok(parts)
}

impl RowDivision {
    /// Makes sure that no part that is needed is empty.
    pub(super) fn check(&self, table: &str, [learn, judge, decide]: [usize; 3]) -> Result<()> {
        let all = learn + judge + decide;
        let none_to_judge = judge == 0 && (self.fold.is_some() || self.test > 0.0);
        if learn > 0 && !none_to_judge && !(decide == 0 && self.validation.is_some()) {
            return Ok(());
        }
        Err(Error::value(format!("{table}: {all} rows with a target are too few"))
            .help("at least five are needed: one of five is kept to judge the model by"))
    }
}

fn divided_together(table: &str, targets: &[&Column], rows: Vec<usize>, division: &RowDivision) -> Result<[Vec<usize>; 3]> {
    let (learn, judge) = match division.fold {
        Some((number, of)) => {
            check_folds(table, of, rows.len())?;
            let mut folds = fold_groups(&groups(targets, rows), of, &mut Stream::new(division.seed, "folds"));
            let one = folds.remove(number.min(of - 1));
            let mut others = folds.concat();
            others.sort_unstable();
            (others, one)
        }
        None => divide_groups(&groups(targets, rows), division.test, &mut Stream::new(division.seed, "split")).into(),
    };
    let Some(share) = division.validation else { return Ok([learn, judge, Vec::new()]) };
    let [mut learn, mut decide] = divide_groups(&groups(targets, learn), share, &mut Stream::new(division.seed, "validation"));
    if decide.is_empty() {
        decide.extend(learn.pop());
    }
    Ok([learn, judge, decide])
}

/// Rows by their class; all in one group if the targets are numbers.
fn groups(targets: &[&Column], rows: Vec<usize>) -> Vec<Vec<usize>> {
    let [target] = targets else { return vec![rows] };
    if !names_classes(target, &rows) {
        return vec![rows];
    }
    let mut of_level: HashMap<&str, Vec<usize>> = HashMap::new();
    rows.iter().for_each(|&row| of_level.entry(target.cell(row)).or_default().push(row));
    target.levels(rows.iter().copied()).iter().filter_map(|level| of_level.remove(&level.0[..])).collect()
}

/// Draws each row by itself, from its number and the seed.
pub(super) struct Draw {
    division: RowDivision,
    split: Stream,
    folds: Stream,
    validation: Stream,
}

impl Draw {
    pub(super) fn new(division: &RowDivision) -> Draw {
        let [split, folds, validation] = ["split", "folds", "validation"].map(|name| Stream::new(division.seed, name));
        Draw { division: *division, split, folds, validation }
    }

    /// The part of a row: 0 to learn from, 1 to be judged by, 2 to decide by.
    pub(super) fn part(&self, row: usize) -> usize {
        let own = |stream: &Stream| stream.part(row as u64);
        let judges = match self.division.fold {
            Some((number, of)) => own(&self.folds).next_below(of) == number,
            None => own(&self.split).next_uniform() < self.division.test,
        };
        match self.division.validation {
            _ if judges => 1,
            Some(share) if own(&self.validation).next_uniform() < share => 2,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(test: f64, seed: u64) -> RowDivision {
        RowDivision { test, fold: None, validation: None, seed }
    }

    fn table() -> Table {
        let rows: String = (0..100).map(|i| format!("{i},{},{}.5\n", if i % 10 == 0 { "rare" } else { "usual" }, i)).collect();
        Table::from_bytes("t", format!("n,Class,half\n{rows}").as_bytes()).unwrap()
    }

    #[test]
    fn classes_are_split_alike() {
        let table = table();
        let target = table.column("Class").unwrap();
        let split = |seed| divide_rows(&table, &[target], &division(0.2, seed)).unwrap();
        let [first, second, third] = split(1);
        assert!(third.is_empty());
        let rare = |rows: &[usize]| rows.iter().filter(|&&row| target.cell(row) == "rare").count();
        assert_eq!((first.len(), second.len(), rare(&first), rare(&second)), (80, 20, 8, 2));
        let mut all = [first.clone(), second].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!(split(1)[0] == first && split(2)[0] != first);
    }

    #[test]
    fn many_rows_are_drawn_each_by_itself() {
        let rows: String = (0..260_000).map(|i| format!("{i}\n")).collect();
        let table = Table::from_bytes("t", format!("n\n{rows}").as_bytes()).unwrap();
        let [first, second, _] = divide_rows(&table, &[&table.columns()[0]], &division(0.2, 1)).unwrap();
        assert_eq!(first.len() + second.len(), 260_000);
        // Four standard deviations are 816 rows.
        assert!((51_184..=52_816).contains(&second.len()), "{}", second.len());
        assert!(first.is_sorted() && second.is_sorted());
    }

    #[test]
    fn rows_without_a_target_are_in_neither_part() {
        let table = Table::from_bytes("t", b"x,price\n1,1.5\n2,\n3,2.5\n4,3.5\n5,NA\n").unwrap();
        let [first, second, _] = divide_rows(&table, &[&table.columns()[1]], &division(0.34, 1)).unwrap();
        assert_eq!((first.len(), second.len()), (2, 1));
        assert!(![&first[..], &second].concat().iter().any(|&row| row == 1 || row == 4));
    }
}
