//! What each kind of series draws, and where. Plots here have x and y from 0 to 10, so that places follow from the frame.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari_plot::{Color, Grid, Levels, Plot, Ramp, Raster, palette};
use roxmltree::{Document, Node};

fn square() -> Plot {
    Plot::new("").x_range(0.0, 10.0).y_range(0.0, 10.0)
}

fn svg(plot: &Plot) -> String {
    plot.picture(400.0, 300.0).unwrap().svg()
}

fn number(node: Node, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn all<'a>(document: &'a Document, kind: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", kind))).collect()
}

/// The corners of every path that is filled (or drawn) in this colour.
fn paths(document: &Document, attribute: &str, color: Color) -> Vec<Vec<(f64, f64)>> {
    let chosen = all(document, "path").into_iter().filter(|path| path.attribute(attribute) == Some(color.hex().as_str()));
    let corners = |d: &str| -> Vec<(f64, f64)> {
        let points = d.trim_start_matches('M').trim_end_matches('Z').split('L').map(|point| point.split_once(' ').unwrap());
        points.map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).collect()
    };
    chosen.map(|path| corners(path.attribute("d").unwrap())).collect()
}

/// From x and y to places in the picture, found with two dots.
fn places() -> impl Fn(f64, f64) -> (f64, f64) {
    let text = svg(&square().points("", &[(0.0, 0.0), (10.0, 10.0)]));
    let document = Document::parse(&text).unwrap();
    let dots: Vec<_> = all(&document, "circle").iter().map(|dot| (number(*dot, "cx"), number(*dot, "cy"))).collect();
    let [(left, bottom), (right, top)] = [dots[0], dots[1]];
    assert!(left < right && top < bottom);
    move |x, y| (left + (right - left) * x / 10.0, bottom + (top - bottom) * y / 10.0)
}

fn near(a: (f64, f64), b: (f64, f64)) -> bool {
    (a.0 - b.0).abs() < 0.011 && (a.1 - b.1).abs() < 0.011
}

#[test]
fn things_with_one_name_have_one_colour_and_one_place_in_the_legend() {
    let line = [(1.0, 1.0), (9.0, 9.0)];
    let plot = square().line("a", &line).band("b", &[(1.0, 1.0, 2.0), (9.0, 8.0, 9.5)]).line("b", &line).points("a", &line);
    let text = svg(&plot);
    let document = Document::parse(&text).unwrap();
    let names: Vec<_> =
        all(&document, "text").iter().filter_map(|t| t.text()).filter(|t| *t == "a" || *t == "b").map(str::to_owned).collect();
    assert_eq!(names, ["a", "b"]);
    // Each with its sample in the legend.
    assert_eq!(paths(&document, "stroke", palette(0)).len(), 2);
    assert_eq!(paths(&document, "stroke", palette(1)).len(), 2);
    assert!(all(&document, "circle").iter().all(|dot| dot.attribute("fill") == Some(palette(0).hex().as_str())));
    let nameless = svg(&square().line("", &line).line("", &line).color(Color::rgb(1, 2, 3)).width(4.5).dashed());
    let document = Document::parse(&nameless).unwrap();
    assert_eq!(paths(&document, "stroke", palette(0)).len(), 1, "drawn, and not in the legend");
    assert!(nameless.contains("stroke=\"#010203\" stroke-width=\"4.5\" stroke-dasharray"));
}

#[test]
fn bands_and_bars_reach_from_low_to_high() {
    let at = places();
    let text =
        svg(&square().band("", &[(1.0, 2.0, 3.0), (4.0, 2.5, 7.0), (6.0, f64::NAN, 9.0), (8.0, 1.0, 2.0), (9.0, 1.0, 3.0)]));
    let document = Document::parse(&text).unwrap();
    let bands = paths(&document, "fill", palette(0));
    let expected = [
        vec![at(1.0, 3.0), at(4.0, 7.0), at(4.0, 2.5), at(1.0, 2.0)],
        vec![at(8.0, 2.0), at(9.0, 3.0), at(9.0, 1.0), at(8.0, 1.0)],
    ];
    assert_eq!(bands.len(), 2, "the NaN is a gap");
    for (band, corners) in bands.iter().zip(&expected) {
        assert!(band.len() == 4 && band.iter().zip(corners).all(|(a, b)| near(*a, *b)), "{band:?} {corners:?}");
    }

    let text = svg(&square().bars("", &[(2.0, 3.0, 6.0)]).color(Color::BLACK));
    let document = Document::parse(&text).unwrap();
    let bar = *all(&document, "rect").iter().find(|rect| rect.attribute("stroke") == Some("#ffffff")).unwrap();
    let corner = (number(bar, "x"), number(bar, "y"));
    assert!(near(corner, at(2.0, 6.0)));
    assert!(near((corner.0 + number(bar, "width"), corner.1 + number(bar, "height")), at(3.0, 0.0)));
}

