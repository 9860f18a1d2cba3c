//! Views: other ways to see the same numbers, without copying (reshape copies where it must).

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo};

use smallvec::SmallVec;

use super::shape::{Strides, normalise_axis};
use super::{Array, Shape};
use crate::error::{Error, Result};
use crate::kernels::float::with_element;
use crate::kernels::strided::{MAX_RANK, Walk};

/// A part of an axis: `from..to` in steps. Made from Rust's ranges, e.g. `(2..5).into()`; negative ends count from the
/// end of the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    from: isize,
    to: Option<isize>,
    step: usize,
}

impl Slice {
    /// The whole axis.
    pub const ALL: Slice = Slice { from: 0, to: None, step: 1 };

    /// Indices `from..to` in steps; `None` is the end of the axis, negative ends count from there. A step of 0 counts as 1.
    pub const fn new(from: isize, to: Option<isize>, step: usize) -> Slice {
        Slice { from, to, step: if step == 0 { 1 } else { step } }
    }

    /// Every `step`-th index of the same part; 0 counts as 1.
    #[must_use]
    pub fn step_by(self, step: usize) -> Slice {
        Slice { step: step.max(1), ..self }
    }

    /// First index and number of indices on an axis of `size`.
    fn resolve(self, size: usize) -> (usize, usize) {
        let place = |i: isize| if i < 0 { size.saturating_sub(i.unsigned_abs()) } else { (i as usize).min(size) };
        let from = place(self.from);
        let to = self.to.map_or(size, place).max(from);
        (from, (to - from).div_ceil(self.step))
    }
}

impl From<Range<isize>> for Slice {
    fn from(range: Range<isize>) -> Slice {
        Slice { from: range.start, to: Some(range.end), step: 1 }
    }
}
impl From<RangeInclusive<isize>> for Slice {
    fn from(range: RangeInclusive<isize>) -> Slice {
        // −1 as an included end is the end of the axis, which has no number of its own.
        let to = if *range.end() == -1 { None } else { Some(range.end().saturating_add(1)) };
        Slice { from: *range.start(), to, step: 1 }
    }
}
impl From<RangeFrom<isize>> for Slice {
    fn from(range: RangeFrom<isize>) -> Slice {
        Slice { from: range.start, to: None, step: 1 }
    }
}
impl From<RangeTo<isize>> for Slice {
    fn from(range: RangeTo<isize>) -> Slice {
        Slice { from: 0, to: Some(range.end), step: 1 }
    }
}
impl From<RangeFull> for Slice {
    fn from(_: RangeFull) -> Slice {
        Slice::ALL
    }
}

impl Array {
    /// The same numbers in another shape. One size may be −1: it follows from the others. A view if the numbers lie in
    /// memory so that it can be one.
    ///
    /// # Errors
    ///
    /// The sizes do not give the same number of elements.
    pub fn reshape(&self, sizes: &[isize]) -> Result<Array> {
        self.reshape_to(self.resolve_sizes(sizes)?)
    }

    fn resolve_sizes(&self, sizes: &[isize]) -> Result<Shape> {
        let fail = |why: &str| {
            Error::shape(format!("reshape: {:?} ({} elements) to {sizes:?}{why}", self.shape(), self.len()))
                .help("the number of elements must stay the same; one size may be −1")
        };
        if sizes.iter().filter(|&&s| s < 0).count() > 1 || sizes.iter().any(|&s| s < -1) {
            return Err(fail(": only one size may be −1"));
        }
        let known: SmallVec<[usize; MAX_RANK]> = sizes.iter().filter(|&&s| s >= 0).map(|&s| s as usize).collect();
        let known = Shape::new(&known)?.len();
        let missing = self.len().checked_div(known).unwrap_or(0);
        let full: SmallVec<[usize; MAX_RANK]> = sizes.iter().map(|&s| if s < 0 { missing } else { s as usize }).collect();
        let shape = Shape::new(&full)?;
        if shape.len() != self.len() { Err(fail("")) } else { Ok(shape) }
    }

    /// [`Array::reshape`] to a shape of the same number of elements.
    pub(crate) fn reshape_to(&self, shape: Shape) -> Result<Array> {
        if shape.len() != self.len() {
            return Err(Error::shape(format!("reshape: {:?} to {shape:?}", self.shape())));
        }
        let sizes = |shape: &[usize]| shape.iter().copied().filter(|&size| size != 1).collect::<SmallVec<[usize; MAX_RANK]>>();
        if !self.is_contiguous() && sizes(self.shape()) == sizes(shape.as_slice()) {
            return self.reshape_to_view(shape);
        }
        let source = self.contiguous();
        Ok(source.view(source.parts.offset, shape, shape.row_major_strides()))
    }

