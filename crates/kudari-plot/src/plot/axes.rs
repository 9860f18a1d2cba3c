//! Grid lines behind the data; frame, ticks, labels and colour bars before it.

use super::Plot;
use super::item::Item;
use super::layout::{BAR_WIDTH, Bar, LABEL, Layout, TICK, TICK_GAP, TICK_LENGTH, TITLE};
use crate::color::Color;
use crate::picture::{Anchor, Picture, Stroke, TextStyle, Vertical};

const AXIS: Stroke = Stroke::new(Color::rgb(0x8a, 0x91, 0x99), 1.0);
const GRID: Stroke = Stroke::new(Color::LIGHT, 1.0);

/// The grid. A plane that is covered with colours or contours has none.
pub(crate) fn behind(picture: &mut Picture, plot: &Plot, layout: &Layout) {
    if is_map(plot) {
        return;
    }
    let data = layout.data;
    for tick in layout.x_ticks.iter().filter(|tick| !tick.label.is_empty()) {
        let x = crisp(layout.place((tick.value, f64::NAN)).0);
        picture.line(&[(x, data.y), (x, data.y + data.height)], GRID);
    }
    for tick in layout.y_ticks.iter().filter(|tick| !tick.label.is_empty()) {
        let y = crisp(layout.place((f64::NAN, tick.value)).1);
        picture.line(&[(data.x, y), (data.x + data.width, y)], GRID);
    }
}

/// Frame, ticks, labels, title and colour bars.
pub(crate) fn before(picture: &mut Picture, plot: &Plot, layout: &Layout) {
    let data = layout.data;
    let (left, right) = (crisp(data.x), crisp(data.x + data.width));
    let (top, bottom) = (crisp(data.y), crisp(data.y + data.height));
    if is_map(plot) {
        picture.rect(left, top, right - left, bottom - top, AXIS);
    } else {
        picture.line(&[(left, top), (left, bottom), (right, bottom)], AXIS);
    }
    let text = TextStyle::new(TICK).color(Color::INK);
    for tick in &layout.x_ticks {
        let x = layout.place((tick.value, f64::NAN)).0;
        let length = if tick.label.is_empty() { TICK_LENGTH / 2.0 } else { TICK_LENGTH };
        picture.line(&[(crisp(x), bottom), (crisp(x), bottom + length)], AXIS);
        let y = bottom + TICK_LENGTH + TICK_GAP;
        picture.text(x, y, &tick.label, text.anchor(Anchor::Middle).vertical(Vertical::Top));
    }
    for tick in &layout.y_ticks {
        let y = layout.place((f64::NAN, tick.value)).1;
        let length = if tick.label.is_empty() { TICK_LENGTH / 2.0 } else { TICK_LENGTH };
        picture.line(&[(left - length, crisp(y)), (left, crisp(y))], AXIS);
        let x = left - TICK_LENGTH - TICK_GAP;
        picture.text(x, y, &tick.label, text.anchor(Anchor::End).vertical(Vertical::Middle));
    }
    let label = TextStyle::new(LABEL).anchor(Anchor::Middle);
    picture.text(data.x + data.width / 2.0, layout.x_label_y, &plot.x.label, label);
    picture.text(layout.y_label_x, data.y + data.height / 2.0, &plot.y.label, label.rotate(-90.0));
    picture.text(data.x, layout.title_y, &plot.title, TextStyle::new(TITLE).bold());
    for bar in &layout.bars {
        color_bar(picture, plot, layout, bar);
    }
}

/// The colours of a heat map with their values.
fn color_bar(picture: &mut Picture, plot: &Plot, layout: &Layout, bar: &Bar) {
    const STEPS: usize = 64;
    let Some(Item::Heat(_, ramp)) = plot.series.get(bar.series).map(|series| &series.item) else { return };
    let Some((low, high, label)) = ramp.bar() else { return };
    let data = layout.data;
    let (left, top) = (crisp(bar.x), crisp(data.y));
    let (width, height) = (BAR_WIDTH, crisp(data.y + data.height) - top);
    let value = |step: usize| high + (low - high) * (step as f64 + 0.5) / STEPS as f64;
    picture.raster(left, top, width, height, 1, STEPS, (0..STEPS).map(|step| ramp.color(value(step))).collect());
    picture.rect(left, top, width, height, AXIS);
    let text = TextStyle::new(TICK).vertical(Vertical::Middle);
    let mut widest: f64 = 0.0;
    for tick in &bar.ticks {
        let y = top + (1.0 - bar.axis.place(tick.value)) * height;
        picture.line(&[(left + width, crisp(y)), (left + width + TICK_LENGTH, crisp(y))], AXIS);
        picture.text(left + width + TICK_LENGTH + TICK_GAP, y, &tick.label, text);
        widest = widest.max(text.width_of(&tick.label));
    }
    let x = left + width + TICK_LENGTH + TICK_GAP + widest + 8.0 + LABEL * 0.75;
    picture.text(x, top + height / 2.0, label, TextStyle::new(LABEL).anchor(Anchor::Middle).rotate(-90.0));
}

fn is_map(plot: &Plot) -> bool {
    plot.series.iter().any(|series| matches!(series.item, Item::Heat(..) | Item::Contours(..)))
}

/// The middle of the nearest pixel: a line of one pixel there is sharp.
fn crisp(place: f64) -> f64 {
    place.floor() + 0.5
}
