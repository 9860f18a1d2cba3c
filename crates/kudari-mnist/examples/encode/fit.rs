//! Guesses the size of the scan behind an image.
//!
//! The size decides which greys a cell can have at all. For every size, the greys that straight edges through each cell
//! would give are counted; the size under which the image's greys are the least surprising is most likely the right one.

use std::f32::consts::TAU;

use crate::grid::Grid;
use crate::render::{self, CELLS};
use crate::scan::FRAME;

/// Everything to know about one size of scan.
pub struct Size {
    pub grid: Grid,
    /// The area of every cell when it is inked all over.
    pub full: Vec<f32>,
    /// Cells with the same weights along an axis are of one kind.
    kind: [usize; CELLS],
    kinds: usize,
    /// For every kind of row and column: the areas that straight edges give, in ascending order.
    areas: Vec<Vec<f32>>,
    /// The likely values of the largest area, and for each the surprise (in bits) of every grey in every kind of cell.
    surprises: Vec<(f32, Vec<[f32; 256]>)>,
}

/// A possible origin of an image.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Bits that the greys would take; lower is better.
    pub surprise: f32,
    /// Index into the sizes.
    pub size: usize,
    /// About the area of the cell with the most ink.
    pub largest: f32,
    /// Where the cells begin in the frame.
    pub top: i32,
    pub left: i32,
}

/// How often a grey is expected that no straight edge explains.
const UNEXPLAINED: f32 = 0.05;
/// Areas of cells of one kind differ by rounding errors below this.
const NOISE: f32 = 4e-6;

impl Size {
    pub fn new(side: usize) -> Self {
        let grid = Grid::new(side);
        let cells = (0..CELLS * CELLS).map(|cell| (grid.weights(cell / CELLS), grid.weights(cell % CELLS)));
        let full = cells.map(|(rows, columns)| Grid::area(rows, columns, |_, _| true)).collect();
        let mut examples: Vec<usize> = Vec::new();
        let mut kind = [0; CELLS];
        let alike = |a: &usize, b: usize| {
            let (a, b) = (grid.weights(*a), grid.weights(b));
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-4)
        };
        for (cell, kind) in kind.iter_mut().enumerate() {
            *kind = examples.iter().position(|example| alike(example, cell)).unwrap_or_else(|| {
                examples.push(cell);
                examples.len() - 1
            });
        }
        let kinds = examples.len();
        let pairs = examples.iter().flat_map(|&row| examples.iter().map(move |&column| (row, column)));
        let areas: Vec<_> = pairs.map(|(row, column)| edge_areas(grid.weights(row), grid.weights(column))).collect();
        // A cell that a pixel straddles on its near side is never inked quite all over.
        let loss = 1.0 - 0.01 * CELLS as f32 / side as f32;
        let surprises = [1.0, loss, loss * loss].map(|largest| (largest, surprises(&areas, largest))).into();
        Size { grid, full, kind, kinds, areas, surprises }
    }

    /// Less likely values of the largest area: no cell is inked all over.
    fn partial(&self) -> impl Iterator<Item = f32> {
        let loss = 1.0 - 0.01 * CELLS as f32 / self.grid.side as f32;
        let low = loss * loss;
        let between = (1..12).map(move |i| low + (1.0 - low) * i as f32 / 12.0);
        between.chain((0..16).map(move |i| low - 0.01 * i as f32 - 0.005))
    }

    fn surprise(&self, kind: usize, grey: u8, largest: f32) -> f32 {
        let areas = &self.areas[kind];
        let (low, high) = bounds(grey, 0.0);
        let (low, high) = (low * largest / 255.0 - 1e-6, (high * largest / 255.0).min(largest) + 1e-6);
        let hits = areas.partition_point(|&area| area < high) - areas.partition_point(|&area| area < low);
        bits(hits as f32 / areas.len() as f32)
    }
}

