//! The colours of a GIF: all of them where they are few, else a median cut.

use crate::raster::Raster;
use std::collections::HashMap;

/// At most 255 colours, and the nearest of them to any other.
pub(crate) struct Palette {
    colors: Vec<[u8; 3]>,
    nearest: HashMap<[u8; 3], u8>,
}

impl Palette {
    /// What a pixel that does not change has for a colour.
    pub const TRANSPARENT: u8 = 255;

    /// The colours that show these pictures best.
    pub fn of(pictures: &[Raster]) -> Palette {
        let mut counts: HashMap<[u8; 3], u64> = HashMap::new();
        for pixel in pictures.iter().flat_map(|picture| picture.pixels.chunks_exact(4)) {
            *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
        }
        let mut counted: Vec<([u8; 3], u64)> = counts.into_iter().collect();
        // A hash map's order is another one every time; the file must not be.
        counted.sort_unstable();
        Palette { colors: median_cut(counted, usize::from(Self::TRANSPARENT)), nearest: HashMap::new() }
    }

    /// Red, green and blue of all 256 entries; the unused ones are black.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.colors.iter().flatten().copied().collect();
        bytes.resize(3 * 256, 0);
        bytes
    }

    /// The entry for every pixel.
    pub fn indices(&mut self, picture: &Raster) -> Vec<u8> {
        let Palette { colors, nearest } = self;
        let mut find = |pixel: [u8; 3]| *nearest.entry(pixel).or_insert_with(|| closest(colors, pixel));
        picture.pixels.chunks_exact(4).map(|pixel| find([pixel[0], pixel[1], pixel[2]])).collect()
    }
}

fn closest(colors: &[[u8; 3]], wanted: [u8; 3]) -> u8 {
    let distance = |color: &[u8; 3]| -> u32 { (0..3).map(|i| u32::from(color[i].abs_diff(wanted[i])).pow(2)).sum() };
    let best = colors.iter().enumerate().min_by_key(|(_, color)| distance(color));
    best.map_or(0, |(i, _)| u8::try_from(i).unwrap_or(0))
}

/// Cuts the colours, each with its number of pixels, into boxes of similar ones until there are `count`; one colour a box.
fn median_cut(colors: Vec<([u8; 3], u64)>, count: usize) -> Vec<[u8; 3]> {
    let mut boxes = vec![colors];
    while boxes.len() < count {
        // The box with the most to gain: wide, and with many pixels. The root keeps white paper from taking all entries.
        let gain = |colors: &Vec<([u8; 3], u64)>| {
            let pixels: u64 = colors.iter().map(|(_, pixels)| pixels).sum();
            f64::from(widest(colors).1) * (pixels as f64).sqrt()
        };
        let best = (0..boxes.len()).max_by(|&a, &b| gain(&boxes[a]).total_cmp(&gain(&boxes[b])));
        let Some(best) = best.filter(|&best| boxes[best].len() > 1) else { break };
        let mut colors = boxes.swap_remove(best);
        let channel = widest(&colors).0;
        colors.sort_unstable_by_key(|(color, _)| (color[channel], *color));
        let half = colors.iter().map(|(_, pixels)| pixels).sum::<u64>() / 2;
        let mut seen = 0;
        let middle = colors.iter().position(|(_, pixels)| {
            seen += pixels;
            seen > half
        });
        let upper = colors.split_off(middle.unwrap_or(0).clamp(1, colors.len() - 1));
        boxes.extend([colors, upper]);
    }
    boxes.iter().filter(|colors| !colors.is_empty()).map(|colors| representative(colors)).collect()
}

/// The channel in which a box is widest, and how wide it is.
fn widest(colors: &[([u8; 3], u64)]) -> (usize, u8) {
    let width = |channel: usize| {
        let values = colors.iter().map(|(color, _)| color[channel]);
        let (low, high) = values.fold((u8::MAX, u8::MIN), |(low, high), value| (low.min(value), high.max(value)));
        high.saturating_sub(low)
    };
    (0..3).map(|channel| (channel, width(channel))).max_by_key(|(_, width)| *width).unwrap_or((0, 0))
}

/// A colour with more than half of a box's pixels (paper, ink, a line) stays exact; else the mean.
fn representative(colors: &[([u8; 3], u64)]) -> [u8; 3] {
    let total: u64 = colors.iter().map(|(_, pixels)| pixels).sum();
    if let Some((color, _)) = colors.iter().find(|(_, pixels)| 2 * pixels > total) {
        return *color;
    }
    [0, 1, 2].map(|channel| {
        let sum: u64 = colors.iter().map(|(color, pixels)| u64::from(color[channel]) * pixels).sum();
        u8::try_from((sum + total / 2) / total.max(1)).unwrap_or(u8::MAX)
    })
}
