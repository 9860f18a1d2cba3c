//! Arrays as files hold them (IDX, NPY, NPZ), and how they become samples and targets.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::dataset::{Dataset, Normalisation, Samples};
use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// The numbers of a file.
#[derive(Debug, Clone)]
pub enum RawNumbers {
    /// Unsigned bytes, as they are.
    Bytes(Vec<u8>),
    /// Other types: integers as i64, floating-point numbers as f32 or f64.
    Array(Array),
}

/// An array as a file holds it.
#[derive(Debug, Clone)]
pub struct RawArray {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// The numbers, in row-major order.
    pub numbers: RawNumbers,
}

/// The factor that brings bytes to 0…1.
pub(super) const BYTES: Normalisation = Normalisation::all(1.0 / 255.0, 0.0);
/// More different whole numbers than this are classes only where each occurs twice on average.
const MANY_CLASSES: usize = 100;

impl RawArray {
    /// Numbers with the shape that a file's header gives them.
    ///
    /// # Errors
    ///
    /// Samples without numbers: a header can promise any count of them.
    pub(super) fn of_file(shape: Vec<usize>, numbers: RawNumbers) -> Result<RawArray> {
        if shape.first().is_some_and(|&count| count > 0) && shape.contains(&0) {
            return Err(Error::format(format!("an array of shape {shape:?}, whose samples hold no numbers")));
        }
        Ok(RawArray { shape, numbers })
    }

    /// As an array of numbers: bytes become i64.
    ///
    /// # Errors
    ///
    /// A shape that does not fit the numbers.
    pub fn into_array(self) -> Result<Array> {
        match self.numbers {
            RawNumbers::Bytes(bytes) => Array::from_vec(bytes.into_iter().map(i64::from).collect(), &self.shape),
            RawNumbers::Array(array) => Ok(array),
        }
    }

    /// Pictures as convolutions expect them: bytes of three axes get one of channels; of four axes with the channels (1 or 3) last,
    /// these come first.
    fn with_channels_first(self) -> Result<RawArray> {
        let is_bytes = matches!(self.numbers, RawNumbers::Bytes(_));
        match self.shape[..] {
            [n, height, width] if is_bytes => Ok(RawArray { shape: vec![n, 1, height, width], ..self }),
            [n, height, width, channels @ (1 | 3)] if ![1, 3].contains(&height) => {
                let shape = vec![n, channels, height, width];
                let numbers = match self.numbers {
                    RawNumbers::Bytes(bytes) => RawNumbers::Bytes(planes(&bytes, height * width, channels)),
                    RawNumbers::Array(array) => RawNumbers::Array(array.permute(&[0, 3, 1, 2])?.contiguous()),
                };
                Ok(RawArray { shape, numbers })
            }
            _ => Ok(self),
        }
    }
}

/// Pictures with the channels of each pixel side by side, as one plane after the other.
pub(super) fn planes(bytes: &[u8], pixels: usize, channels: usize) -> Vec<u8> {
    let picture = (pixels * channels).max(1);
    let plane = |picture, channel| <[u8]>::iter(picture).skip(channel).step_by(channels).copied();
    bytes.chunks_exact(picture).flat_map(|picture| (0..channels).flat_map(move |channel| plane(picture, channel))).collect()
}

impl Dataset {
    /// What brings the raw numbers of these samples near 0: bytes of two or more axes a sample are divided by 255; other numbers are
    /// taken as they are if none is beyond ±1.5, or if their mean is within ±0.5 and their deviation 0.5 to 2, and otherwise less
    /// their mean and by their deviation: of samples of one axis, whose numbers may have different units, each by itself over all
    /// samples, of others over all their numbers. Samples that lie in a file are taken as they are.
    pub fn usual_normalisation(&self) -> Normalisation {
        let all = self.normalisation_of_all();
        match (self.samples(), self.sample_shape()) {
            (Samples::Numbers(array), &[columns]) if all != Normalisation::default() => {
                let numbers = array.to_f64_vec();
                let of = |column: usize| {
                    let column = numbers.iter().skip(column).step_by(columns.max(1)).copied();
                    let (mean, deviation) = mean_and_deviation(column);
                    // A number that is the same in all samples says nothing: it becomes 0.
                    if deviation.is_normal() { [1.0 / deviation, -mean / deviation] } else { [1.0, -mean] }
                };
                Normalisation::each((0..columns).map(of).collect())
            }
            _ => all,
        }
    }

    /// One factor and one shift for all numbers.
    fn normalisation_of_all(&self) -> Normalisation {
        match self.samples() {
            Samples::Bytes(_) if self.sample_shape().len() > 1 => BYTES,
            Samples::Bytes(bytes) => standard(bytes.iter().map(|&byte| f64::from(byte))),
            Samples::Numbers(array) => standard(array.to_f64_vec().into_iter()),
            // They were brought near 0 when they were prepared.
            Samples::Stored(_) => Normalisation::default(),
        }
    }
}

