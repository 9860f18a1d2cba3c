//! Picking elements by arrays of indices.

use super::{Array, DType, Shape, normalise_axis};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, with_element};

impl Array {
    /// One element, as f64.
    ///
    /// # Errors
    ///
    /// Not one index per axis, or one out of range.
    pub fn get(&self, index: &[usize]) -> Result<f64> {
        if index.len() != self.rank() || index.iter().zip(self.shape()).any(|(i, s)| i >= s) {
            return Err(Error::shape(format!("get: index {index:?} in an array of shape {:?}", self.shape()))
                .help("give one index per axis, from 0 to size − 1"));
        }
        let steps: isize = index.iter().zip(self.strides()).map(|(&i, &s)| i as isize * s).sum();
        let place = self.parts.offset.wrapping_add_signed(steps);
        Ok(with_element!(self.parts.dtype, T => self.strided::<T>().data[place].to_f64()))
    }

    /// Whole slices picked along `axis` by a list of indices: rows of a matrix, samples of a data set.
    ///
    /// # Errors
    ///
    /// The indices are not a 1-d array of i64, or one is out of range.
    pub fn take(&self, indices: &Array, axis: isize) -> Result<Array> {
        let axis = normalise_axis("take", axis, self.shape())?;
        if indices.rank() != 1 {
            return Err(Error::shape(format!("take: indices of shape {:?}", indices.shape())).help("give a list of indices"));
        }
        let places = indices.indices("take", "index", self.shape()[axis])?;
        let shape = Shape::new(self.parts.shape.with(axis, places.len()).as_slice())?;
        let source = self.contiguous();
        let inner: usize = self.shape()[axis + 1..].iter().product();
        let size = self.shape()[axis] * inner;
        Ok(with_element!(self.parts.dtype, T => Array::build(shape, |out: &mut [T]| {
            let source = source.contiguous_slice::<T>().unwrap_or(&[]);
            if out.is_empty() {
                return;
            }
            for (out, source) in out.chunks_mut(places.len() * inner).zip(source.chunks(size)) {
                for (out, &place) in out.chunks_mut(inner).zip(&places) {
                    out.copy_from_slice(&source[place as usize * inner..(place as usize + 1) * inner]);
                }
            }
        })))
    }

    /// Elements picked along `axis`: `out[i][j] = x[i][indices[i][j]]` for the last axis of a matrix. `indices` has the
    /// shape of the result, which equals that of the array on every other axis.
    ///
    /// # Errors
    ///
    /// Shapes that do not fit, indices that are not i64, or one out of range.
    pub fn gather(&self, indices: &Array, axis: isize) -> Result<Array> {
        let walk = Gather::new("gather", self.parts.shape, indices, axis)?;
        let source = self.contiguous();
        Ok(with_element!(self.parts.dtype, T => Array::build(indices.parts.shape, |out: &mut [T]| {
            let source = source.contiguous_slice::<T>().unwrap_or(&[]);
            walk.for_each(|to, from| out[to] = source[from]);
        })))
    }

    /// The opposite of [`Array::gather`]: adds every element of this array into a zero array of `shape` at the place that
    /// `indices` gives along `axis`; elements with one place are added up.
    ///
    /// # Errors
    ///
    /// As `gather`.
    pub fn scatter_add(&self, indices: &Array, axis: isize, shape: &[usize]) -> Result<Array> {
        let shape = Shape::new(shape)?;
        let walk = Gather::new("scatter_add", shape, indices, axis)?;
        if self.parts.shape != indices.parts.shape {
            return Err(Error::shape(format!("scatter_add: values {:?} and indices {:?}", self.shape(), indices.shape())));
        }
        let source = self.contiguous();
        fn run<T: Element + std::ops::Add<Output = T>>(source: &Array, walk: &Gather, shape: Shape) -> Array {
            Array::build(shape, |out: &mut [T]| {
                out.fill(T::default());
                let source = source.contiguous_slice::<T>().unwrap_or(&[]);
                walk.for_each(|from, to| out[to] = out[to] + source[from]);
            })
        }
        Ok(match self.parts.dtype {
            DType::F32 => run::<f32>(&source, &walk, shape),
            DType::F64 => run::<f64>(&source, &walk, shape),
            dtype => self.wide("scatter_add")?.scatter_add(indices, axis, shape.as_slice())?.to_dtype(dtype),
        })
    }
}

/// The pairs of (place in the indices, place in the indexed array), both in row-major order.
struct Gather {
    places: Vec<i64>,
    /// Sizes after the axis, and of the axis in the indexed array and in the indices.
    inner: usize,
    size: usize,
    picked: usize,
}

impl Gather {
    fn new(operation: &str, shape: Shape, indices: &Array, axis: isize) -> Result<Gather> {
        let axis = normalise_axis(operation, axis, shape.as_slice())?;
        if indices.rank() != shape.rank() || indices.parts.shape.with(axis, 0) != shape.with(axis, 0) {
            return Err(Error::shape(format!("{operation}: indices {:?} along axis {axis} of {shape:?}", indices.shape()))
                .help("the shapes must be equal on every other axis"));
        }
        let size = shape.as_slice()[axis];
        let inner = shape.as_slice()[axis + 1..].iter().product();
        Ok(Gather { places: indices.indices(operation, "index", size)?, inner, size, picked: indices.shape()[axis] })
    }

    fn for_each(&self, mut pair: impl FnMut(usize, usize)) {
        for (at, &place) in self.places.iter().enumerate() {
            let (outer, i) = (at / (self.picked * self.inner), at % self.inner);
            pair(at, (outer * self.size + place as usize) * self.inner + i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_elements_are_picked() {
        let a = Array::arange(12).reshape(&[4, 3]).unwrap();
        assert_eq!(a.take(&Array::from([3i64, 0, 3]), 0).unwrap().to_vec::<i64>().unwrap(), [9, 10, 11, 0, 1, 2, 9, 10, 11]);
        assert_eq!(a.take(&Array::from([2i64]), 1).unwrap().to_vec::<i64>().unwrap(), [2, 5, 8, 11]);
        assert_eq!(a.transpose().take(&Array::from([1i64]), 0).unwrap().to_vec::<i64>().unwrap(), [1, 4, 7, 10]);
        assert_eq!(a.get(&[2, 1]).unwrap(), 7.0);
        let labels = Array::from([[0i64], [2], [1], [0]]);
        assert_eq!(a.gather(&labels, 1).unwrap().to_vec::<i64>().unwrap(), [0, 5, 7, 9]);
        let columns = Array::from([[3i64, 0, 1]]);
        assert_eq!(a.gather(&columns, 0).unwrap().to_vec::<i64>().unwrap(), [9, 1, 5]);
    }

    #[test]
    fn scattering_adds_what_meets() {
        let values = Array::from([[1.0f64, 2.0, 4.0]]);
        let to = Array::from([[1i64, 1, 0]]);
        assert_eq!(values.scatter_add(&to, 1, &[1, 3]).unwrap().to_vec::<f64>().unwrap(), [4.0, 3.0, 0.0]);
    }

    #[test]
    fn wrong_indices_are_errors() {
        let a = Array::arange(12).reshape(&[4, 3]).unwrap();
        let error = a.take(&Array::from([1i64, 4]), 0).unwrap_err();
        assert_eq!(error.what(), "take: index 4 at position 1 is outside 0..4");
        assert!(a.take(&Array::from([1.0f32]), 0).is_err() && a.gather(&Array::from([[0i64]]), 1).is_err());
        assert!(a.get(&[4, 0]).is_err() && a.get(&[0]).is_err());
    }
}