    /// All axes in reverse order; for a matrix its transpose.
    pub fn transpose(&self) -> Array {
        let mut order = [0; MAX_RANK];
        let rank = self.rank();
        for (axis, place) in order[..rank].iter_mut().enumerate() {
            *place = rank - 1 - axis;
        }
        self.reordered(&order[..rank])
    }

    /// The last two axes exchanged.
    ///
    /// # Errors
    ///
    /// Fewer than two axes.
    pub fn transpose_last(&self) -> Result<Array> {
        self.swap_axes(-2, -1)
    }

    /// Two axes exchanged.
    ///
    /// # Errors
    ///
    /// An axis out of range.
    pub fn swap_axes(&self, a: isize, b: isize) -> Result<Array> {
        let a = normalise_axis("swap_axes", a, self.shape())?;
        let b = normalise_axis("swap_axes", b, self.shape())?;
        let mut order: [usize; MAX_RANK] = std::array::from_fn(|i| i);
        order.swap(a, b);
        Ok(self.reordered(&order[..self.rank()]))
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this array.
    ///
    /// # Errors
    ///
    /// `order` does not name every axis once.
    pub fn permute(&self, order: &[isize]) -> Result<Array> {
        let places = order.iter().map(|&a| normalise_axis("permute", a, self.shape())).collect::<Result<Vec<_>>>()?;
        let mut seen = [false; MAX_RANK];
        places.iter().for_each(|&p| seen[p] = true);
        if places.len() != self.rank() || seen[..self.rank()].contains(&false) {
            return Err(
                Error::shape(format!("permute: order {order:?} for shape {:?}", self.shape())).help("name every axis once")
            );
        }
        Ok(self.reordered(&places))
    }

    /// The axes in an order that names each once.
    pub(super) fn reordered(&self, order: &[usize]) -> Array {
        let mut sizes = [0; MAX_RANK];
        let mut strides = [0; MAX_RANK];
        for (i, &axis) in order.iter().enumerate() {
            (sizes[i], strides[i]) = (self.shape()[axis], self.parts.strides[axis]);
        }
        self.view(self.parts.offset, Shape::from_valid(&sizes[..order.len()]), strides)
    }

    /// A part of every axis; axes beyond the given slices stay whole.
    ///
    /// ```
    /// # use kudari::{Array, array::Slice};
    /// let a = Array::from([[1i64, 2, 3], [4, 5, 6]]);
    /// assert_eq!(a.slice(&[Slice::ALL, (1..).into()])?.to_vec::<i64>()?, [2, 3, 5, 6]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// More slices than axes. Ends beyond the axis are cut to it, as in NumPy.
    pub fn slice(&self, slices: &[Slice]) -> Result<Array> {
        if slices.len() > self.rank() {
            return Err(Error::shape(format!("slice: {} slices for shape {:?}", slices.len(), self.shape()))
                .help("give at most one slice per axis"));
        }
        let (mut offset, mut shape, mut strides) = (self.parts.offset, self.parts.shape, self.parts.strides);
        for (axis, slice) in slices.iter().enumerate() {
            let (from, count) = slice.resolve(self.shape()[axis]);
            shape = shape.with(axis, count);
            if count > 0 {
                offset = offset.wrapping_add_signed(from as isize * strides[axis]);
            }
            strides[axis] *= slice.step as isize;
        }
        Ok(self.view(offset, shape, strides))
    }

    /// The opposite of [`Array::slice`]: zeros of `shape` with this array at the place of the slices.
    ///
    /// # Errors
    ///
    /// The slices of that shape have another shape than this array.
    pub fn embed(&self, shape: &[usize], slices: &[Slice]) -> Result<Array> {
        let mut whole = Array::zeros(shape, self.parts.dtype)?;
        let part = whole.slice(slices)?;
        if part.parts.shape != self.parts.shape {
            return Err(Error::shape(format!("embed: {:?} at slices of shape {:?}", self.shape(), part.shape())));
        }
        let (offset, strides) = (part.parts.offset, part.parts.strides);
        drop(part); // its share of the buffer must be gone before writing
        let walk = Walk::new(self.shape(), [&strides[..self.rank()], self.strides()]);
        with_element!(self.parts.dtype, T => {
            let from = self.strided::<T>();
            let to = whole.make_mut::<T>();
            for row in 0..if self.is_empty() { 0 } else { walk.rows() } {
                let [t, f] = walk.row_offsets(row, [offset, self.parts.offset]);
                if walk.inner_stride(0) == 1 && walk.inner_stride(1) == 1 {
                    to[t..t + walk.inner_len()].copy_from_slice(&from.data[f..f + walk.inner_len()]);
                    continue;
                }
                for i in 0..walk.inner_len() as isize {
                    let (t, f) = (t as isize + i * walk.inner_stride(0), f as isize + i * walk.inner_stride(1));
                    to[t as usize] = from.data[f as usize];
                }
            }
        });
        Ok(whole)
    }

    /// A part of one axis.
    ///
    /// # Errors
    ///
    /// The axis is out of range.
    pub fn slice_axis(&self, axis: isize, slice: impl Into<Slice>) -> Result<Array> {
        let axis = normalise_axis("slice", axis, self.shape())?;
        let mut slices = [Slice::ALL; MAX_RANK];
        slices[axis] = slice.into();
        self.slice(&slices[..=axis])
    }

    /// One index of an axis, which disappears: row 2 of a matrix is `index_axis(0, 2)`. Negative indices count from the end.
    ///
    /// # Errors
    ///
    /// The axis or the index is out of range.
    pub fn index_axis(&self, axis: isize, index: isize) -> Result<Array> {
        let axis = normalise_axis("index_axis", axis, self.shape())?;
        let size = self.shape()[axis];
        let place = if index < 0 { index + size as isize } else { index };
        if place < 0 || place as usize >= size {
            return Err(Error::shape(format!("index_axis: index {index} on axis {axis} of shape {:?}", self.shape()))
                .help(format!("the axis has {size} indices")));
        }
        let offset = self.parts.offset.wrapping_add_signed(place * self.parts.strides[axis]);
        let mut strides = [0; MAX_RANK];
        strides[..axis].copy_from_slice(&self.parts.strides[..axis]);
        strides[axis..self.rank() - 1].copy_from_slice(&self.parts.strides[axis + 1..self.rank()]);
        Ok(self.view(offset, self.parts.shape.without(axis), strides))
    }

    /// A new axis of size 1 at `axis` (−1: after the last).
    ///
    /// # Errors
    ///
    /// The axis is out of range, or there are 6 already.
    pub fn expand_dims(&self, axis: isize) -> Result<Array> {
        let rank = self.rank() as isize;
        let place = if axis < 0 { axis + rank + 1 } else { axis };
        if place < 0 || place > rank {
            return Err(Error::shape(format!("expand_dims: axis {axis} for shape {:?}", self.shape())));
        }
        self.reshape_to_view(self.parts.shape.inserted(place as usize, 1)?)
    }

    /// Without an axis of size 1.
    ///
    /// # Errors
    ///
    /// The axis is out of range or larger than 1.
    pub fn squeeze(&self, axis: isize) -> Result<Array> {
        let place = normalise_axis("squeeze", axis, self.shape())?;
        if self.shape()[place] != 1 {
            return Err(Error::shape(format!(
                "squeeze: axis {axis} of shape {:?} has size {}",
                self.shape(),
                self.shape()[place]
            ))
            .help("only axes of size 1 can be left out"));
        }
        self.reshape_to_view(self.parts.shape.without(place))
    }

    /// A shape that differs from this one only by axes of size 1: always a view.
    fn reshape_to_view(&self, shape: Shape) -> Result<Array> {
        let mut steps = self.shape().iter().zip(self.strides()).filter(|(s, _)| **s != 1).map(|(_, &stride)| stride);
        let mut strides: Strides = [0; MAX_RANK];
        for (&size, stride) in shape.as_slice().iter().zip(&mut strides) {
            if size != 1 {
                *stride = steps.next().unwrap_or(0);
            }
        }
        Ok(self.view(self.parts.offset, shape, strides))
    }

    /// The same numbers stretched to a larger shape: aligned at the last axis, axes of size 1 are repeated.
    ///
    /// # Errors
    ///
    /// The shape cannot be stretched to that one.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Array> {
        let target = Shape::new(shape)?;
        self.broadcast_to_shape(target).ok_or_else(|| {
            Error::shape(format!("broadcast_to: shape {:?} cannot be stretched to {shape:?}", self.shape()))
                .help("from the last axis on, sizes must be equal or 1")
        })
    }

