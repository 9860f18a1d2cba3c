//! Colours: mixtures, ramps, and a palette that colour-blind readers can tell apart.

use kudari_plot::{Color, Ramp, palette, sequential, two_sided};

#[test]
fn mixtures() {
    let (a, b) = (Color::rgb(0, 100, 255), Color::rgb(100, 0, 255).with_opacity(0.5));
    assert_eq!(a.mix(b, 0.0), a);
    assert_eq!(a.mix(b, 1.0), b);
    assert_eq!(a.mix(b, 0.25), Color { red: 25, green: 75, blue: 255, opacity: 0.875 });
    assert_eq!((a.mix(b, -3.0), a.mix(b, 9.0), a.mix(b, f64::NAN)), (a, b, a));
    assert_eq!(Color::gray(0.5), Color::rgb(128, 128, 128));
    assert_eq!(Color::rgb(1, 2, 0xab).hex(), "#0102ab");
    assert_eq!((a.with_opacity(7.0).opacity, a.with_opacity(f64::NAN).opacity), (1.0, 0.0));
}

#[test]
fn ramps_go_from_end_to_end() {
    let brightness = |color: Color| u32::from(color.red) + u32::from(color.green) + u32::from(color.blue);
    let steps: Vec<u32> = (0..=40).map(|i| brightness(sequential(f64::from(i) / 40.0))).collect();
    assert!(steps.windows(2).all(|pair| pair[0] > pair[1]), "darker and darker: {steps:?}");
    let middle = two_sided(0.0);
    assert!(brightness(middle) > 720);
    assert!(two_sided(-1.0).blue > two_sided(-1.0).red && two_sided(1.0).red > two_sided(1.0).blue);
    assert_eq!((two_sided(-9.0), two_sided(9.0)), (two_sided(-1.0), two_sided(1.0)));
    assert_eq!(two_sided(f64::NAN), Color::TRANSPARENT);

    assert_eq!(Ramp::two_sided(-4.0, 6.0).color(1.0), middle);
    assert_eq!(Ramp::sequential(2.0, 4.0).color(3.0), sequential(0.5));
    assert_eq!(Ramp::sequential(2.0, 2.0).color(7.0), sequential(0.5));
    let classes = Ramp::classes(&[palette(3), palette(4)]);
    assert_eq!((classes.color(0.0), classes.color(1.0)), (palette(3), palette(4)));
    for none in [2.0, -1.0, 0.5, f64::NAN, f64::INFINITY] {
        assert_eq!(classes.color(none), Color::TRANSPARENT);
    }
    assert_eq!(palette(10), palette(0));
}

type Matrix = [[f64; 3]; 3];

fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| (0..3).map(|i| matrix[row][i] * vector[i]).sum())
}

/// Linear light of sRGB (IEC 61966-2-1).
fn linear(value: u8) -> f64 {
    let value = f64::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// CIELAB under D65 of linear light.
fn lab(light: [f64; 3]) -> [f64; 3] {
    const XYZ: Matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
    let xyz = times(&XYZ, light);
    let [x, y, z] =
        [xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089].map(|t| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn any_two_of_the_palette_differ_for_every_kind_of_sight() {
    // Machado, Oliveira and Fernandes 2009, table 1, severity 1.0.
    let sights: [(&str, Matrix); 4] = [
        ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("protanopia", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
        ("deuteranopia", [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
        ("tritanopia", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
    ];
    for (sight, matrix) in sights {
        let seen = |i: usize| {
            let color = palette(i);
            lab(times(&matrix, [color.red, color.green, color.blue].map(linear)).map(|light| light.clamp(0.0, 1.0)))
        };
        for (i, j) in (0..10).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let (a, b) = (seen(i), seen(j));
            let difference = (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
            assert!(difference >= 16.0, "{sight}: colours {j} and {i} differ by {difference:.1}");
        }
        assert!((0..10).all(|i| seen(i)[0] < 78.0), "{sight}: every colour shows on white");
    }
}
