//! The digits as kudari's data sets.

use std::borrow::Cow;

use kudari::array::Stream;
use kudari::data::{Dataset, Normalisation, Split};
use kudari::{Array, Error, ErrorKind, Result};

/// Of the small digits this many are for training, the other 360 for testing.
const DIGITS_TRAIN: usize = 1_437;

/// MNIST: 60,000 digits to learn from, 10,000 to be judged by. Samples `[1, 28, 28]`, pixels scaled to 0…1, classes
/// "0" to "9".
///
/// # Errors
///
/// The embedded data are damaged, which the tests of this crate rule out for the data as published.
pub fn load() -> Result<Split> {
    let (train_x, train_t) = (crate::train_images().map_err(damaged)?, crate::train_labels().map_err(damaged)?);
    let (test_x, test_t) = (crate::test_images().map_err(damaged)?, crate::test_labels().map_err(damaged)?);
    let part = |x: &'static [u8], t: &[u8]| data_set("mnist", x.into(), &[1, 28, 28], 255.0, t);
    Ok(Split::new(part(train_x, train_t)?, part(test_x, test_t)?))
}

/// The 8×8 digits of scikit-learn: 1,437 to learn from and 360 to be judged by, drawn at random, always the same. Samples
/// `[1, 8, 8]`, values scaled to 0…1, classes "0" to "9".
///
/// # Errors
///
/// As [`load`].
pub fn load_digits() -> Result<Split> {
    let (images, labels) = crate::digits_8x8().map_err(damaged)?;
    let size = crate::DIGIT_PIXELS;
    let order = Stream::new(0, "digits split").permutation(labels.len()).to_vec::<i64>()?;
    let part = |indices: &[i64]| {
        let pick = |i: &i64| images[*i as usize * size..(*i as usize + 1) * size].to_vec();
        let x: Vec<u8> = indices.iter().flat_map(pick).collect();
        let t: Vec<u8> = indices.iter().map(|&i| labels[i as usize]).collect();
        data_set("digits", x.into(), &[1, 8, 8], 16.0, &t)
    };
    Ok(Split::new(part(&order[..DIGITS_TRAIN])?, part(&order[DIGITS_TRAIN..])?))
}

fn data_set(name: &str, x: Cow<'static, [u8]>, shape: &[usize], highest: f64, labels: &[u8]) -> Result<Dataset> {
    let labels = Array::from_vec(labels.iter().map(|&l| l as i64).collect(), &[labels.len()])?;
    let classes = (0..10).map(|c| c.to_string()).collect();
    Dataset::from_bytes(name, x, shape, Normalisation::all(1.0 / highest, 0.0), labels, classes)
}

fn damaged(error: crate::DecodeError) -> Error {
    Error::new(ErrorKind::Format, error.to_string()).help("build the program again")
}
