//! The levels written on contour lines.

use super::contours::Level;
use super::scale;
use crate::color::Color;
use crate::picture::{Anchor, Area, Picture, TextStyle, Vertical};

const SIZE: f64 = 9.5;
/// Room between a label and the plot's edge, and between labels.
const EDGE: f64 = 14.0;
const APART: f64 = 34.0;

/// One label for every level that has room for one: along its longest line, where that is straightest.
pub(crate) fn draw(picture: &mut Picture, levels: &[Level], data: Area) {
    let style = TextStyle::new(SIZE).anchor(Anchor::Middle).vertical(Vertical::Middle).color(Color::GRAY).halo();
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for level in levels {
        let Some(line) = level.lines.iter().max_by(|a, b| length(a).total_cmp(&length(b))) else { continue };
        let text = scale::short(level.value);
        let Some((place, angle)) = straightest(line, style.width_of(&text) + 6.0, data, &taken) else { continue };
        picture.text(place.0, place.1, &text, style.rotate(angle));
        taken.push(place);
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn length(line: &[(f64, f64)]) -> f64 {
    line.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
}

/// The middle of the straightest stretch of this length that is free, and its angle in degrees as a text is read.
fn straightest(line: &[(f64, f64)], needed: f64, data: Area, taken: &[(f64, f64)]) -> Option<((f64, f64), f64)> {
    let (x, y) = (data.x + EDGE..data.x + data.width - EDGE, data.y + EDGE..data.y + data.height - EDGE);
    let free = |at: (f64, f64)| x.contains(&at.0) && y.contains(&at.1) && taken.iter().all(|&other| distance(at, other) >= APART);
    let mut best: Option<(f64, (f64, f64), f64)> = None;
    let mut last = 0;
    let mut along = 0.0;
    for first in 0..line.len() {
        while along < needed && last + 1 < line.len() {
            along += distance(line[last], line[last + 1]);
            last += 1;
        }
        if along < needed {
            break;
        }
        let (from, to) = (line[first], line[last]);
        // 0 for a straight stretch; the detour grows with its curvature.
        let detour = along - distance(from, to);
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        if free(middle) && detour < 0.06 * along && best.is_none_or(|(least, ..)| detour < least) {
            let angle = (to.1 - from.1).atan2(to.0 - from.0).to_degrees();
            best = Some((
                detour,
                middle,
                if angle > 90.0 {
                    angle - 180.0
                } else if angle < -90.0 {
                    angle + 180.0
                } else {
                    angle
                },
            ));
        }
        if first + 1 < line.len() {
            along -= distance(line[first], line[first + 1]);
        }
    }
    best.map(|(_, middle, angle)| (middle, angle))
}
