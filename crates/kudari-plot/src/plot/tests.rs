//! Ticks, ranges, contours and levels against values from hand calculation.

use super::contours::{Levels, contour};
use super::scale::{Axis, Scale, round_numbers, short};
use super::thin::thinned;
use crate::grid::Grid;

/// Values and texts of the labelled ticks.
fn labelled(scale: Scale, low: f64, high: f64, count: usize) -> (Vec<f64>, Vec<String>) {
    let ticks = Axis::fixed("x", scale, low, high).unwrap().ticks(count);
    ticks.into_iter().filter(|tick| !tick.label.is_empty()).map(|tick| (tick.value, tick.label)).unzip()
}

#[test]
fn linear_ticks_stand_on_round_numbers() {
    let (values, labels) = labelled(Scale::Linear, 0.0, 1.0, 5);
    assert_eq!(values, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]); // exactly: 0.6, not 3 · 0.2
    assert_eq!(labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);

    let (values, labels) = labelled(Scale::Linear, -7.3, 4.1, 6);
    assert_eq!(values, [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0]);
    assert_eq!(labels, ["−6", "−4", "−2", "0", "2", "4"]);

    assert_eq!(labelled(Scale::Linear, 0.93, 1.0, 4).1, ["0.94", "0.96", "0.98", "1.00"]);
    assert_eq!(labelled(Scale::Linear, 0.0, 6000.0, 3).1, ["0", "2000", "4000", "6000"]);
    assert_eq!(labelled(Scale::Linear, 0.0, 12_000.0, 3).1, ["0", "5,000", "10,000"]);
    assert_eq!(labelled(Scale::Linear, -1.5e6, 0.0, 3).1, ["−1,500,000", "−1,000,000", "−500,000", "0"]);
    assert_eq!(labelled(Scale::Linear, 0.0, 3e-7, 3).1, ["0", "1×10⁻⁷", "2×10⁻⁷", "3×10⁻⁷"]);
    assert_eq!(labelled(Scale::Linear, -2.2528e128, 0.0, 2).1, ["−2×10¹²⁸", "0"]);
    assert_eq!(labelled(Scale::Linear, 2e8, 3e8, 2).1, ["2.0×10⁸", "2.5×10⁸", "3.0×10⁸"]);
}

#[test]
fn the_whole_range_of_numbers_has_ticks_or_none() {
    assert_eq!(labelled(Scale::Linear, f64::MIN, f64::MAX, 4).0, [-1e308, 0.0, 1e308]);
    let next = 1.0f64.next_up();
    assert!(labelled(Scale::Linear, 1.0, next, 4).0.iter().all(|value| (1.0..=next).contains(value)));
    assert!(labelled(Scale::Linear, 1e300, 1e300f64.next_up(), 4).0.is_empty());
    let (values, labels) = labelled(Scale::Linear, 0.0, 1e-320, 4);
    assert_eq!(values.len(), labels.len());
}

