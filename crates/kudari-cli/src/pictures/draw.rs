//! Draws a film of a training: decision regions with the data, and the loss.

use std::time::Duration;

use kudari::data::Dataset;
use kudari::train::{Film, Moment};
use kudari_plot::{Anchor, Animation, Color, Grid, Legend, Levels, Picture, Plot, Ramp, TextStyle, Vertical, grid, palette, row};

use super::fitting_scale;
use crate::failure::Failure;
use crate::output::{self, with_commas};

/// Height of a frame, and the widths of the regions and of the loss beside them, in pixels.
const HEIGHT: f64 = 400.0;
const REGIONS_WIDTH: f64 = 392.0;
const LOSS_WIDTH: f64 = 400.0;
/// What the names of the classes take under the regions; the loss, which has none, ends as much above.
const LEGEND: f64 = 26.0;
/// A film strip: its moments in rows of so many, and the width of one with its margins, which take up so much.
const STRIP: usize = 8;
const STRIP_COLUMNS: usize = 4;
const STRIP_SIDE: f64 = 190.0;
const STRIP_LOSS: f64 = 270.0;
/// What a plot without texts leaves free around its data: left, top, right, bottom.
const MARGINS: [f64; 4] = [18.0, 15.5, 10.0, 29.0];
/// Milliseconds for the whole animation, and the least and most for one moment.
const LENGTH: u64 = 6_000;
const LEAST: u64 = 50;
const MOST: u64 = 200;
/// Shades of each class between "no idea" and "certain".
const SHADES: usize = 40;

/// Every moment, one after the other.
pub fn animation(film: &Film, network: &str) -> Result<Animation, Failure> {
    let moments = film.moments();
    let delay = (LENGTH / moments.len().max(1) as u64).clamp(LEAST, MOST);
    let mut animation = Animation::new(format!("Learning {}", film.data().name()), Duration::from_millis(delay));
    for moment in moments {
        let regions = regions(film, moment, Plot::new("decisions"))?.x_label("x₀").y_label("x₁");
        let loss = loss_curve(film, &[moment]);
        let both = row(&[regions.picture(REGIONS_WIDTH, HEIGHT)?, loss.picture(LOSS_WIDTH, HEIGHT - LEGEND)?]);
        animation
            .push(headed(film, network, &both), format!("iteration {}, {}", with_commas(moment.iteration), loss_text(moment)));
    }
    Ok(animation)
}

/// The moments at which most happened, and the loss under them.
pub fn filmstrip(film: &Film, network: &str) -> Result<Picture, Failure> {
    let moments = film.highlights(STRIP);
    let panels: Result<Vec<Picture>, Failure> = moments.iter().map(|moment| panel(film, moment)).collect();
    let panels = grid(&panels?, STRIP_COLUMNS, 14.0);
    let loss = loss_curve(film, &moments).picture(panels.width(), STRIP_LOSS)?;
    Ok(headed(film, network, &grid(&[panels, loss], 1, 10.0)))
}

/// One moment of a film strip, with its iteration and loss above it.
fn panel(film: &Film, moment: &Moment) -> Result<Picture, Failure> {
    let [left, top, right, bottom] = MARGINS;
    let plot = regions(film, moment, Plot::new(""))?.x_ticks(&[]).y_ticks(&[]).legend(Legend::Hidden);
    let regions = plot.picture(STRIP_SIDE + left + right, STRIP_SIDE + top + bottom)?;
    let mut panel = Picture::new(STRIP_SIDE + 2.0, STRIP_SIDE + 24.0);
    let text = TextStyle::new(12.0).vertical(Vertical::Middle);
    panel.place(&regions, 1.0 - left, 20.0 - top);
    panel.text(1.0, 10.0, &format!("iteration {}", with_commas(moment.iteration)), text.bold());
    panel.text(STRIP_SIDE, 10.0, &loss_text(moment), text.anchor(Anchor::End).color(Color::GRAY));
    Ok(panel)
}

fn loss_text(moment: &Moment) -> String {
    format!("loss {}", output::loss(moment.loss))
}

