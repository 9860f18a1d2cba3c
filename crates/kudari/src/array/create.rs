//! Making arrays.

use super::{Array, DType, Shape};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, with_element};

/// A type of numbers that arrays are made from and read into: f32, f64, f16, bf16, i64, bool.
pub trait Scalar: Copy + Default + PartialEq + std::fmt::Debug + private::Stored {
    /// The type's tag.
    const DTYPE: DType;
}

pub(crate) mod private {
    use crate::kernels::float::Element;

    /// How a scalar lies in memory (a truth value as one byte).
    pub trait Stored: Copy {
        #[allow(private_bounds, private_interfaces)]
        type Element: Element;
        fn store(self) -> Self::Element;
        fn restore(element: Self::Element) -> Self;
    }

    macro_rules! stored {
        ($($type:ty)*) => {$(
            impl Stored for $type {
                type Element = $type;
                fn store(self) -> $type {
                    self
                }
                fn restore(element: $type) -> $type {
                    element
                }
            }
        )*};
    }
    stored!(f32 f64 half::f16 half::bf16 i64);

    impl Stored for bool {
        type Element = u8;
        fn store(self) -> u8 {
            self as u8
        }
        fn restore(element: u8) -> bool {
            element != 0
        }
    }
}

macro_rules! scalar {
    ($($type:ty: $tag:ident)*) => {$(
        impl Scalar for $type {
            const DTYPE: DType = DType::$tag;
        }
        impl From<$type> for Array {
            fn from(value: $type) -> Array {
                nested(&[value], &[])
            }
        }
    )*};
}
scalar!(f32: F32 f64: F64 half::f16: F16 half::bf16: Bf16 i64: I64);

impl Scalar for bool {
    const DTYPE: DType = DType::Bool;
}

impl Array {
    /// An array of `shape` from its elements in row-major order.
    ///
    /// ```
    /// # use kudari::Array;
    /// let a = Array::from_vec(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(a.shape(), [2, 3]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The number of elements is not the product of the sizes.
    pub fn from_vec<T: Scalar>(values: Vec<T>, shape: &[usize]) -> Result<Array> {
        Array::from_slice(&values, shape)
    }

    /// An array of `shape` from its elements in row-major order.
    ///
    /// # Errors
    ///
    /// The number of elements is not the product of the sizes.
    pub fn from_slice<T: Scalar>(values: &[T], shape: &[usize]) -> Result<Array> {
        let shape = Shape::new(shape)?;
        if shape.len() != values.len() {
            return Err(Error::shape(format!("{} numbers for shape {shape:?}, which has {}", values.len(), shape.len()))
                .help("give as many numbers as the product of the sizes"));
        }
        Ok(Array::build(shape, |out: &mut [T::Element]| {
            out.iter_mut().zip(values).for_each(|(o, v)| *o = v.store());
        }))
    }

