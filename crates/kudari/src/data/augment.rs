//! Augmentation: samples of a training batch are changed at random, so that a network sees other pictures in every epoch.
//!
//! What happens to a sample is a function of the seed, the epoch and the sample's place in the data alone: not of the batch it is in,
//! nor of what was drawn before. A training that goes on from the middle of an epoch sees the same pictures.

use std::fmt;

use crate::array::Stream;
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::float::{Float, with_float};
use crate::kernels::threads;
use crate::optimizers::words;

/// A word of the notation.
struct Word {
    name: &'static str,
    /// How it is written.
    usage: &'static str,
    /// What it does, for help texts.
    about: &'static str,
    /// The step for the number in parentheses, if that can be used.
    step: fn(Option<f64>) -> Option<Step>,
}

const WORDS: &[Word] = &[
    Word {
        name: "flip",
        usage: "flip",
        about: "left and right exchanged in half of the pictures",
        step: |number| number.is_none().then_some(Step::Flip),
    },
    Word {
        name: "crop",
        usage: "crop(4)",
        about: "moved by up to so many pixels each way; what comes in is 0",
        step: |number| {
            let pixels = number.unwrap_or(4.0);
            (pixels.fract() == 0.0 && (1.0..=1e6).contains(&pixels)).then_some(Step::Crop(pixels as usize))
        },
    },
    Word {
        name: "rotate",
        usage: "rotate(10)",
        about: "turned by up to so many degrees either way, up to 180",
        step: |number| number.or(Some(10.0)).filter(|degrees| *degrees > 0.0 && *degrees <= 180.0).map(Step::Rotate),
    },
    Word {
        name: "noise",
        usage: "noise(0.05)",
        about: "normally distributed numbers of this deviation added to the inputs",
        step: |number| number.or(Some(0.05)).filter(|deviation| *deviation > 0.0 && *deviation <= 1e6).map(Step::Noise),
    },
];

/// One change.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Flip,
    Crop(usize),
    Rotate(f64),
    Noise(f64),
}

/// Changes that are made to the samples of training batches, one after the other.
///
/// With u, v and w drawn for each sample, and x[i, j] the pixel in row i and column j of a picture of h rows and w columns:
///
/// - `flip`: x[i, w − 1 − j] if u < ½.
/// - `crop(n)`: x[i + a − n, j + b − n] with a and b among 0, 1, …, 2n: a part of the picture's size, cut from it with n pixels of the
///   raw value 0 around.
/// - `rotate(d)`: turned about its middle by an angle that is uniform in ±d degrees, each pixel read between the four around
///   the place it comes from (bilinear), outside the raw value 0.
/// - `noise(σ)`: x + σ·z with z normally distributed, after the normalisation; for samples of any shape.
///
/// ```
/// use kudari::data::Augmentation;
/// assert_eq!(Augmentation::parse("flip crop rotate(15)")?.to_string(), "flip crop(4) rotate(15)");
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Augmentation {
    steps: Vec<Step>,
}

impl Augmentation {
    /// Reads words such as `flip crop(4) rotate(10) noise(0.05)`, their numbers optional.
    ///
    /// # Errors
    ///
    /// An unknown word, or a number that cannot be used.
    pub fn parse(text: &str) -> Result<Augmentation> {
        let usage = || format!("write words of {}", Augmentation::forms().join(", "));
        let fail = |why: String| Error::new(ErrorKind::Notation, format!("augmentation `{text}`: {why}")).help(usage());
        let mut steps = Vec::new();
        for (name, numbers) in words(text).map_err(&fail)? {
            let Some(word) = WORDS.iter().find(|word| word.name == name) else {
                let nearest = WORDS.iter().map(|word| (strsim::damerau_levenshtein(name, word.name), word.name)).min();
                let error = fail(format!("`{name}` is unknown"));
                return Err(match nearest.filter(|found| found.0 <= 2) {
                    Some((_, nearest)) => error.help(format!("did you mean `{nearest}`? {}", usage())),
                    None => error,
                });
            };
            let number = match numbers[..] {
                [] => None,
                [number] => Some(number.parse().map_err(|_| fail(format!("`{number}` in {name} is not a number")))?),
                _ => return Err(fail(format!("{name} takes one number at most"))),
            };
            let wrong = || fail(format!("{name} cannot be with {}: {}", numbers.join(""), word.about));
            steps.push((word.step)(number).ok_or_else(wrong)?);
        }
        if steps.is_empty() {
            return Err(fail("nothing is written".to_string()));
        }
        Ok(Augmentation { steps })
    }

