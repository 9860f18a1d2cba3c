//! Finds a scan that renders to given greys: a beam search over the cells, row by row.
//!
//! Each step fills the pixels that a cell is the first to touch, in every way that gives the cell its grey. Of the
//! partial scans the most likely ones are kept. Cells share the pixels between them, so wrong choices die out soon.

use std::collections::{HashMap, HashSet};

use crate::fit::bounds;
use crate::grid::Grid;
use crate::prior::{PAD, Prior, UNIT};
use crate::render::{self, CELLS};

/// What the scan has to become.
pub struct Target {
    pub greys: [u8; CELLS * CELLS],
    /// The area of the cell with the most ink.
    pub largest: f32,
}

/// How hard to search.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Partial scans kept after each cell.
    pub beam: usize,
    /// Fillings tried for each cell.
    pub fillings: usize,
    /// Whether greys may be missed where nothing fits.
    pub slack: bool,
}

#[derive(Clone)]
struct Partial {
    cost: u32,
    rows: Vec<u128>,
}

/// Most lines of a scan that touch one cell.
const MAX_LINES: usize = 16;
/// Give up enumerating the fillings of a cell after so many steps.
const MAX_STEPS: usize = 60_000;
/// Relative error of an area whose pixels were added in another order.
const NOISE: f32 = 6e-7;
/// What it costs to correct a grey in the compressed data, and to be off by rounding errors that may still cancel out.
const CORRECTION: f32 = 12.0;
const ROUNDING: f32 = 10.0;

/// The rows of the scan as bit sets and their cost, or `None` if the search found none.
pub fn solve(grid: &Grid, target: &Target, prior: &Prior, effort: Effort) -> Option<(u32, Vec<u128>)> {
    let mut partials = vec![Partial { cost: 0, rows: vec![0; grid.side] }];
    let mut rows_done = 0;
    for row in 0..CELLS {
        let (mut columns_done, mut priced) = (0, 0);
        for column in 0..CELLS {
            let cell = Cell::new(grid, target, [row, column], [rows_done, columns_done]);
            // A pixel's price depends on pixels up to two columns to its right.
            let price_to = if column + 1 == CELLS { grid.side } else { cell.end[1].saturating_sub(2).max(priced) };
            let mut choices = cell.choices(&partials, prior, effort, priced..price_to);
            if choices.is_empty() {
                return None;
            }
            if choices.len() > effort.beam * 8 {
                choices.select_nth_unstable(effort.beam * 8);
                choices.truncate(effort.beam * 8);
            }
            choices.sort_unstable();
            partials = cell.best(&partials, &choices, effort.beam, price_to);
            columns_done = columns_done.max(cell.end[1]);
            priced = price_to;
        }
        rows_done = rows_done.max(grid.cells[row].0 + grid.weights(row).len());
    }
    let best = partials.into_iter().next()?;
    Some((best.cost, best.rows.iter().map(|row| row >> PAD).collect()))
}

/// A partial scan's cost after a filling, its index, and the filling.
type Choice = (u32, u32, u64);

/// The next cell to fill. Pairs hold rows first, then columns.
struct Cell<'a> {
    weights: [&'a [f32]; 2],
    /// The scan's lines that touch the cell, and the first of them that no earlier cell touched.
    start: [usize; 2],
    fresh: [usize; 2],
    end: [usize; 2],
    grey: u8,
    largest: f32,
}

/// A way to fill the fresh pixels: the pixels as a bit set, row after row; and what the resulting error costs.
type Filling = (u64, u32);

impl<'a> Cell<'a> {
    fn new(grid: &'a Grid, target: &Target, at: [usize; 2], done: [usize; 2]) -> Self {
        let start = at.map(|cell| grid.cells[cell].0);
        let weights = at.map(|cell| grid.weights(cell));
        let end = [start[0] + weights[0].len(), start[1] + weights[1].len()];
        let fresh = [done[0].min(end[0]), done[1].min(end[1])];
        Cell { weights, start, fresh, end, grey: target.greys[at[0] * CELLS + at[1]], largest: target.largest }
    }

