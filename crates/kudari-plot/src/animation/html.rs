//! A page that shows an animation: frames as SVG, a few lines of script, nothing from elsewhere.

use super::Animation;
use crate::error::Result;
use crate::svg::escape;
use std::collections::HashMap;

const PLAYER: &str = include_str!("player.html");

/// The page.
pub(crate) fn page(animation: &Animation) -> Result<String> {
    let (width, height) = animation.size()?;
    let fields = [
        ("{{title}}", escape(&animation.title)),
        ("{{width}}", width.to_string()),
        ("{{height}}", height.to_string()),
        ("{{last}}", (animation.frames.len() - 1).to_string()),
        ("{{delay}}", animation.delay.as_millis().max(10).to_string()),
        // Last, so that nothing in a frame can look like a field.
        ("{{film}}", film(animation)),
    ];
    Ok(fields.iter().fold(PLAYER.to_owned(), |page, (name, value)| page.replace(name, value)))
}

/// The frames as JSON: every line of SVG once, for each frame the runs of lines that it consists of, and the captions.
/// Frames share most of their lines (axes, contours), so this is many times smaller than the frames one by one.
fn film(animation: &Animation) -> String {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut lines: Vec<String> = Vec::new();
    let mut frames: Vec<String> = Vec::new();
    for frame in &animation.frames {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for line in frame.picture.svg().lines() {
            let number = *numbers.entry(line.to_owned()).or_insert_with(|| {
                lines.push(quote(line));
                lines.len() - 1
            });
            match runs.last_mut() {
                Some((first, count)) if *first + *count == number => *count += 1,
                _ => runs.push((number, 1)),
            }
        }
        frames.push(format!("[{}]", runs.iter().map(|(first, count)| format!("{first},{count}")).collect::<Vec<_>>().join(",")));
    }
    let captions: Vec<String> = animation.frames.iter().map(|frame| quote(&frame.caption)).collect();
    let (lines, frames, captions) = (lines.join(",\n"), frames.join(","), captions.join(","));
    format!("{{\"lines\":[\n{lines}\n],\n\"frames\":[{frames}],\n\"captions\":[{captions}]}}")
}

/// A JSON string that may stand in a script: no `<` can end it early.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\0'..='\x1f' | '<' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
