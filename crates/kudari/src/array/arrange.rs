//! Arrays whose numbers are those of another one in other places: parts picked along an axis, diagonals, triangles.

use super::{Array, DType, Shape, normalise_axis};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, with_element};

impl Array {
    /// Parts picked along `axis`, of which the result has `count`: its index i is index `place(i)` of this array, or the number
    /// `fill` everywhere if there is none. The places must be in range.
    ///
    /// # Errors
    ///
    /// The result does not fit into memory.
    pub(crate) fn pick(&self, axis: usize, count: usize, fill: f64, place: impl Fn(usize) -> Option<usize>) -> Result<Array> {
        let shape = Shape::allocatable(self.parts.shape.with(axis, count).as_slice(), self.parts.dtype)?;
        let source = self.contiguous();
        let inner: usize = self.shape()[axis + 1..].iter().product();
        let size = self.shape()[axis];
        Ok(with_element!(self.parts.dtype, T => Array::build(shape, |out: &mut [T]| {
            let source = source.contiguous_slice::<T>().unwrap_or(&[]);
            for (at, out) in out.chunks_mut(inner.max(1)).enumerate() {
                match place(at % count) {
                    Some(place) => out.copy_from_slice(&source[(at / count * size + place) * inner..][..inner]),
                    None => out.fill(T::from_f64(fill)),
                }
            }
        })))
    }

    /// The numbers x[…, i, …, i + offset, …] for all i, `first` and `second` being the axes of both indices: these axes
    /// disappear, and the diagonal becomes the last axis. A view.
    ///
    /// # Errors
    ///
    /// An axis out of range, or the same one twice.
    pub fn diagonal(&self, offset: isize, first: isize, second: isize) -> Result<Array> {
        let a = normalise_axis("diagonal", first, self.shape())?;
        let b = normalise_axis("diagonal", second, self.shape())?;
        if a == b {
            return Err(Error::shape(format!("diagonal: axes {first} and {second} of shape {:?} are the same", self.shape()))
                .help("name two axes"));
        }
        let (rows, columns) = (self.shape()[a], self.shape()[b]);
        // Where the diagonal begins, and how long it is.
        let (row, column) = if offset < 0 { (offset.unsigned_abs(), 0) } else { (0, offset as usize) };
        let count = rows.saturating_sub(row).min(columns.saturating_sub(column));
        let begin = if count == 0 { 0 } else { row as isize * self.parts.strides[a] + column as isize * self.parts.strides[b] };
        let kept: Vec<usize> = (0..self.rank()).filter(|&axis| axis != a && axis != b).collect();
        let mut sizes: Vec<usize> = kept.iter().map(|&axis| self.shape()[axis]).collect();
        let mut strides = [0; crate::kernels::strided::MAX_RANK];
        kept.iter().zip(&mut strides).for_each(|(&axis, stride)| *stride = self.parts.strides[axis]);
        strides[kept.len()] = self.parts.strides[a] + self.parts.strides[b];
        sizes.push(count);
        Ok(self.view(self.parts.offset.wrapping_add_signed(begin), Shape::from_valid(&sizes), strides))
    }

    /// Truth values of shape `[rows, columns]`: true on a diagonal and below it, where column − row ≤ `offset`. With an
    /// offset of 0 it says what comes no later: the mask of attention to the past.
    ///
    /// # Errors
    ///
    /// More elements than fit into memory.
    pub fn triangle(rows: usize, columns: usize, offset: isize) -> Result<Array> {
        Array::on_grid(rows, columns, |distance| distance <= offset as i128)
    }

    /// Truth values of shape `[rows, columns]`, of column − row.
    pub(crate) fn on_grid(rows: usize, columns: usize, of: impl Fn(i128) -> bool) -> Result<Array> {
        let shape = Shape::allocatable(&[rows, columns], DType::Bool)?;
        Ok(Array::build(shape, |out: &mut [u8]| {
            for (row, out) in out.chunks_mut(columns.max(1)).enumerate() {
                for (column, out) in out.iter_mut().enumerate() {
                    *out = of(column as i128 - row as i128) as u8;
                }
            }
        }))
    }

    /// Sums along an axis: index i of the result is the sum of the indices up to i, or with `reverse` from i on. Added up
    /// in f64.
    ///
    /// # Errors
    ///
    /// The axis is out of range, or the numbers are not floating-point.
    pub(crate) fn cumulative_sum(&self, axis: isize, reverse: bool) -> Result<Array> {
        let axis = normalise_axis("cumsum", axis, self.shape())?;
        let source = self.contiguous();
        let inner: usize = self.shape()[axis + 1..].iter().product();
        let size = self.shape()[axis];
        fn run<T: Element>(out: &mut [T], source: &[T], [size, inner]: [usize; 2], reverse: bool) {
            let mut sums = vec![0.0; inner];
            let block = (size * inner).max(1);
            for (out, source) in out.chunks_mut(block).zip(source.chunks(block)) {
                sums.fill(0.0);
                for step in 0..size {
                    let from = if reverse { size - 1 - step } else { step } * inner;
                    for ((sum, out), x) in sums.iter_mut().zip(&mut out[from..]).zip(&source[from..]) {
                        *sum += x.to_f64();
                        *out = T::from_f64(*sum);
                    }
                }
            }
        }
        Ok(match self.parts.dtype {
            DType::F32 => Array::build(self.parts.shape, |out: &mut [f32]| {
                run(out, source.contiguous_slice().unwrap_or(&[]), [size, inner], reverse);
            }),
            DType::F64 => Array::build(self.parts.shape, |out: &mut [f64]| {
                run(out, source.contiguous_slice().unwrap_or(&[]), [size, inner], reverse);
            }),
            dtype => self.wide("cumsum")?.cumulative_sum(axis as isize, reverse)?.to_dtype(dtype),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_of_any_two_axes() {
        let a = Array::arange(24).reshape(&[2, 3, 4]).unwrap();
        let of = |offset, first, second| a.diagonal(offset, first, second).unwrap();
        assert_eq!((of(0, 1, 2).shape(), of(0, 1, 2).to_vec::<i64>().unwrap()), (&[2, 3][..], vec![0, 5, 10, 12, 17, 22]));
        assert_eq!(of(2, 1, 2).to_vec::<i64>().unwrap(), [2, 7, 14, 19]);
        assert_eq!(of(-1, 0, -1).to_vec::<i64>().unwrap(), [12, 16, 20]);
        assert_eq!(
            (of(4, 1, 2).shape(), of(isize::MIN, 1, 2).shape(), of(isize::MAX, 0, 1).shape()),
            (&[2, 0][..], &[2, 0][..], &[4, 0][..])
        );
        assert!(of(0, 0, 1).shares_memory(&a) && a.diagonal(0, 1, -2).is_err() && a.diagonal(0, 0, 3).is_err());
    }

    #[test]
    fn triangles() {
        let of =
            |rows, columns, offset| Array::triangle(rows, columns, offset).unwrap().to_dtype(DType::I64).to_vec::<i64>().unwrap();
        assert_eq!(of(2, 3, 0), [1, 0, 0, 1, 1, 0]);
        assert_eq!(of(2, 3, 1), [1, 1, 0, 1, 1, 1]);
        assert_eq!((of(2, 2, isize::MIN), of(2, 2, isize::MAX), of(2, 0, 0)), (vec![0; 4], vec![1; 4], vec![]));
        assert!(Array::triangle(usize::MAX, 2, 0).is_err());
    }
}
