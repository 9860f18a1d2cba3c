//! In which order numbers stand by size.

use std::cmp::Ordering;

use super::{Array, Shape, normalise_axis};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, with_element};

/// How two numbers compare, NaN being larger than all others and equal to itself.
fn by_size<T: Element>(a: T, b: T) -> Ordering {
    // Only a NaN differs from itself.
    #[allow(clippy::eq_op)]
    a.partial_cmp(&b).unwrap_or_else(|| (a != a).cmp(&(b != b)))
}

/// How two numbers compare where the ones that come first are wanted.
fn compare<T: Element>(a: T, b: T, descending: bool) -> Ordering {
    if descending { by_size(b, a) } else { by_size(a, b) }
}

impl Array {
    /// The indices (i64) along `axis` of the numbers in rising order, or with `descending` in falling order. Equal numbers
    /// keep their order; NaN counts as larger than everything, so that it stands last in rising order, as in NumPy.
    ///
    /// # Errors
    ///
    /// The axis is out of range.
    pub fn argsort(&self, axis: isize, descending: bool) -> Result<Array> {
        let size = self.shape()[normalise_axis("sort", axis, self.shape())?];
        self.best_indices("sort", axis, size, descending)
    }

    /// The indices (i64) along `axis` of the `count` largest numbers in falling order, or without `largest` of the smallest
    /// in rising order. Of equal numbers the first is taken first; NaN counts as larger than everything.
    ///
    /// # Errors
    ///
    /// The axis is out of range or has fewer numbers.
    pub fn arg_top_k(&self, count: usize, axis: isize, largest: bool) -> Result<Array> {
        let size = self.shape()[normalise_axis("top_k", axis, self.shape())?];
        if count > size {
            return Err(Error::value(format!("top_k: {count} numbers of axis {axis} of shape {:?}", self.shape()))
                .help(format!("the axis has {size}")));
        }
        self.best_indices("top_k", axis, count, largest)
    }

    /// The first `count` indices of the order along an axis.
    fn best_indices(&self, operation: &str, axis: isize, count: usize, descending: bool) -> Result<Array> {
        let place = normalise_axis(operation, axis, self.shape())?;
        let turned = self.swap_axes(axis, -1)?.contiguous();
        let size = self.shape()[place];
        let shape = Shape::new(turned.parts.shape.with(self.rank() - 1, count).as_slice())?;
        fn run<T: Element>(out: &mut [i64], source: &[T], size: usize, count: usize, descending: bool) {
            let mut order: Vec<i64> = Vec::with_capacity(size);
            for (out, row) in out.chunks_mut(count.max(1)).zip(source.chunks(size.max(1))) {
                order.clear();
                order.extend(0..size as i64);
                let compared = |a: &i64, b: &i64| compare(row[*a as usize], row[*b as usize], descending).then(a.cmp(b));
                if count < size {
                    order.select_nth_unstable_by(count, compared);
                    order.truncate(count);
                }
                order.sort_unstable_by(compared);
                out.copy_from_slice(&order);
            }
        }
        let indices = with_element!(self.parts.dtype, T => Array::build(shape, |out: &mut [i64]| {
            run(out, turned.contiguous_slice::<T>().unwrap_or(&[]), size, count, descending);
        }));
        indices.swap_axes(axis, -1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_keep_their_order_and_nan_is_the_largest() {
        let x = Array::from([2.0f32, f32::NAN, 1.0, 2.0, f32::INFINITY, -0.0, 0.0, f32::NAN]);
        let of = |descending| x.argsort(0, descending).unwrap().to_vec::<i64>().unwrap();
        assert_eq!(of(false), [5, 6, 2, 0, 3, 4, 1, 7]);
        assert_eq!(of(true), [1, 7, 4, 0, 3, 2, 5, 6]);
        for count in 0..=8 {
            assert_eq!(x.arg_top_k(count, 0, true).unwrap().to_vec::<i64>().unwrap(), of(true)[..count]);
            assert_eq!(x.arg_top_k(count, 0, false).unwrap().to_vec::<i64>().unwrap(), of(false)[..count]);
        }
        assert_eq!(x.arg_top_k(9, 0, true).unwrap_err().what(), "top_k: 9 numbers of axis 0 of shape [8]");
    }

    #[test]
    fn any_axis_and_any_type() {
        let x = Array::from([[3i64, 1, 2], [0, 5, 2]]);
        assert_eq!(x.argsort(0, false).unwrap().to_vec::<i64>().unwrap(), [1, 0, 0, 0, 1, 1]);
        assert_eq!(x.argsort(-1, true).unwrap().to_vec::<i64>().unwrap(), [0, 2, 1, 1, 2, 0]);
        assert_eq!(Array::from([true, false]).argsort(0, false).unwrap().to_vec::<i64>().unwrap(), [1, 0]);
        let empty = Array::zeros(&[2, 0], crate::array::DType::F32).unwrap();
        assert_eq!(
            (empty.argsort(1, false).unwrap().shape(), empty.argsort(0, false).unwrap().shape()),
            (&[2, 0][..], &[2, 0][..])
        );
        assert!(Array::from(1.0).argsort(0, false).is_err() && empty.arg_top_k(1, 1, true).is_err());
    }
}
