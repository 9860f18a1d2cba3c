//! SVG is well-formed, says what it shows, and keeps its texts inside and its legend away from the data.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers outside of #[test] functions are tests too

use kudari_plot::{Anchor, Color, Grid, Legend, Levels, Picture, Plot, Ramp, Scale, Stroke, TextStyle, grid, row};
use roxmltree::{Document, Node};

fn number(node: Node, name: &str) -> f64 {
    node.attribute(name).unwrap_or_else(|| panic!("no {name} in {node:?}")).parse().unwrap()
}

/// Elements of this kind.
fn all<'a>(document: &'a Document, kind: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", kind))).collect()
}

#[test]
fn the_document_stands_alone_and_describes_itself() {
    let mut picture = Picture::new(200.0, 100.5);
    picture.describe("<Loss> & \"accuracy\"", "It's falling\u{1}").text(10.0, 20.0, "a < b & c > 'd'", TextStyle::new(12.0));
    let svg = picture.svg();
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert_eq!((root.attribute("width"), root.attribute("height")), (Some("200"), Some("100.5")));
    assert_eq!(root.attribute("viewBox"), Some("0 0 200 100.5"));
    assert_eq!(all(&document, "title")[0].text(), Some("<Loss> & \"accuracy\""));
    assert_eq!(all(&document, "desc")[0].text(), Some("It's falling\u{fffd}"));
    assert_eq!(all(&document, "text")[0].text(), Some("a < b & c > 'd'"));
    for foreign in ["http://", "https://", "url(", "@import"] {
        assert!(!svg.replace("http://www.w3.org/2000/svg", "").contains(foreign), "{foreign}");
    }
}

#[test]
fn marks_have_their_numbers() {
    let mut inner = Picture::new(50.0, 50.0);
    inner.circle(5.0, 6.0, 7.0, Color::rgb(1, 2, 255).with_opacity(0.25));
    let mut picture = Picture::new(100.0, 100.0);
    picture
        .rect(1.0, 2.0, 30.5, 4.25, Stroke::new(Color::BLACK, 2.0).dashed())
        .line(&[(0.0, 0.0), (10.0, 10.0), (f64::NAN, 0.0), (20.0, 20.0), (30.0, 20.126)], Stroke::new(Color::BLACK, 1.0))
        .place(&inner, 40.0, 41.0)
        .clip(3.0, 4.0, 5.0, 6.0, |inside| {
            inside.polygon(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)], Color::INK);
        })
        .text(50.0, 60.0, "up", TextStyle::new(10.0).rotate(-90.0).anchor(Anchor::End).bold());
    let svg = picture.svg();
    let document = Document::parse(&svg).unwrap();
    let rect = all(&document, "rect")[1]; // the first one is the paper
    assert_eq!(["x", "y", "width", "height"].map(|name| number(rect, name)), [1.0, 2.0, 30.5, 4.25]);
    assert_eq!((rect.attribute("fill"), rect.attribute("stroke-width")), (Some("none"), Some("2")));
    assert!(rect.attribute("stroke-dasharray").is_some());
    let paths: Vec<_> = all(&document, "path").iter().map(|path| path.attribute("d").unwrap().to_owned()).collect();
    assert_eq!(paths, ["M0 0L10 10", "M20 20L30 20.13", "M0 0L9 0L9 9Z"], "a NaN is a gap");
    let circle = all(&document, "circle")[0];
    assert_eq!(["cx", "cy", "r"].map(|name| number(circle, name)), [5.0, 6.0, 7.0]);
    assert_eq!((circle.attribute("fill"), circle.attribute("fill-opacity")), (Some("#0102ff"), Some("0.25")));
    assert_eq!(circle.parent().unwrap().attribute("transform"), Some("translate(40 41)"));
    let clip = all(&document, "clipPath")[0];
    let name = format!("url(#{})", clip.attribute("id").unwrap());
    assert_eq!(clip.parent().unwrap().attribute("clip-path"), Some(name.as_str()));
    assert_eq!(["x", "y", "width", "height"].map(|name| number(clip.first_element_child().unwrap(), name)), [3.0, 4.0, 5.0, 6.0]);
    let text = all(&document, "text")[0];
    assert_eq!((text.attribute("transform"), text.attribute("text-anchor")), (Some("rotate(-90 50 60)"), Some("end")));
}

