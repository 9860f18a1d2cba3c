//! An animation as a GIF: 255 colours for all frames, and of every frame only what differs from the one before.

mod colors;

use super::Animation;
use crate::error::{Error, Result};
use crate::picture::{Picture, TextStyle, Vertical};
use crate::raster::Raster;
use ::gif::{DisposalMethod, Encoder, Frame, Repeat};
use colors::Palette;
use std::borrow::Cow;
use std::time::Duration;

/// Room for a caption under the picture, and its font size.
const CAPTION: f64 = 26.0;
const CAPTION_SIZE: f64 = 12.0;

/// Pixels per CSS pixel. GIFs are shown pixel by pixel.
const SCALE: f64 = 1.0;

/// So many frames decide which colours there are.
const SAMPLES: usize = 24;

/// The bytes of the file.
pub(crate) fn encode(animation: &Animation) -> Result<Vec<u8>> {
    let (width, height) = animation.size()?;
    let captions = animation.frames.iter().any(|frame| !frame.caption.is_empty());
    let draw = |frame: &super::Frame| -> Result<Raster> {
        let mut sheet = Picture::new(width, height + if captions { CAPTION } else { 0.0 });
        // From the left: a number that gets longer does not move what stands before it.
        let style = TextStyle::new(CAPTION_SIZE).vertical(Vertical::Middle);
        sheet.place(&frame.picture, 0.0, 0.0).text(CAPTION_SIZE, height + CAPTION / 2.0 - 2.0, &frame.caption, style);
        sheet.rgba(SCALE)
    };
    let last = animation.frames.len() - 1;
    let samples: Vec<Raster> = (0..SAMPLES.min(last + 1))
        .map(|i| draw(&animation.frames[i * last / (SAMPLES.min(last + 1) - 1).max(1)]))
        .collect::<Result<_>>()?;
    let mut palette = Palette::of(&samples);

    let failed = |error: ::gif::EncodingError| Error::new(format!("the GIF cannot be written: {error}"));
    let too_long = || Error::new("a GIF side cannot be longer than 65,535 pixels").help("use a smaller picture");
    let (columns, rows) = (samples[0].width, samples[0].height);
    let side = |length: usize| u16::try_from(length).map_err(|_| too_long());
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, side(columns)?, side(rows)?, &palette.bytes()).map_err(failed)?;
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    let mut before: Option<Vec<u8>> = None;
    for (i, frame) in animation.frames.iter().enumerate() {
        let now = palette.indices(&draw(frame)?);
        let (left, top, width, height) = changed(before.as_deref(), &now, columns);
        let mut part = Vec::with_capacity(width * height);
        for row in top..top + height {
            for place in row * columns + left..row * columns + left + width {
                let same = before.as_ref().is_some_and(|before| before[place] == now[place]);
                part.push(if same { Palette::TRANSPARENT } else { now[place] });
            }
        }
        let stays = if i == last { (6 * animation.delay).max(Duration::from_millis(1500)) } else { animation.delay };
        let frame = Frame {
            // In hundredths of a second; browsers slow down anything below two.
            delay: u16::try_from((stays.as_millis() + 5) / 10).unwrap_or(u16::MAX).max(2),
            dispose: DisposalMethod::Keep,
            transparent: Some(Palette::TRANSPARENT),
            left: side(left)?,
            top: side(top)?,
            width: side(width)?,
            height: side(height)?,
            buffer: Cow::Owned(part),
            ..Frame::default()
        };
        encoder.write_frame(&frame).map_err(failed)?;
        before = Some(now);
    }
    drop(encoder);
    Ok(out)
}

/// The smallest rectangle (left, top, width, height) outside which nothing has changed; a pixel if nothing has.
fn changed(before: Option<&[u8]>, now: &[u8], columns: usize) -> (usize, usize, usize, usize) {
    let Some(before) = before else { return (0, 0, columns, now.len() / columns) };
    let mut bounds: Option<(usize, usize, usize, usize)> = None;
    for place in (0..now.len()).filter(|&place| before[place] != now[place]) {
        let (column, row) = (place % columns, place / columns);
        let (left, top, right, bottom) = bounds.unwrap_or((column, row, column, row));
        bounds = Some((left.min(column), top.min(row), right.max(column), bottom.max(row)));
    }
    let (left, top, right, bottom) = bounds.unwrap_or_default();
    (left, top, right - left + 1, bottom - top + 1)
}