    /// How each word is written, for help texts.
    pub fn forms() -> Vec<&'static str> {
        WORDS.iter().map(|word| word.usage).collect()
    }

    /// Whether samples of this shape can be changed so.
    ///
    /// # Errors
    ///
    /// Other samples than pictures `[channels, height, width]` for any word but `noise`, or a crop as wide as the picture.
    pub fn validate(&self, name: &str, shape: &[usize]) -> Result<()> {
        for step in &self.steps {
            match (step, shape) {
                (Step::Noise(_), _) | (Step::Flip | Step::Rotate(_), [_, _, _]) => {}
                (Step::Crop(pixels), [_, height, width]) if pixels < height && pixels < width => {}
                (Step::Crop(_), [_, height, width]) => {
                    return Err(Error::value(format!("{step} of pictures of {height}×{width} pixels"))
                        .help("nothing of them might be left; use a smaller number"));
                }
                _ => {
                    return Err(Error::shape(format!("{step} of samples of shape {shape:?} of {name}"))
                        .help("pictures have shape [channels, height, width]; only noise can be added to others"));
                }
            }
        }
        Ok(())
    }

    /// The samples x `[n, …]` with these numbers, changed. `background` is what stands for the raw value 0.
    pub(super) fn apply(&self, x: Variable, samples: &[i64], epoch: &Stream, background: f64) -> Variable {
        let mut x = x.into_array().contiguous();
        let shape = x.shape().get(1..).unwrap_or_default().to_vec();
        let size = shape.iter().product::<usize>().max(1);
        // A picture turned takes about 10 ns a number, one with noise 15.
        let cost = x.len() as f64 * 15.0 * self.steps.len() as f64;
        with_float!(x.dtype(), T => threads::for_each_piece(x.make_mut::<T>(), size, cost, |place, sample| {
            let Some(&number) = samples.get(place) else { return };
            let stream = epoch.part(number as u64);
            for (i, step) in self.steps.iter().enumerate() {
                step.change(sample, &shape, &mut stream.part(i as u64), background);
            }
        }), else ());
        Variable::constant(x)
    }
}

impl Step {
    fn change<T: Float>(self, sample: &mut [T], shape: &[usize], stream: &mut Stream, background: f64) {
        if let Step::Noise(deviation) = self {
            sample.iter_mut().for_each(|x| *x = T::from_f64(x.to_f64() + deviation * stream.next_normal()));
            return;
        }
        let &[_, height, width] = shape else { return };
        if self == Step::Flip {
            if stream.next_uniform() < 0.5 {
                sample.chunks_exact_mut(width.max(1)).for_each(<[T]>::reverse);
            }
            return;
        }
        // The same draw moves all channels.
        let from: Box<dyn Fn(usize, usize) -> [f64; 2]> = match self {
            Step::Crop(pixels) => {
                let [down, right] = [(); 2].map(|()| stream.next_below(2 * pixels + 1) as f64 - pixels as f64);
                Box::new(move |i, j| [i as f64 + down, j as f64 + right])
            }
            Step::Rotate(degrees) => {
                let angle = (degrees * (2.0 * stream.next_uniform() - 1.0)).to_radians();
                let (sine, cosine) = libm::sincos(angle);
                let middle = [height, width].map(|side| (side as f64 - 1.0) / 2.0);
                Box::new(move |i, j| {
                    let (y, x) = (i as f64 - middle[0], j as f64 - middle[1]);
                    [middle[0] + cosine * y - sine * x, middle[1] + sine * y + cosine * x]
                })
            }
            Step::Flip | Step::Noise(_) => return,
        };
        for plane in sample.chunks_exact_mut((height * width).max(1)) {
            let before = plane.to_vec();
            let pixel = |i: f64, j: f64| {
                let inside = i >= 0.0 && j >= 0.0 && i < height as f64 && j < width as f64;
                if inside { before[i as usize * width + j as usize].to_f64() } else { background }
            };
            for (place, out) in plane.iter_mut().enumerate() {
                let [y, x] = from(place / width, place % width);
                let (top, left) = (y.floor(), x.floor());
                let (down, right) = (y - top, x - left);
                let row = |i: f64| {
                    let (a, b) = (pixel(i, left), if right > 0.0 { pixel(i, left + 1.0) } else { 0.0 });
                    a * (1.0 - right) + b * right
                };
                let value = row(top) * (1.0 - down) + if down > 0.0 { row(top + 1.0) } else { 0.0 } * down;
                *out = T::from_f64(value);
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Flip => write!(f, "flip"),
            Step::Crop(pixels) => write!(f, "crop({pixels})"),
            Step::Rotate(degrees) => write!(f, "rotate({degrees})"),
            Step::Noise(deviation) => write!(f, "noise({deviation})"),
        }
    }
}

/// As it is written in the notation.
impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use crate::data::{Dataset, Normalisation, Sampling};
    use crate::{DType, set_threads};

