//! Pictures of descents: the ways on contours, the value over the steps, animations.

use std::time::Duration;

use kudari::descent::Outcome;
use kudari::model::with_commas;
use kudari_plot::{Animation, Color, Grid, Legend, Levels, Picture, Plot, Scale, TextStyle, grid, palette};

use super::watch::Watch;
use super::{Run, Task};
use crate::commands::differentiate::cut;
use crate::failure::Failure;

/// Nodes of the grid under the contours, and points of a curve.
pub const NODES: usize = 201;
const CURVE: usize = 601;
/// Sides of the pictures of one run and of several, in pixels.
const LARGE: (f64, f64) = (520.0, 560.0);
const SMALL: (f64, f64) = (400.0, 440.0);
/// About how many frames an animation has, and how long it takes.
const FRAMES: usize = 60;
const LENGTH: Duration = Duration::from_secs(6);
/// A step of so many pictures' sizes leads away for good.
const FAR: f64 = 9.0;
/// Points of a way that are nearer to each other than this share of the picture are one point to the eye.
const SEEN: f64 = 0.002;
/// Values so many times larger than at the start are above the picture, those so many times smaller below it.
const TOP: f64 = 1e4;
const BOTTOM: f64 = 1e-24;

/// The ways of all runs, and the value over the steps.
pub fn ways(task: &Task, runs: &[Run]) -> Result<Picture, Failure> {
    sheet(task, runs, usize::MAX)
}

/// The ways as they grow.
pub fn animation(task: &Task, runs: &[Run], watch: &mut Watch) -> Result<Animation, Failure> {
    let last = runs.iter().map(|run| run.descent.steps()).max().unwrap_or(0);
    let frames = last.min(FRAMES);
    let mut film = Animation::new(task.headline(), LENGTH / (frames as u32 + 1));
    watch.begin(frames + 1);
    for frame in 0..=frames {
        watch.go_on();
        let step = if frames == 0 { 0 } else { (last * frame).div_ceil(frames) };
        film.push(sheet(task, runs, step)?, format!("step {}", with_commas(step as u64)));
    }
    Ok(film)
}

/// One plane for each run, since ways from one start often cover each other, and the values of all, until `step`.
fn sheet(task: &Task, runs: &[Run], step: usize) -> Result<Picture, Failure> {
    let (width, height) = if runs.len() == 1 { LARGE } else { SMALL };
    let mut panels = Vec::new();
    if task.formula.variables().len() <= 2 {
        let window = window(task, runs);
        for (i, run) in runs.iter().enumerate() {
            let title = if runs.len() == 1 { cut(&task.headline()) } else { format!("{}: {}", run.name(), word(run)) };
            let plot = Plot::new(title).legend(Legend::Hidden);
            let plot = match task.formula.variables().len() {
                1 => curve(plot, task, window[0], (i, run), step),
                _ => contours(plot, task, window, (i, run), step)?,
            };
            panels.push(plot.picture(width, height)?);
        }
    }
    panels.push(value_curves(task, runs, step)?.picture(width, height)?);
    let columns = if panels.len() > 4 { 3 } else { 2 };
    let panels = grid(&panels, columns, 16.0);
    if runs.len() == 1 {
        return Ok(panels);
    }
    let mut sheet = Picture::new(panels.width(), panels.height() + 36.0);
    let headline = cut(&task.headline());
    sheet.describe(&headline, "The ways of several descents, and the values over the steps");
    sheet.text(20.0, 26.0, &headline, TextStyle::new(16.0).bold()).place(&panels, 0.0, 36.0);
    Ok(sheet)
}

/// The verdict in a word or two.
fn word(run: &Run) -> String {
    run.verdict.outcome.word().replace('_', " ")
}

/// The part of the plane to show: the range that is known, or a square around the ways as far as they do not run away.
fn window(task: &Task, runs: &[Run]) -> [(f64, f64); 2] {
    task.ranges.unwrap_or_else(|| {
        let start = runs.first().map_or(&[][..], |run| &run.descent.path[0][..]);
        let far = 2.0 * start.iter().copied().fold(1.0, |size: f64, x| size.max(x.abs()));
        let near = |p: &&Vec<f64>| p.iter().all(|x| x.abs() <= far);
        let arrived = runs.iter().filter(|run| run.verdict.outcome == Outcome::Converges).map(|run| run.descent.end());
        let path = runs.iter().flat_map(|run| run.descent.path.iter().filter(near).map(Vec::as_slice));
        let places: Vec<&[f64]> = path.chain(arrived).collect();
        let side = |i: usize| {
            let (low, high) =
                places.iter().filter_map(|p| p.get(i)).fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
            if low <= high { (low, high) } else { (0.0, 0.0) }
        };
        let (x, y) = (side(0), side(1));
        let half = 0.7 * (x.1 - x.0).max(y.1 - y.0).max(1e-3 * far);
        [x, y].map(|(low, high)| (low / 2.0 + high / 2.0 - half, low / 2.0 + high / 2.0 + half))
    })
}

/// Levels that show the floor of narrow valleys too.
pub fn levels(values: impl Iterator<Item = f64>) -> Levels {
    let mut values: Vec<f64> = values.filter(|f| f.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return Levels::Quantile(12) };
    match values[values.len() / 2] - low < 0.1 * (high - low) {
        true => Levels::Logarithmic(14),
        false => Levels::Quantile(12),
    }
}