    fn fresh_size(&self) -> [usize; 2] {
        [self.end[0] - self.fresh[0], self.end[1] - self.fresh[1]]
    }

    /// A filling's part of the given fresh row, at its place in the row of the scan.
    #[inline]
    fn placed(&self, filling: u64, row: usize) -> u128 {
        let width = self.fresh_size()[1];
        (u128::from(filling >> (row * width)) & ((1 << width) - 1)) << (self.fresh[1] + PAD)
    }

    fn choices(&self, partials: &[Partial], prior: &Prior, effort: Effort, priced: std::ops::Range<usize>) -> Vec<Choice> {
        let fresh_rows = self.fresh_size()[0];
        let mut choices = Vec::new();
        for slack in if effort.slack { &[0.0, 3.0, 12.0, 300.0][..] } else { &[0.0] } {
            let mut known_fillings: HashMap<[u128; MAX_LINES], Vec<Filling>> = HashMap::new();
            for (index, partial) in partials.iter().enumerate() {
                let mut known = [0; MAX_LINES];
                for (known, row) in known.iter_mut().zip(&partial.rows[self.start[0]..self.end[0]]) {
                    *known = row >> (self.start[1] + PAD) & ((1 << self.weights[1].len()) - 1);
                }
                let fillings = known_fillings.entry(known).or_insert_with(|| self.fillings(known, *slack, effort.fillings));
                for &(filling, penalty) in fillings.iter() {
                    // The fresh rows and the two above them.
                    let mut rows = [0; MAX_LINES + 2];
                    for (row, line) in rows[..fresh_rows + 2].iter_mut().zip((self.fresh[0]..).map(|row| row.checked_sub(2))) {
                        *row = line.map_or(0, |line| partial.rows[line]);
                    }
                    for row in 0..fresh_rows {
                        rows[row + 2] |= self.placed(filling, row);
                    }
                    let mut cost = partial.cost + penalty;
                    for row in 0..fresh_rows {
                        for column in priced.clone() {
                            cost += prior.price([rows[row], rows[row + 1], rows[row + 2]], column);
                        }
                    }
                    choices.push((cost, index as u32, filling));
                }
            }
            if !choices.is_empty() {
                break;
            }
        }
        choices
    }

    /// The best partial scans, leaving out those that differ from a better one only where it no longer matters.
    fn best(&self, partials: &[Partial], choices: &[Choice], beam: usize, priced: usize) -> Vec<Partial> {
        let undecided = !0u128 << (priced + PAD).saturating_sub(4);
        let (mut seen, mut best) = (HashSet::new(), Vec::new());
        for &(cost, index, filling) in choices {
            let mut partial = Partial { cost, rows: partials[index as usize].rows.clone() };
            for row in 0..self.fresh_size()[0] {
                partial.rows[self.fresh[0] + row] |= self.placed(filling, row);
            }
            let frontier: Vec<u128> = (self.fresh[0].saturating_sub(2)..self.end[0])
                .map(|row| {
                    let whole = row >= self.fresh[0] && row + 2 >= self.end[0];
                    partial.rows[row] & if whole { !0 } else { undecided }
                })
                .collect();
            if seen.insert(frontier) {
                best.push(partial);
                if best.len() == beam {
                    break;
                }
            }
        }
        best
    }

