//! A picture: a list of marks in the order in which they are drawn. What draws it (SVG, pixels) comes later.

use crate::color::Color;
use crate::font;

/// A line's colour, width and dashes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// Its width in pixels.
    pub width: f64,
    /// Lengths of dash and gap in pixels; none for a solid line.
    pub dash: Option<(f64, f64)>,
}

impl Stroke {
    /// A solid line.
    pub const fn new(color: Color, width: f64) -> Stroke {
        Stroke { color, width, dash: None }
    }

    /// The same line in dashes that suit its width.
    #[must_use]
    pub fn dashed(self) -> Stroke {
        Stroke { dash: Some((3.0 + 1.5 * self.width, 2.0 + self.width)), ..self }
    }
}

/// How a closed shape looks: filled, outlined or both. A [`Color`] alone fills, a [`Stroke`] alone outlines.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Style {
    /// The colour inside.
    pub fill: Option<Color>,
    /// The outline, drawn over the fill.
    pub stroke: Option<Stroke>,
}

impl Style {
    /// Filled and outlined.
    pub const fn new(fill: Color, stroke: Stroke) -> Style {
        Style { fill: Some(fill), stroke: Some(stroke) }
    }
}

impl From<Color> for Style {
    fn from(color: Color) -> Style {
        Style { fill: Some(color), stroke: None }
    }
}

impl From<Stroke> for Style {
    fn from(stroke: Stroke) -> Style {
        Style { fill: None, stroke: Some(stroke) }
    }
}

/// Which end of a text stands at its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// The text begins there.
    #[default]
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

/// What of a text stands at its y.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vertical {
    /// The line on which the letters stand.
    #[default]
    Baseline,
    /// Half the height of a capital letter: what looks centred.
    Middle,
    /// The top of a capital letter.
    Top,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    /// Font size in pixels.
    pub size: f64,
    /// Which end stands at x.
    pub anchor: Anchor,
    /// What stands at y.
    pub vertical: Vertical,
    /// Its colour.
    pub color: Color,
    /// Heavier letters.
    pub bold: bool,
    /// Turned around its place by this many degrees, clockwise; −90 reads upwards.
    pub rotate: f64,
    /// A white edge around the letters, for text over lines.
    pub halo: bool,
}

impl TextStyle {
    /// Text of this size in ink, beginning at x, standing on y.
    pub fn new(size: f64) -> TextStyle {
        TextStyle {
            size,
            anchor: Anchor::Start,
            vertical: Vertical::Baseline,
            color: Color::INK,
            bold: false,
            rotate: 0.0,
            halo: false,
        }
    }

    /// With this end at x.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> TextStyle {
        TextStyle { anchor, ..self }
    }

    /// With this height at y.
    #[must_use]
    pub fn vertical(self, vertical: Vertical) -> TextStyle {
        TextStyle { vertical, ..self }
    }

    /// In this colour.
    #[must_use]
    pub fn color(self, color: Color) -> TextStyle {
        TextStyle { color, ..self }
    }

    /// In heavier letters.
    #[must_use]
    pub fn bold(self) -> TextStyle {
        TextStyle { bold: true, ..self }
    }

    /// Turned by this many degrees, clockwise.
    #[must_use]
    pub fn rotate(self, degrees: f64) -> TextStyle {
        TextStyle { rotate: degrees, ..self }
    }

    /// With a white edge around the letters.
    #[must_use]
    pub fn halo(self) -> TextStyle {
        TextStyle { halo: true, ..self }
    }

    /// How wide `text` is in pixels when set in the built-in font.
    pub fn width_of(&self, text: &str) -> f64 {
        font::width(text, self.size, self.bold)
    }

    /// How far below y the baseline lies.
    pub(crate) fn baseline_shift(&self) -> f64 {
        match self.vertical {
            Vertical::Baseline => 0.0,
            Vertical::Middle => font::CAP_HEIGHT * self.size / 2.0,
            Vertical::Top => font::CAP_HEIGHT * self.size,
        }
    }
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// One thing to draw. Its coordinates are finite: [`Picture`]'s methods see to that.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    Rect { area: Area, style: Style },
    Line { points: Vec<(f64, f64)>, stroke: Stroke },
    Polygon { points: Vec<(f64, f64)>, style: Style },
    Circle { x: f64, y: f64, radius: f64, style: Style },
    Text { x: f64, y: f64, text: String, style: TextStyle },
    Raster { area: Area, columns: usize, rows: usize, colors: Vec<Color> },
    Group { x: f64, y: f64, clip: Option<Area>, marks: Vec<Mark> },
}

/// More cells than any screen has pixels.
const MOST_CELLS: usize = 1 << 26;

/// A drawing on white, in CSS pixels from the top left corner: x to the right, y down. Later marks cover earlier ones.
///
/// Every method that adds a mark returns the picture, so calls can be chained. A mark whose place is NaN or infinite is left
/// out; in a line such a point is a gap.
///
/// ```
/// use kudari_plot::{Color, Picture, Stroke, TextStyle};
/// let mut picture = Picture::new(120.0, 60.0);
/// picture.rect(10.0, 10.0, 100.0, 30.0, Stroke::new(Color::INK, 1.0)).text(20.0, 30.0, "x → y", TextStyle::new(14.0));
/// assert!(picture.svg().contains("x → y"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) marks: Vec<Mark>,
}

