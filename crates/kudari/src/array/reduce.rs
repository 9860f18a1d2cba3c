//! Sums, means, largest and smallest values over any axes.

use super::shape::axes_mask;
use super::{Array, DType, Shape, normalise_axis};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, Number};
use crate::kernels::reduce;
use crate::kernels::strided::MAX_RANK;

/// An array brought into the order that the reduction kernels read: `outer × len × inner`.
struct Plan {
    source: Array,
    len: usize,
    inner: usize,
    /// The result's shape, with the reduced axes left out or kept as 1.
    result: Shape,
}

impl Array {
    fn plan(&self, operation: &str, axes: &[isize], keep: bool) -> Result<Plan> {
        let mask = axes_mask(operation, axes, self.shape())?;
        if let Some(plan) = self.plan_in_memory_order(&mask, keep) {
            return Ok(plan);
        }
        let rank = self.rank();
        let kept: Vec<isize> = (0..rank).filter(|&a| !mask[a]).map(|a| a as isize).collect();
        let reduced: Vec<isize> = (0..rank).filter(|&a| mask[a]).map(|a| a as isize).collect();
        let size = |list: &[isize]| list.iter().map(|&a| self.shape()[a as usize]).product::<usize>();
        // Reduced axes that stand together need no reordering: what lies after them is the inner loop.
        let together = reduced.windows(2).all(|w| w[1] == w[0] + 1);
        let (source, inner) = if together && !reduced.is_empty() {
            let last = reduced[reduced.len() - 1] as usize;
            (self.contiguous(), self.shape()[last + 1..].iter().product())
        } else {
            let order: Vec<isize> = kept.iter().chain(&reduced).copied().collect();
            (self.permute(&order)?.contiguous(), 1)
        };
        Ok(Plan { source, len: size(&reduced), inner, result: self.reduced_shape(&mask, keep) })
    }

    /// The plan for numbers that lie in memory in another order of the axes and need not be moved: the reduced axes stand
    /// together there, and the others in the order of the result.
    fn plan_in_memory_order(&self, mask: &[bool; MAX_RANK], keep: bool) -> Option<Plan> {
        let order = self.memory_order()?;
        let axes = &order[..self.rank()];
        let first = axes.iter().position(|&axis| mask[axis])?;
        let count = axes[first..].iter().take_while(|&&axis| mask[axis]).count();
        let (reduced, inner) = axes[first..].split_at(count);
        let kept = axes[..first].iter().chain(inner);
        if inner.iter().any(|&axis| mask[axis]) || !kept.clone().zip(kept.skip(1)).all(|(a, b)| a < b) {
            return None;
        }
        let size = |axes: &[usize]| axes.iter().map(|&axis| self.shape()[axis]).product::<usize>();
        let (len, inner) = (size(reduced), size(inner));
        Some(Plan { source: self.in_order(&order), len, inner, result: self.reduced_shape(mask, keep) })
    }

    /// The shape without the axes of the mask, or with size 1 in their places.
    fn reduced_shape(&self, mask: &[bool; MAX_RANK], keep: bool) -> Shape {
        let mut sizes = [1; MAX_RANK];
        let mut count = 0;
        for (&size, &reduced) in self.shape().iter().zip(mask) {
            if !reduced || keep {
                sizes[count] = if reduced { 1 } else { size };
                count += 1;
            }
        }
        Shape::from_valid(&sizes[..count])
    }

    /// The sum over `axes` (none given: over all). Reduced axes disappear, or stay with size 1 with `keep`.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice. Truth values are counted, as i64.
    pub fn sum_axes(&self, axes: &[isize], keep: bool) -> Result<Array> {
        if self.parts.dtype == DType::Bool {
            return self.to_dtype(DType::I64).sum_axes(axes, keep);
        }
        if self.parts.dtype.is_half() {
            return Ok(self.to_dtype(DType::F32).sum_axes(axes, keep)?.to_dtype(self.parts.dtype));
        }
        let plan = self.plan("sum", axes, keep)?;
        fn run<T: Number>(plan: &Plan) -> Array {
            Array::build(plan.result, |out: &mut [T]| {
                let x = plan.source.contiguous_slice::<T>().unwrap_or(&[]);
                reduce::sum(out, x, plan.len, plan.inner);
            })
        }
        Ok(match self.parts.dtype {
            DType::F32 => run::<f32>(&plan),
            DType::F64 => run::<f64>(&plan),
            _ => run::<i64>(&plan),
        })
    }

