//! Putting arrays together and taking them apart.

use super::{Array, Shape, normalise_axis};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, with_element};

impl Array {
    /// Arrays one after the other along an axis that they have.
    ///
    /// # Errors
    ///
    /// No array, different types, or sizes that differ on another axis.
    pub fn concatenate(arrays: &[&Array], axis: isize) -> Result<Array> {
        let Some(first) = arrays.first() else {
            return Err(Error::shape("concatenate: no arrays").help("give at least one"));
        };
        let axis = normalise_axis("concatenate", axis, first.shape())?;
        let mut total = 0;
        for array in arrays {
            if array.parts.dtype != first.parts.dtype {
                return Err(Error::dtype(format!("concatenate: arrays of {} and {}", first.parts.dtype, array.parts.dtype)));
            }
            if array.rank() != first.rank() || array.parts.shape.with(axis, 0) != first.parts.shape.with(axis, 0) {
                return Err(Error::shape(format!(
                    "concatenate: shapes {:?} and {:?} along axis {axis}",
                    first.shape(),
                    array.shape()
                ))
                .help("all sizes but that of the axis must be equal"));
            }
            total += array.shape()[axis];
        }
        let shape = Shape::new(first.parts.shape.with(axis, total).as_slice())?;
        let inner: usize = first.shape()[axis + 1..].iter().product();
        Ok(with_element!(first.parts.dtype, T => Array::build(shape, |out: &mut [T]| {
            let mut from = 0;
            for array in arrays {
                let source = array.contiguous();
                let run = array.shape()[axis] * inner;
                copy_runs(out, source.contiguous_slice::<T>().unwrap_or(&[]), from, run, total * inner);
                from += run;
            }
        })))
    }

    /// Arrays of one shape along a new axis.
    ///
    /// # Errors
    ///
    /// No array, or different shapes or types.
    pub fn stack(arrays: &[&Array], axis: isize) -> Result<Array> {
        if let Some(other) = arrays.iter().find(|a| a.parts.shape != arrays[0].parts.shape) {
            return Err(Error::shape(format!("stack: shapes {:?} and {:?}", arrays[0].shape(), other.shape()))
                .help("stacked arrays must have one shape"));
        }
        let expanded = arrays.iter().map(|a| a.expand_dims(axis)).collect::<Result<Vec<_>>>()?;
        Array::concatenate(&expanded.iter().collect::<Vec<_>>(), axis)
    }

    /// Parts of the given sizes along an axis.
    ///
    /// # Errors
    ///
    /// The sizes do not add up to the axis.
    pub fn split(&self, sizes: &[usize], axis: isize) -> Result<Vec<Array>> {
        let place = normalise_axis("split", axis, self.shape())?;
        if sizes.iter().sum::<usize>() != self.shape()[place] {
            return Err(Error::shape(format!("split: sizes {sizes:?} of an axis of size {}", self.shape()[place]))
                .help("the sizes must add up to that of the axis"));
        }
        let mut from = 0;
        sizes
            .iter()
            .map(|&size| {
                let part = self.slice_axis(axis, from as isize..(from + size) as isize);
                from += size;
                part
            })
            .collect()
    }
}

/// Copies runs of `run` elements to `out[from..]`, `out[from + step..]`, …
fn copy_runs<T: Element>(out: &mut [T], source: &[T], from: usize, run: usize, step: usize) {
    if run > 0 {
        for (row, values) in out.chunks_mut(step).zip(source.chunks(run)) {
            row[from..from + run].copy_from_slice(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_arrays_come_apart_again() {
        let a = Array::arange(6).reshape(&[2, 3]).unwrap();
        let b = a.slice_axis(1, 1..).unwrap();
        let joined = Array::concatenate(&[&a, &b], 1).unwrap();
        assert_eq!(joined.to_vec::<i64>().unwrap(), [0, 1, 2, 1, 2, 3, 4, 5, 4, 5]);
        let parts = joined.split(&[3, 2], -1).unwrap();
        assert!(parts[0].same_as(&a) && parts[1].same_as(&b));
        let stacked = Array::stack(&[&a, &a], 1).unwrap();
        assert_eq!((stacked.shape(), stacked.to_vec::<i64>().unwrap()[3]), (&[2, 2, 3][..], 0));
        let error = Array::concatenate(&[&a, &b], 0).unwrap_err();
        assert!(error.what().contains("[2, 3] and [2, 2]"));
        assert!(Array::concatenate(&[], 0).is_err() && Array::stack(&[&a, &b], 0).is_err() && a.split(&[1, 1], 1).is_err());
    }
}
