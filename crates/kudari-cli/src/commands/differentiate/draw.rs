//! Pictures of derivatives: tangents, arrows on contours, errors over the step.

use kudari::check::{Cause, Derivatives, Difference, Sweep, steps_between};
use kudari::expression::{TextStyle, superscript};
use kudari::{Error, ErrorKind, Result};
use kudari_plot::{Color, Grid, Levels, Picture, Plot, Scale, grid, palette};

use super::{SweepOf, Task, located};
use crate::failure::Failure;
use crate::output::rounded;

/// Points of a curve, nodes of a grid of contours, arrows along each side of a field.
const CURVE: usize = 801;
const NODES: usize = 121;
const ARROWS: usize = 17;
/// Longer formulas are cut in titles.
const TITLE: usize = 64;

/// The ranges of `--range`: one for both variables, or one each.
pub fn ranges(text: &str, numbers: &[f64]) -> Result<[(f64, f64); 2]> {
    let ranges = match *numbers {
        [low, high] => Some([(low, high); 2]),
        [low, high, from, to] => Some([(low, high), (from, to)]),
        _ => None,
    };
    ranges.filter(|r| r.iter().all(|(low, high)| low < high)).ok_or_else(|| {
        Error::new(ErrorKind::Value, format!("--range {text}")).help("two numbers, the low one first, or four: -2,2,-1,3")
    })
}

/// The formula with its tangents or its gradients.
pub fn formula(task: &Task, found: &[Derivatives], ascent: bool) -> Result<Picture, Failure> {
    if task.formula.variables().len() == 1 { tangents(task, found) } else { field(task, ascent) }
}

fn title(task: &Task) -> String {
    cut(&format!("{} = {}", task.head(), task.formula.text(TextStyle::Unicode)))
}

/// A title that is not too long.
pub fn cut(text: &str) -> String {
    match text.chars().count() > TITLE {
        true => text.chars().take(TITLE).chain("…".chars()).collect(),
        false => text.to_string(),
    }
}

/// The range around these coordinates: as far on both sides as they are from 0 and from each other.
fn around(coordinates: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let low = coordinates.clone().fold(f64::INFINITY, f64::min);
    let high = coordinates.fold(f64::NEG_INFINITY, f64::max);
    let margin = low.abs().max(high.abs()).max(high - low);
    let margin = if margin > 0.0 { margin } else { 1.0 };
    (low - margin, high + margin)
}

/// The curve with a tangent at every point.
fn tangents(task: &Task, found: &[Derivatives]) -> Result<Picture, Failure> {
    let (low, high) = task.ranges.map_or_else(|| around(task.points.iter().map(|at| at[0])), |r| r[0]);
    let place = |i: usize| low + (high - low) * i as f64 / (CURVE - 1) as f64;
    let mut curve: Vec<(f64, f64)> = (0..CURVE).map(|i| (place(i), task.formula.value(&[place(i)]))).collect();
    let (bottom, top) = heights(&curve, found);
    // Between both sides of a pole there is no curve.
    for i in 1..CURVE {
        let (a, b) = (curve[i - 1].1, curve[i].1);
        if a.min(b) < bottom && a.max(b) > top {
            curve[i].1 = f64::NAN;
        }
    }
    let x = &task.formula.variables()[0];
    let mut plot = Plot::new(title(task))
        .x_label(x)
        .y_label(task.head())
        .x_range(low, high)
        .y_range(bottom, top)
        .line(task.head(), &curve)
        .color(Color::INK)
        .width(2.2);
    for (at, found) in task.points.iter().zip(found) {
        let (x0, slope) = (at[0], found.exact[0]);
        let tangent = [low, high].map(|x| (x, found.value + slope * (x - x0)));
        let name = format!("tangent at {}: slope {}", rounded(x0), rounded(slope));
        plot = plot.line(name.clone(), &tangent).width(1.6);
        // A step that can be seen: the line through both points, whose slope the central difference is.
        if let Some(h) = task.step.filter(|h| *h > (high - low) / 100.0) {
            let [a, b] = [x0 - h, x0 + h].map(|x| (x, task.formula.value(&[x])));
            let name = format!("secant through x ± {}: slope {}", rounded(h), rounded((b.1 - a.1) / (b.0 - a.0)));
            plot = plot.line(name, &[a, b]).dashed().points("", &[a, b]).color(Color::GRAY);
        }
        plot = plot.points(name, &[(x0, found.value)]).width(9.0);
    }
    Ok(plot.picture(560.0, 420.0)?)
}

