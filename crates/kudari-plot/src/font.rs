//! The built-in font: DejaVu Sans Condensed 2.37, for measuring text and for its outlines in pixel pictures.
//!
//! It has Latin, Greek and Cyrillic, arrows, fractions, super- and subscripts and most mathematical signs; it has no Chinese,
//! Japanese or Korean characters and no colour emoji, which appear as an empty box in PNG and GIF. SVG and HTML use the
//! reader's system font, whose usual widths are close to those of this condensed face.

use std::sync::LazyLock;
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Height of a capital letter, as a part of the font size.
pub(crate) const CAP_HEIGHT: f64 = 0.729;

/// Bold letters are the regular ones with this much outline around them, as a part of the font size.
pub(crate) const BOLD_OUTLINE: f64 = 0.045;

static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans_condensed::regular(), 0).ok());

/// The advance of a glyph, as a part of the font size.
fn advance(face: &Face, glyph: GlyphId, bold: bool) -> f64 {
    let units = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(face.units_per_em());
    if bold { units + BOLD_OUTLINE } else { units }
}

/// Width of a text in pixels.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let Some(face) = FACE.as_ref() else { return 0.0 };
    size * text.chars().map(|letter| advance(face, face.glyph_index(letter).unwrap_or_default(), bold)).sum::<f64>()
}

/// The outline of a text that begins at (x, y) and stands on a line through it; none if nothing is visible.
pub(crate) fn outline(text: &str, x: f64, y: f64, size: f64, bold: bool) -> Option<Path> {
    let face = FACE.as_ref()?;
    let scale = size / f64::from(face.units_per_em());
    let mut pen = Pen { path: PathBuilder::new(), x: x as f32, y: y as f32, scale: scale as f32 };
    let mut along = x;
    for letter in text.chars() {
        let glyph = face.glyph_index(letter).unwrap_or_default();
        pen.x = along as f32;
        // A glyph without an outline is a space.
        let _ = face.outline_glyph(glyph, &mut pen);
        along += size * advance(face, glyph, bold);
    }
    pen.path.finish()
}

/// Turns a glyph, in font units with y upwards, into a path in pixels with y down.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
