//! The names of the series with a sample of how they look.

use super::item::{self, Item, Series};
use super::layout::Layout;
use super::{Legend, Plot, draw};
use crate::picture::{Picture, TextStyle, Vertical};

const SAMPLE: f64 = 24.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 18.0;
const ROW: f64 = 18.0;

/// A browser's font may be wider than the one that is measured.
const SLACK: f64 = 1.08;

fn style() -> TextStyle {
    TextStyle::new(11.5).vertical(Vertical::Middle)
}

/// The first series of every name.
pub(crate) fn names(series: &[Series]) -> Vec<&Series> {
    let mut named: Vec<&Series> = Vec::new();
    for one in series.iter().filter(|one| !one.name.is_empty()) {
        if !named.iter().any(|known| known.name == one.name) {
            named.push(one);
        }
    }
    named
}

/// Where each name's sample begins and its text ends (left, top, right), relative to the legend's corner: along rows of
/// this width, or in one column.
fn places(series: &[&Series], width: f64, column: bool) -> Vec<(f64, f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::with_capacity(series.len());
    for one in series {
        let needed = SAMPLE + GAP + SLACK * style().width_of(&one.name);
        if x > 0.0 && (column || x + needed > width) {
            (x, y) = (0.0, y + ROW);
        }
        places.push((x, y, x + needed));
        x += needed + BETWEEN;
    }
    places
}

/// Width and height of the legend.
pub(crate) fn size(plot: &Plot, width: f64, column: bool) -> (f64, f64) {
    let places = places(&names(&plot.series), width, column);
    places.iter().fold((0.0, 0.0), |(wide, high), &(_, top, right)| (right.max(wide), (top + ROW).max(high)))
}

pub(crate) fn draw(picture: &mut Picture, plot: &Plot, layout: &Layout) {
    if plot.legend == Legend::Hidden {
        return;
    }
    let colors = item::colors(&plot.series);
    let named = names(&plot.series);
    let places = places(&named, layout.legend.width, plot.legend == Legend::Beside);
    for (name, (x, y, _)) in named.iter().zip(places) {
        let (x, y) = (layout.legend.x + x, layout.legend.y + y + ROW / 2.0);
        // A band with a line over it shows both.
        for (one, &color) in plot.series.iter().zip(&colors).filter(|(one, _)| one.name == name.name) {
            sample(picture, one, color, x, y);
        }
        picture.text(x + SAMPLE + GAP, y, &name.name, style());
    }
}

fn sample(picture: &mut Picture, one: &Series, color: crate::Color, x: f64, y: f64) {
    let middle = x + SAMPLE / 2.0;
    match &one.item {
        Item::Points(_) => {
            picture.circle(middle, y, draw::dot_radius(one, 1), draw::dot_style(color));
        }
        Item::Band(_) => {
            picture.rect(x, y - 5.0, SAMPLE, 10.0, draw::band_color(color));
        }
        Item::Bars(_) => {
            picture.rect(x + 4.0, y - 5.0, SAMPLE - 8.0, 10.0, draw::bar_style(color));
        }
        Item::Path(_) => draw::path(picture, &[(x + 4.0, y), (x + SAMPLE - 4.0, y)], one, color),
        _ => {
            picture.line(&[(x, y), (x + SAMPLE, y)], draw::stroke(one, color, draw::LINE));
        }
    }
}
