//! From an MNIST image back to the scan that it was made of.

use crate::fit::{Guess, Size, guesses};
use crate::grid::Grid;
use crate::prior::{Prior, UNIT};
use crate::render::{self, CELLS, areas};
use crate::scan::{FRAME, Wanted};
use crate::solve::{Effort, Target, solve};

/// The scan behind an image.
pub struct Origin {
    pub side: usize,
    /// Bit sets, the first column in the lowest bit.
    pub rows: Vec<u128>,
    pub wanted: Wanted,
    /// Greys that the scan does not explain.
    pub wrong: usize,
    pub cost: u32,
}

/// Sides of the scans to look for.
pub const SIDES: std::ops::RangeInclusive<usize> = 20..=100;
/// Largest areas to try per guess.
const TRIES: usize = 12;
const BEAM: usize = 40;

/// Attempts in order of cost; `true` assumes that no cell is inked all over.
const ATTEMPTS: [(Effort, bool); 6] = [
    (Effort { beam: BEAM, fillings: 40, slack: false }, false),
    (Effort { beam: BEAM, fillings: 40, slack: false }, true),
    (Effort { beam: 6 * BEAM, fillings: 80, slack: false }, false),
    (Effort { beam: 6 * BEAM, fillings: 80, slack: false }, true),
    (Effort { beam: 2 * BEAM, fillings: 60, slack: true }, false),
    (Effort { beam: 2 * BEAM, fillings: 60, slack: true }, true),
];

/// Finds the likeliest scan behind an image. With `quick`, gives up early.
pub fn invert(sizes: &[Size], image: &[u8], prior: &Prior, quick: bool) -> Option<Origin> {
    if image.iter().all(|&grey| grey == 0) {
        return None;
    }
    let plain = guesses(sizes, image, false, 4);
    let likeliest = plain.first()?.surprise;
    let mut partial = None;
    let mut best: Option<Origin> = None;
    for &(effort, is_partial) in &ATTEMPTS[..if quick { 1 } else { ATTEMPTS.len() }] {
        let tried = if is_partial {
            partial.get_or_insert_with(|| {
                let mut partial = guesses(sizes, image, true, 8);
                partial.retain(|guess| guess.surprise + 20.0 < likeliest);
                partial
            })
        } else {
            &plain
        };
        let tried = if effort.slack { &tried[..tried.len().min(2)] } else { tried };
        for guess in tried {
            attempt(&sizes[guess.size], image, guess, prior, effort, is_partial, &mut best);
            if best.as_ref().is_some_and(|best| best.wrong == 0) {
                return best;
            }
        }
    }
    best
}

fn attempt(size: &Size, image: &[u8], guess: &Guess, prior: &Prior, effort: Effort, partial: bool, best: &mut Option<Origin>) {
    let greys = window(image, guess);
    let mut queue = largest_areas(size, &greys, guess, partial);
    if effort.slack {
        queue.truncate(1);
        queue.push(guess.largest);
    }
    let mut tried = Vec::new();
    while !queue.is_empty() && tried.len() < TRIES {
        let largest = queue.remove(0);
        if tried.contains(&largest) {
            continue;
        }
        tried.push(largest);
        let Some((cost, rows)) = solve(&size.grid, &Target { greys, largest }, prior, effort) else { continue };
        let areas = areas(size.grid.side, rows.iter().copied());
        let wrong = render::greys(&areas).iter().zip(&greys).filter(|(a, b)| a != b).count();
        let cost = cost + wrong as u32 * 10 * UNIT as u32;
        if best.as_ref().is_none_or(|best| cost < best.cost) {
            // Corners above or left of the frame wrap, as the model expects.
            let wanted = Wanted { greys, corner: [guess.top, guess.left].map(|at| at as isize as usize) };
            *best = Some(Origin { side: size.grid.side, rows, wanted, wrong, cost });
        }
        if wrong == 0 {
            return;
        }
        queue.insert(0, areas.iter().copied().fold(0.0, f32::max));
    }
}

/// The cells of an image under a guess.
fn window(image: &[u8], guess: &Guess) -> [u8; CELLS * CELLS] {
    std::array::from_fn(|cell| {
        let (row, column) = ((cell / CELLS) as i32 + guess.top, (cell % CELLS) as i32 + guess.left);
        let inside = |at: &i32| (0..FRAME as i32).contains(at);
        if inside(&row) && inside(&column) { image[row as usize * FRAME + column as usize] } else { 0 }
    })
}

/// Exact values that the largest area may have, the likeliest first.
fn largest_areas(size: &Size, greys: &[u8; CELLS * CELLS], guess: &Guess, partial: bool) -> Vec<f32> {
    let brightest = greys.iter().max();
    let mut found: Vec<f32> = Vec::new();
    let mut add = |area: f32, tolerance: f32| {
        if (area - guess.largest).abs() < tolerance && !found.contains(&area) {
            found.push(area);
        }
    };
    for cell in (0..CELLS * CELLS).filter(|&cell| Some(&greys[cell]) == brightest) {
        if !partial {
            add(size.full[cell], 1e-5);
        } else if size.full[cell] > guess.largest - 0.002 {
            // Up to three pixels of the cell are not inked.
            let (rows, columns) = (size.grid.weights(cell / CELLS), size.grid.weights(cell % CELLS));
            let pixels = rows.len() * columns.len();
            for a in 0..pixels {
                for b in a..pixels {
                    for c in b..pixels {
                        add(Grid::area(rows, columns, |r, k| ![a, b, c].contains(&(r * columns.len() + k))), 0.004);
                    }
                }
            }
        }
    }
    if partial {
        found.sort_by(|a, b| (a - guess.largest).abs().total_cmp(&(b - guess.largest).abs()));
    } else {
        found.sort_by(|a, b| b.total_cmp(a));
    }
    found
}