/// A plot of the plane with contours, and the heights that they show.
pub fn map(plot: Plot, task: &Task, [x, y]: [(f64, f64); 2]) -> Result<(Plot, Grid, Levels), Failure> {
    let node = |(low, high): (f64, f64), i: usize| low + (high - low) * i as f64 / (NODES - 1) as f64;
    let heights: Vec<f64> = (0..NODES * NODES).map(|i| task.formula.value(&[node(x, i % NODES), node(y, i / NODES)])).collect();
    let levels = levels(heights.iter().copied());
    let names = task.formula.variables();
    let plot = plot.x_label(&names[0]).y_label(&names[1]).x_range(x.0, x.1).y_range(y.0, y.1);
    let square = (x.1 - x.0) / (y.1 - y.0);
    let plot = if (0.99..1.01).contains(&square) { plot.equal_aspect() } else { plot };
    Ok((plot, Grid::new(NODES, NODES, x, y, heights)?, levels))
}

fn contours(plot: Plot, task: &Task, window: [(f64, f64); 2], (i, run): (usize, &Run), step: usize) -> Result<Plot, Failure> {
    let (plot, heights, levels) = map(plot, task, window)?;
    let path = visible(run.descent.path.iter().take(step.saturating_add(1)), window);
    let mut plot = plot.contours(&heights, levels).path(run.name(), &path).color(palette(i + 1));
    for minimum in task.minima() {
        plot = plot.marker(minimum[0], minimum[1], "");
    }
    Ok(plot)
}

/// The points of a way that can be told apart, until it runs off: one point far outside shows where to.
fn visible<'a>(path: impl Iterator<Item = &'a Vec<f64>>, [x, y]: [(f64, f64); 2]) -> Vec<(f64, f64)> {
    let (width, height) = (x.1 - x.0, y.1 - y.0);
    let mut seen: Vec<(f64, f64)> = Vec::new();
    let mut last = None;
    for place in path.map(|p| (p[0], p[1])) {
        let apart = |from: &(f64, f64)| ((place.0 - from.0) / width).hypot((place.1 - from.1) / height);
        // The way from here on is outside anyway.
        if seen.len() > 1 && seen.last().is_some_and(|before| apart(before) > FAR) {
            break;
        }
        last = Some(place);
        if seen.last().is_none_or(|before| apart(before) > SEEN) {
            seen.push(place);
        }
    }
    if last != seen.last().copied() {
        seen.extend(last);
    }
    seen
}

/// The way on the curve of a function of one variable.
fn curve(plot: Plot, task: &Task, (low, high): (f64, f64), (i, run): (usize, &Run), step: usize) -> Plot {
    let place = |i: usize| low + (high - low) * i as f64 / (CURVE - 1) as f64;
    let curve: Vec<(f64, f64)> = (0..CURVE).map(|i| (place(i), task.formula.value(&[place(i)]))).collect();
    let name = &task.formula.variables()[0];
    let shown = run.descent.path.iter().zip(&run.descent.values).take(step.saturating_add(1));
    let path: Vec<(f64, f64)> = shown.filter(|(p, _)| (low..=high).contains(&p[0])).map(|(p, &f)| (p[0], f)).collect();
    let plot = plot.x_label(name).y_label(format!("f({name})")).x_range(low, high);
    plot.line("", &curve).color(Color::INK).path(run.name(), &path).color(palette(i + 1))
}

/// f over the steps; on a logarithmic axis where it spans so much that a linear one would show nothing.
fn value_curves(task: &Task, runs: &[Run], step: usize) -> Result<Plot, Failure> {
    let start = runs.first().map_or(1.0, |run| run.descent.values[0].abs().max(f64::MIN_POSITIVE));
    let all = || runs.iter().flat_map(|run| run.descent.values.iter().copied());
    let (low, high) = all().fold((f64::MAX, f64::MIN), |(low, high), f| (low.min(f), high.max(f)));
    let logarithmic = low > 0.0 && high > 50.0 * low;
    let last = runs.iter().map(|run| run.descent.steps()).max().unwrap_or(1).max(1);
    let (low, high) = match logarithmic {
        true => (low.max(BOTTOM * start) / 2.0, high.min(TOP * start) * 2.0),
        false => (low.max(-TOP * start), high.min(TOP * start)),
    };
    let air = if logarithmic { 0.0 } else { 0.04 * (high - low) };
    let shown = if logarithmic { last } else { until_it_rests(runs, high - low).min(last) };
    let names = task.formula.variables().join(", ");
    let mut plot = Plot::new(if runs.len() == 1 { "" } else { "all of them" }).x_label("step").y_label(format!("f({names})"));
    plot = plot.x_range(0.0, shown as f64).y_scale(if logarithmic { Scale::Logarithmic } else { Scale::Linear });
    if low < high {
        plot = plot.y_range(low - air, high + air);
    }
    for (i, run) in runs.iter().enumerate() {
        let values = run.descent.values.iter().enumerate().take(step.saturating_add(1));
        let line: Vec<(f64, f64)> = values.map(|(step, &f)| (step as f64, f)).collect();
        plot = plot.line(run.name(), &line).color(palette(i + 1));
    }
    Ok(plot)
}

/// Three times as many steps as it takes until nothing can be seen to change any more.
fn until_it_rests(runs: &[Run], height: f64) -> usize {
    let rests = |run: &Run| {
        let moving = run.descent.values.iter().rposition(|f| (f - run.value()).abs() > 0.01 * height);
        3 * moving.unwrap_or(0) + 5
    };
    runs.iter().map(rests).max().unwrap_or(1)
}
