//! Where everything goes: the room that texts need around the data, then the data's own.

use super::item::Item;
use super::scale::{Axis, Tick};
use super::{AxisWish, Legend, Plot, legend};
use crate::error::{Error, Result};
use crate::picture::{Area, TextStyle};

/// Font sizes in pixels.
pub(crate) const TITLE: f64 = 14.0;
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const TICK: f64 = 11.0;

/// Length of a tick and the gap to its text.
pub(crate) const TICK_LENGTH: f64 = 4.0;
pub(crate) const TICK_GAP: f64 = 4.0;

/// Room at the picture's edge.
const MARGIN: f64 = 10.0;
/// Width of a colour bar, and its distance from the plot.
pub(crate) const BAR_WIDTH: f64 = 12.0;
pub(crate) const BAR_GAP: f64 = 16.0;

/// The places of a plot's parts.
pub(crate) struct Layout {
    /// Where the data is drawn.
    pub data: Area,
    pub x: Axis,
    pub y: Axis,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// Baseline of the title.
    pub title_y: f64,
    /// Baseline of the x label, and x of the y label's baseline.
    pub x_label_y: f64,
    pub y_label_x: f64,
    /// Upper left corner of the legend, and the width that it may take.
    pub legend: Area,
    /// The colour bars' axes, ticks and left ends.
    pub bars: Vec<Bar>,
}

/// A colour bar beside the data.
pub(crate) struct Bar {
    pub series: usize,
    pub x: f64,
    pub axis: Axis,
    pub ticks: Vec<Tick>,
}

