//! Plots: what to show, put together call by call; [`Plot::picture`] draws it.

mod axes;
mod contours;
mod draw;
mod item;
mod labels;
mod layout;
mod legend;
mod scale;
mod thin;

#[cfg(test)]
mod tests;

pub use contours::Levels;
pub use scale::Scale;

use crate::color::{Color, Ramp};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::picture::Picture;
use item::{Item, Series};

/// Where the names of the series stand. They never cover data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Legend {
    /// In rows under the plot.
    #[default]
    Below,
    /// In a column on its right.
    Beside,
    /// Nowhere.
    Hidden,
}

/// One of the two axes as it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct AxisWish {
    pub label: String,
    pub scale: Scale,
    pub range: Option<(f64, f64)>,
    pub ticks: Option<Vec<(f64, String)>>,
}

/// A plot with two axes. Things are drawn in the order in which they are added, heat maps first.
///
/// A name appears once in the legend; things with the same name have the same colour, so that a band and a line belong
/// together. An empty name stays out of the legend. NaN and infinite numbers are gaps; so are numbers that are not positive
/// on a logarithmic axis.
///
/// ```
/// use kudari_plot::{Plot, Scale};
/// let loss: Vec<(f64, f64)> = (0..50).map(|step| (step as f64, 0.9_f64.powi(step))).collect();
/// let plot = Plot::new("Loss while training").x_label("update").y_label("loss").y_scale(Scale::Logarithmic).line("SGD", &loss);
/// let svg = plot.picture(480.0, 320.0)?.svg();
/// assert!(svg.starts_with("<svg"));
/// # Ok::<(), kudari_plot::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plot {
    title: String,
    description: String,
    x: AxisWish,
    y: AxisWish,
    equal_aspect: bool,
    legend: Legend,
    series: Vec<Series>,
}

impl Plot {
    /// A plot with this title above it; an empty title takes no room.
    pub fn new(title: impl Into<String>) -> Plot {
        Plot {
            title: title.into(),
            description: String::new(),
            x: AxisWish::default(),
            y: AxisWish::default(),
            equal_aspect: false,
            legend: Legend::default(),
            series: Vec::new(),
        }
    }

