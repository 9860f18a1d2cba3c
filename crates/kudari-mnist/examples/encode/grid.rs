//! Which lines of a scan touch which cells.

use crate::render;

/// The cells along one axis of a scan. Scans are square, so it holds for rows and columns.
pub struct Grid {
    pub side: usize,
    /// For every cell: the first line that touches it, and the weights of all that do.
    pub cells: Vec<(usize, Vec<f32>)>,
}

/// A smaller weight than this is a rounding error at a cell border, too small to decide anything.
const SMALLEST_WEIGHT: f32 = 1e-5;

impl Grid {
    pub fn new(side: usize) -> Self {
        let cells = render::cells(side).map(|cell| {
            // Both may only happen at the ends.
            let (tiny, weights) = (|weight: &f32| *weight < SMALLEST_WEIGHT, cell.weights());
            let before = weights.iter().take_while(|weight| tiny(weight)).count();
            let after = weights.iter().rev().take_while(|weight| tiny(weight)).count();
            (cell.first + before, weights[before..weights.len() - after].to_vec())
        });
        Grid { side, cells: cells.into() }
    }

    pub fn weights(&self, cell: usize) -> &[f32] {
        &self.cells[cell].1
    }

    /// The area of a cell in which `ink` says which pixels are inked.
    pub fn area(rows: &[f32], columns: &[f32], ink: impl Fn(usize, usize) -> bool) -> f32 {
        let mut area = 0.0;
        for (row, a) in rows.iter().enumerate() {
            for (column, b) in columns.iter().enumerate() {
                if ink(row, column) {
                    area += a * b;
                }
            }
        }
        area
    }
}
