//! Floor 2: arrays, n-dimensional numbers. No graph and no gradients.
//!
//! An [`Array`] is a shared buffer seen through a shape and strides. Reshaping, transposing, slicing and broadcasting
//! give another view of the same buffer without copying; writing happens in place when the buffer has one owner and
//! copies otherwise, so no view ever sees a change made through another. The type of the numbers ([`DType`]) is a
//! property at run time: f32 by default, f64 for gradient checks, i64 for labels, bool for comparisons; f16 and bf16 halve the
//! memory: what is calculated from them is calculated in f32 and rounded once.

mod arithmetic;
mod arrange;
mod compare;
mod convert;
mod create;
mod display;
mod foreign;
mod half;
mod index;
mod join;
mod order;
mod product;
mod random;
mod reduce;
mod shape;
mod sort;
mod view;

pub use crate::kernels::float::DType;
pub use ::half::{bf16, f16};
pub use create::Scalar;
pub use random::Stream;
pub use shape::Shape;
pub use view::Slice;

pub(crate) use arithmetic::{Map, Map2, Map3, operators};
pub(crate) use shape::{axes_mask, broadcast_shapes, index_of, normalise_axis};

use crate::kernels::elementwise::is_contiguous;
use crate::kernels::float::Element;
use crate::kernels::memory::Buffer;
use crate::kernels::shared::Shared;
use crate::kernels::strided::{MAX_RANK, Strided};
use shape::Strides;

/// N-dimensional numbers: a shared buffer with a shape, strides and a type.
///
/// Cloning is cheap and shares the buffer. Axes are counted from 0; there are at most 6.
#[derive(Clone)]
pub struct Array {
    parts: Shared<Parts>,
}

/// What an array is made of. Arrays are moved and cloned many times for every function that is applied, so they are a pointer to
/// this.
#[derive(Clone)]
struct Parts {
    buffer: Buffer,
    offset: usize,
    shape: Shape,
    strides: Strides,
    dtype: DType,
}

impl From<Parts> for Array {
    #[inline]
    fn from(parts: Parts) -> Array {
        Array { parts: Shared::new(parts) }
    }
}

impl Array {
    /// Sizes of the axes; empty for a single number.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.parts.shape.as_slice()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.parts.shape.rank()
    }

    /// Number of elements: the product of the sizes.
    pub fn len(&self) -> usize {
        self.parts.shape.len()
    }

    /// Whether there is no element: some axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the numbers.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.parts.dtype
    }

    /// Steps in elements from one index to the next, for every axis; 0 along a broadcast axis.
    pub fn strides(&self) -> &[isize] {
        &self.parts.strides[..self.rank()]
    }

    /// Whether the elements lie in memory one after the other in row-major order.
    pub fn is_contiguous(&self) -> bool {
        is_contiguous(self.shape(), self.strides())
    }

    /// Whether both are views of the same buffer.
    pub fn shares_memory(&self, other: &Array) -> bool {
        self.parts.buffer.same_memory(&other.parts.buffer)
    }

    /// A new array whose elements `fill` writes, in row-major order.
    #[inline]
    pub(crate) fn build<T: Element>(shape: Shape, fill: impl FnOnce(&mut [T])) -> Array {
        let mut array = Array::recycled::<T>(&shape);
        if let Some(values) = array.only_values(shape.len()) {
            fill(values); // always: a fresh array has one owner
        }
        array
    }

    /// An array of any numbers, to be filled.
    #[inline(never)]
    fn recycled<T: Element>(shape: &Shape) -> Array {
        let buffer = Buffer::recycled::<T>(shape.len());
        let parts = Parts { buffer, offset: 0, shape: Shape::SCALAR, strides: [0; MAX_RANK], dtype: T::DTYPE };
        let mut array = Array::from(parts);
        // Written number by number where they stay: sizes and steps that were just made one by one cannot be copied several at a time
        // without waiting for them. (Always: a fresh array has one owner.)
        if let Some(parts) = array.parts.get_mut() {
            shape.lay_out(&mut parts.shape, &mut parts.strides);
        }
        array
    }

    /// Another view of the same buffer.
    fn view(&self, offset: usize, shape: Shape, strides: Strides) -> Array {
        Parts { buffer: self.parts.buffer.clone(), offset, shape, strides, dtype: self.parts.dtype }.into()
    }

    /// The whole buffer for a kernel, with the offset and strides of this view.
    pub(crate) fn strided<T: Element>(&self) -> Strided<'_, T> {
        debug_assert_eq!(T::DTYPE, self.parts.dtype);
        Strided { data: self.parts.buffer.all(), offset: self.parts.offset, strides: self.strides() }
    }

    /// The elements in row-major order, if they lie so in memory and have this type.
    pub(crate) fn contiguous_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.parts.dtype || !self.is_contiguous() {
            return None;
        }
        let (from, len) = (self.parts.offset, self.len());
        self.parts.buffer.all().get(from..from + len)
    }

    /// The elements for writing in row-major order. Copies first if the buffer is shared or not in that order.
    pub(crate) fn make_mut<T: Element>(&mut self) -> &mut [T] {
        debug_assert_eq!(T::DTYPE, self.parts.dtype);
        if !self.is_contiguous() || !self.parts.has_one_owner() || !self.parts.buffer.is_unique() {
            *self = self.copy();
        }
        let (from, len) = (self.parts.offset, self.len());
        match self.only_values(from + len) {
            Some(values) => &mut values[from..],
            None => &mut [],
        }
    }

    /// The first `len` values of the buffer for writing, if it is this array's alone.
    #[inline]
    fn only_values<T: Element>(&mut self, len: usize) -> Option<&mut [T]> {
        self.parts.get_mut()?.buffer.slice_mut(len)
    }

    /// The same shape and type without the numbers, for what needs to know only how large something was.
    pub(crate) fn hollow(&self) -> Array {
        self.hollow_as(self.parts.dtype)
    }

    /// As [`Array::hollow`], of another type.
    fn hollow_as(&self, dtype: DType) -> Array {
        if self.is_hollow() && dtype == self.parts.dtype {
            return self.clone();
        }
        Parts { buffer: Buffer::hollow(), offset: 0, shape: self.parts.shape, strides: [0; MAX_RANK], dtype }.into()
    }

    /// Whether it is without numbers.
    pub(crate) fn is_hollow(&self) -> bool {
        self.parts.buffer.is_hollow()
    }
}