    pub(crate) fn broadcast_to_shape(&self, target: Shape) -> Option<Array> {
        if target == self.parts.shape {
            return Some(self.clone());
        }
        let lead = target.rank().checked_sub(self.rank())?;
        let mut strides = [0; MAX_RANK];
        for (axis, (&size, &stride)) in self.shape().iter().zip(self.strides()).enumerate() {
            let wanted = target.as_slice()[lead + axis];
            if size == wanted {
                strides[lead + axis] = stride;
            } else if size != 1 {
                return None;
            }
        }
        Some(self.view(self.parts.offset, target, strides))
    }

    /// All elements in one axis.
    pub fn flatten(&self) -> Array {
        let source = self.contiguous();
        let shape = Shape::from_valid(&[self.len()]);
        source.view(source.parts.offset, shape, shape.row_major_strides())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[isize]) -> Array {
        Array::arange(shape.iter().product::<isize>() as usize).reshape(shape).unwrap()
    }

    #[test]
    fn views_share_memory_and_show_the_right_numbers() {
        let a = numbers(&[2, 3, 4]);
        let t = a.transpose();
        assert!(t.shares_memory(&a) && t.shape() == [4, 3, 2]);
        assert_eq!(t.index_axis(0, 1).unwrap().to_vec::<i64>().unwrap(), [1, 13, 5, 17, 9, 21]);
        let s = a.slice(&[(1..).into(), Slice::from(..).step_by(2), (-2..).into()]).unwrap();
        assert_eq!((s.shape(), s.to_vec::<i64>().unwrap()), (&[1, 2, 2][..], vec![14, 15, 22, 23]));
        assert!(s.shares_memory(&a));
        assert_eq!(a.slice_axis(2, 1..=3).unwrap().shape(), [2, 3, 3]);
        assert_eq!(a.slice_axis(2, 9..20).unwrap().shape(), [2, 3, 0]);
        let p = a.permute(&[2, 0, -2]).unwrap();
        assert_eq!((p.shape(), p.to_vec::<i64>().unwrap()[1]), (&[4, 2, 3][..], 4));
    }

