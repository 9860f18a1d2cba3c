//! Lines of equal value on a grid: marching squares.

use crate::grid::Grid;
use std::collections::HashMap;

/// Which values get a contour line.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// About this many, evenly spaced at round numbers.
    Automatic(usize),
    /// This many, so that equal parts of the plane lie between them: for functions with steep walls.
    Quantile(usize),
    /// This many, evenly spaced in the logarithm of the height above the lowest value: for narrow valleys such as Rosenbrock's.
    Logarithmic(usize),
    /// Exactly these.
    At(Vec<f64>),
}

impl Levels {
    /// The levels for this grid, rising.
    pub(crate) fn of(&self, grid: &Grid) -> Vec<f64> {
        let mut values: Vec<f64> = grid.values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return Vec::new() };
        let between = |n: usize, i: usize| (i + 1) as f64 / (n + 1) as f64;
        let mut levels: Vec<f64> = match self {
            Levels::Automatic(count) => super::scale::round_numbers(low, high, *count),
            Levels::Quantile(count) => {
                (0..*count).map(|i| values[((values.len() - 1) as f64 * between(*count, i)).round() as usize]).collect()
            }
            Levels::Logarithmic(count) => {
                // The lowest value itself has no logarithm of its height; the deepest one percent is one step.
                let floor = values[values.len() / 100] - low;
                let floor = if floor > 0.0 { floor } else { (high - low) * 1e-4 };
                let ratio = (high - low) / floor;
                (0..*count).map(|i| low + floor * ratio.powf(i as f64 / *count as f64)).collect()
            }
            Levels::At(levels) => levels.clone(),
        };
        levels.retain(|level| level.is_finite());
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }
}

/// A value with the lines along which it is reached.
pub(crate) struct Level {
    pub value: f64,
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// A crossing lies on an edge of the grid: that from a node to its right neighbour, or to its upper one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Edge {
    Right(usize, usize),
    Up(usize, usize),
}

/// The lines along which the grid, interpolated linearly along its edges, has this value. Each is as long as possible and
/// given in the grid's x and y; closed lines end where they begin. Cells with a NaN or infinite corner have none.
pub(crate) fn contour(grid: &Grid, level: f64) -> Vec<Vec<(f64, f64)>> {
    let mut segments: Vec<(Edge, Edge)> = Vec::new();
    for row in 0..grid.rows - 1 {
        for column in 0..grid.columns - 1 {
            cell(grid, level, column, row, &mut segments);
        }
    }
    join(&segments).into_iter().map(|line| line.into_iter().map(|edge| crossing(grid, level, edge)).collect()).collect()
}

/// The segments within the cell whose lower left node this is.
fn cell(grid: &Grid, level: f64, column: usize, row: usize, segments: &mut Vec<(Edge, Edge)>) {
    let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| grid.value(column + right, row + up));
    if corners.iter().any(|value| !value.is_finite()) {
        return;
    }
    let (bottom, right) = (Edge::Right(column, row), Edge::Up(column + 1, row));
    let (top, left) = (Edge::Right(column, row + 1), Edge::Up(column, row));
    let edges = [bottom, right, top, left];
    let above = corners.map(|value| value >= level);
    let crossed: Vec<Edge> = (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).map(|i| edges[i]).collect();
    match crossed[..] {
        [from, to] => segments.push((from, to)),
        // A saddle: the mean decides whether the two high corners are connected.
        [..] if crossed.len() == 4 => {
            let middle_above = corners.iter().sum::<f64>() / 4.0 >= level;
            if middle_above == above[0] {
                segments.extend([(bottom, right), (top, left)]);
            } else {
                segments.extend([(left, bottom), (right, top)]);
            }
        }
        _ => {}
    }
}

/// Where on an edge the value is reached.
fn crossing(grid: &Grid, level: f64, edge: Edge) -> (f64, f64) {
    let (from, to, (column, row), along_x) = match edge {
        Edge::Right(c, r) => (grid.value(c, r), grid.value(c + 1, r), (c as f64, r as f64), true),
        Edge::Up(c, r) => (grid.value(c, r), grid.value(c, r + 1), (c as f64, r as f64), false),
    };
    let t = ((level - from) / (to - from)).clamp(0.0, 1.0);
    if along_x { grid.node(column + t, row) } else { grid.node(column, row + t) }
}

/// Joins segments that share an edge into lines.
fn join(segments: &[(Edge, Edge)]) -> Vec<Vec<Edge>> {
    let mut ends: HashMap<Edge, Vec<usize>> = HashMap::new();
    for (i, (from, to)) in segments.iter().enumerate() {
        ends.entry(*from).or_default().push(i);
        ends.entry(*to).or_default().push(i);
    }
    let mut used = vec![false; segments.len()];
    let mut lines = Vec::new();
    // Open lines first, from their ends; what is left are closed ones.
    let is_end = |segment: &(Edge, Edge)| ends[&segment.0].len() == 1 || ends[&segment.1].len() == 1;
    let open = (0..segments.len()).filter(|&i| is_end(&segments[i]));
    for first in open.chain(0..segments.len()) {
        if used[first] {
            continue;
        }
        let (from, to) = segments[first];
        let (start, mut here) = if ends[&to].len() == 1 { (to, from) } else { (from, to) };
        used[first] = true;
        let mut line = vec![start, here];
        while let Some(&next) = ends[&here].iter().find(|&&next| !used[next]) {
            used[next] = true;
            here = if segments[next].0 == here { segments[next].1 } else { segments[next].0 };
            line.push(here);
        }
        lines.push(line);
    }
    lines
}
