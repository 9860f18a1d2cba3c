//! The step that made MNIST: a black-and-white scan becomes 20 by 20 grey cells.
//!
//! The authors of MNIST scaled every scanned digit so that the longer side of its bounding box fills 20 cells. A cell's
//! grey is the inked area in it, divided by the largest area of the image. Three things about the original program are
//! visible in the published pixels and repeated here: it counted in single precision but for one product; a scanned pixel
//! that straddles a cell border loses one percent of its extent on the far side; and the grey was converted around a
//! zero at 128, towards which it was rounded. Yadav and Bottou ("Cold Case: The Lost MNIST Digits", 2019) found the
//! second; the rest came out of the data while this crate was made.

/// Cells along one side of the scaled digit.
pub const CELLS: usize = 20;
/// The longest side of a scan.
pub const MAX_SIDE: usize = 112;
/// More lines of a scan than this never touch one cell.
const MAX_LINES: usize = 8;

/// The lines (rows or columns) of a scan that touch one cell, and how much of the cell's side each covers.
#[derive(Clone, Copy)]
pub struct Cell {
    pub first: usize,
    weights: [f32; MAX_LINES],
    lines: usize,
}

impl Cell {
    pub fn weights(&self) -> &[f32] {
        &self.weights[..self.lines]
    }
}

/// How the lines of a scan of `side` lines are shared between the cells. The types and the order of the operations
/// matter: they decide on which side of a cell border, and of a grey level, a rounding error falls.
pub fn cells(side: usize) -> [Cell; CELLS] {
    let mut cells = [Cell { first: 0, weights: [0.0; MAX_LINES], lines: 0 }; CELLS];
    let mut touch = |index: usize, line, weight| {
        if let Some(cell) = cells.get_mut(index)
            && weight > 0.0
            && cell.lines < MAX_LINES
        {
            if cell.lines == 0 {
                cell.first = line;
            }
            cell.weights[cell.lines] = weight;
            cell.lines += 1;
        }
    };
    let scale = CELLS as f32 / side as f32;
    for line in 0..side {
        let start = CELLS as f32 / 2.0 + scale * (line as f32 - side as f32 / 2.0);
        let end = (f64::from(start) + 0.99 * f64::from(scale)) as f32;
        let (near, far) = (start as usize, end as usize);
        if near == far {
            touch(near, line, scale);
        } else {
            touch(near, line, (near + 1) as f32 - start);
            touch(far, line, end - far as f32);
        }
    }
    cells
}

/// The inked area of every cell. Each row of the scan is a bit set with its first column in the lowest bit.
pub fn areas(side: usize, rows: impl IntoIterator<Item = u128>) -> [f32; CELLS * CELLS] {
    let cells = cells(side);
    let mut areas = [0.0; CELLS * CELLS];
    // The cells that a stretch of lines touches, or one more at either end.
    let touched = |first: usize, last: usize| {
        let (from, to) = (first * CELLS / side, last * CELLS / side + 2);
        from.saturating_sub(1).min(CELLS)..to.min(CELLS)
    };
    for (line, row) in rows.into_iter().enumerate().filter(|(_, row)| *row != 0) {
        let columns = touched(row.trailing_zeros() as usize, 127 - row.leading_zeros() as usize);
        for index in touched(line, line) {
            let Some(weight) = line.checked_sub(cells[index].first).and_then(|line| cells[index].weights().get(line)) else {
                continue;
            };
            let (cells, areas) = (&cells[columns.clone()], &mut areas[index * CELLS..][columns.clone()]);
            // A cell of a scan of up to 60 lines is touched by four of them at most.
            if side <= 60 { add::<4>(cells, areas, row, *weight) } else { add::<MAX_LINES>(cells, areas, row, *weight) }
        }
    }
    areas
}

/// Adds a part of a row's ink to a row of cells that are touched by up to `LINES` columns.
#[inline]
fn add<const LINES: usize>(cells: &[Cell], areas: &mut [f32], row: u128, weight: f32) {
    for (cell, area) in cells.iter().zip(areas) {
        let ink = if LINES == 4 { (row as u64 >> cell.first) as u32 } else { (row >> cell.first) as u32 };
        for (line, share) in cell.weights[..LINES].iter().enumerate() {
            // Zero without ink; not a branch, as no processor could guess it.
            *area += weight * f32::from_bits(share.to_bits() & (ink >> line & 1).wrapping_neg());
        }
    }
}

/// Scales the largest area to 255 and rounds.
pub fn greys(areas: &[f32; CELLS * CELLS]) -> [u8; CELLS * CELLS] {
    let largest = areas.iter().copied().fold(0.0, f32::max);
    if largest > 0.0 { areas.map(|area| grey(area, 255.0 / largest)) } else { [0; CELLS * CELLS] }
}

/// One cell's grey: rounded towards 128, as a conversion through signed bytes does.
#[inline]
pub fn grey(area: f32, factor: f32) -> u8 {
    ((area * factor - 128.0) as i32 + 128) as u8
}