/// See [`Dataset::usual_normalisation`].
fn standard(numbers: impl Iterator<Item = f64> + Clone) -> Normalisation {
    let (mean, deviation) = mean_and_deviation(numbers.clone());
    let furthest = numbers.fold(0.0, |most: f64, x| most.max(x.abs()));
    let near = mean.abs() <= 0.5 && (0.5..=2.0).contains(&deviation);
    if furthest <= 1.5 || near || !(deviation.is_normal() && mean.is_finite()) {
        return Normalisation::default();
    }
    Normalisation::all(1.0 / deviation, -mean / deviation)
}

fn mean_and_deviation(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = numbers.clone().count().max(1) as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    (mean, (numbers.map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt())
}

/// Samples without targets, for prediction: all of them are of the one class `?`.
///
/// # Errors
///
/// A single number, or numbers that are NaN or infinite.
pub fn samples_alone(name: &str, x: RawArray) -> Result<Dataset> {
    let labels = Array::zeros(&x.shape[..x.shape.len().min(1)], DType::I64)?;
    dataset(name, x, labels, vec!["?".to_string()])
}

/// Samples with targets: whole numbers `[n]` or `[n, 1]` are classes, floating-point numbers `[n]` or `[n, k]` numbers to predict.
/// `classes` are the names of the classes, which are the numbers themselves, as [`class_names`] gives them.
///
/// The inputs are as the file holds them: [`Dataset::with_normalisation`] scales them.
///
/// # Errors
///
/// Different numbers of samples and targets, targets of another shape, a class that is not among `classes`, or numbers that are NaN
/// or infinite.
pub fn samples_with_targets(name: &str, x: RawArray, t: RawArray, classes: &[String]) -> Result<Dataset> {
    let count = t.shape.first().copied().unwrap_or(0);
    let t = t.into_array()?;
    let wrong = |what: String| {
        Error::shape(format!("{name}: targets of shape {:?}: {what}", t.shape()))
            .help("targets are [n] whole numbers for classes, or [n] or [n, k] floating-point numbers")
    };
    let columns = match *t.shape() {
        [_] => 1,
        [_, columns] if columns > 0 => columns,
        _ => return Err(wrong("one row for each sample is needed".to_string())),
    };
    if t.dtype().is_float() {
        return dataset(name, x, t.reshape(&[count as isize, columns as isize])?, Vec::new());
    }
    if columns > 1 {
        return Err(wrong("whole numbers in several columns".to_string()));
    }
    let values = t.to_vec::<i64>()?;
    let places: std::collections::HashMap<&str, i64> = classes.iter().map(String::as_str).zip(0..).collect();
    let mut labels = Vec::with_capacity(values.len());
    for (row, value) in values.iter().enumerate() {
        let place = places.get(value.to_string().as_str()).ok_or_else(|| {
            Error::value(format!("{name}: the class {value} of sample {row} is not known"))
                .help(format!("the classes are {}", some_of(classes)))
        })?;
        labels.push(*place);
    }
    dataset(name, x, Array::from_vec(labels, &[count])?, classes.to_vec())
}

/// The names of the classes that targets are, their different numbers in rising order; none if they are floating-point numbers.
///
/// # Errors
///
/// So many different whole numbers that they cannot be classes.
pub fn class_names(name: &str, targets: &[&RawArray]) -> Result<Vec<String>> {
    let (mut different, mut count) = (BTreeSet::new(), 0);
    for target in targets {
        match &target.numbers {
            RawNumbers::Bytes(bytes) => different.extend(bytes.iter().map(|&byte| i64::from(byte))),
            RawNumbers::Array(array) if array.dtype().is_float() => return Ok(Vec::new()),
            RawNumbers::Array(array) => different.extend(array.to_vec::<i64>()?),
        }
        count += target.shape.iter().product::<usize>();
    }
    if different.len() > MANY_CLASSES && different.len() * 2 > count {
        let what = format!("{name}: {} different whole numbers as targets of {count} samples", different.len());
        return Err(Error::value(what).help("whole numbers are classes; save the targets as float64 to predict numbers"));
    }
    Ok(different.into_iter().map(|value| value.to_string()).collect())
}

/// The first names, for errors.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = if names.len() > MOST { ", …" } else { "" };
    names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ") + more
}

