//! Reading numbers out, copying, and changing their type.

use half::{bf16, f16};

use super::create::{Scalar, private::Stored};
use super::{Array, DType};
use crate::error::{Error, Result};
use crate::kernels::elementwise;
use crate::kernels::float::{Element, with_element};
use crate::kernels::transpose;

impl Array {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// The array holds another type of numbers; [`Array::to_dtype`] converts.
    pub fn to_vec<T: Scalar>(&self) -> Result<Vec<T>> {
        self.expect_dtype("to_vec", T::DTYPE)?;
        let contiguous = self.contiguous();
        let elements = contiguous.contiguous_slice::<<T as Stored>::Element>().unwrap_or(&[]);
        Ok(elements.iter().map(|&e| T::restore(e)).collect())
    }

    /// The elements in row-major order as f64, whatever their type.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        let contiguous = self.contiguous();
        with_element!(self.parts.dtype, T => {
            contiguous.contiguous_slice::<T>().unwrap_or(&[]).iter().map(|e| e.to_f64()).collect()
        })
    }

    /// The only element of an array of one.
    ///
    /// # Errors
    ///
    /// Another type of number, or not exactly one element.
    pub fn item<T: Scalar>(&self) -> Result<T> {
        self.expect_dtype("item", T::DTYPE)?;
        if self.len() != 1 {
            return Err(Error::shape(format!("item: an array of shape {:?} has {} elements", self.shape(), self.len()))
                .help("index it first, or use to_vec"));
        }
        let elements = self.strided::<<T as Stored>::Element>();
        Ok(T::restore(elements.data[elements.offset]))
    }

    /// The only element of an array of one, as f64.
    ///
    /// # Errors
    ///
    /// Not exactly one element.
    pub fn item_f64(&self) -> Result<f64> {
        self.to_dtype(DType::F64).item::<f64>()
    }

    fn expect_dtype(&self, operation: &str, wanted: DType) -> Result<()> {
        if self.parts.dtype == wanted {
            return Ok(());
        }
        Err(Error::dtype(format!("{operation}: the array holds {}, {wanted} was asked for", self.parts.dtype))
            .help(format!("convert it first: to_dtype(DType::{wanted:?})")))
    }

    /// The elements lying in row-major order: itself if they do, a copy if not.
    pub fn contiguous(&self) -> Array {
        if self.is_contiguous() { self.clone() } else { self.copy() }
    }

    /// A copy with a buffer of its own.
    pub fn copy(&self) -> Array {
        with_element!(self.parts.dtype, T => Array::build(self.parts.shape, |out: &mut [T]| {
            match self.contiguous_slice::<T>() {
                Some(values) => out.copy_from_slice(values),
                None => transpose::copy(out, self.shape(), self.strided::<T>()),
            }
        }))
    }

    /// The same numbers as another type: itself if it has that type already. Floating-point numbers become integers
    /// by dropping what is after the point; everything that is not 0 becomes true.
    pub fn to_dtype(&self, dtype: DType) -> Array {
        if dtype == self.parts.dtype {
            return self.clone();
        }
        if let Some(order) = self.memory_order() {
            return self.in_order(&order).to_dtype(dtype).out_of_order(&order);
        }
        if self.parts.dtype.is_half() || dtype.is_half() {
            return self.to_or_from_half(dtype);
        }
        macro_rules! convert {
            ($from:ty) => {
                match dtype {
                    DType::F64 => convert!($from, f64),
                    DType::I64 => convert!($from, i64),
                    DType::Bool => convert!($from, u8),
                    _ => convert!($from, f32),
                }
            };
            ($from:ty, $to:ty) => {
                Array::build(self.parts.shape, |out: &mut [$to]| {
                    elementwise::map1(out, self.shape(), self.strided::<$from>(), 1.0, |x| <$to>::from_f64(x.to_f64()));
                })
            };
        }
        match self.parts.dtype {
            DType::F64 => convert!(f64),
            DType::I64 => convert!(i64),
            DType::Bool => convert!(u8),
            _ => convert!(f32),
        }
    }

    /// Whether both have the same shape, type and numbers (NaN counts as equal to NaN).
    pub fn same_as(&self, other: &Array) -> bool {
        self.parts.dtype == other.parts.dtype
            && self.parts.shape == other.parts.shape
            && self.to_f64_vec().iter().zip(other.to_f64_vec()).all(|(a, b)| a.to_bits() == b.to_bits() || *a == b)
    }

    /// The little-endian bytes of the elements in row-major order.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        let contiguous = self.contiguous();
        macro_rules! bytes {
            ($type:ty) => {
                contiguous.contiguous_slice::<$type>().unwrap_or(&[]).iter().flat_map(|x| x.to_le_bytes()).collect()
            };
        }
        match self.parts.dtype {
            DType::F32 => bytes!(f32),
            DType::F64 => bytes!(f64),
            DType::F16 => bytes!(f16),
            DType::Bf16 => bytes!(bf16),
            DType::I64 => bytes!(i64),
            DType::Bool => bytes!(u8),
        }
    }

    /// An array from little-endian bytes in row-major order.
    ///
    /// # Errors
    ///
    /// The number of bytes does not fit the shape.
    pub fn from_le_bytes(bytes: &[u8], shape: &[usize], dtype: DType) -> Result<Array> {
        let shape = super::Shape::new(shape)?;
        if bytes.len() != shape.len() * dtype.size() {
            return Err(Error::format(format!(
                "{} bytes for shape {shape:?} of {dtype}, which needs {}",
                bytes.len(),
                shape.len() * dtype.size()
            )));
        }
        macro_rules! array {
            ($type:ty) => {
                Array::build(shape, |out: &mut [$type]| {
                    for (o, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                        *o = <$type>::from_le_bytes(*b);
                    }
                })
            };
        }
        Ok(match dtype {
            DType::F32 => array!(f32),
            DType::F64 => array!(f64),
            DType::F16 => array!(f16),
            DType::Bf16 => array!(bf16),
            DType::I64 => array!(i64),
            DType::Bool => Array::build(shape, |out: &mut [u8]| {
                out.iter_mut().zip(bytes).for_each(|(o, &b)| *o = (b != 0) as u8);
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_converted_and_checked() {
        let a = Array::from([1.9f64, -0.0, f64::NAN, -3.5]);
        assert_eq!(a.to_dtype(DType::I64).to_vec::<i64>().unwrap(), [1, 0, 0, -3]);
        assert_eq!(a.to_dtype(DType::Bool).to_vec::<bool>().unwrap(), [true, false, true, true]);
        let error = a.to_vec::<f32>().unwrap_err();
        assert_eq!(error.what(), "to_vec: the array holds f64, f32 was asked for");
        assert!(a.item::<f64>().is_err());
    }

    #[test]
    fn bytes_there_and_back() {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::Bf16, DType::I64, DType::Bool] {
            let a = Array::from([[1.0f64, 0.0, 7.0], [-2.0, 3.0, 0.5]]).to_dtype(dtype).transpose();
            assert!(Array::from_le_bytes(&a.to_le_bytes(), a.shape(), dtype).unwrap().same_as(&a));
        }
        assert!(Array::from_le_bytes(&[0; 7], &[2], DType::F32).is_err());
    }
}
