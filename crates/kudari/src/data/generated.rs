//! Data sets that are made, not read.

use super::dataset::{Dataset, Normalisation};
use crate::array::Array;

/// Exclusive or: the four pairs of bits, class 1 where exactly one of them is 1.
pub fn xor() -> Dataset {
    let bits = vec![0, 0, 0, 1, 1, 0, 1, 1];
    let labels = Array::from([0i64, 1, 1, 0]);
    let classes = vec!["0".to_string(), "1".to_string()];
    match Dataset::from_bytes("xor", bits.into(), &[2], Normalisation::default(), labels, classes) {
        Ok(data) => data,
        Err(error) => unreachable!("{error}"), // four pairs, four labels of two classes
    }
}
