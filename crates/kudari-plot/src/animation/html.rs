//! A page that shows an animation: frames as SVG, a few lines of script, nothing from elsewhere.

use super::Animation;
use crate::error::Result;
use crate::svg::escape;

const PLAYER: &str = include_str!("player.html");

/// The page.
pub(crate) fn page(animation: &Animation) -> Result<String> {
    let (width, height) = animation.size()?;
    let mut frames = String::new();
    for frame in &animation.frames {
        let (caption, svg) = (escape(&frame.caption), frame.picture.svg());
        frames.push_str(&format!("<template data-caption=\"{caption}\">{}</template>\n", svg.trim_end()));
    }
    let delay = animation.delay.as_millis().max(10).to_string();
    let fields = [
        ("{{title}}", escape(&animation.title)),
        ("{{width}}", width.to_string()),
        ("{{height}}", height.to_string()),
        ("{{last}}", (animation.frames.len() - 1).to_string()),
        ("{{delay}}", delay),
        // Last, so that nothing in a frame can look like a field.
        ("{{frames}}", frames),
    ];
    Ok(fields.iter().fold(PLAYER.to_owned(), |page, (name, value)| page.replace(name, value)))
}