    /// The sums of a matrix's columns: a row.
    pub(crate) fn column_sums(&self) -> Array {
        let source = self.contiguous();
        let [rows, columns] = [self.shape()[0], self.shape()[1]];
        fn run<T: Number>(x: &Array, rows: usize, columns: usize) -> Array {
            Array::build(Shape::from_valid(&[columns]), |out: &mut [T]| {
                reduce::sum(out, x.contiguous_slice::<T>().unwrap_or(&[]), rows, columns);
            })
        }
        match self.parts.dtype {
            DType::F32 => run::<f32>(&source, rows, columns),
            _ => run::<f64>(&source, rows, columns),
        }
    }

    /// The sum of all elements.
    pub fn sum(&self) -> Array {
        self.sum_axes(&[], false).unwrap_or_else(|_| self.constant_like(0.0)) // no axis is named, so none can be wrong
    }

    /// The mean over `axes` (none given: over all); integers become f32.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice.
    pub fn mean_axes(&self, axes: &[isize], keep: bool) -> Result<Array> {
        let floats = if self.parts.dtype == DType::F64 { self.clone() } else { self.to_dtype(DType::F32) };
        let sum = floats.sum_axes(axes, keep)?;
        let count = self.len() as f64 / sum.len().max(1) as f64;
        let mean = sum.div(&sum.constant_like(count))?;
        Ok(if self.parts.dtype.is_half() { mean.to_dtype(self.parts.dtype) } else { mean })
    }

    /// The largest element over `axes` (none given: over all); NaN if there is one.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no element to choose from.
    pub fn max_axes(&self, axes: &[isize], keep: bool) -> Result<Array> {
        self.extreme("max", axes, keep, true)
    }

    /// The smallest element over `axes` (none given: over all); NaN if there is one.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no element to choose from.
    pub fn min_axes(&self, axes: &[isize], keep: bool) -> Result<Array> {
        self.extreme("min", axes, keep, false)
    }

    fn extreme(&self, operation: &str, axes: &[isize], keep: bool, largest: bool) -> Result<Array> {
        if self.parts.dtype == DType::Bool {
            return self.to_dtype(DType::I64).extreme(operation, axes, keep, largest);
        }
        if self.parts.dtype.is_half() {
            return Ok(self.to_dtype(DType::F32).extreme(operation, axes, keep, largest)?.to_dtype(self.parts.dtype));
        }
        let plan = self.plan(operation, axes, keep)?;
        if plan.len == 0 && !plan.result.is_empty() {
            return Err(self.nothing_to_choose(operation));
        }
        fn run<T: Number>(plan: &Plan, largest: bool) -> Array {
            Array::build(plan.result, |out: &mut [T]| {
                let x = plan.source.contiguous_slice::<T>().unwrap_or(&[]);
                if !out.is_empty() {
                    reduce::fold(out, x, plan.len, plan.inner, |a, b| if largest { a.larger(b) } else { a.smaller(b) });
                }
            })
        }
        Ok(match self.parts.dtype {
            DType::F32 => run::<f32>(&plan, largest),
            DType::F64 => run::<f64>(&plan, largest),
            _ => run::<i64>(&plan, largest),
        })
    }

    fn nothing_to_choose(&self, operation: &str) -> Error {
        Error::shape(format!("{operation}: shape {:?} has no element to choose from", self.shape()))
            .help("reduce over axes whose size is not 0")
    }

    /// The index of the largest element along `axis`, the first if there are several; a NaN counts as largest.
    ///
    /// # Errors
    ///
    /// The axis is out of range or has size 0.
    pub fn argmax(&self, axis: isize) -> Result<Array> {
        self.arg_extreme("argmax", axis, true)
    }

    /// The index of the smallest element along `axis`, the first if there are several; a NaN counts as smallest.
    ///
    /// # Errors
    ///
    /// The axis is out of range or has size 0.
    pub fn argmin(&self, axis: isize) -> Result<Array> {
        self.arg_extreme("argmin", axis, false)
    }