    const SHAPE: [usize; 3] = [2, 5, 7];
    const SIZE: usize = 70;

    fn data(count: usize, words: &str) -> Dataset {
        let bytes: Vec<u8> = (0..count * SIZE).map(|i| (i * 37 % 251) as u8 + 1).collect();
        let normalisation = Normalisation::all(0.5, -3.0);
        let labels = Array::zeros(&[count], DType::I64).unwrap();
        let data = Dataset::from_bytes("d", bytes.into(), &SHAPE, normalisation, labels, vec!["a".into()]).unwrap();
        data.with_dtype(DType::F64).unwrap().with_augmentation(Some(Augmentation::parse(words).unwrap())).unwrap()
    }

    /// Sample i of epoch e, before and after.
    fn pair(data: &Dataset, seed: u64, sample: usize) -> (Vec<f64>, Vec<f64>) {
        let before = data.batch(&[sample as i64]).unwrap().x.array().to_f64_vec();
        let batch = data.batches(data.len()).unwrap().sampled(Sampling::InOrder, seed).next().unwrap();
        (before, batch.x.array().to_f64_vec()[sample * SIZE..][..SIZE].to_vec())
    }

    fn at(planes: &[f64], c: usize, i: isize, j: isize) -> f64 {
        let inside = (0..5).contains(&i) && (0..7).contains(&j);
        if inside { planes[c * 35 + i as usize * 7 + j as usize] } else { -3.0 }
    }

    fn places() -> impl Iterator<Item = (usize, usize, isize, isize)> {
        (0..SIZE).map(|place| (place, place / 35, (place % 35 / 7) as isize, (place % 7) as isize))
    }

    #[test]
    fn half_of_the_pictures_are_flipped() {
        let data = data(200, "flip");
        let mut flipped = 0;
        for sample in 0..200 {
            let (before, after) = pair(&data, 3, sample);
            let mirror: Vec<f64> = places().map(|(_, c, i, j)| at(&before, c, i, 6 - j)).collect();
            assert!(after == before || after == mirror);
            flipped += usize::from(after == mirror);
        }
        assert!((70..130).contains(&flipped), "{flipped} of 200");
    }

    #[test]
    fn crops_are_the_picture_moved() {
        let data = data(150, "crop(2)");
        let mut seen = std::collections::BTreeSet::new();
        for sample in 0..150 {
            let (before, after) = pair(&data, 4, sample);
            let moved =
                |(a, b): (isize, isize)| -> Vec<f64> { places().map(|(_, c, i, j)| at(&before, c, i + a, j + b)).collect() };
            let all = (-2..=2).flat_map(|a| (-2..=2).map(move |b| (a, b)));
            seen.extend(all.into_iter().find(|&by| moved(by) == after));
        }
        assert_eq!(seen.len(), 25, "every way to move occurs");
    }

