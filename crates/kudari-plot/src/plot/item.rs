//! What a plot shows.

use super::contours::Levels;
use crate::color::{Color, Ramp, palette};
use crate::grid::Grid;

/// One thing in a plot.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Line(Vec<(f64, f64)>),
    Points(Vec<(f64, f64)>),
    Band(Vec<(f64, f64, f64)>),
    Bars(Vec<(f64, f64, f64)>),
    Path(Vec<(f64, f64)>),
    Contours(Grid, Levels),
    Heat(Grid, Ramp),
    Arrows(Vec<(f64, f64, f64, f64)>),
    VerticalLine(f64, String),
    HorizontalLine(f64, String),
    Marker(f64, f64, String),
}

/// One thing with its name and looks.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub name: String,
    pub item: Item,
    pub color: Option<Color>,
    pub width: Option<f64>,
    pub dashed: bool,
    pub labelled: bool,
}

impl Item {
    /// Every place that the axes should show; NaN stands for "anywhere".
    pub fn extent(&self) -> Vec<(f64, f64)> {
        match self {
            Item::Line(points) | Item::Points(points) | Item::Path(points) => points.clone(),
            Item::Band(band) => band.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]).collect(),
            Item::Bars(bars) => bars.iter().flat_map(|&(left, right, height)| [(left, 0.0), (right, height)]).collect(),
            Item::Contours(grid, _) | Item::Heat(grid, _) => vec![(grid.x.0, grid.y.0), (grid.x.1, grid.y.1)],
            Item::Arrows(arrows) => arrows.iter().map(|&(x, y, _, _)| (x, y)).collect(),
            Item::VerticalLine(x, _) => vec![(*x, f64::NAN)],
            Item::HorizontalLine(y, _) => vec![(f64::NAN, *y)],
            Item::Marker(x, y, _) => vec![(*x, *y)],
        }
    }

    /// Whether the axes fit it without air: along x, along y.
    pub fn tight(&self) -> (bool, bool) {
        match self {
            Item::Line(_) | Item::Band(_) | Item::Bars(_) => (true, false),
            Item::Contours(..) | Item::Heat(..) => (true, true),
            _ => (false, false),
        }
    }
}

/// The colour of every series: its own, else that of an earlier one with its name, else the next one of the palette.
pub(crate) fn colors(series: &[Series]) -> Vec<Color> {
    let mut next = 0;
    let mut given: Vec<(&str, Color)> = Vec::new();
    let mut colors = Vec::with_capacity(series.len());
    for one in series {
        let known = given.iter().find(|(name, _)| !one.name.is_empty() && *name == one.name).map(|(_, color)| *color);
        let color = one.color.or(known).unwrap_or_else(|| match one.item {
            Item::VerticalLine(..) | Item::HorizontalLine(..) | Item::Marker(..) => Color::INK,
            Item::Contours(..) | Item::Heat(..) | Item::Arrows(..) => Color::GRAY,
            _ => {
                next += 1;
                palette(next - 1)
            }
        });
        given.push((&one.name, color));
        colors.push(color);
    }
    colors
}
