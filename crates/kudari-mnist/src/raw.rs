//! The embedded data sets as plain bytes.

use std::sync::OnceLock;
use std::{fmt, thread};

use crate::coder::{Decoder, Number};
use crate::scan::{FRAME, Scan, Wanted};
use crate::{digits, scan};

/// Training images of MNIST.
pub const TRAIN: usize = 60_000;
/// Test images of MNIST.
pub const TEST: usize = 10_000;
/// Pixels of one MNIST image: 28 rows of 28.
pub const PIXELS: usize = FRAME * FRAME;
/// Images of the small digits.
pub const DIGITS: usize = 1_797;
/// Pixels of one small digit: 8 rows of 8.
pub const DIGIT_PIXELS: usize = digits::SIDE * digits::SIDE;

static TRAIN_IMAGES: &[u8] = include_bytes!("../data/train-images.bin");
static TEST_IMAGES: &[u8] = include_bytes!("../data/test-images.bin");
static LABELS: &[u8] = include_bytes!("../data/labels.bin");
static DIGITS_8X8: &[u8] = include_bytes!("../data/digits.bin");

/// The data inside the program is damaged. The tests of this crate rule that out for the data as published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the embedded data set is damaged")
    }
}

impl std::error::Error for DecodeError {}

/// Decoded once, at the first call; then always the same bytes, or the same error.
type Once<T> = OnceLock<Result<T, DecodeError>>;

/// The 60,000 training images of MNIST: 784 bytes each, row by row from the top left; 0 is background, 255 full ink.
///
/// # Errors
/// [`DecodeError`] if the embedded data is damaged.
pub fn train_images() -> Result<&'static [u8], DecodeError> {
    static IMAGES: Once<Vec<u8>> = OnceLock::new();
    IMAGES.get_or_init(|| images(TRAIN_IMAGES, TRAIN)).as_deref().map_err(|error| *error)
}

/// The 10,000 test images of MNIST, laid out like [`train_images`].
///
/// # Errors
/// [`DecodeError`] if the embedded data is damaged.
pub fn test_images() -> Result<&'static [u8], DecodeError> {
    static IMAGES: Once<Vec<u8>> = OnceLock::new();
    IMAGES.get_or_init(|| images(TEST_IMAGES, TEST)).as_deref().map_err(|error| *error)
}

/// The classes 0 to 9 of the 60,000 training images of MNIST.
///
/// # Errors
/// [`DecodeError`] if the embedded data is damaged.
pub fn train_labels() -> Result<&'static [u8], DecodeError> {
    Ok(&labels()?[..TRAIN])
}

/// The classes 0 to 9 of the 10,000 test images of MNIST.
///
/// # Errors
/// [`DecodeError`] if the embedded data is damaged.
pub fn test_labels() -> Result<&'static [u8], DecodeError> {
    Ok(&labels()?[TRAIN..])
}

/// The 1,797 small digits of scikit-learn: the images, 64 bytes from 0 to 16 each, row by row, and their classes 0 to 9.
///
/// # Errors
/// [`DecodeError`] if the embedded data is damaged.
pub fn digits_8x8() -> Result<(&'static [u8], &'static [u8]), DecodeError> {
    static BOTH: Once<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    match BOTH.get_or_init(|| small_digits(DIGITS_8X8)) {
        Ok((images, labels)) => Ok((images, labels)),
        Err(error) => Err(*error),
    }
}

fn labels() -> Result<&'static [u8], DecodeError> {
    static CLASSES: Once<Vec<u8>> = OnceLock::new();
    CLASSES.get_or_init(|| classes(LABELS, TRAIN + TEST)).as_deref().map_err(|error| *error)
}

/// Decodes a file of images: a byte with the number of parts, the length of each part (32 bits, little endian), then
/// the parts. They share the images evenly and are decoded at the same time.
fn images(mut file: &[u8], count: usize) -> Result<Vec<u8>, DecodeError> {
    let parts = usize::from(*file.split_off_first().ok_or(DecodeError)?).max(1);
    let mut lengths = file.split_off(..4 * parts).ok_or(DecodeError)?;
    let mut images = vec![0; count * PIXELS];
    let mut jobs = Vec::new();
    for target in images.chunks_mut(count.div_ceil(parts) * PIXELS) {
        let (length, rest) = lengths.split_first_chunk().ok_or(DecodeError)?;
        lengths = rest;
        jobs.push((file.split_off(..u32::from_le_bytes(*length) as usize).ok_or(DecodeError)?, target));
    }
    let own = jobs.pop();
    thread::scope(|scope| {
        let others: Vec<_> = jobs.into_iter().map(|(data, target)| scope.spawn(|| part(data, target))).collect();
        own.map_or(Ok(()), |(data, target)| part(data, target))?;
        others.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(DecodeError)))
    })?;
    Ok(images)
}

fn part(data: &[u8], images: &mut [u8]) -> Result<(), DecodeError> {
    let (mut coder, mut model, mut scan) = (Decoder::new(data), scan::Model::new(), Scan::new());
    for image in images.chunks_exact_mut(PIXELS) {
        model.image(&mut coder, &mut scan, &Wanted::UNKNOWN, image).ok_or(DecodeError)?;
    }
    Ok(())
}

fn classes(data: &[u8], count: usize) -> Result<Vec<u8>, DecodeError> {
    let (mut coder, mut class) = (Decoder::new(data), Number::<4>::new());
    let classes: Vec<u8> = (0..count).map(|_| class.code(&mut coder, 0) as u8).collect();
    if classes.iter().any(|&class| class > 9) { Err(DecodeError) } else { Ok(classes) }
}

fn small_digits(data: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DecodeError> {
    let (mut coder, mut model) = (Decoder::new(data), digits::Model::new());
    let (mut images, mut labels) = (Vec::with_capacity(DIGITS * DIGIT_PIXELS), Vec::with_capacity(DIGITS));
    for _ in 0..DIGITS {
        let (mut pixels, mut label) = ([0; DIGIT_PIXELS], 0);
        model.digit(&mut coder, &mut pixels, &mut label);
        images.extend(pixels);
        labels.push(label);
    }
    let valid = images.iter().all(|&value| value <= 16) && labels.iter().all(|&label| label <= 9);
    if valid { Ok((images, labels)) } else { Err(DecodeError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes without any sense, different for every seed.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn damaged_data_is_an_error_or_other_pixels_but_no_panic() {
        for seed in 0..200 {
            let data = noise(seed, 400);
            let _ = part(&data, &mut vec![0; 50 * PIXELS]);
            let _ = classes(&data, 1_000);
            let _ = small_digits(&data);
            assert_eq!(images(&data[..20], 50), Err(DecodeError));
        }
        assert_eq!(images(&[], 50), Err(DecodeError));
        assert_eq!(classes(&noise(1, 400), 1_000), Err(DecodeError));
    }

    #[test]
    fn a_cut_off_file_is_an_error() {
        assert_eq!(images(&TEST_IMAGES[..TEST_IMAGES.len() / 2], TEST), Err(DecodeError));
    }
}