/// The heights that are worth showing: all, but not the whole way up to a pole.
fn heights(curve: &[(f64, f64)], found: &[Derivatives]) -> (f64, f64) {
    let mut values: Vec<f64> = curve.iter().map(|p| p.1).filter(|y| y.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(0.0);
    let (low, high) = (at(0.1), at(0.9));
    let middle = high - low;
    let mut bottom = if low - at(0.0) > 2.0 * middle { low - middle / 2.0 } else { at(0.0) };
    let mut top = if at(1.0) - high > 2.0 * middle { high + middle / 2.0 } else { at(1.0) };
    for found in found {
        (bottom, top) = (bottom.min(found.value), top.max(found.value));
    }
    let air = 0.06 * (top - bottom);
    if air > 0.0 { (bottom - air, top + air) } else { (bottom - 1.0, top + 1.0) }
}

/// Arrows of the gradient or its opposite, on contours.
fn field(task: &Task, ascent: bool) -> Result<Picture, Failure> {
    let side = |i: usize| around(task.points.iter().map(move |at| at[i]));
    let [x, y] = task.ranges.unwrap_or_else(|| {
        // One range for both, so that round hills look round.
        let (a, b) = (side(0), side(1));
        let range = (a.0.min(b.0), a.1.max(b.1));
        [range, range]
    });
    let heights = Grid::from_fn(NODES, NODES, x, y, |x, y| task.formula.value(&[x, y]))?;
    let place = |(low, high): (f64, f64), i: usize| low + (high - low) * (i as f64 + 0.5) / ARROWS as f64;
    let sign = if ascent { 1.0 } else { -1.0 };
    let mut arrows = Vec::new();
    for i in 0..ARROWS * ARROWS {
        let (x, y) = (place(x, i % ARROWS), place(y, i / ARROWS));
        // Where there is no gradient, there is no arrow.
        if let Ok((_, gradient)) = task.formula.value_and_gradient(&[x, y]) {
            arrows.push((x, y, sign * gradient[0], sign * gradient[1]));
        }
    }
    let compressed = compress(&mut arrows);
    let direction = if ascent { "∇f, up the steepest slope" } else { "−∇f, down the steepest slope" };
    let lengths = if compressed { " (lengths compressed)" } else { "" };
    let names = task.formula.variables();
    let mut plot = Plot::new(title(task))
        .description(format!("Contours of f, with arrows: {direction}"))
        .x_label(&names[0])
        .y_label(&names[1])
        .x_range(x.0, x.1)
        .y_range(y.0, y.1)
        .contours(&heights, Levels::Quantile(10))
        .arrows(&arrows)
        .color(palette(1))
        .line(format!("{direction}{lengths}"), &[])
        .color(palette(1));
    if (x.1 - x.0) == (y.1 - y.0) {
        plot = plot.equal_aspect();
    }
    for at in &task.points {
        plot = plot.marker(at[0], at[1], located("", at));
    }
    Ok(plot.picture(560.0, 580.0)?)
}

/// Shortens the long arrows of a field in which most are so short that their direction cannot be seen; says whether.
fn compress(arrows: &mut [(f64, f64, f64, f64)]) -> bool {
    let mut lengths: Vec<f64> = arrows.iter().map(|a| a.2.hypot(a.3)).filter(|&l| l > 0.0).collect();
    lengths.sort_by(f64::total_cmp);
    let (Some(&middle), Some(&longest)) = (lengths.get(lengths.len() / 2), lengths.last()) else { return false };
    if middle > longest / 6.0 {
        return false;
    }
    // The power that makes the middle one 0.4 as long as the longest.
    let power = 0.4f64.ln() / (middle / longest).ln();
    for (_, _, dx, dy) in arrows {
        let length = dx.hypot(*dy) / longest;
        if length > 0.0 {
            let factor = length.powf(power - 1.0) / longest;
            (*dx, *dy) = (*dx * factor, *dy * factor);
        }
    }
    true
}

/// The error over the step, for every sweep.
pub fn errors(task: &Task, sweeps: &[SweepOf<'_>]) -> Result<Picture, Failure> {
    let pictures = sweeps.iter().map(|of| error_curves(task, of)).collect::<Result<Vec<_>, Failure>>()?;
    Ok(grid(&pictures, 2, 24.0))
}

fn error_curves(task: &Task, of: &SweepOf<'_>) -> Result<Picture, Failure> {
    let steps = task.sweep.as_deref().unwrap_or_default();
    let (first, last) = (steps.first().copied().unwrap_or(1.0), steps.last().copied().unwrap_or(1.0));
    let fine = steps_between(first, last, 4);
    let place = format!("{} = {}", of.variable, rounded(of.at[of.index]));
    let mut plot = Plot::new(format!("Error of {} by differences at {place}", task.derivative_name(of.index)))
        .x_label("← rounding: digits cancel          step h          truncation: the curve bends →")
        .y_label("|error|")
        .x_scale(Scale::Logarithmic)
        .y_scale(Scale::Logarithmic);
    let methods = [Difference::Forward, Difference::Central, Difference::Richardson];
    for (i, difference) in methods.into_iter().enumerate().filter(|(_, d)| task.only.is_none_or(|only| only == *d)) {
        let sweep = |steps: &[f64]| task.sweep_at(difference, of.at, of.index, of.exact, steps);
        let Some(best) = sweep(steps).best().copied() else { continue };
        let name = format!("{}, best h = {}", format!("{difference:?}").to_lowercase(), power(best.step));
        plot = plot.line(name, &curve(&sweep(&fine))).color(palette(i)).width(1.6);
        plot = plot.marker(best.step, best.error, "").color(palette(i));
    }
    if let Some(lost) = of.sweep.lost_from() {
        plot = plot.vertical_line(lost, "x + h = x");
    }
    Ok(plot.picture(600.0, 420.0)?)
}

fn curve(sweep: &Sweep) -> Vec<(f64, f64)> {
    let shown = sweep.rows.iter().filter(|row| row.cause != Cause::Undefined);
    shown.map(|row| (row.step, row.error)).collect()
}

/// A power of ten as the axes write it.
fn power(step: f64) -> String {
    let exponent = step.log10().round();
    let sign = if exponent < 0.0 { "⁻" } else { "" };
    format!("10{sign}{}", superscript(exponent.abs() as usize))
}
