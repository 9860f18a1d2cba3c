//! A picture as pixels, with smooth edges.

use crate::color::Color;
use crate::error::{Error, Result};
use crate::font;
use crate::picture::{Anchor, Area, Mark, Picture, Stroke, Style, TextStyle};
use crate::raster::Raster;
use tiny_skia::{
    FillRule, FilterQuality, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, StrokeDash, Transform,
};

/// The longest side in pixels that is drawn.
const LONGEST: f64 = 16384.0;

impl Picture {
    /// The picture as pixels on white, `scale` of them for a CSS pixel along each side.
    ///
    /// Fails if the scale is not a positive number or makes a side longer than 16,384 pixels.
    pub fn rgba(&self, scale: f64) -> Result<Raster> {
        let (width, height) = ((self.width * scale).round().max(1.0), (self.height * scale).round().max(1.0));
        let room = scale > 0.0 && width <= LONGEST && height <= LONGEST;
        let pixmap = if room { Pixmap::new(width as u32, height as u32) } else { None };
        let Some(mut pixmap) = pixmap else {
            return Err(Error::new(format!("a picture of {}×{} pixels at scale {scale}", self.width, self.height))
                .help("use a scale above 0 that keeps both sides within 16384 pixels"));
        };
        pixmap.fill(tiny_skia::Color::WHITE);
        let mut canvas = Canvas { pixmap, transform: Transform::from_scale(scale as f32, scale as f32), mask: None };
        canvas.marks(&self.marks);
        // On opaque white every pixel is opaque, so the premultiplied values are the plain ones.
        Ok(Raster { width: width as usize, height: height as usize, pixels: canvas.pixmap.take() })
    }
}

/// The pixels with where and within what the next mark is drawn.
struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    mask: Option<Mask>,
}

impl Canvas {
    fn marks(&mut self, marks: &[Mark]) {
        for mark in marks {
            match mark {
                Mark::Rect { area, style } => self.shape(rectangle(area).map(PathBuilder::from_rect), style),
                Mark::Line { points, stroke } => self.shape(lines(points, false), &Style::from(*stroke)),
                Mark::Polygon { points, style } => self.shape(lines(points, true), style),
                Mark::Circle { x, y, radius, style } => {
                    self.shape(PathBuilder::from_circle(*x as f32, *y as f32, radius.abs() as f32), style);
                }
                Mark::Text { x, y, text, style } => self.text(*x, *y, text, style),
                Mark::Raster { area, columns, rows, colors } => self.raster(area, *columns, *rows, colors),
                Mark::Group { x, y, clip, marks } => self.group(*x, *y, clip.as_ref(), marks),
            }
        }
    }

    fn shape(&mut self, path: Option<Path>, style: &Style) {
        let Some(path) = path else { return };
        if let Some(fill) = style.fill {
            self.fill(&path, fill);
        }
        if let Some(stroke) = style.stroke {
            self.stroke(&path, stroke);
        }
    }

    fn fill(&mut self, path: &Path, color: Color) {
        self.pixmap.fill_path(path, &paint(color), FillRule::Winding, self.transform, self.mask.as_ref());
    }

    fn stroke(&mut self, path: &Path, Stroke { color, width, dash }: Stroke) {
        let dash = dash.and_then(|(on, off)| StrokeDash::new(vec![on as f32, off as f32], 0.0));
        let stroke = tiny_skia::Stroke {
            width: width as f32,
            dash,
            line_join: LineJoin::Round,
            line_cap: LineCap::Butt,
            ..Default::default()
        };
        self.pixmap.stroke_path(path, &paint(color), &stroke, self.transform, self.mask.as_ref());
    }

    fn text(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) {
        let width = style.width_of(text);
        let start = match style.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let Some(path) = font::outline(text, start, y + style.baseline_shift(), style.size, style.bold) else { return };
        let turn = Transform::from_rotate_at(style.rotate as f32, x as f32, y as f32);
        let Some(path) = path.transform(turn) else { return };
        if style.halo {
            self.stroke(&path, Stroke::new(Color::WHITE, 3.0));
        }
        self.fill(&path, style.color);
        if style.bold {
            self.stroke(&path, Stroke::new(style.color, font::BOLD_OUTLINE * style.size));
        }
    }

    fn raster(&mut self, area: &Area, columns: usize, rows: usize, colors: &[Color]) {
        let (Ok(width), Ok(height)) = (u32::try_from(columns), u32::try_from(rows)) else { return };
        let Some(mut cells) = Pixmap::new(width, height) else { return };
        for (cell, color) in cells.pixels_mut().iter_mut().zip(colors) {
            *cell = skia_color(*color).premultiply().to_color_u8();
        }
        let (across, down) = ((area.width / columns as f64) as f32, (area.height / rows as f64) as f32);
        let place = self.transform.pre_translate(area.x as f32, area.y as f32).pre_scale(across, down);
        let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
        self.pixmap.draw_pixmap(0, 0, cells.as_ref(), &paint, place, self.mask.as_ref());
    }

    fn group(&mut self, x: f64, y: f64, clip: Option<&Area>, marks: &[Mark]) {
        let (transform, mask) = (self.transform, self.mask.clone());
        self.transform = transform.pre_translate(x as f32, y as f32);
        if let Some(clip) = clip {
            self.clip(clip);
        }
        self.marks(marks);
        (self.transform, self.mask) = (transform, mask);
    }

    /// Narrows the mask to a rectangle; one without an inside hides everything.
    fn clip(&mut self, area: &Area) {
        let empty = Mask::new(self.pixmap.width(), self.pixmap.height());
        self.mask = match (rectangle(area).map(PathBuilder::from_rect), self.mask.take()) {
            (None, _) => empty,
            (Some(path), Some(mut outer)) => {
                outer.intersect_path(&path, FillRule::Winding, true, self.transform);
                Some(outer)
            }
            (Some(path), None) => empty.map(|mut mask| {
                mask.fill_path(&path, FillRule::Winding, true, self.transform);
                mask
            }),
        };
    }
}

fn rectangle(area: &Area) -> Option<Rect> {
    Rect::from_xywh(area.x as f32, area.y as f32, area.width as f32, area.height as f32)
}

fn lines(points: &[(f64, f64)], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, (x, y)) in points.iter().enumerate() {
        if i == 0 { path.move_to(*x as f32, *y as f32) } else { path.line_to(*x as f32, *y as f32) }
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn skia_color(color: Color) -> tiny_skia::Color {
    let mut skia = tiny_skia::Color::from_rgba8(color.red, color.green, color.blue, 255);
    skia.set_alpha(color.opacity as f32);
    skia
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(skia_color(color));
    paint
}