#[test]
fn paths_mark_their_start_and_end() {
    let at = places();
    let text = svg(&square().path("", &[(1.0, 1.0), (5.0, 8.0), (f64::NAN, 0.0), (9.0, 2.0)]));
    let document = Document::parse(&text).unwrap();
    let circles = all(&document, "circle");
    let place = |node: &Node| (number(*node, "cx"), number(*node, "cy"));
    let ring = circles.iter().find(|circle| circle.attribute("fill") == Some("#ffffff")).unwrap();
    assert!(near(place(ring), at(1.0, 1.0)), "an open ring at the start");
    let largest = circles
        .iter()
        .filter(|circle| circle.attribute("fill") != Some("#ffffff"))
        .max_by(|a, b| number(**a, "r").total_cmp(&number(**b, "r")));
    assert!(near(place(largest.unwrap()), at(9.0, 2.0)), "a large dot at the end");
    assert!(circles.iter().any(|circle| near(place(circle), at(5.0, 8.0))), "a dot at every step");
}

#[test]
fn arrows_point_where_they_should() {
    let at = places();
    // Up, right and down-left; the third is the longest.
    let text = svg(&square().arrows(&[(2.0, 2.0, 0.0, 1.0), (5.0, 5.0, 1.0, 0.0), (8.0, 8.0, -2.0, -2.0)]).color(Color::BLACK));
    let document = Document::parse(&text).unwrap();
    let heads = paths(&document, "fill", Color::BLACK);
    let shafts = paths(&document, "stroke", Color::BLACK);
    assert_eq!((heads.len(), shafts.len()), (3, 3));
    let vector = |i: usize| {
        let (from, tip) = (shafts[i][0], heads[i][0]);
        (tip.0 - from.0, tip.1 - from.1)
    };
    assert!(near(shafts[0][0], at(2.0, 2.0)) && near(shafts[2][0], at(8.0, 8.0)), "they begin at their points");
    let (up, right, down) = (vector(0), vector(1), vector(2));
    assert!(up.0.abs() < 0.011 && up.1 < -5.0, "{up:?}");
    assert!(right.0 > 5.0 && right.1.abs() < 0.011, "{right:?}");
    // One scale for all, each along its axis: −2 is twice as long as 1 and the other way.
    assert!((down.0 + 2.0 * right.0).abs() < 0.05 && (down.1 + 2.0 * up.1).abs() < 0.05, "{down:?}");
}

#[test]
fn heat_has_row_0_at_the_bottom() {
    let grid = Grid::new(2, 2, (0.0, 10.0), (0.0, 10.0), vec![0.0, 1.0, 2.0, 3.0]).unwrap();
    let colors = [Color::rgb(255, 0, 0), Color::rgb(0, 255, 0), Color::rgb(0, 0, 255), Color::rgb(9, 9, 9)];
    let picture: Raster = square().heat(&grid, Ramp::classes(&colors)).picture(400.0, 300.0).unwrap().rgba(1.0).unwrap();
    let at = places();
    for (i, (x, y)) in [(2.5, 2.5), (7.5, 2.5), (2.5, 7.5), (7.5, 7.5)].into_iter().enumerate() {
        let (column, row) = at(x, y);
        let pixel = picture.pixel(column as usize, row as usize).unwrap();
        assert_eq!(pixel, [colors[i].red, colors[i].green, colors[i].blue, 255], "node {i}");
    }
}