    #[test]
    fn reshape_infers_a_size_and_refuses_what_does_not_fit() {
        let a = numbers(&[2, 6]);
        assert!(a.reshape(&[3, -1]).unwrap().shape() == [3, 4] && a.reshape(&[3, 4]).unwrap().shares_memory(&a));
        assert_eq!(a.transpose().reshape(&[-1]).unwrap().to_vec::<i64>().unwrap()[..3], [0, 6, 1]);
        for bad in [&[5, -1][..], &[-1, -1], &[-2, 6], &[13], &[0, -1]] {
            assert!(a.reshape(bad).is_err(), "{bad:?}");
        }
        assert_eq!(numbers(&[0, 3]).reshape(&[0, -1]).unwrap().len(), 0);
    }

    #[test]
    fn broadcasting_repeats_without_copying() {
        let a = Array::from([[1i64], [2]]);
        let b = a.broadcast_to(&[3, 2, 2]).unwrap();
        assert!(b.shares_memory(&a));
        assert_eq!(b.to_vec::<i64>().unwrap(), [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2]);
        assert!(a.broadcast_to(&[2, 2]).is_ok() && a.broadcast_to(&[3, 3]).is_err() && a.broadcast_to(&[2]).is_err());
    }

    #[test]
    fn axes_of_size_one_come_and_go() {
        let a = numbers(&[2, 3]).transpose();
        let e = a.expand_dims(1).unwrap();
        assert_eq!((e.shape(), e.expand_dims(-1).unwrap().shape()), (&[3, 1, 2][..], &[3, 1, 2, 1][..]));
        assert!(e.squeeze(1).unwrap().same_as(&a) && e.squeeze(0).is_err() && e.shares_memory(&a));
        assert!(a.expand_dims(4).is_err());
    }

    #[test]
    fn writing_never_shows_through_another_view() {
        let a = Array::from([1.0f64, 2.0]);
        let mut b = a.clone();
        b.make_mut::<f64>()[0] = 9.0;
        assert_eq!((a.to_vec::<f64>().unwrap()[0], b.to_vec::<f64>().unwrap()[0]), (1.0, 9.0));
        let whole = Array::from([[1.0f64, 2.0], [3.0, 4.0]]);
        let mut column = whole.index_axis(1, 1).unwrap();
        column.make_mut::<f64>()[0] = 7.0;
        assert_eq!(column.to_vec::<f64>().unwrap(), [7.0, 4.0]);
        assert_eq!(whole.to_vec::<f64>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    }
}