    fn arg_extreme(&self, operation: &str, axis: isize, largest: bool) -> Result<Array> {
        normalise_axis(operation, axis, self.shape())?;
        match self.parts.dtype {
            DType::Bool => return self.to_dtype(DType::I64).arg_extreme(operation, axis, largest),
            DType::F16 | DType::Bf16 => return self.to_dtype(DType::F32).arg_extreme(operation, axis, largest),
            _ => {}
        }
        let plan = self.plan(operation, &[axis], false)?;
        if plan.len == 0 && !plan.result.is_empty() {
            return Err(self.nothing_to_choose(operation));
        }
        fn run<T: Number + Element>(plan: &Plan, largest: bool) -> Array {
            Array::build(plan.result, |out: &mut [i64]| {
                let x = plan.source.contiguous_slice::<T>().unwrap_or(&[]);
                if !out.is_empty() {
                    reduce::arg_fold(out, x, plan.len, plan.inner, |a, b| if largest { a > b } else { a < b });
                }
            })
        }
        Ok(match self.parts.dtype {
            DType::F32 => run::<f32>(&plan, largest),
            DType::F64 => run::<f64>(&plan, largest),
            _ => run::<i64>(&plan, largest),
        })
    }

    /// Whether no element is NaN or infinite.
    pub fn all_finite(&self) -> bool {
        let x = self.contiguous();
        match self.parts.dtype {
            DType::F32 => reduce::all_finite(x.contiguous_slice::<f32>().unwrap_or(&[])),
            DType::F64 => reduce::all_finite(x.contiguous_slice::<f64>().unwrap_or(&[])),
            DType::F16 | DType::Bf16 => self.to_dtype(DType::F32).all_finite(),
            DType::I64 | DType::Bool => true,
        }
    }

    /// Σ x², added in f64.
    pub fn sum_of_squares(&self) -> f64 {
        let x = self.contiguous();
        match self.parts.dtype {
            DType::F32 => reduce::sum_of_squares(x.contiguous_slice::<f32>().unwrap_or(&[])),
            DType::F64 => reduce::sum_of_squares(x.contiguous_slice::<f64>().unwrap_or(&[])),
            _ => self.to_dtype(DType::F64).sum_of_squares(),
        }
    }

    /// The sum over the axes along which an array of `shape` was stretched to this one: the gradient of broadcasting.
    pub(crate) fn sum_to(&self, shape: &[usize]) -> Result<Array> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        let lead = self
            .rank()
            .checked_sub(shape.len())
            .ok_or_else(|| Error::shape(format!("sum_to: {:?} to {shape:?}", self.shape())))?;
        let axes: Vec<isize> = (0..self.rank())
            .filter(|&a| a < lead || (shape[a - lead] == 1 && self.shape()[a] != 1))
            .map(|a| a as isize)
            .collect();
        let sum = if axes.is_empty() { self.clone() } else { self.sum_axes(&axes, true)? };
        sum.reshape_to(Shape::new(shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Array {
        Array::arange(24).reshape(&[2, 3, 4]).unwrap()
    }

    /// Expected values by NumPy: np.arange(24).reshape(2,3,4).
    #[test]
    fn reductions_over_any_axes() {
        let a = numbers();
        let vec = |r: Result<Array>| r.unwrap().to_vec::<i64>().unwrap();
        assert_eq!(vec(a.sum_axes(&[1], false)), [12, 15, 18, 21, 48, 51, 54, 57]);
        assert_eq!(vec(a.sum_axes(&[0, 2], false)), [60, 92, 124]);
        assert_eq!(a.sum_axes(&[0, -1], true).unwrap().shape(), [1, 3, 1]);
        assert_eq!(a.sum().item::<i64>().unwrap(), 276);
        assert_eq!(vec(a.transpose().max_axes(&[0], false)), [3, 15, 7, 19, 11, 23]);
        assert_eq!(vec(a.min_axes(&[1, 2], false)), [0, 12]);
        assert_eq!(vec(a.argmax(1)), [2; 8]);
        assert_eq!(a.mean_axes(&[1, 2], false).unwrap().to_vec::<f32>().unwrap(), [5.5, 17.5]);
        assert_eq!(vec(a.sum_to(&[3, 1])), [60, 92, 124]);
    }

    #[test]
    fn empty_axes_sum_to_zero_and_have_no_largest() {
        let empty = Array::zeros(&[2, 0], DType::F32).unwrap();
        assert_eq!(empty.sum_axes(&[1], false).unwrap().to_vec::<f32>().unwrap(), [0.0, 0.0]);
        assert!(empty.max_axes(&[1], false).is_err() && empty.argmax(1).is_err());
        assert_eq!(empty.max_axes(&[0], false).unwrap().shape(), [0]);
        assert_eq!(empty.sum_axes(&[0], false).unwrap().shape(), [0]);
    }
}
