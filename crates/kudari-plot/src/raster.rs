//! Pixels, and a PNG file made of them.

use crate::color::Color;
use crate::error::{Error, Result};

/// Pixels, row by row from the top left; red, green, blue and opacity of each in a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height · 4` bytes.
    pub pixels: Vec<u8>,
}

impl Raster {
    /// One pixel per colour; `colors` has `width · height` of them.
    pub(crate) fn from_colors(width: usize, height: usize, colors: &[Color]) -> Raster {
        let pixels = colors.iter().flat_map(|c| [c.red, c.green, c.blue, (c.opacity * 255.0).round() as u8]).collect();
        Raster { width, height, pixels }
    }

    /// The pixel in this column and row, if there is one.
    pub fn pixel(&self, column: usize, row: usize) -> Option<[u8; 4]> {
        let start = (column < self.width).then_some(4 * (row * self.width + column))?;
        self.pixels.get(start..start + 4)?.try_into().ok()
    }

    /// The bytes of a PNG file; a raster without transparent pixels is written without opacities.
    /// `scale` is how many pixels make a CSS pixel (1/96 inch), so that programs show it in its true size.
    ///
    /// Fails if a side is zero or too long for the format, or if `pixels` has another length than it should.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>> {
        let side = |length: usize| u32::try_from(length).map_err(|_| Error::new(format!("a PNG cannot be {length} pixels long")));
        let failed = |error: png::EncodingError| Error::new(format!("the PNG cannot be written: {error}"));
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, side(self.width)?, side(self.height)?);
        let solid = self.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255);
        encoder.set_color(if solid { png::ColorType::Rgb } else { png::ColorType::Rgba });
        encoder.set_depth(png::BitDepth::Eight);
        let per_metre = (scale * 96.0 / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
        let mut writer = encoder.write_header().map_err(failed)?;
        if solid {
            let rgb: Vec<u8> = self.pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            writer.write_image_data(&rgb).map_err(failed)?;
        } else {
            writer.write_image_data(&self.pixels).map_err(failed)?;
        }
        writer.finish().map_err(failed)?;
        Ok(out)
    }
}