/// A picture under what it shows; a long network in small letters.
fn headed(film: &Film, network: &str, picture: &Picture) -> Picture {
    const LINE: f64 = 30.0;
    const EDGE: f64 = 8.0;
    let text = format!("{network} learns {}", film.data().name());
    let style = TextStyle::new(13.0).vertical(Vertical::Middle).color(Color::GRAY);
    let fit = ((picture.width() - 2.0 * EDGE) / style.width_of(&text)).min(1.0);
    let mut sheet = Picture::new(picture.width() + 2.0 * EDGE, picture.height() + LINE);
    sheet.describe(&text, "Decision regions and loss while a network learns");
    sheet.text(EDGE + 1.0, LINE / 2.0, &text, TextStyle { size: style.size * fit, ..style }).place(picture, EDGE, LINE);
    sheet
}

/// What the network decides at a moment: each class in its colour, paler where the network is less sure, with a line
/// between the regions, and the data.
fn regions(film: &Film, moment: &Moment, plot: Plot) -> Result<Plot, Failure> {
    let (x, y, [rows, columns]) = (film.plane().x(), film.plane().y(), film.plane().nodes());
    let over_plane = |values: Vec<f64>| Grid::new(columns, rows, (x[0], x[1]), (y[0], y[1]), values);
    let shades =
        moment.decisions().into_iter().map(|(class, sure)| (class * SHADES + (sure * (SHADES - 1) as f64) as usize) as f64);
    let colors: Vec<Color> = (0..moment.classes() * SHADES).map(|i| shade(i / SHADES, i % SHADES)).collect();
    let mut plot = plot.equal_aspect().x_range(x[0], x[1]).y_range(y[0], y[1]);
    plot = plot.heat(&over_plane(shades.collect())?, Ramp::classes(&colors));
    // Of two classes both have the same boundary.
    let classes = if moment.classes() == 2 { 1 } else { moment.classes() };
    for class in 0..classes {
        plot = plot.contours(&over_plane(moment.margin(class))?, Levels::At(vec![0.0])).color(Color::INK).width(1.4);
    }
    for (class, points) in points_by_class(film.data())?.into_iter().enumerate() {
        let name = film.data().classes().get(class).map_or(String::new(), |name| format!("class {name}"));
        plot = plot.points(name, &points).color(palette(class).mix(Color::BLACK, 0.25)).width(dot(film.data().len()));
    }
    Ok(plot)
}

/// The colour of a class where the network is this sure of it, from 0 to the number of shades.
fn shade(class: usize, sure: usize) -> Color {
    Color::WHITE.mix(palette(class), 0.06 + 0.5 * sure as f64 / SHADES as f64)
}

/// The diameter of the dots: the more data, the smaller.
fn dot(samples: usize) -> f64 {
    match samples {
        ..=20 => 11.0,
        21..=150 => 7.0,
        _ => 4.5,
    }
}

/// The samples of each class.
fn points_by_class(data: &Dataset) -> Result<Vec<Vec<(f64, f64)>>, Failure> {
    let mut classes = vec![Vec::new(); data.classes().len()];
    let all = data.all()?;
    let (x, labels) = (all.x.array().to_f64_vec(), all.t.to_vec::<i64>()?);
    for (point, label) in x.chunks_exact(2).zip(labels) {
        if let (Some(class), [x, y]) = (classes.get_mut(label as usize), point) {
            class.push((*x, *y));
        }
    }
    Ok(classes)
}

/// The loss at every moment of the film, in colour until the last of `marked`, and a dot at each of these.
fn loss_curve(film: &Film, marked: &[&Moment]) -> Plot {
    let place = |m: &Moment| (m.iteration as f64, m.loss);
    let all: Vec<(f64, f64)> = film.moments().iter().map(place).collect();
    let marked: Vec<(f64, f64)> = marked.iter().map(|m| place(m)).collect();
    let now = marked.iter().map(|m| m.0).fold(0.0, f64::max);
    let gone: Vec<(f64, f64)> = all.iter().copied().filter(|m| m.0 <= now).collect();
    Plot::new("loss on the training data")
        .x_label("iteration")
        .y_scale(fitting_scale(all.iter().map(|m| m.1)))
        .legend(Legend::Hidden)
        .line("", &all)
        .color(Color::LIGHT.mix(Color::GRAY, 0.3))
        .line("", &gone)
        .color(Color::INK)
        .points("", &marked)
        .color(Color::INK)
        .width(9.0)
}
