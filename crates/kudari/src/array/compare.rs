//! Comparisons, truth values, and choosing by them.

use super::arithmetic::same_dtype;
use super::{Array, DType, broadcast_shapes};
use crate::error::{Error, Result};
use crate::kernels::elementwise;
use crate::kernels::float::with_element;

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $operator:tt;)*) => {
        impl Array {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// The shapes do not fit or the types differ.
            pub fn $name(&self, other: &Array) -> Result<Array> {
                same_dtype(stringify!($name), self, other)?;
                let shape = broadcast_shapes(stringify!($name), self.shape(), other.shape())?;
                let (a, b) = (self.broadcast_to(shape.as_slice())?, other.broadcast_to(shape.as_slice())?);
                Ok(with_element!(self.parts.dtype, T => Array::build(shape, |out: &mut [u8]| {
                    elementwise::map2(out, shape.as_slice(), a.strided::<T>(), b.strided::<T>(), 0.2, |x, y| (x $operator y) as u8);
                })))
            }
        )*}
    };
}

comparisons! {
    /// Where `x = y`.
    equal ==;
    /// Where `x ≠ y`.
    not_equal !=;
    /// Where `x < y`.
    less <;
    /// Where `x ≤ y`.
    less_equal <=;
    /// Where `x > y`.
    greater >;
    /// Where `x ≥ y`.
    greater_equal >=;
}

impl Array {
    /// Where an element is not 0, as truth values.
    fn truth(&self) -> Array {
        self.to_dtype(DType::Bool)
    }

    /// Whether every element is true (not 0).
    pub fn all(&self) -> bool {
        self.truth().to_vec::<bool>().is_ok_and(|v| v.into_iter().all(|x| x))
    }

    /// Whether some element is true (not 0).
    pub fn any(&self) -> bool {
        self.truth().to_vec::<bool>().is_ok_and(|v| v.into_iter().any(|x| x))
    }

    /// Number of elements that are true (not 0).
    pub fn count_true(&self) -> usize {
        self.truth().to_vec::<bool>().map_or(0, |v| v.into_iter().filter(|&x| x).count())
    }

    /// The opposite truth values.
    pub fn logical_not(&self) -> Array {
        let truth = self.truth();
        Array::build(self.parts.shape, |out: &mut [u8]| {
            elementwise::map1(out, self.shape(), truth.strided::<u8>(), 0.2, |x| 1 - x);
        })
    }

    /// Where `self` is true the element of `yes`, elsewhere that of `no`, all stretched to one shape.
    ///
    /// # Errors
    ///
    /// `self` does not hold truth values, the shapes do not fit, or the types differ.
    pub fn choose(&self, yes: &Array, no: &Array) -> Result<Array> {
        if self.parts.dtype != DType::Bool {
            return Err(
                Error::dtype(format!("where: the condition holds {}", self.parts.dtype)).help("compare to get truth values")
            );
        }
        same_dtype("where", yes, no)?;
        let shape = broadcast_shapes("where", yes.shape(), no.shape())?;
        let shape = broadcast_shapes("where", self.shape(), shape.as_slice())?;
        let stretch = |x: &Array| x.broadcast_to(shape.as_slice());
        let (c, a, b) = (stretch(self)?, stretch(yes)?, stretch(no)?);
        Ok(with_element!(yes.parts.dtype, T => Array::build(shape, |out: &mut [T]| {
            let (c, a, b) = (c.strided::<u8>(), a.strided::<T>(), b.strided::<T>());
            elementwise::map3(out, shape.as_slice(), c, a, b, 0.3, |c: u8, x: T, y: T| if c != 0 { x } else { y });
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_and_choice() {
        let (a, b) = (Array::from([1.0f64, 2.0, f64::NAN]), Array::from([2.0f64]));
        assert_eq!(a.less(&b).unwrap().to_vec::<bool>().unwrap(), [true, false, false]);
        assert_eq!(a.not_equal(&b).unwrap().to_vec::<bool>().unwrap(), [true, false, true]);
        let less = a.less_equal(&b).unwrap();
        assert_eq!((less.count_true(), less.any(), less.all(), less.logical_not().count_true()), (2, true, false, 1));
        assert_eq!(less.choose(&a, &b.scale(10.0)).unwrap().to_vec::<f64>().unwrap(), [1.0, 2.0, 20.0]);
        assert!(a.choose(&a, &b).is_err());
    }
}
