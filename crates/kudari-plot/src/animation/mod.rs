//! Pictures one after the other, as a GIF or as a page with a player.

mod gif;
mod html;

use crate::error::{Error, Result};
use crate::file;
use crate::picture::Picture;
use std::path::Path;
use std::time::Duration;

/// One picture of an animation with the line of text under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The picture.
    pub picture: Picture,
    /// What this frame shows; may be empty.
    pub caption: String,
}

/// Pictures one after the other.
///
/// ```
/// use kudari_plot::{Animation, Color, Picture};
/// use std::time::Duration;
/// let mut film = Animation::new("A dot moves", Duration::from_millis(100));
/// for step in 0..3 {
///     let mut picture = Picture::new(60.0, 20.0);
///     picture.circle(10.0 + 20.0 * step as f64, 10.0, 5.0, Color::INK);
///     film.push(picture, format!("step {step}"));
/// }
/// assert_eq!(film.frames.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Animation {
    /// What it shows: the page's title.
    pub title: String,
    /// The frames in order.
    pub frames: Vec<Frame>,
    /// How long each frame stays.
    pub delay: Duration,
}

impl Animation {
    /// An animation without frames.
    pub fn new(title: impl Into<String>, delay: Duration) -> Animation {
        Animation { title: title.into(), frames: Vec::new(), delay }
    }

    /// Adds a frame.
    pub fn push(&mut self, picture: Picture, caption: impl Into<String>) -> &mut Self {
        self.frames.push(Frame { picture, caption: caption.into() });
        self
    }

    /// Writes the animation as its ending says: `gif` or `html`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        match file::check_ending(&path, &["gif", "html"])? {
            "gif" => self.gif(path),
            _ => self.html(path),
        }
    }

    /// Writes a GIF that repeats for ever, its last frame held longer, with one palette for all frames. Captions are drawn
    /// under the pictures.
    ///
    /// Fails if there is no frame or the file cannot be written.
    pub fn gif(&self, path: impl AsRef<Path>) -> Result<()> {
        file::write(path.as_ref(), &gif::encode(self)?)
    }

    /// Writes a page that shows the animation without a network: play and pause, a slider, the arrow keys, captions.
    ///
    /// Fails if there is no frame or the file cannot be written.
    pub fn html(&self, path: impl AsRef<Path>) -> Result<()> {
        file::write(path.as_ref(), html::page(self)?.as_bytes())
    }

    /// Width and height that hold every frame.
    fn size(&self) -> Result<(f64, f64)> {
        if self.frames.is_empty() {
            return Err(Error::new("an animation without frames").help("add at least one picture"));
        }
        let largest = |side: fn(&Picture) -> f64| self.frames.iter().map(|frame| side(&frame.picture)).fold(0.0, f64::max);
        Ok((largest(Picture::width), largest(Picture::height)))
    }
}