    /// Turned by the inverse of its angle, read off from where the bilinear weights of a ramp lead: on a picture that rises linearly
    /// the bilinear value is exact, so a turned ramp tells the angle, and every inner pixel must agree with it.
    #[test]
    fn turned_ramps_are_ramps_in_the_turned_direction() {
        let side = 21usize;
        let ramp: Vec<f64> =
            (0..side * side).map(|place| (place % side) as f64 * 2.0 + (place / side) as f64 * 3.0 + 100.0).collect();
        let x = Array::from_slice(&ramp, &[1, 1, side, side]).unwrap();
        let data =
            Dataset::from_arrays("ramp", x, Array::from([0i64]), vec!["a".into()]).unwrap().with_dtype(DType::F64).unwrap();
        let data = data.with_augmentation(Some(Augmentation::parse("rotate(30)").unwrap())).unwrap();
        let mut angles = Vec::new();
        for seed in 0..40 {
            let turned = data.batches(1).unwrap().shuffled(seed).next().unwrap().x.array().to_f64_vec();
            let value = |i: usize, j: usize| turned[i * side + j];
            // Slopes along columns and rows: 2·cos + 3·(−sin) and 2·sin + 3·cos, for a place that comes from (y·cos − x·sin, y·sin + x·cos).
            let (across, down) = (value(10, 11) - value(10, 10), value(11, 10) - value(10, 10));
            let angle = (2.0 * down - 3.0 * across).atan2(2.0 * across + 3.0 * down);
            assert!((across * across + down * down - 13.0).abs() < 1e-9, "turning keeps the slope");
            assert!(angle.abs() <= 30f64.to_radians());
            assert_eq!(value(10, 10), 150.0, "the middle stays");
            for (i, j) in (6..15).flat_map(|i| (6..15).map(move |j| (i, j))) {
                let expected = 150.0 + across * (j as f64 - 10.0) + down * (i as f64 - 10.0);
                assert!((value(i, j) - expected).abs() < 1e-9, "seed {seed} at {i}, {j}");
            }
            angles.push(angle);
        }
        assert!(angles.iter().any(|&a| a > 0.2) && angles.iter().any(|&a| a < -0.2), "{angles:?}");
    }

    /// Against the bilinear value as a sum over all pixels of v · max(0, 1 − |Δ row|) · max(0, 1 − |Δ column|), with the background
    /// for the weight that is missing at the border.
    #[test]
    fn turned_pictures_are_read_between_their_pixels() {
        let before: Vec<f64> = (0..SIZE).map(|i| (i * 37 % 251) as f64).collect();
        for number in 0..50 {
            let stream = Stream::new(number, "test");
            let angle = (170.0 * (2.0 * stream.clone().next_uniform() - 1.0)).to_radians();
            let mut after = before.clone();
            Step::Rotate(170.0).change(&mut after, &SHAPE, &mut stream.clone(), -3.0);
            for (place, c, i, j) in places() {
                let (dy, dx) = (i as f64 - 2.0, j as f64 - 3.0);
                let (y, x) = (2.0 + angle.cos() * dy - angle.sin() * dx, 3.0 + angle.sin() * dy + angle.cos() * dx);
                let (mut sum, mut weights) = (0.0, 0.0);
                for (from, _, i, j) in places().filter(|other| other.1 == c) {
                    let weight = (1.0 - (y - i as f64).abs()).max(0.0) * (1.0 - (x - j as f64).abs()).max(0.0);
                    (sum, weights) = (sum + weight * before[from], weights + weight);
                }
                assert!((after[place] - (sum - 3.0 * (1.0 - weights))).abs() < 1e-9, "stream {number}, {place}");
            }
        }
    }

