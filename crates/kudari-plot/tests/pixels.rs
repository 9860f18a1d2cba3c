//! Pixels: sizes, colours at given places, smooth edges, PNG files.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari_plot::{Anchor, Color, Picture, Raster, Stroke, Style, TextStyle, Vertical, save};

const RED: Color = Color::rgb(200, 30, 20);

fn drawn(scale: f64, draw: impl FnOnce(&mut Picture)) -> Raster {
    let mut picture = Picture::new(40.0, 30.0);
    draw(&mut picture);
    picture.rgba(scale).unwrap()
}

fn at(raster: &Raster, column: usize, row: usize) -> [u8; 4] {
    raster.pixel(column, row).unwrap()
}

#[test]
fn shapes_have_their_colours_at_their_places() {
    let raster = drawn(1.0, |picture| {
        picture.rect(10.0, 5.0, 20.0, 10.0, RED).circle(
            20.0,
            22.0,
            5.0,
            Style::new(Color::WHITE, Stroke::new(Color::BLACK, 2.0)),
        );
    });
    assert_eq!((raster.width, raster.height, raster.pixels.len()), (40, 30, 40 * 30 * 4));
    assert_eq!(at(&raster, 0, 0), [255; 4], "paper");
    for (column, row) in [(10, 5), (29, 5), (10, 14), (29, 14), (20, 10)] {
        assert_eq!(at(&raster, column, row), [200, 30, 20, 255]);
    }
    for (column, row) in [(9, 5), (30, 5), (10, 4), (10, 15)] {
        assert_eq!(at(&raster, column, row), [255; 4]);
    }
    assert_eq!(at(&raster, 20, 22), [255; 4], "inside the ring");
    assert_eq!(at(&raster, 20, 17), [0, 0, 0, 255], "on the ring: 22 − 5 ± 1");
    assert_eq!(raster.pixel(40, 0), None);
    assert_eq!(raster.pixel(0, 30), None);
}

#[test]
fn a_scale_of_three_has_nine_times_the_pixels() {
    let raster = drawn(3.0, |picture| {
        picture.rect(10.0, 5.0, 20.0, 10.0, RED);
    });
    assert_eq!((raster.width, raster.height), (120, 90));
    assert_eq!((at(&raster, 30, 15), at(&raster, 89, 44)), ([200, 30, 20, 255], [200, 30, 20, 255]));
    assert_eq!((at(&raster, 29, 15), at(&raster, 90, 44)), ([255; 4], [255; 4]));
    let mut picture = Picture::new(40.0, 30.0);
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e6] {
        assert!(picture.rgba(scale).is_err(), "{scale}");
    }
    assert!(picture.text(0.0, 0.0, "", TextStyle::new(10.0)).rgba(0.001).is_ok(), "never less than one pixel");
}

#[test]
fn edges_and_opacity_mix_with_what_is_below() {
    // Half of the pixels of column 10 are covered; half-opaque black on white is grey.
    let raster = drawn(1.0, |picture| {
        picture.rect(10.5, 0.0, 10.0, 10.0, Color::BLACK).rect(0.0, 20.0, 5.0, 5.0, Color::BLACK.with_opacity(0.5));
    });
    for pixel in [at(&raster, 10, 5), at(&raster, 2, 22)] {
        assert!((126..=129).contains(&pixel[0]) && pixel[3] == 255, "{pixel:?}");
    }
}

#[test]
fn clips_and_offsets() {
    let mut inner = Picture::new(10.0, 10.0);
    inner.clip(2.0, 2.0, 6.0, 6.0, |inside| {
        inside.rect(0.0, 0.0, 100.0, 100.0, RED).clip(0.0, 0.0, 4.0, 100.0, |both| {
            both.rect(0.0, 0.0, 100.0, 100.0, Color::BLACK);
        });
    });
    inner.clip(0.0, 0.0, 0.0, 5.0, |nothing| {
        nothing.rect(0.0, 0.0, 100.0, 100.0, RED);
    });
    let raster = drawn(1.0, |picture| {
        picture.place(&inner, 20.0, 10.0);
    });
    assert_eq!(at(&raster, 22, 12), [0, 0, 0, 255], "inside both");
    assert_eq!(at(&raster, 24, 12), [200, 30, 20, 255], "inside the outer one");
    for (column, row) in [(21, 12), (28, 12), (22, 11), (22, 18), (20, 10)] {
        assert_eq!(at(&raster, column, row), [255; 4], "{column}, {row}");
    }
}

