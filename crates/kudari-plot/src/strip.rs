//! Pictures side by side.

use crate::picture::Picture;

/// Pictures beside each other with their tops in line, 16 pixels apart.
pub fn row(pictures: &[Picture]) -> Picture {
    grid(pictures, pictures.len(), 16.0)
}

/// Pictures in rows of `columns`, from left to right and top to bottom, `gap` pixels apart. Every column is as wide as its
/// widest picture and every row as high as its highest.
pub fn grid(pictures: &[Picture], columns: usize, gap: f64) -> Picture {
    let columns = columns.clamp(1, pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns);
    let largest = |picked: &dyn Fn(usize) -> bool, side: fn(&Picture) -> f64| {
        let chosen = pictures.iter().enumerate().filter(|(i, _)| picked(*i));
        chosen.map(|(_, picture)| side(picture)).fold(0.0, f64::max)
    };
    let starts = |sides: Vec<f64>| {
        let mut next = 0.0;
        let begin = |side: f64| {
            let start = next;
            next += side + gap;
            start
        };
        let starts: Vec<f64> = sides.into_iter().map(begin).collect();
        (starts, (next - gap).max(0.0))
    };
    let (lefts, width) = starts((0..columns).map(|column| largest(&|i| i % columns == column, Picture::width)).collect());
    let (tops, height) = starts((0..rows).map(|row| largest(&|i| i / columns == row, Picture::height)).collect());
    let mut sheet = Picture::new(width, height);
    for (i, picture) in pictures.iter().enumerate() {
        sheet.place(picture, lefts[i % columns], tops[i / columns]);
    }
    let titles: Vec<&str> = pictures.iter().map(|picture| picture.title.as_str()).filter(|title| !title.is_empty()).collect();
    sheet.describe(titles.join("; "), "");
    sheet
}
