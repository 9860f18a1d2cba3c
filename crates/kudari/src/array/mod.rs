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
use crate::kernels::strided::{MAX_RANK, Strided};
use shape::Strides;

/// N-dimensional numbers: a shared buffer with a shape, strides and a type.
///
/// Cloning is cheap and shares the buffer. Axes are counted from 0; there are at most 6.
#[derive(Clone)]
pub struct Array {
    buffer: Buffer,
    offset: usize,
    shape: Shape,
    strides: Strides,
    dtype: DType,
}

impl Array {
    /// Sizes of the axes; empty for a single number.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.shape.as_slice()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// Number of elements: the product of the sizes.
    pub fn len(&self) -> usize {
        self.shape.len()
    }

    /// Whether there is no element: some axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the numbers.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Steps in elements from one index to the next, for every axis; 0 along a broadcast axis.
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.rank()]
    }

    /// Whether the elements lie in memory one after the other in row-major order.
    pub fn is_contiguous(&self) -> bool {
        is_contiguous(self.shape(), self.strides())
    }

    /// Whether both are views of the same buffer.
    pub fn shares_memory(&self, other: &Array) -> bool {
        self.buffer.same_memory(&other.buffer)
    }

    /// A new array whose elements `fill` writes, in row-major order.
    #[inline]
    pub(crate) fn build<T: Element>(shape: Shape, fill: impl FnOnce(&mut [T])) -> Array {
        let mut array = Array::recycled::<T>(shape);
        if let Some(values) = array.buffer.slice_mut(shape.len()) {
            fill(values); // always: a fresh buffer has one owner
        }
        array
    }

    /// An array of any numbers, to be filled.
    #[inline(never)]
    fn recycled<T: Element>(shape: Shape) -> Array {
        let buffer = Buffer::recycled::<T>(shape.len());
        Array { buffer, offset: 0, shape, strides: shape.row_major_strides(), dtype: T::DTYPE }
    }

    /// Another view of the same buffer.
    fn view(&self, offset: usize, shape: Shape, strides: Strides) -> Array {
        Array { buffer: self.buffer.clone(), offset, shape, strides, ..*self }
    }

    /// The whole buffer for a kernel, with the offset and strides of this view.
    pub(crate) fn strided<T: Element>(&self) -> Strided<'_, T> {
        debug_assert_eq!(T::DTYPE, self.dtype);
        Strided { data: self.buffer.all(), offset: self.offset, strides: self.strides() }
    }

    /// The elements in row-major order, if they lie so in memory and have this type.
    pub(crate) fn contiguous_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.dtype || !self.is_contiguous() {
            return None;
        }
        let (from, len) = (self.offset, self.len());
        self.buffer.all().get(from..from + len)
    }

    /// The elements for writing in row-major order. Copies first if the buffer is shared or not in that order.
    pub(crate) fn make_mut<T: Element>(&mut self) -> &mut [T] {
        debug_assert_eq!(T::DTYPE, self.dtype);
        if !self.is_contiguous() || !self.buffer.is_unique() {
            *self = self.copy();
        }
        let (from, len) = (self.offset, self.len());
        match self.buffer.slice_mut(from + len) {
            Some(values) => &mut values[from..],
            None => &mut [],
        }
    }

    /// The same shape and type without the numbers, for what needs to know only how large something was.
    pub(crate) fn hollow(&self) -> Array {
        Array { buffer: Buffer::hollow(), strides: [0; MAX_RANK], offset: 0, ..*self }
    }

    /// Whether it is without numbers.
    pub(crate) fn is_hollow(&self) -> bool {
        self.buffer.is_hollow()
    }
}
