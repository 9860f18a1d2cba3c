//! Which rows are learnt from, and what is usually predicted.

use std::collections::HashMap;

use super::column::{Column, Kind};
use super::preparation::names_classes;
use super::read::Table;
use crate::array::Stream;
use crate::data::divide::{check_folds, divide_groups, fold_groups};
use crate::error::Result;

/// Names that columns to be predicted go by.
const TARGETS: &[&str] = &["target", "class", "label", "y", "outcome", "output"];

/// The column that is predicted where nobody says which: one with a usual name, or the last one that can be.
pub fn usual_target(table: &Table) -> Option<&Column> {
    let can_be = |column: &&Column| matches!(column.kind(), Kind::Number | Kind::Category);
    let named = |name: &&str| table.columns().iter().filter(can_be).find(|c| c.name().eq_ignore_ascii_case(name));
    TARGETS.iter().find_map(named).or_else(|| table.columns().iter().rev().find(can_be))
}

/// The rows to learn from and the rows to be judged by, both in their order in the table: `share` of the rows with a target go to
/// the second part, of every class alike if the target are classes. The same seed gives the same rows.
pub fn split_rows(target: &Column, share: f64, seed: u64) -> [Vec<usize>; 2] {
    divide_groups(&groups(target, rows_with(target)), share, &mut Stream::new(seed, "split"))
}

/// As [`split_rows`], of these rows only and by another draw: the second part, of at least one row, is to decide by.
pub fn split_off_validation(target: &Column, rows: Vec<usize>, share: f64, seed: u64) -> [Vec<usize>; 2] {
    let [mut first, mut second] = divide_groups(&groups(target, rows), share, &mut Stream::new(seed, "validation"));
    if second.is_empty() {
        second.extend(first.pop());
    }
    [first, second]
}

/// The rows with a target in parts of about the same size, with the same share of every class.
///
/// # Errors
///
/// Fewer than two folds, or more than rows.
pub fn fold_rows(table: &Table, target: &Column, folds: usize, seed: u64) -> Result<Vec<Vec<usize>>> {
    let rows = rows_with(target);
    check_folds(table.name(), folds, rows.len())?;
    Ok(fold_groups(&groups(target, rows), folds, &mut Stream::new(seed, "folds")))
}

fn rows_with(target: &Column) -> Vec<usize> {
    (0..target.len()).filter(|&row| target.value(row).is_some()).collect()
}

/// Rows by their class; all in one group if the target is a number.
fn groups(target: &Column, rows: Vec<usize>) -> Vec<Vec<usize>> {
    if !names_classes(target, &rows) {
        return vec![rows];
    }
    let mut of_level: HashMap<&str, Vec<usize>> = HashMap::new();
    rows.iter().for_each(|&row| of_level.entry(target.cell(row)).or_default().push(row));
    target.levels(rows.iter().copied()).iter().filter_map(|level| of_level.remove(&level.0[..])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let rows: String = (0..100).map(|i| format!("{i},{},{}.5\n", if i % 10 == 0 { "rare" } else { "usual" }, i)).collect();
        Table::from_bytes("t", format!("n,Class,half\n{rows}").as_bytes()).unwrap()
    }

    #[test]
    fn classes_are_split_alike() {
        let table = table();
        let target = usual_target(&table).unwrap();
        assert_eq!(target.name(), "Class");
        let [first, second] = split_rows(target, 0.2, 1);
        let rare = |rows: &[usize]| rows.iter().filter(|&&row| target.cell(row) == "rare").count();
        assert_eq!((first.len(), second.len(), rare(&first), rare(&second)), (80, 20, 8, 2));
        let mut all = [first.clone(), second].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!(split_rows(target, 0.2, 1)[0] == first && split_rows(target, 0.2, 2)[0] != first);
    }

    #[test]
    fn rows_without_a_target_are_in_neither_part() {
        let table = Table::from_bytes("t", b"x,price\n1,1.5\n2,\n3,2.5\n4,3.5\n5,NA\n").unwrap();
        let [first, second] = split_rows(&table.columns()[1], 0.34, 1);
        assert_eq!((first.len(), second.len()), (2, 1));
        assert!(![&first[..], &second].concat().iter().any(|&row| row == 1 || row == 4));
    }
}