fn dataset(name: &str, x: RawArray, targets: Array, classes: Vec<String>) -> Result<Dataset> {
    let RawArray { shape, numbers } = x.with_channels_first()?;
    let sample = shape.get(1..).ok_or_else(|| {
        Error::shape(format!("{name}: the samples are a single number")).help("samples are an array of shape [samples, …]")
    })?;
    match numbers {
        RawNumbers::Bytes(bytes) => {
            Dataset::from_bytes(name, Cow::Owned(bytes), sample, Normalisation::default(), targets, classes)
        }
        RawNumbers::Array(array) => Dataset::from_arrays(name, array, targets, classes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: u8, shape: &[usize]) -> RawArray {
        RawArray { shape: shape.to_vec(), numbers: RawNumbers::Bytes((0..count).collect()) }
    }

    fn array(array: Array) -> RawArray {
        RawArray { shape: array.shape().to_vec(), numbers: RawNumbers::Array(array) }
    }

    #[test]
    fn pictures_get_their_channels_first() {
        let shape = |x: RawArray| samples_alone("x", x).unwrap().sample_shape().to_vec();
        assert_eq!(shape(bytes(12, &[2, 2, 3])), [1, 2, 3]);
        assert_eq!(shape(bytes(12, &[2, 6])), [6]);
        assert_eq!(shape(bytes(24, &[1, 2, 4, 3])), [3, 2, 4]);
        assert_eq!(shape(bytes(24, &[1, 3, 2, 4])), [3, 2, 4]);
        // Pixels 0 1 2 | 3 4 5 | … become planes 0 3 6 9, 1 4 7 10, 2 5 8 11.
        let expected = [0.0, 3.0, 6.0, 9.0, 1.0, 4.0, 7.0, 10.0, 2.0, 5.0, 8.0, 11.0];
        let values = |x: RawArray| samples_alone("x", x).unwrap().all().unwrap().x.array().to_f64_vec();
        assert_eq!(values(bytes(12, &[1, 2, 2, 3])), expected);
        let numbers = Array::from_vec((0..12).map(|x| x as f32).collect(), &[1, 2, 2, 3]).unwrap();
        assert_eq!(values(array(numbers)), expected);
    }

    #[test]
    fn numbers_far_from_zero_are_standardised() {
        let of = |x: RawArray| samples_alone("x", x).unwrap().usual_normalisation();
        let numbers = |values: Vec<f64>| of(array(Array::from_slice(&values, &[values.len()]).unwrap()));
        assert_eq!(numbers(vec![0.0, 0.5, 1.0]), Normalisation::default());
        assert_eq!(numbers(vec![-2.0, 1.0, 1.0]), Normalisation::default());
        assert_eq!(numbers(vec![2.0, 4.0]), Normalisation::all(1.0, -3.0));
        // Columns of different units: means 3 and 300, deviations 1 and 100; a third that is always 7.
        let rows = Array::from([[2.0, 400.0, 7.0], [4.0, 200.0, 7.0]]);
        let data = samples_alone("x", array(rows)).unwrap();
        let normalised = data.clone().with_normalisation(data.usual_normalisation()).all().unwrap();
        assert_eq!(normalised.x.array().to_f64_vec(), [-1.0, 1.0, 0.0, 1.0, -1.0, 0.0]);
        assert_eq!(numbers(vec![7.0, 7.0]), Normalisation::default());
        assert_eq!(of(bytes(12, &[2, 2, 3])), BYTES);
        assert_eq!(of(bytes(2, &[2, 1])), Normalisation::default());
    }

    fn with_targets(x: RawArray, t: RawArray) -> Result<Dataset> {
        let classes = class_names("d", &[&t])?;
        samples_with_targets("d", x, t, &classes)
    }

    #[test]
    fn whole_numbers_are_classes_by_their_order() {
        let t = array(Array::from([30i64, -1, 30, 7]));
        let data = with_targets(bytes(8, &[4, 2]), t.clone()).unwrap();
        assert_eq!(
            (data.classes().join(" "), data.targets().unwrap().to_f64_vec()),
            ("-1 7 30".to_string(), vec![2.0, 0.0, 2.0, 1.0])
        );
        let error = samples_with_targets("d", bytes(8, &[4, 2]), t, &["30".into(), "7".into()]).err().unwrap();
        assert_eq!((error.what(), error.what_to_do()), ("d: the class -1 of sample 1 is not known", "the classes are 30, 7"));
        let data = with_targets(bytes(8, &[4, 2]), array(Array::from([0.5, 1.5, 2.5, 3.5]))).unwrap();
        assert_eq!((data.classes().len(), data.targets().unwrap().shape()), (0, &[4, 1][..]));
    }

    #[test]
    fn targets_that_cannot_be() {
        let what = |t: RawArray| with_targets(bytes(4, &[2, 2]), t).err().unwrap().what().to_string();
        assert_eq!(what(bytes(3, &[3])), "d: 2 samples but targets of shape [3]");
        assert_eq!(what(bytes(4, &[2, 2])), "d: targets of shape [2, 2]: whole numbers in several columns");
        assert_eq!(what(bytes(1, &[])), "d: targets of shape []: one row for each sample is needed");
        assert_eq!(what(array(Array::arange(201))), "d: 201 different whole numbers as targets of 201 samples");
    }
}
