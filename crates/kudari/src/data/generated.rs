//! Data sets that are made, not read: points of the plane in classes, for networks whose every decision can be drawn.
//!
//! Except for [`xor`] both parts hold the same number of points, drawn from streams of their own: the test part is new to a
//! network that was trained. Classes take turns, so they are as equal in number as can be.

use std::f64::consts::{PI, TAU};

use super::dataset::{Dataset, Normalisation, Split};
use crate::array::{Array, Stream};
use crate::error::{Error, Result};

/// Exclusive or: the four pairs of bits, class 1 where exactly one of them is 1.
pub fn xor() -> Dataset {
    let bits = vec![0, 0, 0, 1, 1, 0, 1, 1];
    let labels = Array::from([0i64, 1, 1, 0]);
    match Dataset::from_bytes("xor", bits.into(), &[2], Normalisation::default(), labels, class_names(2)) {
        Ok(data) => data,
        Err(error) => unreachable!("{error}"), // four pairs, four labels of two classes
    }
}

/// Two half circles that reach into each other: with t uniform in 0 ≤ t < π, class 0 lies at (cos t, sin t) and class 1 at
/// (1 − cos t, ½ − sin t). The shape of scikit-learn's `make_moons`.
///
/// `samples` are the points in each part, from 2; `noise` ≥ 0 is the standard deviation of the normal noise in each coordinate.
///
/// # Errors
///
/// Too few samples, or noise that is negative or not finite.
pub fn moons(samples: usize, noise: f64, seed: u64) -> Result<Split> {
    generate("moons", 2, samples, noise, seed, |class, stream| {
        let (sin, cos) = (PI * stream.next_uniform()).sin_cos();
        if class == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }
    })
}

/// Two circles around the origin: class 0 of radius 1 around class 1 of radius ½. The shape of scikit-learn's `make_circles`.
///
/// `samples`, `noise` and errors as for [`moons`].
///
/// # Errors
///
/// Too few samples, or noise that is negative or not finite.
pub fn circles(samples: usize, noise: f64, seed: u64) -> Result<Split> {
    generate("circles", 2, samples, noise, seed, |class, stream| {
        let (sin, cos) = (TAU * stream.next_uniform()).sin_cos();
        let radius = if class == 0 { 1.0 } else { 0.5 };
        [radius * cos, radius * sin]
    })
}

/// Arms that wind around the origin, one for each class: with the radius r uniform in 0.1 ≤ r < 1, arm k of n lies at the
/// angle 2π(k/n + ¾r).
///
/// `arms` from 2; `samples` from one a class; `noise` and errors as for [`moons`].
///
/// # Errors
///
/// Fewer than two arms, too few samples, or noise that is negative or not finite.
pub fn spiral(samples: usize, arms: usize, noise: f64, seed: u64) -> Result<Split> {
    if arms < 2 {
        return Err(Error::value(format!("spiral: {arms} arms")).help("there must be at least 2, one for each class"));
    }
    generate("spiral", arms, samples, noise, seed, |class, stream| {
        let radius = 0.1 + 0.9 * stream.next_uniform();
        let (sin, cos) = (TAU * (class as f64 / arms as f64 + 0.75 * radius)).sin_cos();
        [radius * cos, radius * sin]
    })
}

/// Both parts of a data set whose points `point` gives for a class before noise is added.
fn generate(
    name: &str,
    classes: usize,
    samples: usize,
    noise: f64,
    seed: u64,
    point: impl Fn(usize, &mut Stream) -> [f64; 2],
) -> Result<Split> {
    if samples < classes {
        return Err(
            Error::value(format!("{name}: {samples} samples of {classes} classes")).help("every class needs one at least")
        );
    }
    if !(noise >= 0.0 && noise.is_finite()) {
        return Err(Error::value(format!("{name}: noise of standard deviation {noise}")).help("choose 0 or a number above it"));
    }
    let part = |part: &str| {
        let mut stream = Stream::new(seed, &format!("{name} {part}"));
        let labels: Vec<i64> = (0..samples).map(|i| (i % classes) as i64).collect();
        let mut points = Vec::with_capacity(2 * samples);
        for &label in &labels {
            let exact = point(label as usize, &mut stream);
            points.extend(exact.map(|x| x + noise * stream.next_normal()));
        }
        let (points, labels) = (Array::from_slice(&points, &[samples, 2])?, Array::from_slice(&labels, &[samples])?);
        Dataset::from_arrays(name, points, labels, class_names(classes))
    };
    Ok(Split::new(part("training")?, part("test")?))
}