    /// The smoothest fillings that give the cell its grey.
    fn fillings(&self, known: [u128; MAX_LINES], slack: f32, count: usize) -> Vec<Filling> {
        let [rows, columns] = self.weights;
        let size = self.fresh_size();
        let mut left = vec![0.0; size[0] * size[1] + 1];
        for pixel in (0..size[0] * size[1]).rev() {
            let [row, column] = self.fresh_pixel(pixel);
            left[pixel] = left[pixel + 1] + rows[row] * columns[column];
        }
        let (low, high) = bounds(self.grey, slack);
        let factor = 255.0 / self.largest;
        let low = low / factor - 2e-5;
        let high = (high / factor).min(self.largest * (1.0 + NOISE)) + 2e-5;
        let mut search = Search { cell: self, left: &left, low, high, limit: 0, limited: false, steps: 0, found: Vec::new() };
        let base = Grid::area(rows, columns, |row, column| known[row] >> column & 1 == 1);
        for limit in [2, 4, 6, 9, 13, 18, 30, 60] {
            search = Search { limit, limited: false, steps: 0, found: Vec::new(), ..search };
            search.fill(&mut known.clone(), 0, base, 0);
            if search.found.len() >= count || !search.limited || search.steps > MAX_STEPS {
                break;
            }
        }
        let mut ranked: Vec<(u32, u64, u32)> = Vec::new();
        for (changes, filled) in search.found {
            let area = Grid::area(rows, columns, |row, column| filled[row] >> column & 1 == 1);
            if let Some(penalty) = self.penalty(area, slack) {
                let mut filling = 0;
                for pixel in 0..size[0] * size[1] {
                    let [row, column] = self.fresh_pixel(pixel);
                    filling |= ((filled[row] >> column & 1) as u64) << pixel;
                }
                ranked.push((changes * 2 * UNIT as u32 + penalty, filling, penalty));
            }
        }
        ranked.sort_unstable();
        ranked.truncate(count);
        ranked.into_iter().map(|(_, filling, penalty)| (filling, penalty)).collect()
    }

    /// Row and column within the cell of a fresh pixel.
    fn fresh_pixel(&self, pixel: usize) -> [usize; 2] {
        let width = self.fresh_size()[1];
        [self.fresh[0] - self.start[0] + pixel / width, self.fresh[1] - self.start[1] + pixel % width]
    }

    /// What an area costs that does not give the right grey for sure; `None` if it is out of the question.
    fn penalty(&self, area: f32, slack: f32) -> Option<u32> {
        let factor = 255.0 / self.largest;
        if area > self.largest * (1.0 + NOISE) {
            return None;
        }
        let grey = render::grey(area, factor);
        if grey == self.grey {
            return Some(0);
        }
        let nearly = [area * (1.0 + NOISE), area * (1.0 - NOISE), area + 3e-6];
        if nearly.iter().any(|&area| render::grey(area, factor) == self.grey) {
            return Some((ROUNDING * UNIT) as u32);
        }
        let off = (f32::from(grey) - f32::from(self.grey)).abs();
        (slack > 0.0 && off <= slack + 1.0).then(|| ((CORRECTION + 2.0 * off.log2()) * UNIT) as u32)
    }
}

/// Enumerates the fillings of a cell with few changes between neighbouring pixels and an area within bounds.
struct Search<'a> {
    cell: &'a Cell<'a>,
    /// The area of the fresh pixels from each one on.
    left: &'a [f32],
    low: f32,
    high: f32,
    limit: u32,
    /// Whether something was left out because of the limit.
    limited: bool,
    steps: usize,
    found: Vec<(u32, [u128; MAX_LINES])>,
}

impl Search<'_> {
    fn fill(&mut self, ink: &mut [u128; MAX_LINES], pixel: usize, area: f32, changes: u32) {
        if area > self.high || area + self.left[pixel] < self.low || self.steps > MAX_STEPS {
            return;
        }
        if changes > self.limit {
            self.limited = true;
            return;
        }
        self.steps += 1;
        if pixel + 1 == self.left.len() {
            self.found.push((changes, *ink));
            return;
        }
        let [row, column] = self.cell.fresh_pixel(pixel);
        let [rows, columns] = self.cell.weights;
        for bit in 0..2 {
            let left = column > 0 && ink[row] >> (column - 1) & 1 != bit;
            let above = row > 0 && ink[row - 1] >> column & 1 != bit;
            ink[row] |= bit << column;
            let area = if bit == 1 { area + rows[row] * columns[column] } else { area };
            self.fill(ink, pixel + 1, area, changes + u32::from(left) + u32::from(above));
            ink[row] &= !(1 << column);
        }
    }
}
