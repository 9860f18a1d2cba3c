//! The values of a function of two variables at the nodes of a grid.

use crate::error::{Error, Result};

/// Values at `columns` × `rows` evenly spaced nodes; the first and last ones stand on the ends of the ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) values: Vec<f64>,
}

impl Grid {
    /// `values[row · columns + column]` is the value at column `column` (x grows) and row `row` (y grows: row 0 is at `y.0`).
    /// NaN and infinite values are holes.
    ///
    /// Fails if there are fewer than two columns or rows, if the number of values is another, or if a range is not finite
    /// and growing.
    pub fn new(columns: usize, rows: usize, x: (f64, f64), y: (f64, f64), values: Vec<f64>) -> Result<Grid> {
        if columns < 2 || rows < 2 {
            return Err(Error::new(format!("a grid of {columns}×{rows} nodes")).help("use at least 2 columns and 2 rows"));
        }
        if columns.checked_mul(rows) != Some(values.len()) {
            let found = values.len();
            return Err(Error::new(format!("a grid of {columns}×{rows} nodes with {found} values")).help("give one value a node"));
        }
        for (name, (low, high)) in [("x", x), ("y", y)] {
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(
                    Error::new(format!("a grid with {name} from {low} to {high}")).help("give finite numbers, the low one first")
                );
            }
        }
        Ok(Grid { columns, rows, x, y, values })
    }

    /// The values f(x, y) at the nodes; the errors are those of [`Grid::new`].
    pub fn from_fn(columns: usize, rows: usize, x: (f64, f64), y: (f64, f64), f: impl Fn(f64, f64) -> f64) -> Result<Grid> {
        let at = |(low, high): (f64, f64), i: usize, n: usize| low + (high - low) * (i as f64 / (n.max(2) - 1) as f64);
        let nodes = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let values = nodes.map(|(column, row)| f(at(x, column, columns), at(y, row, rows))).collect();
        Grid::new(columns, rows, x, y, values)
    }

    /// The x and y of a node; fractions lie between nodes.
    pub(crate) fn node(&self, column: f64, row: f64) -> (f64, f64) {
        let along = |(low, high): (f64, f64), t: f64| low + (high - low) * t;
        (along(self.x, column / (self.columns - 1) as f64), along(self.y, row / (self.rows - 1) as f64))
    }

    pub(crate) fn value(&self, column: usize, row: usize) -> f64 {
        self.values[row * self.columns + column]
    }
}
