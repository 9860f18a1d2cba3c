//! Sizes of axes, the rules of broadcasting, and how axes are named.

use std::fmt;

use crate::error::{Error, Result};
use crate::kernels::float::DType;
use crate::kernels::memory;
use crate::kernels::strided::MAX_RANK;

/// Steps in elements along each axis.
pub(super) type Strides = [isize; MAX_RANK];

/// The sizes of an array's axes, at most 6 of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    sizes: [usize; MAX_RANK],
    // As wide as the sizes: shapes are copied right after they are made, and reading more than was just written stalls the processor.
    rank: usize,
}

impl Shape {
    /// A shape from its sizes.
    ///
    /// # Errors
    ///
    /// More than 6 axes, or more elements than the machine's memory has bytes.
    pub fn new(sizes: &[usize]) -> Result<Shape> {
        if sizes.len() > MAX_RANK {
            return Err(Error::shape(format!("a shape of {} axes: {sizes:?}", sizes.len())).help("an array has at most 6 axes"));
        }
        // Counted without the zeros, so that strides cannot overflow either.
        let count = sizes.iter().filter(|&&s| s > 0).try_fold(1usize, |n, &s| n.checked_mul(s));
        if count.is_none_or(|n| n > memory::physical()) {
            return Err(too_large(sizes, count.unwrap_or(usize::MAX)));
        }
        Ok(Self::from_valid(sizes))
    }

    /// A shape for a new array of numbers of this type, which must fit the machine's memory: running out of it cannot be
    /// caught later.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`].
    pub(crate) fn allocatable(sizes: &[usize], dtype: DType) -> Result<Shape> {
        let shape = Shape::new(sizes)?;
        let bytes = shape.len().saturating_mul(dtype.size());
        if bytes > memory::physical() { Err(too_large(sizes, bytes)) } else { Ok(shape) }
    }

    /// The shape of a single number.
    pub const SCALAR: Shape = Shape { sizes: [0; MAX_RANK], rank: 0 };

    /// A shape from sizes that are known to be few and small enough.
    pub(crate) fn from_valid(sizes: &[usize]) -> Shape {
        let mut shape = Shape { sizes: [0; MAX_RANK], rank: sizes.len() };
        shape.sizes[..sizes.len()].copy_from_slice(sizes);
        shape
    }