    /// What the plot shows, in words, for readers who cannot see it. Without it, the axes and names are listed.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Plot {
        self.description = description.into();
        self
    }

    /// What the x axis shows, with its unit.
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Plot {
        self.x.label = label.into();
        self
    }

    /// What the y axis shows, with its unit.
    #[must_use]
    pub fn y_label(mut self, label: impl Into<String>) -> Plot {
        self.y.label = label.into();
        self
    }

    /// Linear, unless this says otherwise.
    #[must_use]
    pub fn x_scale(mut self, scale: Scale) -> Plot {
        self.x.scale = scale;
        self
    }

    /// Linear, unless this says otherwise.
    #[must_use]
    pub fn y_scale(mut self, scale: Scale) -> Plot {
        self.y.scale = scale;
        self
    }

    /// The ends of the x axis. What lies outside is cut off. Without it, everything is shown.
    #[must_use]
    pub fn x_range(mut self, low: f64, high: f64) -> Plot {
        self.x.range = Some((low, high));
        self
    }

    /// The ends of the y axis. What lies outside is cut off. Without it, everything is shown.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Plot {
        self.y.range = Some((low, high));
        self
    }

    /// Ticks with these texts at these places of the x axis instead of numbers.
    #[must_use]
    pub fn x_ticks(mut self, ticks: &[(f64, &str)]) -> Plot {
        self.x.ticks = Some(ticks.iter().map(|(value, label)| (*value, (*label).to_owned())).collect());
        self
    }

    /// Ticks with these texts at these places of the y axis instead of numbers.
    #[must_use]
    pub fn y_ticks(mut self, ticks: &[(f64, &str)]) -> Plot {
        self.y.ticks = Some(ticks.iter().map(|(value, label)| (*value, (*label).to_owned())).collect());
        self
    }

    /// A unit of x is as long as a unit of y: circles look round. The plot becomes narrower or lower for it.
    #[must_use]
    pub fn equal_aspect(mut self) -> Plot {
        self.equal_aspect = true;
        self
    }

    /// Where the names stand.
    #[must_use]
    pub fn legend(mut self, legend: Legend) -> Plot {
        self.legend = legend;
        self
    }

    /// A line from point to point.
    #[must_use]
    pub fn line(self, name: impl Into<String>, points: &[(f64, f64)]) -> Plot {
        self.add(name, Item::Line(points.to_vec()))
    }

    /// A dot at every point.
    #[must_use]
    pub fn points(self, name: impl Into<String>, points: &[(f64, f64)]) -> Plot {
        self.add(name, Item::Points(points.to_vec()))
    }

    /// A shaded band between low and high along x: (x, low, high).
    #[must_use]
    pub fn band(self, name: impl Into<String>, band: &[(f64, f64, f64)]) -> Plot {
        self.add(name, Item::Band(band.to_vec()))
    }

    /// Bars from 0, as in a histogram: (left end, right end, height).
    #[must_use]
    pub fn bars(self, name: impl Into<String>, bars: &[(f64, f64, f64)]) -> Plot {
        self.add(name, Item::Bars(bars.to_vec()))
    }

    /// The steps of a search: a line with a dot at every point, an open ring at the start and a large dot at the end.
    #[must_use]
    pub fn path(self, name: impl Into<String>, points: &[(f64, f64)]) -> Plot {
        self.add(name, Item::Path(points.to_vec()))
    }

    /// Lines along which the values of `grid` are equal, darker for higher values.
    #[must_use]
    pub fn contours(self, grid: &Grid, levels: Levels) -> Plot {
        self.add("", Item::Contours(grid.clone(), levels))
    }

    /// The values of `grid` as colours, one cell around every node.
    #[must_use]
    pub fn heat(self, grid: &Grid, colors: Ramp) -> Plot {
        self.add("", Item::Heat(grid.clone(), colors))
    }

    /// A field of arrows (x, y, dx, dy) that begin at (x, y). All are scaled alike, so that the longest is as long as the mean
    /// distance between neighbours: lengths and directions compare, but are not those of the axes.
    #[must_use]
    pub fn arrows(self, arrows: &[(f64, f64, f64, f64)]) -> Plot {
        self.add("", Item::Arrows(arrows.to_vec()))
    }

    /// A dashed line across the plot at x, with a label (which may be empty).
    #[must_use]
    pub fn vertical_line(self, x: f64, label: impl Into<String>) -> Plot {
        self.add("", Item::VerticalLine(x, label.into()))
    }

    /// A dashed line across the plot at y, with a label (which may be empty).
    #[must_use]
    pub fn horizontal_line(self, y: f64, label: impl Into<String>) -> Plot {
        self.add("", Item::HorizontalLine(y, label.into()))
    }

    /// A cross at (x, y) with a label beside it.
    #[must_use]
    pub fn marker(self, x: f64, y: f64, label: impl Into<String>) -> Plot {
        self.add("", Item::Marker(x, y, label.into()))
    }

    /// The colour of what was added last, instead of the palette's next one.
    #[must_use]
    pub fn color(mut self, color: Color) -> Plot {
        if let Some(last) = self.series.last_mut() {
            last.color = Some(color);
        }
        self
    }

    /// The width of the lines of what was added last, or the diameter of its points, in pixels.
    #[must_use]
    pub fn width(mut self, width: f64) -> Plot {
        if let Some(last) = self.series.last_mut() {
            last.width = Some(width);
        }
        self
    }

    /// Dashed lines for what was added last.
    #[must_use]
    pub fn dashed(mut self) -> Plot {
        if let Some(last) = self.series.last_mut() {
            last.dashed = true;
        }
        self
    }

    /// Writes the levels on the contours that were added last.
    #[must_use]
    pub fn labelled(mut self) -> Plot {
        if let Some(last) = self.series.last_mut() {
            last.labelled = true;
        }
        self
    }

    fn add(mut self, name: impl Into<String>, item: Item) -> Plot {
        self.series.push(Series { name: name.into(), item, color: None, width: None, dashed: false, labelled: false });
        self
    }

    /// The plot as a picture of this size in CSS pixels.
    ///
    /// Fails if an axis has no range that makes sense (not growing, not finite, not positive on a logarithmic axis, nothing
    /// positive to show there), if an axis is logarithmic where only linear ones work (equal aspect, a heat map), or if the size
    /// leaves no room for data.
    pub fn picture(&self, width: f64, height: f64) -> Result<Picture> {
        let has_heat = self.series.iter().any(|series| matches!(series.item, Item::Heat(..)));
        for (wanted, what) in [(self.equal_aspect, "equal aspect"), (has_heat, "a heat map")] {
            if wanted && [&self.x, &self.y].iter().any(|axis| axis.scale == Scale::Logarithmic) {
                return Err(Error::new(format!("{what} on a logarithmic axis")).help("use two linear axes"));
            }
        }
        let layout = layout::Layout::new(self, width, height)?;
        let mut picture = Picture::new(width, height);
        picture.describe(self.title.as_str(), self.describe());
        axes::behind(&mut picture, self, &layout);
        draw::series(&mut picture, self, &layout);
        axes::before(&mut picture, self, &layout);
        legend::draw(&mut picture, self, &layout);
        Ok(picture)
    }

    fn describe(&self) -> String {
        if !self.description.is_empty() {
            return self.description.clone();
        }
        let axis = |name: &str, label: &str| if label.is_empty() { name.to_owned() } else { format!("{label} ({name})") };
        let names: Vec<&str> = legend::names(&self.series).iter().map(|series| series.name.as_str()).collect();
        let mut text = format!("{} over {}", axis("y", &self.y.label), axis("x", &self.x.label));
        if !names.is_empty() {
            text = format!("{text}: {}", names.join(", "));
        }
        text
    }
}
