//! Arrays of half precision: f16 and bf16.
//!
//! They are kept in 16 bits and calculated with as f32: an operation widens its operands, adds up in f32 and rounds its result
//! once, to the nearest number and half-way cases to the even one. What only moves numbers moves the 16 bits.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::arithmetic::not_float;
use super::{Array, DType};
use crate::error::Result;
use crate::kernels::float::{Element, with_element};

impl Array {
    /// Numbers of half precision as f32, for an operation that is not defined for any other type that comes here.
    pub(super) fn wide(&self, operation: &str) -> Result<Array> {
        if self.parts.dtype.is_half() { Ok(self.to_dtype(DType::F32)) } else { Err(not_float(operation, self.parts.dtype)) }
    }

    /// Numbers of half precision as f32, others as they are: what is calculated with.
    pub(crate) fn widened(&self) -> Array {
        self.to_dtype(self.parts.dtype.widened())
    }

    /// As [`Array::to_dtype`], for arrays that may have lost their numbers and keep only their shape.
    pub(crate) fn to_dtype_or_hollow(&self, dtype: DType) -> Array {
        if self.is_hollow() { self.hollow_as(dtype) } else { self.to_dtype(dtype) }
    }

    /// [`Array::to_dtype`] where one of both types is of half precision.
    pub(super) fn to_or_from_half(&self, dtype: DType) -> Array {
        match (self.parts.dtype, dtype) {
            (DType::F16, DType::F32) => self.converted::<f16, f32>(|from, to| from.convert_to_f32_slice(to)),
            (DType::Bf16, DType::F32) => self.converted::<bf16, f32>(|from, to| from.convert_to_f32_slice(to)),
            // Every number of half precision is one of f32.
            (DType::F16 | DType::Bf16, _) => self.to_or_from_half(DType::F32).to_dtype(dtype),
            (DType::F32, DType::F16) => self.converted::<f32, f16>(|from, to| to.convert_from_f32_slice(from)),
            (DType::F32, DType::Bf16) => self.converted::<f32, bf16>(|from, to| to.convert_from_f32_slice(from)),
            // Not by way of f32, which would round twice.
            (_, DType::F16) => self.rounded::<f16>(),
            _ => self.rounded::<bf16>(),
        }
    }

    fn converted<From: Element, To: Element>(&self, convert: impl Fn(&[From], &mut [To])) -> Array {
        let source = self.contiguous();
        Array::build(self.parts.shape, |out: &mut [To]| {
            // Slices of one length, unless the array has no numbers.
            if let Some(from) = source.contiguous_slice::<From>().filter(|from| from.len() == out.len()) {
                convert(from, out);
            }
        })
    }

    fn rounded<To: Element>(&self) -> Array {
        with_element!(self.parts.dtype, From => self.converted::<From, To>(|from, to| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = To::from_f64(from.to_f64()));
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers half-way between two neighbours, by the definition of the formats: f16 has 10 bits behind the point, bf16 has 7.
    #[test]
    fn halves_round_to_even_and_keep_their_range() {
        let x = Array::from([1.0 + 1.0 / 2048.0, 1.0 + 3.0 / 2048.0, 65_519.0, 65_520.0, 2f64.powi(-25), 3e-8, f64::NAN]);
        let f16 = x.to_dtype(DType::F16).to_f64_vec();
        assert_eq!(f16[..6], [1.0, 1.0 + 4.0 / 2048.0, 65_504.0, f64::INFINITY, 0.0, 2f64.powi(-24)]);
        assert!(f16[6].is_nan());
        let x = Array::from([1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, 1e38, -3.39e38, f64::NEG_INFINITY]);
        let bf16 = x.to_dtype(DType::Bf16).to_f64_vec();
        assert_eq!((bf16[0], bf16[1], bf16[3], bf16[4]), (1.0, 1.0 + 4.0 / 256.0, -2f64.powi(120) * 255.0, f64::NEG_INFINITY));
        // By way of f32 this would become a half-way case and be rounded once more, to 1.
        let x = Array::from([1.0 + 1.0 / 2048.0 + 2f64.powi(-40)]);
        assert_eq!(x.to_dtype(DType::F16).to_f64_vec(), [1.0 + 1.0 / 1024.0]);
        assert_eq!(Array::from([65_537i64, 3]).to_dtype(DType::Bf16).to_dtype(DType::I64).to_vec::<i64>().unwrap(), [65_536, 3]);
    }

    #[test]
    fn sums_are_carried_in_f32() {
        // In f16 the sum would stop at 2048, where adding 1 changes nothing; 70,000 is beyond its range, the mean is not.
        let ones = Array::ones(&[70_000], DType::F16).unwrap();
        assert_eq!(ones.slice(&[(..4096).into()]).unwrap().sum().item::<half::f16>().unwrap().to_f32(), 4096.0);
        assert_eq!(ones.sum().item_f64().unwrap(), f64::INFINITY);
        assert_eq!(ones.mean_axes(&[], false).unwrap().item_f64().unwrap(), 1.0);
        let row = Array::ones(&[1, 4097], DType::Bf16).unwrap();
        assert_eq!(row.matmul(&row.transpose()).unwrap().item_f64().unwrap(), 4096.0);
        assert_eq!(row.sub(&Array::ones(&[1], DType::F16).unwrap()).unwrap_err().kind(), crate::ErrorKind::DType);
    }

    #[test]
    fn operations_keep_the_type_and_the_order_in_memory() {
        for dtype in [DType::F16, DType::Bf16] {
            let x = Array::from([[1.0f32, -2.0, 3.0], [0.5, 8.0, -1.0]]).to_dtype(dtype).transpose();
            assert!(x.shares_memory(&x.transpose()) && !x.is_contiguous());
            let y = x.add(&x).unwrap().mul(&x.abs()).unwrap().div(&x.full_like(2.0)).unwrap();
            assert_eq!((y.dtype(), y.to_f64_vec()), (dtype, vec![1.0, 0.25, -4.0, 64.0, 9.0, -1.0]));
            assert_eq!(y.strides(), x.strides());
            let mut sum = x.clone();
            sum.add_assign(&Array::from([1.0f32, 2.0]).to_dtype(dtype)).unwrap();
            assert_eq!(sum.to_f64_vec(), [2.0, 2.5, -1.0, 10.0, 4.0, 1.0]);
            assert_eq!(x.argmax(0).unwrap().to_vec::<i64>().unwrap(), [2, 1]);
            assert_eq!(x.max_axes(&[], false).unwrap().item_f64().unwrap(), 8.0);
            assert_eq!(x.cumulative_sum(0, false).unwrap().to_f64_vec(), [1.0, 0.5, -1.0, 8.5, 2.0, 7.5]);
            assert!(x.all_finite() && !x.log().all_finite());
        }
    }
}