    /// An array filled with zeros.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn zeros(shape: &[usize], dtype: DType) -> Result<Array> {
        Array::full(shape, 0.0, dtype)
    }

    /// An array filled with ones.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn ones(shape: &[usize], dtype: DType) -> Result<Array> {
        Array::full(shape, 1.0, dtype)
    }

    /// An array filled with `value`.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn full(shape: &[usize], value: f64, dtype: DType) -> Result<Array> {
        Ok(Array::filled(Shape::allocatable(shape, dtype)?, value, dtype))
    }

    /// An array filled with `value`, of a shape that is known to be valid.
    pub(crate) fn filled(shape: Shape, value: f64, dtype: DType) -> Array {
        with_element!(dtype, T => Array::build(shape, |out: &mut [T]| out.fill(T::from_f64(value))))
    }

    /// The same number everywhere in an array shaped and typed like this one, and lying in memory as it does.
    pub fn full_like(&self, value: f64) -> Array {
        match self.memory_order() {
            Some(order) => Array::filled(self.in_order(&order).parts.shape, value, self.parts.dtype).out_of_order(&order),
            None => Array::filled(self.parts.shape, value, self.parts.dtype),
        }
    }

    /// A single number of this array's type.
    pub(crate) fn constant_like(&self, value: f64) -> Array {
        Array::filled(Shape::SCALAR, value, self.parts.dtype)
    }

    /// 0, 1, …, count − 1 as i64.
    pub fn arange(count: usize) -> Array {
        Array::build(Shape::from_valid(&[count]), |out: &mut [i64]| {
            out.iter_mut().enumerate().for_each(|(i, o)| *o = i as i64);
        })
    }

    /// `count` numbers at equal distances from `first` to `last`, both included.
    pub fn linspace(first: f64, last: f64, count: usize, dtype: DType) -> Array {
        let steps = count.saturating_sub(1).max(1) as f64;
        with_element!(dtype, T => Array::build(Shape::from_valid(&[count]), |out: &mut [T]| {
            out.iter_mut().enumerate().for_each(|(i, o)| *o = T::from_f64(first + (last - first) * (i as f64 / steps)));
        }))
    }

    /// The unit matrix of `size` rows.
    ///
    /// # Errors
    ///
    /// An impossible size.
    pub fn eye(size: usize, dtype: DType) -> Result<Array> {
        let shape = Shape::allocatable(&[size, size], dtype)?;
        Ok(with_element!(dtype, T => Array::build(shape, |out: &mut [T]| {
            out.fill(T::from_f64(0.0));
            out.iter_mut().step_by(size + 1).for_each(|o| *o = T::from_f64(1.0));
        })))
    }

    /// One row per index with a 1 at that place: integers of shape `[…]` become `[…, classes]`.
    ///
    /// # Errors
    ///
    /// Not integers, or an index outside `0..classes`.
    pub fn one_hot(&self, classes: usize, dtype: DType) -> Result<Array> {
        let labels = self.indices("one_hot", "label", classes)?;
        let shape = Shape::allocatable(self.parts.shape.inserted(self.rank(), classes)?.as_slice(), dtype)?;
        Ok(with_element!(dtype, T => Array::build(shape, |out: &mut [T]| {
            out.fill(T::from_f64(0.0));
            for (row, &label) in out.chunks_exact_mut(classes.max(1)).zip(&labels) {
                row[label as usize] = T::from_f64(1.0);
            }
        })))
    }

    /// The elements as integers that are all in `0..bound`; `what` they are is for the error.
    pub(crate) fn indices(&self, operation: &str, what: &str, bound: usize) -> Result<Vec<i64>> {
        self.checked_indices(operation, what, bound)?.to_vec::<i64>()
    }

    /// The same as an array whose elements lie together.
    pub(crate) fn checked_indices(&self, operation: &str, what: &str, bound: usize) -> Result<Array> {
        if self.parts.dtype != DType::I64 {
            return Err(
                Error::dtype(format!("{operation}: {what} of type {}", self.parts.dtype)).help("labels and indices are i64")
            );
        }
        let array = self.contiguous();
        let indices = array.contiguous_slice::<i64>().unwrap_or(&[]);
        match indices.iter().position(|&i| i < 0 || i as usize >= bound) {
            None => Ok(array),
            Some(place) => {
                Err(Error::value(format!("{operation}: {what} {} at position {place} is outside 0..{bound}", indices[place]))
                    .help(format!("it must be from 0 to {}", bound.saturating_sub(1))))
            }
        }
    }
}

macro_rules! from_nested {
    ($($type:ty)*) => {$(
        impl<const N: usize> From<[$type; N]> for Array {
            fn from(values: [$type; N]) -> Array {
                nested(&values, &[N])
            }
        }
        impl<const N: usize, const M: usize> From<[[$type; N]; M]> for Array {
            fn from(values: [[$type; N]; M]) -> Array {
                nested(values.as_flattened(), &[M, N])
            }
        }
        impl<const N: usize, const M: usize, const L: usize> From<[[[$type; N]; M]; L]> for Array {
            fn from(values: [[[$type; N]; M]; L]) -> Array {
                nested(values.as_flattened().as_flattened(), &[L, M, N])
            }
        }
    )*};
}
from_nested!(f32 f64 i64 bool);

/// An array from Rust's own arrays, whose sizes fit by construction.
fn nested<T: Scalar>(values: &[T], shape: &[usize]) -> Array {
    Array::build(Shape::from_valid(shape), |out: &mut [T::Element]| {
        out.iter_mut().zip(values).for_each(|(o, v)| *o = v.store());
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_from_numbers() {
        let a = Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!((a.shape(), a.dtype()), (&[2, 3][..], DType::F32));
        assert_eq!(Array::from(2.5f64).shape(), &[] as &[usize]);
        assert_eq!(Array::from(2.5f64).item::<f64>().unwrap(), 2.5);
        let error = Array::from_vec(vec![1.0f32; 5], &[2, 3]).unwrap_err();
        assert_eq!(error.what(), "5 numbers for shape [2, 3], which has 6");
        assert_eq!(Array::eye(2, DType::I64).unwrap().to_vec::<i64>().unwrap(), [1, 0, 0, 1]);
        assert_eq!(Array::linspace(0.0, 1.0, 3, DType::F64).to_vec::<f64>().unwrap(), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn one_hot_rows_and_labels_out_of_range() {
        let hot = Array::from([2i64, 0]).one_hot(3, DType::F32).unwrap();
        assert_eq!(hot.to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let error = Array::from([2i64, 3]).one_hot(3, DType::F32).unwrap_err();
        assert_eq!(error.what(), "one_hot: label 3 at position 1 is outside 0..3");
    }
}
