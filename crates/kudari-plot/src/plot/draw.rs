//! The data itself.

use super::contours::{self, Level};
use super::item::{self, Item, Series};
use super::layout::{Layout, TICK};
use super::{Levels, Plot, labels, thin};
use crate::color::{Color, Ramp, sequential};
use crate::grid::Grid;
use crate::picture::{Anchor, Picture, Stroke, Style, TextStyle, Vertical};

/// Widths of lines in pixels.
pub(crate) const LINE: f64 = 1.75;
const CONTOUR: f64 = 0.9;
const ARROW: f64 = 1.1;
const REFERENCE: f64 = 1.0;

/// Everything in the order of its addition, heat maps first.
pub(crate) fn series(picture: &mut Picture, plot: &Plot, layout: &Layout) {
    let colors = item::colors(&plot.series);
    let is_heat = |one: &Series| matches!(one.item, Item::Heat(..));
    for wanted in [true, false] {
        for (one, &color) in plot.series.iter().zip(&colors).filter(|(one, _)| is_heat(one) == wanted) {
            draw(picture, one, color, layout);
        }
    }
}

fn draw(picture: &mut Picture, one: &Series, color: Color, layout: &Layout) {
    let places = |points: &[(f64, f64)]| points.iter().map(|&point| layout.place(point)).collect::<Vec<_>>();
    match &one.item {
        Item::Line(points) => {
            let points = thin::thinned(places(points));
            inside(picture, layout, |picture| {
                picture.line(&points, stroke(one, color, LINE));
            });
        }
        Item::Points(points) => {
            let radius = dot_radius(one, points.len());
            for &point in points.iter().filter(|&&point| layout.contains(point)) {
                let (x, y) = layout.place(point);
                picture.circle(x, y, radius, dot_style(color));
            }
        }
        Item::Band(band) => {
            let upper: Vec<_> = band.iter().map(|&(x, _, high)| layout.place((x, high))).collect();
            let lower: Vec<_> = band.iter().map(|&(x, low, _)| layout.place((x, low))).collect();
            inside(picture, layout, |picture| filled_between(picture, &upper, &lower, band_color(color)));
        }
        Item::Bars(bars) => inside(picture, layout, |picture| {
            for &(left, right, height) in bars {
                let floor = if layout.y.contains(0.0) { 0.0 } else { layout.y.low };
                let ((x0, y0), (x1, y1)) = (layout.place((left, floor)), layout.place((right, height)));
                picture.rect(x0.min(x1), y0.min(y1), (x1 - x0).abs(), (y1 - y0).abs(), bar_style(color));
            }
        }),
        Item::Path(points) => {
            let points = places(points);
            inside(picture, layout, |picture| path(picture, &points, one, color));
        }
        Item::Contours(grid, levels) => {
            let lines = contour_places(grid, levels, layout);
            inside(picture, layout, |picture| draw_contours(picture, &lines, one));
            if one.labelled {
                labels::draw(picture, &lines, layout.data);
            }
        }
        Item::Heat(grid, ramp) => {
            let data = layout.data;
            picture.clip(data.x, data.y, data.width, data.height, |picture| heat(picture, grid, ramp, layout));
        }
        Item::Arrows(arrows) => inside(picture, layout, |picture| field(picture, arrows, one, color, layout)),
        Item::VerticalLine(x, label) if layout.x.contains(*x) => {
            let (x, top) = (layout.place((*x, f64::NAN)).0, layout.data.y);
            picture.line(&[(x, top), (x, top + layout.data.height)], stroke(one, color, REFERENCE).dashed());
            let left = x > layout.data.x + 0.6 * layout.data.width;
            let (anchor, gap) = if left { (Anchor::End, -5.0) } else { (Anchor::Start, 5.0) };
            picture.text(x + gap, top + 3.0, label, note().anchor(anchor).vertical(Vertical::Top).color(color));
        }
        Item::HorizontalLine(y, label) if layout.y.contains(*y) => {
            let (y, left) = (layout.place((f64::NAN, *y)).1, layout.data.x);
            let right = left + layout.data.width;
            picture.line(&[(left, y), (right, y)], stroke(one, color, REFERENCE).dashed());
            let below = y < layout.data.y + 1.6 * TICK;
            let (place, vertical) = if below { (y + 5.0, Vertical::Top) } else { (y - 5.0, Vertical::Baseline) };
            picture.text(right - 4.0, place, label, note().anchor(Anchor::End).vertical(vertical).color(color));
        }
        Item::Marker(x, y, label) if layout.contains((*x, *y)) => {
            let (x, y) = layout.place((*x, *y));
            let cross = stroke(one, color, LINE);
            picture.line(&[(x - 4.0, y - 4.0), (x + 4.0, y + 4.0)], cross).line(&[(x - 4.0, y + 4.0), (x + 4.0, y - 4.0)], cross);
            let left = x > layout.data.x + 0.6 * layout.data.width;
            let (anchor, gap) = if left { (Anchor::End, -8.0) } else { (Anchor::Start, 8.0) };
            picture.text(x + gap, y, label, note().anchor(anchor).vertical(Vertical::Middle).color(color));
        }
        Item::VerticalLine(..) | Item::HorizontalLine(..) | Item::Marker(..) => {}
    }
}

/// Text over data.
fn note() -> TextStyle {
    TextStyle::new(TICK).halo()
}

