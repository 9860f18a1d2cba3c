//! Matrix products.

use super::{Array, DType, Shape, broadcast_shapes};
use crate::error::{Error, Result};
use crate::kernels::float::Float;
use crate::kernels::matmul::{Ending, Matrix, matmul, matmul_with};

impl Array {
    /// The matrix product of the last two axes, `[…, m, k] · […, k, n] → […, m, n]`; the axes before are broadcast. An
    /// operand with one axis is a row on the left, a column on the right, and that axis disappears, as in NumPy.
    ///
    /// # Errors
    ///
    /// Inner sizes that differ, types that differ or are not floating-point, a single number.
    pub fn matmul(&self, other: &Array) -> Result<Array> {
        let fail = || {
            Error::shape(format!("matmul: shapes {:?} and {:?} do not fit each other", self.shape(), other.shape()))
                .help("the last axis of the first must be as long as the second-to-last of the second")
        };
        match (self.rank(), other.rank()) {
            (0, _) | (_, 0) => return Err(fail()),
            (1, _) => {
                let product = self.expand_dims(0)?.matmul(other).map_err(|_| fail())?;
                return product.squeeze(if other.rank() == 1 { 0 } else { -2 });
            }
            (_, 1) => return self.matmul(&other.expand_dims(1)?).map_err(|_| fail())?.squeeze(-1),
            _ => {}
        }
        super::arithmetic::same_dtype("matmul", self, other)?;
        if let ([m, k], &[inner, n]) = (self.shape(), other.shape())
            && *k == inner
            && !self.parts.dtype.is_half()
            && self.parts.dtype.is_float()
        {
            // Two matrices, the usual case: nothing is broadcast.
            let (shape, sizes) = (Shape::from_valid(&[*m, n]), [*m, *k, n]);
            return Ok(if self.parts.dtype == DType::F32 {
                run::<f32>(self, other, shape, sizes)
            } else {
                run::<f64>(self, other, shape, sizes)
            });
        }
        let (ra, rb) = (self.rank(), other.rank());
        let (m, k, n) = (self.shape()[ra - 2], self.shape()[ra - 1], other.shape()[rb - 1]);
        if other.shape()[rb - 2] != k {
            return Err(fail());
        }
        let batch = broadcast_shapes("matmul", &self.shape()[..ra - 2], &other.shape()[..rb - 2]).map_err(|_| fail())?;
        let full = |rows, columns| Shape::new(&[batch.as_slice(), &[rows, columns]].concat());
        let (a, b) = (self.broadcast_to(full(m, k)?.as_slice())?, other.broadcast_to(full(k, n)?.as_slice())?);
        let shape = full(m, n)?;
        match self.parts.dtype {
            DType::F32 => Ok(run::<f32>(&a, &b, shape, [m, k, n])),
            DType::F64 => Ok(run::<f64>(&a, &b, shape, [m, k, n])),
            dtype => Ok(a.wide("matmul")?.matmul(&b.wide("matmul")?)?.to_dtype(dtype)),
        }
    }

    /// `self · other + row` for matrices, with `row` repeated, and with `relu` what is below 0 replaced by 0: the linear
    /// layer's product.
    pub(crate) fn matmul_add_row(&self, other: &Array, row: Option<&Array>, relu: bool) -> Result<Array> {
        let [m, k, n] = [self.shape()[0], self.shape()[1], other.shape()[1]];
        fn run<T: Float>(x: &Array, w: &Array, row: Option<&Array>, relu: bool, [m, k, n]: [usize; 3]) -> Array {
            let row = row.map(Array::contiguous);
            let bias = row.as_ref().and_then(Array::contiguous_slice::<T>);
            Array::build(Shape::from_valid(&[m, n]), |out: &mut [T]| {
                matmul_with(out, [m, k, n], matrix(x, 0), matrix(w, 0), Ending { accumulate: false, bias, relu });
            })
        }
        match self.parts.dtype {
            DType::F32 => Ok(run::<f32>(self, other, row, relu, [m, k, n])),
            DType::F64 => Ok(run::<f64>(self, other, row, relu, [m, k, n])),
            dtype => {
                let row = row.map(|row| row.wide("linear")).transpose()?;
                let product = self.wide("linear")?.matmul_add_row(&other.wide("linear")?, row.as_ref(), relu)?;
                Ok(product.to_dtype(dtype))
            }
        }
    }
}

fn run<T: Float>(a: &Array, b: &Array, shape: Shape, [m, k, n]: [usize; 3]) -> Array {
    let rank = shape.rank();
    let batches: usize = shape.as_slice()[..rank - 2].iter().product();
    Array::build(shape, |out: &mut [T]| {
        for batch in 0..batches {
            let mut rest = batch;
            let (mut offset_a, mut offset_b) = (0, 0);
            for axis in (0..rank - 2).rev() {
                let place = (rest % shape.as_slice()[axis]) as isize;
                rest /= shape.as_slice()[axis];
                offset_a += place * a.parts.strides[axis];
                offset_b += place * b.parts.strides[axis];
            }
            let out = &mut out[batch * m * n..(batch + 1) * m * n];
            matmul(out, [m, k, n], matrix(a, offset_a), matrix(b, offset_b), false);
        }
    })
}

/// The last two axes, starting `skip` elements further.
fn matrix<T: Float>(x: &Array, skip: isize) -> Matrix<'_, T> {
    let rank = x.rank();
    Matrix {
        data: x.strided::<T>().data,
        offset: x.parts.offset.wrapping_add_signed(skip),
        row_stride: x.parts.strides[rank - 2],
        column_stride: x.parts.strides[rank - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[isize]) -> Array {
        let count: isize = shape.iter().product();
        Array::arange(count as usize).to_dtype(DType::F64).reshape(shape).unwrap()
    }

    /// Expected values by NumPy's matmul of arange arrays.
    #[test]
    fn products_of_vectors_matrices_and_batches() {
        let vec = |a: Array, b: Array| a.matmul(&b).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(vec(numbers(&[2, 3]), numbers(&[3, 2])), [10.0, 13.0, 28.0, 40.0]);
        assert_eq!(vec(numbers(&[3]), numbers(&[3, 2])), [10.0, 13.0]);
        assert_eq!(vec(numbers(&[2, 3]), numbers(&[3])), [5.0, 14.0]);
        assert_eq!(vec(numbers(&[3]), numbers(&[3])), [5.0]);
        assert_eq!(vec(numbers(&[2, 1, 2]), numbers(&[2, 2])), [2.0, 3.0, 6.0, 11.0]);
        assert_eq!(vec(numbers(&[2, 1, 2, 1]), numbers(&[2, 1, 2])).len(), 16);
        assert_eq!(numbers(&[2, 0]).matmul(&numbers(&[0, 3])).unwrap().to_vec::<f64>().unwrap(), [0.0; 6]);
    }

    #[test]
    fn sizes_that_do_not_fit() {
        let error = numbers(&[2, 3]).matmul(&numbers(&[2, 3])).unwrap_err();
        assert_eq!(error.what(), "matmul: shapes [2, 3] and [2, 3] do not fit each other");
        assert!(numbers(&[2, 2, 3]).matmul(&numbers(&[3, 3, 1])).is_err());
        assert!(Array::from(1.0).matmul(&numbers(&[1])).is_err());
    }
}