#[test]
fn marks_without_a_place_are_left_out() {
    let (nan, far) = (f64::NAN, f64::INFINITY);
    let mut picture = Picture::new(nan, -3.0);
    picture
        .rect(nan, 0.0, 1.0, 1.0, Color::INK)
        .circle(0.0, far, 1.0, Color::INK)
        .polygon(&[(0.0, 0.0), (nan, 1.0), (2.0, 2.0)], Color::INK)
        .text(far, 0.0, "nowhere", TextStyle::new(10.0))
        .arrow((0.0, 0.0), (nan, 1.0), Stroke::new(Color::INK, 1.0))
        .arrow((1.0, 1.0), (1.0, 1.0), Stroke::new(Color::INK, 1.0))
        .raster(0.0, 0.0, 10.0, 10.0, usize::MAX, 2, Vec::new())
        .raster(0.0, 0.0, 10.0, 10.0, 0, 2, Vec::new());
    assert_eq!((picture.width(), picture.height()), (1.0, 1.0));
    let svg = picture.svg();
    let document = Document::parse(&svg).unwrap();
    assert_eq!(document.root_element().children().filter(|node| node.is_element()).count(), 1, "paper only:\n{svg}");
}

#[test]
fn a_raster_is_a_png_in_the_document() {
    let (red, clear) = (Color::rgb(255, 0, 0), Color::TRANSPARENT);
    let mut picture = Picture::new(20.0, 20.0);
    picture.raster(1.0, 2.0, 9.0, 6.0, 3, 2, vec![red, Color::WHITE, Color::BLACK, clear, red]);
    let svg = picture.svg();
    let document = Document::parse(&svg).unwrap();
    let image = all(&document, "image")[0];
    let coded = image.attribute("href").unwrap().strip_prefix("data:image/png;base64,").unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(decode_base64(coded))).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (3, 2, png::ColorType::Rgba));
    let expected = [[255, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 255], [0, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 0]];
    assert_eq!(pixels, expected.concat(), "the missing sixth cell is transparent");
}