/// Draws only on the plot; half a line's width more, so that lines along the edge are whole.
fn inside(picture: &mut Picture, layout: &Layout, draw: impl FnOnce(&mut Picture)) {
    let data = layout.data;
    picture.clip(data.x - 1.0, data.y - 1.0, data.width + 2.0, data.height + 2.0, draw);
}

pub(crate) fn stroke(one: &Series, color: Color, width: f64) -> Stroke {
    let stroke = Stroke::new(color, one.width.unwrap_or(width));
    if one.dashed { stroke.dashed() } else { stroke }
}

/// Many dots are smaller.
pub(crate) fn dot_radius(one: &Series, count: usize) -> f64 {
    one.width.map_or(if count > 400 { 2.2 } else { 3.2 }, |diameter| diameter / 2.0)
}

/// A dot with a thin white edge, so that neighbours stay apart.
pub(crate) fn dot_style(color: Color) -> Style {
    Style::new(color, Stroke::new(Color::WHITE, 0.75))
}

pub(crate) fn band_color(color: Color) -> Color {
    color.with_opacity(0.2 * color.opacity)
}

pub(crate) fn bar_style(color: Color) -> Style {
    Style::new(color.mix(Color::WHITE, 0.35), Stroke::new(Color::WHITE, 0.75))
}

/// The area between two lines with the same x; a gap in either is a gap.
fn filled_between(picture: &mut Picture, upper: &[(f64, f64)], lower: &[(f64, f64)], color: Color) {
    let pairs: Vec<_> = upper.iter().copied().zip(lower.iter().copied()).collect();
    let finite = |((x, high), (_, low)): &((f64, f64), (f64, f64))| x.is_finite() && high.is_finite() && low.is_finite();
    for piece in pairs.split(|pair| !finite(pair)) {
        let there = piece.iter().map(|(high, _)| *high);
        let back = piece.iter().rev().map(|(_, low)| *low);
        picture.polygon(&there.chain(back).collect::<Vec<_>>(), color);
    }
}

/// A search's steps, in the picture's own coordinates.
pub(crate) fn path(picture: &mut Picture, points: &[(f64, f64)], one: &Series, color: Color) {
    let width = one.width.unwrap_or(1.4);
    picture.line(points, stroke(one, color, width));
    let known: Vec<(f64, f64)> = points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    // Where steps are short, dots would run into a blot.
    let mut last = (f64::NEG_INFINITY, 0.0);
    for &(x, y) in &known {
        if (x - last.0).hypot(y - last.1) >= 3.0 * width {
            picture.circle(x, y, 0.6 + width, color);
            last = (x, y);
        }
    }
    if let (Some(&(x, y)), Some(&(end_x, end_y))) = (known.first(), known.last()) {
        picture.circle(x, y, 4.2, Style::new(Color::WHITE, Stroke::new(color, 1.6)));
        picture.circle(end_x, end_y, 4.6, Style::new(color, Stroke::new(Color::WHITE, 1.0)));
    }
}

/// The contour lines of every level in the picture's own coordinates.
fn contour_places(grid: &Grid, levels: &Levels, layout: &Layout) -> Vec<Level> {
    let placed = |line: Vec<(f64, f64)>| line.into_iter().map(|point| layout.place(point)).collect();
    let lines = |value| contours::contour(grid, value).into_iter().map(placed).collect();
    levels.of(grid).into_iter().map(|value| Level { value, lines: lines(value) }).collect()
}

fn draw_contours(picture: &mut Picture, levels: &[Level], one: &Series) {
    let last = levels.len().saturating_sub(1).max(1) as f64;
    for (i, level) in levels.iter().enumerate() {
        let color = one.color.unwrap_or_else(|| sequential(0.35 + 0.45 * i as f64 / last));
        for line in &level.lines {
            picture.line(line, stroke(one, color, CONTOUR));
        }
    }
}

/// One coloured cell around every node; the outer half of the outermost cells is cut off.
fn heat(picture: &mut Picture, grid: &Grid, ramp: &Ramp, layout: &Layout) {
    let colors = (0..grid.rows).rev().flat_map(|row| (0..grid.columns).map(move |column| (column, row)));
    let colors = colors.map(|(column, row)| ramp.color(grid.value(column, row))).collect();
    let (left, top) = layout.place(grid.node(-0.5, grid.rows as f64 - 0.5));
    let (right, bottom) = layout.place(grid.node(grid.columns as f64 - 0.5, -0.5));
    picture.raster(left, top, right - left, bottom - top, grid.columns, grid.rows, colors);
}

fn field(picture: &mut Picture, arrows: &[(f64, f64, f64, f64)], one: &Series, color: Color, layout: &Layout) {
    let data = layout.data;
    let units = (data.width / (layout.x.high - layout.x.low), data.height / (layout.y.high - layout.y.low));
    let length = |&(_, _, dx, dy): &(f64, f64, f64, f64)| (dx * units.0).hypot(dy * units.1);
    let longest = arrows.iter().map(length).filter(|length| length.is_finite()).fold(0.0, f64::max);
    let shown = arrows.iter().filter(|&&(x, y, _, _)| layout.contains((x, y))).count();
    let spacing = (data.width * data.height / shown.max(1) as f64).sqrt();
    let scale = 0.9 * spacing / longest;
    for &(x, y, dx, dy) in arrows {
        let from = layout.place((x, y));
        let to = (from.0 + dx * units.0 * scale, from.1 - dy * units.1 * scale);
        picture.arrow(from, to, stroke(one, color, ARROW));
    }
}