impl Layout {
    pub fn new(plot: &Plot, width: f64, height: f64) -> Result<Layout> {
        let x = axis("x", &plot.x, plot, |place| place.0, |tight| tight.0)?;
        let y = axis("y", &plot.y, plot, |place| place.1, |tight| tight.1)?;
        let tick_style = TextStyle::new(TICK);
        let widest = |ticks: &[Tick]| ticks.iter().map(|tick| tick_style.width_of(&tick.label)).fold(0.0, f64::max);

        let title_room = if plot.title.is_empty() { 0.0 } else { TITLE + 12.0 };
        let x_label_room = if plot.x.label.is_empty() { 0.0 } else { LABEL + 8.0 };
        let y_label_room = if plot.y.label.is_empty() { 0.0 } else { LABEL + 10.0 };
        let tick_room = TICK_LENGTH + TICK_GAP;
        let top = MARGIN + title_room + if plot.title.is_empty() { TICK / 2.0 } else { 0.0 };
        let (beside, below) = match plot.legend {
            Legend::Beside => (legend::size(plot, f64::INFINITY, true).0, 0.0),
            Legend::Below => (0.0, legend::size(plot, width - 2.0 * MARGIN, false).1),
            Legend::Hidden => (0.0, 0.0),
        };
        let below = if below > 0.0 { below + 8.0 } else { 0.0 };
        let beside = if beside > 0.0 { beside + 16.0 } else { 0.0 };
        let bottom = height - MARGIN - below - x_label_room - TICK - tick_room;

        // The y labels need the plot's height, which is known; the x labels need its width, which depends on the y labels.
        let y_ticks = ticks(&y, &plot.y, bottom - top, 44.0);
        let left = MARGIN + y_label_room + widest(&y_ticks) + tick_room;
        let mut bars: Vec<Bar> = Vec::new();
        let mut bar_room = 0.0;
        for (series, one) in plot.series.iter().enumerate() {
            let Item::Heat(_, ramp) = &one.item else { continue };
            let Some((low, high, _)) = ramp.bar() else { continue };
            let axis = Axis::fixed("colour", super::Scale::Linear, low, high)?;
            let ticks = axis.ticks(((bottom - top) / 44.0).max(2.0) as usize);
            let room = BAR_GAP + BAR_WIDTH + tick_room + widest(&ticks) + LABEL + 8.0;
            bars.push(Bar { series, x: bar_room + BAR_GAP, axis, ticks });
            bar_room += room;
        }
        let mut right = width - MARGIN - beside - bar_room;
        let mut x_ticks = ticks(&x, &plot.x, right - left, 72.0);
        // The last label may stick out on the right; it must not be cut off.
        if bar_room + beside == 0.0
            && let Some(last) = x_ticks.iter().rev().find(|tick| !tick.label.is_empty())
        {
            let end = left + x.place(last.value) * (right - left) + tick_style.width_of(&last.label) / 2.0;
            right -= (end - (width - MARGIN / 2.0)).max(0.0);
            x_ticks = ticks(&x, &plot.x, right - left, 72.0);
        }
        let mut data = Area { x: left, y: top, width: right - left, height: bottom - top };
        if !(data.width >= 20.0 && data.height >= 20.0) {
            return Err(Error::new(format!("no room for a plot in {width}×{height} pixels"))
                .help("make the picture larger, or hide the legend"));
        }
        if plot.equal_aspect {
            let (unit_x, unit_y) = (data.width / (x.high - x.low), data.height / (y.high - y.low));
            if unit_x > unit_y {
                let narrower = (x.high - x.low) * unit_y;
                data = Area { x: data.x + (data.width - narrower) / 2.0, width: narrower, ..data };
            } else {
                let lower = (y.high - y.low) * unit_x;
                data = Area { y: data.y + (data.height - lower) / 2.0, height: lower, ..data };
            }
            x_ticks = ticks(&x, &plot.x, data.width, 60.0);
        }
        // On whole pixels, so that colours and frame meet without a seam.
        let (left, top) = (data.x.round(), data.y.round());
        data =
            Area { x: left, y: top, width: (data.x + data.width).round() - left, height: (data.y + data.height).round() - top };
        let end = data.y + data.height;
        for bar in &mut bars {
            bar.x += data.x + data.width;
        }
        let x_label_y = end + tick_room + TICK + 4.0 + LABEL;
        let legend = match plot.legend {
            Legend::Beside => Area { x: data.x + data.width + bar_room + 16.0, y: data.y, width: f64::INFINITY, height: 0.0 },
            _ => {
                let y = end + tick_room + TICK + x_label_room + 8.0;
                // In line with the data, unless it needs the room on the left.
                let room = width - 2.0 * MARGIN;
                let x = data.x.min(width - MARGIN - legend::size(plot, room, false).0).max(MARGIN);
                Area { x, y, width: room, height: 0.0 }
            }
        };
        let y_label_x = data.x - tick_room - widest(&y_ticks) - 8.0;
        let title_y = data.y - 12.0;
        Ok(Layout { data, x, y, x_ticks, y_ticks, title_y, x_label_y, y_label_x, legend, bars })
    }

    /// The place of a point in the picture; NaN where it has none.
    pub fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.data.x + self.x.place(x) * self.data.width, self.data.y + (1.0 - self.y.place(y)) * self.data.height)
    }

    /// Whether a point lies on the plot.
    pub fn contains(&self, (x, y): (f64, f64)) -> bool {
        self.x.contains(x) && self.y.contains(y)
    }
}

fn axis(
    name: &str,
    wish: &AxisWish,
    plot: &Plot,
    pick: impl Fn((f64, f64)) -> f64,
    pick_tight: impl Fn((bool, bool)) -> bool,
) -> Result<Axis> {
    if let Some((low, high)) = wish.range {
        return Axis::fixed(name, wish.scale, low, high);
    }
    let values = plot.series.iter().flat_map(|series| series.item.extent()).map(pick);
    let tight = plot.series.iter().any(|series| pick_tight(series.item.tight()));
    Axis::fitted(name, wish.scale, values, tight)
}

/// The ticks of an axis of this length, one about every `spacing` pixels.
fn ticks(axis: &Axis, wish: &AxisWish, length: f64, spacing: f64) -> Vec<Tick> {
    match &wish.ticks {
        Some(ticks) => {
            let inside = ticks.iter().filter(|(value, _)| axis.contains(*value));
            inside.map(|(value, label)| Tick { value: *value, label: label.clone() }).collect()
        }
        None => axis.ticks((length / spacing).clamp(2.0, 12.0) as usize),
    }
}