#[test]
fn logarithmic_ticks_stand_on_powers_of_ten() {
    let (values, labels) = labelled(Scale::Logarithmic, 1e-3, 10.0, 8);
    assert_eq!(labels, ["0.001", "0.01", "0.1", "1", "10"]);
    for (value, exact) in values.iter().zip([1e-3, 1e-2, 1e-1, 1.0, 10.0]) {
        assert!((value / exact - 1.0).abs() < 1e-15);
    }
    // Small ticks at 2 … 9 of the four decades.
    let ticks = Axis::fixed("x", Scale::Logarithmic, 1e-3, 10.0).unwrap().ticks(8);
    assert_eq!(ticks.len(), 5 + 4 * 8);

    assert_eq!(labelled(Scale::Logarithmic, 1e-15, 1.0, 6).1, ["10⁻¹⁵", "10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
    assert_eq!(labelled(Scale::Logarithmic, 0.5, 30.0, 6).1, ["0.5", "1", "2", "5", "10", "20"]);
    assert_eq!(labelled(Scale::Logarithmic, 2e7, 8e8, 6).1, ["2×10⁷", "5×10⁷", "10⁸", "2×10⁸", "5×10⁸"]);
    // Less than a decade: the same numbers as on a linear axis.
    assert_eq!(labelled(Scale::Logarithmic, 2.0, 5.0, 3).1, ["2", "3", "4", "5"]);
}

#[test]
fn places_follow_the_scale() {
    let linear = Axis::fixed("x", Scale::Linear, -2.0, 6.0).unwrap();
    assert_eq!([linear.place(-2.0), linear.place(0.0), linear.place(6.0)], [0.0, 0.25, 1.0]);
    let logarithmic = Axis::fixed("x", Scale::Logarithmic, 0.01, 100.0).unwrap();
    assert!((logarithmic.place(1.0) - 0.5).abs() < 1e-15 && (logarithmic.place(0.1) - 0.25).abs() < 1e-15);
    assert!(logarithmic.place(0.0).is_nan() && logarithmic.place(-1.0).is_nan());
}

#[test]
fn ranges_that_make_no_sense_are_errors() {
    for (low, high) in [(0.0, 10.0), (-1.0, 10.0)] {
        let error = Axis::fixed("y", Scale::Logarithmic, low, high).unwrap_err();
        assert!(error.what().contains("logarithmic y axis"), "{error}");
        assert!(error.what_to_do().contains("above 0"), "{error}");
    }
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(Axis::fixed("x", Scale::Linear, low, high).is_err());
    }
    assert!(Axis::fitted("y", Scale::Logarithmic, [0.0, -3.0, f64::NAN].into_iter(), false).is_err());
}

#[test]
fn fitted_ranges_show_everything_and_do_not_cross_zero() {
    let fit = |scale, values: &[f64], tight| {
        let axis = Axis::fitted("x", scale, values.iter().copied(), tight).unwrap();
        (axis.low, axis.high)
    };
    assert_eq!(fit(Scale::Linear, &[2.0, f64::NAN, 10.0, f64::INFINITY], true), (2.0, 10.0));
    assert_eq!(fit(Scale::Linear, &[0.1, 10.1], false), (0.0, 10.6)); // 5 % of 10 is 0.5; zero is the floor
    assert_eq!(fit(Scale::Linear, &[-8.0, -4.0], false), (-8.2, -3.8));
    assert_eq!(fit(Scale::Linear, &[5.0], false), (4.5, 5.5));
    assert_eq!(fit(Scale::Linear, &[], false), (0.0, 1.0));
    let (low, high) = fit(Scale::Logarithmic, &[0.0, 1e-4, 1.0, -5.0], true);
    assert!((low / 1e-4 - 1.0).abs() < 1e-12 && (high - 1.0).abs() < 1e-12);
}

#[test]
fn numbers_in_texts_are_short() {
    for (value, text) in [(0.0, "0"), (14.0, "14"), (-0.5, "−0.5"), (0.001234, "0.00123"), (12_345.0, "12345"), (1e5, "1×10⁵")]
    {
        assert_eq!(short(value), text);
    }
    assert_eq!(short(-2.5e-7), "−2.5×10⁻⁷");
    assert_eq!(round_numbers(0.0, 19.2, 8), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0]);
}

#[test]
fn the_contour_of_a_cone_is_the_circle() {
    let grid = Grid::from_fn(81, 81, (-2.0, 2.0), (-2.0, 2.0), |x, y| x * x + y * y).unwrap();
    let lines = contour(&grid, 1.0);
    assert_eq!(lines.len(), 1, "one circle, in one piece");
    let circle = &lines[0];
    assert_eq!(circle.first(), circle.last(), "closed");
    // Interpolating a square linearly over h is wrong by at most h²/4.
    let h: f64 = 0.05;
    for &(x, y) in circle {
        assert!((x * x + y * y - 1.0).abs() <= h * h / 4.0 + 1e-12, "({x}, {y})");
    }
    let length: f64 = circle.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
    assert!((length - std::f64::consts::TAU).abs() < 0.01, "{length}");
}