impl Picture {
    /// An empty picture. A side that is not a finite number of at least one pixel becomes one pixel.
    pub fn new(width: f64, height: f64) -> Picture {
        let side = |length: f64| if length.is_finite() { length.max(1.0) } else { 1.0 };
        Picture { width: side(width), height: side(height), title: String::new(), description: String::new(), marks: Vec::new() }
    }

    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// The same picture with this much white on every side.
    #[must_use]
    pub fn with_margin(&self, margin: f64) -> Picture {
        let mut larger = Picture::new(self.width + 2.0 * margin, self.height + 2.0 * margin);
        larger.describe(self.title.as_str(), self.description.as_str());
        larger.place(self, margin, margin);
        larger
    }

    /// What the picture is called and what it shows, for readers who cannot see it.
    pub fn describe(&mut self, title: impl Into<String>, description: impl Into<String>) -> &mut Self {
        self.title = title.into();
        self.description = description.into();
        self
    }

    /// A rectangle with its upper left corner at (x, y).
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, style: impl Into<Style>) -> &mut Self {
        self.add([x, y, width, height], Mark::Rect { area: Area { x, y, width, height }, style: style.into() })
    }

    /// Straight lines from point to point. A NaN or infinite point is a gap.
    pub fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) -> &mut Self {
        for piece in points.split(|(x, y)| !(x.is_finite() && y.is_finite())).filter(|piece| piece.len() > 1) {
            self.marks.push(Mark::Line { points: piece.to_vec(), stroke });
        }
        self
    }

    /// A closed shape; where it crosses itself, the non-zero rule decides what is inside.
    pub fn polygon(&mut self, points: &[(f64, f64)], style: impl Into<Style>) -> &mut Self {
        if points.len() > 1 && points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
            self.marks.push(Mark::Polygon { points: points.to_vec(), style: style.into() });
        }
        self
    }

    /// A circle around (x, y).
    pub fn circle(&mut self, x: f64, y: f64, radius: f64, style: impl Into<Style>) -> &mut Self {
        self.add([x, y, radius, 0.0], Mark::Circle { x, y, radius, style: style.into() })
    }

    /// One line of text.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: TextStyle) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        self.add([x, y, style.size, style.rotate], Mark::Text { x, y, text: text.to_owned(), style })
    }

    /// An image of `columns` × `rows` coloured cells, row by row from the top left, with sharp edges between cells.
    /// Missing colours are transparent, surplus ones are ignored; more than 2²⁶ cells are left out.
    #[allow(clippy::too_many_arguments)] // a place, a size, and the numbers of cells: splitting them up would say less
    pub fn raster(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        columns: usize,
        rows: usize,
        mut colors: Vec<Color>,
    ) -> &mut Self {
        let cells = columns.saturating_mul(rows);
        if cells == 0 || cells > MOST_CELLS {
            return self;
        }
        colors.resize(cells, Color::TRANSPARENT);
        self.add([x, y, width, height], Mark::Raster { area: Area { x, y, width, height }, columns, rows, colors })
    }

    /// A straight line with a filled head at `to`. An arrow shorter than its head has a smaller head.
    pub fn arrow(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) -> &mut Self {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        if !(length.is_finite() && length > 0.0) {
            return self;
        }
        let head = (3.0 + 2.5 * stroke.width).min(0.6 * length);
        let (ux, uy) = (dx / length, dy / length);
        let neck = (to.0 - ux * head, to.1 - uy * head);
        let side = 0.42 * head;
        // The shaft ends inside the head, so that its square end does not show at the tip.
        self.line(&[from, (neck.0 + ux * 0.3 * head, neck.1 + uy * 0.3 * head)], stroke);
        self.polygon(&[to, (neck.0 - uy * side, neck.1 + ux * side), (neck.0 + uy * side, neck.1 - ux * side)], stroke.color)
    }

    /// Another picture with its upper left corner at (x, y). Its white background is not drawn.
    pub fn place(&mut self, picture: &Picture, x: f64, y: f64) -> &mut Self {
        self.add([x, y, 0.0, 0.0], Mark::Group { x, y, clip: None, marks: picture.marks.clone() })
    }

    /// What `draw` draws, in the same coordinates, is shown only inside the rectangle.
    pub fn clip(&mut self, x: f64, y: f64, width: f64, height: f64, draw: impl FnOnce(&mut Picture)) -> &mut Self {
        let mut inside = Picture::new(self.width, self.height);
        draw(&mut inside);
        let clip = Some(Area { x, y, width: width.max(0.0), height: height.max(0.0) });
        self.add([x, y, width, height], Mark::Group { x: 0.0, y: 0.0, clip, marks: inside.marks })
    }

    fn add(&mut self, numbers: [f64; 4], mark: Mark) -> &mut Self {
        if numbers.iter().all(|number| number.is_finite()) {
            self.marks.push(mark);
        }
        self
    }
}