#[test]
fn reference_lines_and_markers_stand_at_their_numbers() {
    let at = places();
    let plot =
        square().vertical_line(3.0, "stop").horizontal_line(4.0, "level").marker(6.0, 7.0, "best").vertical_line(11.0, "outside");
    let text = svg(&plot);
    let document = Document::parse(&text).unwrap();
    let lines = paths(&document, "stroke", Color::INK);
    let dashed = |a, b| lines.iter().any(|line| near(line[0], a) && near(line[1], b));
    assert!(dashed(at(3.0, 10.0), at(3.0, 0.0)));
    assert!(dashed(at(0.0, 4.0), at(10.0, 4.0)));
    let (x, y) = at(6.0, 7.0);
    assert!(dashed((x - 4.0, y - 4.0), (x + 4.0, y + 4.0)));
    for (word, there) in [("stop", true), ("level", true), ("best", true), ("outside", false)] {
        assert_eq!(all(&document, "text").iter().any(|t| t.text() == Some(word)), there, "{word}");
    }
}

#[test]
fn contours_carry_their_levels() {
    let grid = Grid::from_fn(41, 41, (0.0, 10.0), (0.0, 10.0), |x, _| x).unwrap();
    let text = svg(&square().contours(&grid, Levels::At(vec![2.5, 5.0])).labelled());
    let document = Document::parse(&text).unwrap();
    let at = places();
    for (word, x) in [("2.5", 2.5), ("5", 5.0)] {
        let label = all(&document, "text")
            .into_iter()
            .find(|t| t.text() == Some(word) && t.attribute("font-size") == Some("9.5"))
            .unwrap();
        // The line is vertical: so is its label, in the middle of the line.
        let turn = label.attribute("transform").unwrap();
        assert!(turn.starts_with("rotate(90 ") || turn.starts_with("rotate(-90 "), "{turn}");
        let place: Vec<f64> = turn.trim_end_matches(')').split(' ').skip(1).map(|n| n.parse().unwrap()).collect();
        assert!((place[0] - at(x, 0.0).0).abs() < 0.011, "{turn}");
        assert!(at(0.0, 10.0).1 < place[1] && place[1] < at(0.0, 0.0).1, "{turn}");
    }
    assert!(!svg(&square().contours(&grid, Levels::At(vec![2.5]))).contains("font-size=\"9.5\""), "only where it is wanted");
    assert!(
        !svg(&square().contours(&grid, Levels::At(vec![0.1])).labelled()).contains("font-size=\"9.5\""),
        "no room at the edge"
    );
    // A contour too short for a label has none.
    let dot = Grid::from_fn(41, 41, (0.0, 10.0), (0.0, 10.0), |x, y| (x - 5.0).hypot(y - 5.0)).unwrap();
    assert!(!svg(&square().contours(&dot, Levels::At(vec![0.2])).labelled()).contains("font-size=\"9.5\""));
}

#[test]
fn a_colour_bar_shows_the_ramp() {
    let grid = Grid::from_fn(3, 3, (0.0, 10.0), (0.0, 10.0), |x, y| x + y).unwrap();
    let bar = |ramp: Ramp| svg(&square().heat(&grid, ramp)).matches("<image").count();
    assert_eq!(bar(Ramp::sequential(0.0, 20.0)), 1, "without a label, the map alone");
    assert_eq!(bar(Ramp::sequential(0.0, 20.0).label("height")), 2);
    assert_eq!(bar(Ramp::classes(&[Color::INK]).label("class")), 1);
    let ramp = Ramp::two_sided(0.0, 20.0).label("height");
    let picture = square().heat(&grid, ramp.clone()).picture(400.0, 300.0).unwrap();
    let text = picture.svg();
    let document = Document::parse(&text).unwrap();
    let image = all(&document, "image")[1];
    let (x, top) = (number(image, "x") + number(image, "width") / 2.0, number(image, "y"));
    let raster = picture.rgba(1.0).unwrap();
    let pixel = |y: f64| raster.pixel(x as usize, y as usize).unwrap();
    let (high, low) = (pixel(top + 3.0), pixel(top + number(image, "height") - 4.0));
    assert!(high[0] > high[2] && low[2] > low[0], "orange is above, blue below: {high:?}, {low:?}");
}