#[test]
fn contours_of_planes_saddles_and_holes() {
    // x + 2y = 1.3 is a straight line from edge to edge.
    let plane = Grid::from_fn(5, 4, (0.0, 2.0), (0.0, 1.0), |x, y| x + 2.0 * y).unwrap();
    let lines = contour(&plane, 1.3);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].iter().all(|(x, y)| (x + 2.0 * y - 1.3).abs() < 1e-12));
    let (first, last) = (lines[0][0], lines[0][lines[0].len() - 1]);
    let ends = if first.0 < last.0 { [first, last] } else { [last, first] };
    assert!((ends[0].1 - 0.65).abs() < 1e-12 && (ends[1].0 - 1.3).abs() < 1e-12 && ends[1].1 == 0.0);

    // One cell, high at lower left and upper right. Below its mean the high corners are connected, so that each line cuts
    // off a low corner; above it each cuts off a high one.
    let saddle = Grid::new(2, 2, (0.0, 1.0), (0.0, 1.0), vec![1.0, -1.0, -1.0, 1.0]).unwrap();
    let around = |level: f64, (x, y): (f64, f64)| {
        contour(&saddle, level).iter().any(|line| line.iter().all(|p| (p.0 - x).hypot(p.1 - y) < 0.6))
    };
    assert!(around(-0.5, (1.0, 0.0)) && around(-0.5, (0.0, 1.0)) && !around(-0.5, (0.0, 0.0)));
    assert!(around(0.5, (0.0, 0.0)) && around(0.5, (1.0, 1.0)) && !around(0.5, (1.0, 0.0)));

    let holed = Grid::from_fn(9, 9, (0.0, 8.0), (0.0, 8.0), |x, y| if x == 4.0 && y == 4.0 { f64::NAN } else { y }).unwrap();
    let lines = contour(&holed, 4.5);
    assert_eq!(lines.len(), 2, "interrupted by the four cells at the hole");
    assert!(lines.iter().flatten().all(|(x, y)| *y == 4.5 && (*x <= 3.0 || *x >= 5.0)));
    assert!(contour(&plane, 9.0).is_empty());
}

#[test]
fn levels() {
    let ramp = Grid::from_fn(101, 2, (0.0, 100.0), (0.0, 1.0), |x, _| x).unwrap();
    assert_eq!(Levels::Automatic(4).of(&ramp), [20.0, 40.0, 60.0, 80.0]);
    assert_eq!(Levels::Quantile(3).of(&ramp), [25.0, 50.0, 75.0]);
    assert_eq!(Levels::At(vec![7.0, f64::NAN, 3.0, 3.0]).of(&ramp), [3.0, 7.0]);

    let rosenbrock = |x: f64, y: f64| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
    let valley = Grid::from_fn(41, 41, (-2.0, 2.0), (-1.0, 3.0), rosenbrock).unwrap();
    let levels = Levels::Logarithmic(10).of(&valley);
    assert_eq!(levels.len(), 10);
    // The lowest value is 0, at the node (1, 1): the levels' ratios are equal. The highest is 2509, at (−2, −1).
    let ratio = levels[1] / levels[0];
    assert!(levels.windows(2).all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 1e-12));
    assert!((levels[9] * ratio / 2509.0 - 1.0).abs() < 1e-9);

    let flat = Grid::new(2, 2, (0.0, 1.0), (0.0, 1.0), vec![3.0; 4]).unwrap();
    for levels in [Levels::Automatic(5), Levels::Quantile(5), Levels::Logarithmic(5)] {
        assert!(levels.of(&flat).iter().all(|&level| contour(&flat, level).is_empty()), "{levels:?}");
    }
    let empty = Grid::new(2, 2, (0.0, 1.0), (0.0, 1.0), vec![f64::NAN; 4]).unwrap();
    assert!(Levels::Automatic(5).of(&empty).is_empty());
}

#[test]
fn grids_check_what_they_are_given() {
    let unit = (0.0, 1.0);
    assert!(Grid::new(1, 5, unit, unit, vec![0.0; 5]).is_err());
    assert!(Grid::new(2, 2, unit, unit, vec![0.0; 5]).is_err());
    assert!(Grid::new(2, 2, (1.0, 1.0), unit, vec![0.0; 4]).is_err());
    assert!(Grid::new(2, 2, unit, (0.0, f64::NAN), vec![0.0; 4]).is_err());
    assert!(Grid::new(usize::MAX, 2, unit, unit, vec![0.0; 4]).is_err());
}

#[test]
fn long_lines_keep_what_can_be_seen() {
    let spike = 31_234;
    let long: Vec<(f64, f64)> =
        (0..100_000).map(|i| (i as f64 * 0.004, if i == spike { 90.0 } else { (i % 7) as f64 })).collect();
    let thin = thinned(long.clone());
    assert!(thin.len() <= 4 * 801, "{} points on 400 pixels", thin.len());
    assert!(thin.contains(&long[spike]) && thin.first() == long.first() && thin.last() == long.last());
    assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order");

    let gap: Vec<(f64, f64)> = long.iter().map(|&(x, y)| (x, if (200.0..201.0).contains(&x) { f64::NAN } else { y })).collect();
    assert!(thinned(gap).iter().any(|(_, y)| y.is_nan()), "a gap remains");
    let back: Vec<(f64, f64)> = long.iter().rev().copied().collect();
    assert_eq!(thinned(back.clone()), back);
    assert_eq!(thinned(long[..50].to_vec()), long[..50]);
    assert!(thinned(Vec::new()).is_empty());
}
