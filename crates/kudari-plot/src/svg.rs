//! A picture as SVG: self-contained, in the reader's system font.

use crate::color::Color;
use crate::picture::{Anchor, Area, Mark, Picture, Stroke, Style};
use crate::raster::Raster;
use std::fmt::Write;

const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";

impl Picture {
    /// The picture as an SVG document that needs nothing else, with its title and description for screen readers.
    pub fn svg(&self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let mut out = String::new();
        put(
            &mut out,
            format_args!("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" "),
        );
        put(&mut out, format_args!("viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\">\n"));
        for (name, text) in [("title", &self.title), ("desc", &self.description)] {
            if !text.is_empty() {
                put(&mut out, format_args!("<{name}>{}</{name}>\n", escape(text)));
            }
        }
        put(&mut out, format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"));
        marks(&mut out, &self.marks);
        out.push_str("</svg>\n");
        out
    }
}

/// Writing to a string cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments) {
    let _ = out.write_fmt(text);
}

fn marks(out: &mut String, list: &[Mark]) {
    for mark in list {
        match mark {
            Mark::Rect { area, style } => put(out, format_args!("<rect {}{}/>\n", place(area), paint(style))),
            Mark::Line { points, stroke } => {
                let style = Style::from(*stroke);
                put(out, format_args!("<path d=\"{}\"{} stroke-linejoin=\"round\"/>\n", path(points), paint(&style)));
            }
            Mark::Polygon { points, style } => put(out, format_args!("<path d=\"{}Z\"{}/>\n", path(points), paint(style))),
            Mark::Circle { x, y, radius, style } => {
                let (x, y, radius) = (number(*x), number(*y), number(radius.abs()));
                put(out, format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{}/>\n", paint(style)));
            }
            Mark::Text { .. } => text(out, mark),
            Mark::Raster { area, columns, rows, colors } => {
                let Ok(image) = Raster::from_colors(*columns, *rows, colors).png(1.0) else { continue };
                put(
                    out,
                    format_args!("<image {} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" ", place(area)),
                );
                put(out, format_args!("href=\"data:image/png;base64,{}\"/>\n", base64(&image)));
            }
            Mark::Group { x, y, clip, marks: inside } => group(out, (*x, *y), clip.as_ref(), inside),
        }
    }
}

fn text(out: &mut String, mark: &Mark) {
    let Mark::Text { x, y, text, style } = mark else { return };
    let anchor = match style.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let bold = if style.bold { " font-weight=\"600\"" } else { "" };
    let mut turn = String::new();
    if style.rotate != 0.0 {
        turn = format!(" transform=\"rotate({} {} {})\"", number(style.rotate), number(*x), number(*y));
    }
    let halo =
        if style.halo { " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"" } else { "" };
    let (x, y, size) = (number(*x), number(*y + style.baseline_shift()), number(style.size));
    let fill = color(" fill", style.color);
    put(
        out,
        format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{bold}{fill}{halo}{turn}>{}</text>\n", escape(text)),
    );
}

fn group(out: &mut String, (x, y): (f64, f64), clip: Option<&Area>, inside: &[Mark]) {
    out.push_str("<g");
    if x != 0.0 || y != 0.0 {
        put(out, format_args!(" transform=\"translate({} {})\"", number(x), number(y)));
    }
    let Some(area) = clip else {
        out.push_str(">\n");
        marks(out, inside);
        out.push_str("</g>\n");
        return;
    };
    // The name says what the clip is, so that two pictures in one page can only share a name for the same clip.
    let place = place(area);
    let name: String = place.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
    put(out, format_args!(" clip-path=\"url(#{name})\">\n<clipPath id=\"{name}\"><rect {place}/></clipPath>\n"));
    marks(out, inside);
    out.push_str("</g>\n");
}

fn place(area: &Area) -> String {
    let Area { x, y, width, height } = *area;
    format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", number(x), number(y), number(width), number(height))
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        put(&mut out, format_args!("{}{} {}", if i == 0 { "M" } else { "L" }, number(*x), number(*y)));
    }
    out
}

fn paint(style: &Style) -> String {
    let mut out = match style.fill {
        Some(fill) => color(" fill", fill),
        None => " fill=\"none\"".to_owned(),
    };
    if let Some(Stroke { color: line, width, dash }) = style.stroke {
        out += &color(" stroke", line);
        put(&mut out, format_args!(" stroke-width=\"{}\"", number(width)));
        if let Some((on, off)) = dash {
            put(&mut out, format_args!(" stroke-dasharray=\"{} {}\"", number(on), number(off)));
        }
    }
    out
}

fn color(attribute: &str, color: Color) -> String {
    let mut out = format!("{attribute}=\"{}\"", color.hex());
    if color.opacity < 1.0 {
        put(&mut out, format_args!("{attribute}-opacity=\"{}\"", number(color.opacity)));
    }
    out
}

/// A hundredth of a pixel is finer than anyone sees.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text for XML: the signs with a meaning are written out, characters that XML forbids are replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

/// Base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([0; 2].iter()).take(3).fold(0u32, |group, &byte| group << 8 | u32::from(byte));
        for digit in 0..4 {
            let place = (group >> (18 - 6 * digit)) & 63;
            out.push(if digit <= chunk.len() { char::from(DIGITS[place as usize]) } else { '=' });
        }
    }
    out
}