/// RFC 4648, written the slow way.
fn decode_base64(text: &str) -> Vec<u8> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert!(text.len().is_multiple_of(4));
    let bits: String = text.trim_end_matches('=').chars().map(|c| format!("{:06b}", digits.find(c).unwrap())).collect();
    bits.as_bytes().chunks_exact(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

fn curve(from: f64, to: f64, low: f64, high: f64) -> Vec<(f64, f64)> {
    (0..=20).map(|i| f64::from(i) / 20.0).map(|t| (from + (to - from) * t, low + (high - low) * t)).collect()
}

/// Plots whose labels are long, many or at the very ends.
fn difficult_plots() -> Vec<Plot> {
    let map = Grid::from_fn(20, 20, (-3.0, 3.0), (-3.0, 3.0), |x, y| 1e4 * (x + y)).unwrap();
    let names = |plot: Plot| {
        (0..7).fold(plot, |plot, i| plot.line(format!("optimizer number {i}, η = 0.00{i}"), &curve(0.0, 1.0, 0.0, f64::from(i))))
    };
    let labels = |plot: Plot| plot.x_label("update").y_label("cross-entropy");
    vec![
        Plot::new("").line("", &curve(0.0, 60_000.0, -1e6, 1e6)),
        labels(Plot::new("From small to large").line("a", &curve(1e-7, 2e-7, -3e128, 0.0))),
        labels(names(Plot::new("Many names"))),
        labels(names(Plot::new("Many names in a column")).legend(Legend::Beside)),
        labels(
            Plot::new("Powers")
                .x_scale(Scale::Logarithmic)
                .y_scale(Scale::Logarithmic)
                .line("b", &curve(1e-12, 1.0, 1e-300, 1e300)),
        ),
        labels(
            Plot::new("Map").equal_aspect().heat(&map, Ramp::sequential(-6e4, 6e4).label("height")).points("c", &[(3.0, 3.0)]),
        ),
        labels(Plot::new("Map, names beside").heat(&map, Ramp::two_sided(-6e4, 6e4).label("height")).points("c", &[(3.0, 3.0)]))
            .legend(Legend::Beside),
        labels(Plot::new("Words").x_ticks(&[(0.0, "first"), (1.0, "the last of all")]).points("d", &[(0.0, 0.0), (1.0, 1.0)])),
        labels(Plot::new("A long name").line(
            "the mean of five runs with the seeds from 1 to 5, and η falling from 0.1 to 0.001",
            &curve(0.0, 1.0, 0.0, 1.0),
        )),
        labels(Plot::new("One point").points("e", &[(1e6, 0.123_456_789)])),
        labels(Plot::new("Nothing")),
    ]
}

#[test]
fn no_text_is_cut_off() {
    for plot in difficult_plots() {
        let picture = plot.picture(480.0, 340.0).unwrap();
        let svg = picture.svg();
        let document = Document::parse(&svg).unwrap();
        for text in all(&document, "text") {
            let (x, y, words) = (number(text, "x"), number(text, "y"), text.text().unwrap_or_default());
            let size = number(text, "font-size");
            let width = TextStyle::new(size).width_of(words);
            let before = match text.attribute("text-anchor") {
                None => 0.0,
                Some("middle") => width / 2.0,
                _ => width,
            };
            // Upright texts, and those that read upwards.
            let (left, right, top, bottom) = match text.attribute("transform") {
                None => (x - before, x - before + width, y - 0.75 * size, y),
                Some(turn) => {
                    assert!(turn.starts_with("rotate(-90 "), "{turn}");
                    (x - 0.75 * size, x, y + before - width, y + before)
                }
            };
            let inside = left >= 0.0 && top >= 0.0 && right <= 480.0 && bottom <= 340.0;
            assert!(inside, "{words:?} at {left:.1} … {right:.1}, {top:.1} … {bottom:.1} in\n{svg}");
        }
    }
}

#[test]
fn the_legend_does_not_cover_data() {
    for plot in difficult_plots() {
        let svg = plot.picture(480.0, 340.0).unwrap().svg();
        let document = Document::parse(&svg).unwrap();
        let clips = all(&document, "clipPath");
        let Some(data) = clips.first().and_then(|clip| clip.first_element_child()) else { continue };
        let (right, bottom) = (number(data, "x") + number(data, "width"), number(data, "y") + number(data, "height"));
        for name in all(&document, "text").iter().filter(|text| text.attribute("font-size") == Some("11.5")) {
            assert!(number(*name, "x") > right || number(*name, "y") - 9.0 > bottom, "{:?} in\n{svg}", name.text());
        }
    }
}

#[test]
fn tick_labels_do_not_touch_each_other() {
    for plot in difficult_plots().into_iter().filter(|plot| !format!("{plot:?}").contains("the last of all")) {
        let svg = plot.picture(480.0, 340.0).unwrap().svg();
        let document = Document::parse(&svg).unwrap();
        let texts = all(&document, "text");
        let ticks =
            texts.iter().filter(|t| t.attribute("font-size") == Some("11") && t.attribute("text-anchor") == Some("middle"));
        let mut spans: Vec<(f64, f64)> = ticks
            .map(|tick| (number(*tick, "x"), TextStyle::new(11.0).width_of(tick.text().unwrap_or_default())))
            .map(|(x, width)| (x - width / 2.0, x + width / 2.0))
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(spans.windows(2).all(|pair| pair[0].1 + 4.0 < pair[1].0), "{spans:?} in\n{svg}");
    }
}

#[test]
fn equal_aspect_draws_a_circle_round() {
    let grid = Grid::from_fn(61, 61, (-3.0, 3.0), (-3.0, 3.0), |x, y| x * x + y * y).unwrap();
    for (width, height) in [(600.0, 300.0), (300.0, 600.0)] {
        let plot =
            Plot::new("Circle").equal_aspect().x_range(-2.0, 2.0).y_range(-1.5, 2.5).contours(&grid, Levels::At(vec![1.0]));
        let svg = plot.picture(width, height).unwrap().svg();
        let document = Document::parse(&svg).unwrap();
        let paths = all(&document, "path");
        let circle = paths.iter().map(|path| path.attribute("d").unwrap()).max_by_key(|d| d.len()).unwrap();
        let points: Vec<(f64, f64)> = circle[1..]
            .split('L')
            .map(|point| point.split_once(' ').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        let span = |pick: fn(&(f64, f64)) -> f64| {
            let values = points.iter().map(pick);
            values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
        };
        let (wide, high) = (span(|p| p.0), span(|p| p.1));
        assert!(wide > 50.0 && (wide / high - 1.0).abs() < 0.01, "{wide} × {high}");
    }
}

#[test]
fn data_is_where_the_axes_say() {
    // A range of 0 … 10 by 0 … 100; the frame's line gives the data's corners.
    let plot =
        Plot::new("").x_range(0.0, 10.0).y_range(0.0, 100.0).points("", &[(0.0, 0.0), (10.0, 100.0), (5.0, 25.0), (11.0, 5.0)]);
    let svg = plot.picture(400.0, 300.0).unwrap().svg();
    let document = Document::parse(&svg).unwrap();
    let places: Vec<_> = all(&document, "circle").iter().map(|dot| (number(*dot, "cx"), number(*dot, "cy"))).collect();
    assert_eq!(places.len(), 3, "what lies outside is not drawn");
    let [(x0, y0), (x1, y1), middle] = places[..] else { unreachable!() };
    assert!((middle.0 - (x0 + x1) / 2.0).abs() < 0.011 && (middle.1 - (y0 + (y1 - y0) / 4.0)).abs() < 0.011);
    let tick = |words: &str| all(&document, "text").iter().find(|text| text.text() == Some(words)).map(|text| number(*text, "x"));
    assert!((tick("10").unwrap() - x1).abs() < 0.011, "the label 10 stands under x = 10");
}

#[test]
fn errors_say_what_to_do() {
    let line = curve(-1.0, 1.0, -2.0, 2.0);
    let plot = |plot: Plot| plot.line("a", &line).picture(400.0, 300.0);
    let error = plot(Plot::new("").x_scale(Scale::Logarithmic).x_range(0.0, 1.0)).unwrap_err();
    assert_eq!(error.what(), "a logarithmic x axis from 0 to 1");
    assert!(error.what_to_do().contains("linear axis"));
    assert!(plot(Plot::new("").y_range(1.0, 1.0)).is_err());
    assert!(plot(Plot::new("").equal_aspect().y_scale(Scale::Logarithmic)).unwrap_err().what().contains("equal aspect"));
    let flat = Grid::new(2, 2, (1.0, 2.0), (1.0, 2.0), vec![0.0; 4]).unwrap();
    let heat = Plot::new("").x_scale(Scale::Logarithmic).heat(&flat, Ramp::sequential(0.0, 1.0)).picture(400.0, 300.0);
    assert!(heat.unwrap_err().what().contains("a heat map"));
    assert!(Plot::new("").line("a", &line).picture(40.0, 30.0).unwrap_err().what().contains("40×30"));
    let none = Plot::new("").y_scale(Scale::Logarithmic).line("a", &[(0.0, -1.0), (1.0, 0.0)]).picture(400.0, 300.0);
    assert!(none.unwrap_err().what().contains("no positive number"));
    // Some positive numbers are enough; the others are gaps.
    assert!(plot(Plot::new("").y_scale(Scale::Logarithmic)).is_ok());
}

#[test]
fn sheets_hold_their_pictures() {
    let picture = |width, height| {
        let mut picture = Picture::new(width, height);
        picture.rect(0.0, 0.0, width, height, Color::INK);
        picture
    };
    let sheet = row(&[picture(10.0, 20.0), picture(30.0, 5.0)]);
    assert_eq!((sheet.width(), sheet.height()), (10.0 + 16.0 + 30.0, 20.0));
    let sheet = grid(&[picture(10.0, 20.0), picture(30.0, 5.0), picture(12.0, 6.0)], 2, 4.0);
    assert_eq!((sheet.width(), sheet.height()), (12.0 + 4.0 + 30.0, 20.0 + 4.0 + 6.0));
    let svg = sheet.svg();
    let document = Document::parse(&svg).unwrap();
    let places: Vec<_> = all(&document, "g").iter().map(|group| group.attribute("transform").unwrap_or("").to_owned()).collect();
    assert_eq!(places, ["", "translate(16 0)", "translate(0 24)"]);
    let framed = picture(10.0, 20.0).with_margin(3.0);
    assert_eq!((framed.width(), framed.height()), (16.0, 26.0));
    assert!(framed.svg().contains("translate(3 3)"));
    assert_eq!((row(&[]).width(), grid(&[], 0, 5.0).height()), (1.0, 1.0));
}