/// The scaled areas that become a grey, if it may be off by `slack`.
pub fn bounds(grey: u8, slack: f32) -> (f32, f32) {
    let grey = f32::from(grey);
    let (low, high) = if grey < 128.0 {
        (grey - 1.0, grey)
    } else if grey == 128.0 {
        (127.0, 129.0)
    } else {
        (grey, grey + 1.0)
    };
    (low - slack, high + slack)
}

fn bits(probability: f32) -> f32 {
    -((1.0 - UNEXPLAINED) * probability + UNEXPLAINED / 256.0).log2()
}

/// Areas of a cell that is cut by straight edges of many slopes and offsets.
fn edge_areas(rows: &[f32], columns: &[f32]) -> Vec<f32> {
    let (height, width) = (rows.len() as f32, columns.len() as f32);
    let mut areas = Vec::new();
    for slope in 0..48 {
        let (sin, cos) = (slope as f32 * TAU / 48.0 + 0.03).sin_cos();
        for offset in -12..=12 {
            let edge = offset as f32 * height.max(width) / 17.0;
            areas.push(Grid::area(rows, columns, |row, column| {
                (row as f32 + 0.5 - height / 2.0) * sin + (column as f32 + 0.5 - width / 2.0) * cos < edge
            }));
        }
    }
    areas.retain(|&area| area > 0.0);
    areas.sort_by(f32::total_cmp);
    areas
}

fn surprises(areas: &[Vec<f32>], largest: f32) -> Vec<[f32; 256]> {
    let table = |areas: &Vec<f32>| {
        let mut share = [0.0; 256];
        for area in areas.iter().filter(|&&area| area < largest + 1e-5) {
            for noise in [-NOISE, NOISE] {
                share[usize::from(render::grey(area * (1.0 + noise), 255.0 / largest))] += 0.5 / areas.len() as f32;
            }
        }
        share.map(bits)
    };
    areas.iter().map(table).collect()
}

/// The most likely origins of an image, best first. With `partial`, only those without a fully inked cell.
pub fn guesses(sizes: &[Size], image: &[u8], partial: bool, count: usize) -> Vec<Guess> {
    let at = |index: usize| (index as i32 / FRAME as i32, index as i32 % FRAME as i32, image[index]);
    let inked: Vec<_> = (0..image.len()).map(at).filter(|pixel| pixel.2 > 0).collect();
    let (mut first, mut last) = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
    for &(row, column, _) in &inked {
        first = (first.0.min(row), first.1.min(column));
        last = (last.0.max(row), last.1.max(column));
    }
    let reach = CELLS as i32 - 1;
    let mut found: Vec<Guess> = Vec::new();
    let mut worst = f32::MAX;
    for (index, size) in sizes.iter().enumerate() {
        let plain = size.surprises.iter().map(|(largest, table)| (*largest, Some(table)));
        let options: Vec<_> = if partial { size.partial().map(|largest| (largest, None)).collect() } else { plain.collect() };
        for (largest, table) in options {
            for top in last.0 - reach..=first.0 {
                for left in last.1 - reach..=first.1 {
                    // The ink is centred in the cells.
                    let skew = [first.0 + last.0 - 2 * top - reach, first.1 + last.1 - 2 * left - reach];
                    if skew.iter().any(|skew| skew.abs() > 2) {
                        continue;
                    }
                    let mut surprise = 0.0;
                    for &(row, column, grey) in &inked {
                        let kind = size.kind[(row - top) as usize] * size.kinds + size.kind[(column - left) as usize];
                        surprise += table.map_or_else(|| size.surprise(kind, grey, largest), |t| t[kind][usize::from(grey)]);
                        if surprise > worst {
                            break;
                        }
                    }
                    if surprise < worst {
                        worst = worst.min(surprise + 200.0);
                        found.push(Guess { surprise, size: index, largest, top, left });
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| a.surprise.total_cmp(&b.surprise));
    let limit = found.first().map_or(0.0, |best| best.surprise) + 120.0;
    found.retain(|guess| guess.surprise < limit);
    found.truncate(count);
    found
}