    /// The sizes.
    #[inline]
    pub fn as_slice(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.as_slice().iter().product()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn row_major_strides(&self) -> Strides {
        let (mut shape, mut strides) = (Shape::SCALAR, [0; MAX_RANK]);
        self.lay_out(&mut shape, &mut strides);
        strides
    }

    /// Writes this shape and its row-major steps to where zeros stand.
    #[inline]
    pub(super) fn lay_out(&self, shape: &mut Shape, strides: &mut Strides) {
        shape.rank = self.rank;
        let mut step = 1;
        for axis in (0..self.rank).rev() {
            (shape.sizes[axis], strides[axis]) = (self.sizes[axis], step);
            step *= self.sizes[axis] as isize;
        }
    }

    /// The same sizes with `size` put in at `axis`.
    pub(crate) fn inserted(&self, axis: usize, size: usize) -> Result<Shape> {
        let mut sizes = self.as_slice().to_vec();
        sizes.insert(axis, size);
        Shape::new(&sizes)
    }

    /// The same sizes without `axis`.
    pub(crate) fn without(&self, axis: usize) -> Shape {
        let mut shape = Shape { sizes: [0; MAX_RANK], rank: self.rank - 1 };
        let kept = self.as_slice().iter().enumerate().filter(|&(a, _)| a != axis);
        for (target, (_, &size)) in shape.sizes.iter_mut().zip(kept) {
            *target = size;
        }
        shape
    }

    /// The same sizes with that of `axis` replaced.
    pub(crate) fn with(&self, axis: usize, size: usize) -> Shape {
        let mut shape = *self;
        shape.sizes[axis] = size;
        shape
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

fn too_large(sizes: &[usize], bytes: usize) -> Error {
    let gib = |bytes: usize| bytes as f64 / (1u64 << 30) as f64;
    Error::shape(format!("an array of shape {sizes:?} needs at least {:.0} GiB", gib(bytes)))
        .help(format!("the machine has {:.0} GiB of memory; check the sizes", gib(memory::physical())))
}

/// The shape that both operands are stretched to: aligned at the last axis, a size of 1 fits any size.
pub(crate) fn broadcast_shapes(operation: &str, a: &[usize], b: &[usize]) -> Result<Shape> {
    if a == b {
        return Ok(Shape::from_valid(a));
    }
    let rank = a.len().max(b.len());
    let mut sizes = [0; MAX_RANK];
    let size = |s: &[usize], axis: usize| (axis + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    for (axis, target) in sizes[..rank].iter_mut().enumerate() {
        *target = match (size(a, axis), size(b, axis)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(mismatch(operation, a, b)),
        };
    }
    Shape::new(&sizes[..rank])
}

fn mismatch(operation: &str, a: &[usize], b: &[usize]) -> Error {
    Error::shape(format!("{operation}: shapes {a:?} and {b:?} do not fit each other"))
        .help("sizes are compared from the last axis; two sizes fit if they are equal or one of them is 1")
}

/// An axis as a non-negative number: −1 is the last.
pub(crate) fn normalise_axis(operation: &str, axis: isize, shape: &[usize]) -> Result<usize> {
    let rank = shape.len() as isize;
    if axis < -rank || axis >= rank {
        let help = if rank == 0 { "a single number has no axes".into() } else { format!("use {} to {}", -rank, rank - 1) };
        return Err(Error::shape(format!("{operation}: axis {axis} of an array of shape {shape:?}")).help(help));
    }
    Ok(if axis < 0 { axis + rank } else { axis } as usize)
}

/// Several different axes as a mask over all axes; no axes at all means every axis.
pub(crate) fn axes_mask(operation: &str, axes: &[isize], shape: &[usize]) -> Result<[bool; MAX_RANK]> {
    let mut mask = [axes.is_empty(); MAX_RANK];
    for &axis in axes {
        let place = normalise_axis(operation, axis, shape)?;
        if std::mem::replace(&mut mask[place], true) {
            return Err(Error::shape(format!("{operation}: axis {axis} is named twice in {axes:?}")).help("name each axis once"));
        }
    }
    Ok(mask)
}

/// The index along every axis of element `at`, counted in row-major order.
pub(crate) fn index_of(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &size) in index.iter_mut().zip(shape).rev() {
        (*i, at) = (at % size.max(1), at / size.max(1));
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        let shape = |a: &[usize], b: &[usize]| broadcast_shapes("add", a, b).map(|s| s.as_slice().to_vec());
        assert_eq!(shape(&[8, 1, 6, 1], &[7, 1, 5]).unwrap(), [8, 7, 6, 5]);
        assert_eq!(shape(&[], &[3]).unwrap(), [3]);
        assert_eq!(shape(&[0, 3], &[1]).unwrap(), [0, 3]);
        let error = shape(&[2, 3], &[2, 2]).unwrap_err();
        assert!(error.what().contains("[2, 3]") && error.what().contains("[2, 2]"));
    }

    #[test]
    fn impossible_shapes_are_errors() {
        assert!(Shape::new(&[1; 7]).is_err());
        assert!(Shape::new(&[usize::MAX, 2]).is_err() && Shape::new(&[1 << 40, 0, 1 << 40]).is_err());
        assert!(normalise_axis("sum", 2, &[3, 4]).is_err() && normalise_axis("sum", -2, &[3, 4]).is_ok());
        assert!(axes_mask("sum", &[0, -2], &[3, 4]).is_err());
    }
}