    #[test]
    fn noise_has_its_deviation() {
        let data = data(60, "noise(0.25)");
        let difference: Vec<f64> = (0..60)
            .flat_map(|sample| {
                let (before, after) = pair(&data, 5, sample);
                after.into_iter().zip(before).map(|(a, b)| a - b).collect::<Vec<_>>()
            })
            .collect();
        let count = difference.len() as f64;
        let mean = difference.iter().sum::<f64>() / count;
        let deviation = (difference.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / count).sqrt();
        // Four standard errors: 0.25/√4200 and 0.25/√8400.
        assert!(mean.abs() < 4.0 * 0.25 / count.sqrt() && (deviation - 0.25).abs() < 4.0 * 0.25 / (2.0 * count).sqrt());
    }

    #[test]
    fn what_happens_to_a_sample_depends_on_seed_epoch_and_sample_alone() {
        let data = data(23, "flip crop(2) rotate(20) noise(0.1)");
        // Every sample of two epochs, however the batches are cut and on any number of threads.
        let all = |size: usize, seed: u64| {
            let mut batches = data.batches(size).unwrap().shuffled(seed).epochs(2);
            let (mut found, mut epoch) = (std::collections::BTreeMap::new(), 0);
            while let Some(batch) = batches.next() {
                let values = batch.x.array().to_f64_vec();
                for (row, values) in batches.rows().iter().zip(values.chunks(SIZE)) {
                    epoch = if found.contains_key(&(0, *row)) { 1 } else { epoch };
                    let key = (if found.contains_key(&(0, *row)) { 1 } else { 0 }, *row);
                    found.insert(key, values.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
                }
            }
            assert_eq!((found.len(), epoch), (46, 1));
            found
        };
        let one = all(5, 9);
        assert!(one == all(23, 9) && one == all(1, 9) && one != all(5, 10));
        assert!((0..23).all(|row| one[&(0, row)] != one[&(1, row)]), "epochs differ");
        let before = crate::threads();
        set_threads(1);
        let alone = all(5, 9);
        set_threads(3);
        assert!(alone == one && all(5, 9) == one);
        set_threads(before);
    }

    #[test]
    fn a_copy_of_the_iterator_goes_on_with_the_same_batches() {
        let data = data(23, "crop(1) noise(0.1)");
        let mut batches = data.batches(4).unwrap().shuffled(2).epochs(3);
        batches.by_ref().take(8).for_each(drop);
        let rest = |batches: crate::data::Batches<'_>| batches.map(|b| b.x.array().to_f64_vec()).collect::<Vec<_>>();
        assert_eq!(rest(batches.clone()), rest(batches));
        // Measuring sees the samples as they are.
        assert_eq!(
            data.range(0, 2).unwrap().x.array().to_f64_vec(),
            data.clone().with_augmentation(None).unwrap().range(0, 2).unwrap().x.array().to_f64_vec()
        );
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| Augmentation::parse(text).unwrap_err().to_string();
        assert!(
            told("flipp").starts_with("augmentation `flipp`: `flipp` is unknown\n  help: did you mean `flip`?"),
            "{}",
            told("flipp")
        );
        assert!(told("crop(1.5)").contains("crop cannot be with 1.5"));
        assert!(told("crop(x)").contains("`x` in crop is not a number"));
        assert!(told("crop(1,2)").contains("crop takes one number at most"));
        assert!(told("").contains("nothing is written"));
        for bad in ["flip(1)", "crop(0)", "crop(-1)", "rotate(nan)", "rotate(181)", "noise(inf)", "noise(0)", "noise(", "(4)"] {
            assert!(Augmentation::parse(bad).is_err(), "{bad}");
        }
        for form in Augmentation::forms() {
            assert_eq!(Augmentation::parse(form).unwrap().to_string(), form);
        }
        let what = |words: &str, shape: &[usize]| {
            Augmentation::parse(words).unwrap().validate("d", shape).map_err(|e| e.what().to_string())
        };
        assert_eq!(what("flip", &[10]), Err("flip of samples of shape [10] of d".to_string()));
        assert_eq!(what("crop(5)", &[1, 5, 9]), Err("crop(5) of pictures of 5×9 pixels".to_string()));
        assert!(what("noise", &[10]).is_ok() && what("crop rotate flip", &[3, 5, 5]).is_ok());
    }
}