#[test]
fn cells_are_sharp() {
    let colors: Vec<Color> = (0..6).map(|i| Color::rgb(40 * i, 0, 0)).collect();
    let raster = drawn(2.0, |picture| {
        picture.raster(5.0, 5.0, 30.0, 20.0, 3, 2, colors);
    });
    for cell in 0..6_usize {
        let (left, top) = (10 + 20 * (cell % 3), 10 + 20 * (cell / 3));
        for (column, row) in [(left, top), (left + 19, top), (left, top + 19), (left + 19, top + 19)] {
            assert_eq!(at(&raster, column, row), [40 * cell as u8, 0, 0, 255], "cell {cell} at {column}, {row}");
        }
    }
    assert_eq!(at(&raster, 9, 10), [255; 4]);
}

/// The smallest rectangle around what is not white: left, top, right, bottom.
fn ink(raster: &Raster) -> (usize, usize, usize, usize) {
    let dark = |&(column, row): &(usize, usize)| at(raster, column, row)[0] < 200;
    let places = (0..raster.height).flat_map(|row| (0..raster.width).map(move |column| (column, row)));
    places.filter(dark).fold((usize::MAX, usize::MAX, 0, 0), |(left, top, right, bottom), (column, row)| {
        (left.min(column), top.min(row), right.max(column), bottom.max(row))
    })
}

#[test]
fn text_stands_where_it_is_anchored() {
    let style = TextStyle::new(10.0);
    let at_scale = |style: TextStyle| ink(&drawn(4.0, |picture| drop(picture.text(20.0, 15.0, "HH", style).clone())));
    let width = 4.0 * style.width_of("HH");
    let (left, top, right, bottom) = at_scale(style);
    assert!((80..=84).contains(&left) && (right as f64) < 80.0 + width, "from x on: {left} … {right}");
    assert_eq!(bottom, 59, "the letters stand on y = 15");
    assert!((28..=30).contains(&(bottom + 1 - top)), "capitals are 0.73 of the size high: {}", bottom + 1 - top);
    let (left, _, right, _) = at_scale(style.anchor(Anchor::End));
    assert!((76..80).contains(&right) && left as f64 >= 80.0 - width, "up to x: {left} … {right}");
    let (left, _, right, _) = at_scale(style.anchor(Anchor::Middle));
    assert!((left + right).abs_diff(2 * 80) <= 2, "around x: {left} … {right}");
    let (_, top, _, bottom) = at_scale(style.vertical(Vertical::Middle));
    assert!((top + bottom).abs_diff(2 * 60) <= 2, "around y: {top} … {bottom}");
    let (_, top, _, _) = at_scale(style.vertical(Vertical::Top));
    assert!((59..=61).contains(&top), "below y: {top}");
    let (left, top, right, bottom) = at_scale(style.rotate(-90.0));
    assert!(right == 79 && bottom < 60 && bottom - top > right - left, "upwards: {left} … {right}, {top} … {bottom}");
    assert!(style.bold().width_of("HH") > style.width_of("HH"));
}

#[test]
fn the_font_has_the_letters_of_formulas() {
    let glyph =
        |letter: char| drawn(2.0, |picture| drop(picture.text(10.0, 20.0, &letter.to_string(), TextStyle::new(16.0)).clone()));
    // Cuneiform is not in the font: it shows the box for missing letters.
    let missing = glyph('\u{12000}');
    assert!(ink(&missing).2 > 0, "a missing letter is visible");
    for letter in "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΣΦΨΩ←→↑↓½⅓²³⁻¹₀₁₂₉≤≥≈≠±×÷·√∞∂∇∈∑∏′″‖⟨⟩−–—…°éüß".chars()
    {
        assert_ne!(glyph(letter), missing, "{letter}");
        assert!(ink(&glyph(letter)).2 > 0, "{letter} is invisible");
    }
}

#[test]
fn png_files_hold_the_picture() {
    let folder = std::env::temp_dir().join(format!("kudari-plot-pixels-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.png");
    let mut picture = Picture::new(40.0, 30.0);
    picture.rect(10.0, 5.0, 20.0, 10.0, RED);
    save(&picture, &path).unwrap();
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (80, 60, png::ColorType::Rgb), "two pixels a unit, no opacity");
    // 192 pixels an inch of 0.0254 m are 7559 a metre.
    assert_eq!(reader.info().pixel_dims.map(|dims| (dims.xppu, dims.yppu)), Some((7559, 7559)));
    let pixel = |column: usize, row: usize| pixels[3 * (80 * row + column)..][..3].to_vec();
    assert_eq!((pixel(20, 10), pixel(59, 29), pixel(19, 10)), (vec![200, 30, 20], vec![200, 30, 20], vec![255; 3]));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(Raster { width: 0, height: 3, pixels: Vec::new() }.png(1.0).is_err());
    assert!(Raster { width: 2, height: 2, pixels: vec![0; 5] }.png(1.0).is_err());
}