fn class_names(classes: usize) -> Vec<String> {
    (0..classes).map(|class| class.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of a part with their classes.
    fn points(data: &Dataset) -> Vec<([f64; 2], i64)> {
        let x = data.clone().with_dtype(crate::DType::F64).unwrap().all().unwrap().x.array().to_f64_vec();
        let labels = data.targets().unwrap().to_vec::<i64>().unwrap();
        x.chunks(2).map(|p| [p[0], p[1]]).zip(labels).collect()
    }

    #[test]
    fn without_noise_the_points_lie_on_their_curves() {
        for ([x, y], class) in points(&moons(500, 0.0, 1).unwrap().train) {
            // Class 1 is class 0 turned by half a turn about (½, ¼).
            let [x, y] = if class == 0 { [x, y] } else { [1.0 - x, 0.5 - y] };
            assert!((x.hypot(y) - 1.0).abs() < 1e-12 && y > -1e-12);
        }
        for ([x, y], class) in points(&circles(500, 0.0, 1).unwrap().test) {
            assert!((x.hypot(y) - [1.0, 0.5][class as usize]).abs() < 1e-12);
        }
        for arms in [2, 3, 5] {
            for ([x, y], class) in points(&spiral(500, arms, 0.0, 1).unwrap().train) {
                let radius = x.hypot(y);
                let turns = y.atan2(x) / TAU - class as f64 / arms as f64 - 0.75 * radius;
                assert!((0.1..1.0).contains(&radius) && (turns - turns.round()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn classes_are_equal_in_number_and_the_noise_has_its_deviation() {
        let n = 20_000;
        let data = points(&circles(n, 0.1, 3).unwrap().train);
        assert_eq!(data.iter().filter(|(_, class)| *class == 1).count(), n / 2);
        // Across the curve of a circle the noise adds σ²/2r to the mean radius and has the deviation σ.
        let outer: Vec<f64> = data.iter().filter(|(_, class)| *class == 0).map(|([x, y], _)| x.hypot(*y)).collect();
        let mean = outer.iter().sum::<f64>() / outer.len() as f64;
        let variance = outer.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / outer.len() as f64;
        assert!((mean - 1.005).abs() < 0.005 && (variance.sqrt() - 0.1).abs() < 0.004, "{mean} {}", variance.sqrt());
    }

    #[test]
    fn parts_and_seeds_differ_and_the_same_seed_repeats() {
        let of = |seed| spiral(30, 3, 0.02, seed).unwrap();
        assert_eq!(points(&of(1).train), points(&of(1).train));
        assert_ne!(points(&of(1).train), points(&of(2).train));
        let Split { train, test, .. } = of(1);
        assert!(points(&train).iter().all(|p| !points(&test).contains(p)));
        assert_eq!((train.len(), train.classes().len(), train.sample_shape()), (30, 3, &[2][..]));
    }

    #[test]
    fn what_cannot_be_generated() {
        assert_eq!(moons(1, 0.1, 1).err().unwrap().what(), "moons: 1 samples of 2 classes");
        assert_eq!(spiral(9, 1, 0.1, 1).err().unwrap().what(), "spiral: 1 arms");
        for noise in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(circles(10, noise, 1).err().unwrap().what().starts_with("circles: noise of standard deviation"));
        }
    }
}
