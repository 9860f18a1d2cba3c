//! The order in which the numbers of an array lie in memory.
//!
//! Pictures have the shape `[samples, channels, height, width]`, but convolutions and poolings lay their results with the
//! channels of one place side by side: samples, height, width, channels. Strides make that a matter of memory alone. So
//! that nothing in between turns the numbers around, elementwise functions keep the order that they find.

use super::{Array, Shape};
use crate::error::{Error, Result};
use crate::kernels::float::Element;
use crate::kernels::strided::MAX_RANK;

/// Axes from the outermost to the innermost; what stands behind the array's own is not read.
pub(super) type Order = [usize; MAX_RANK];

/// Samples, height, width, channels of the axes samples, channels, height, width, and back.
const TO_CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];
const FROM_CHANNELS_LAST: [usize; 4] = [0, 3, 1, 2];

impl Array {
    /// The order of the axes in which the numbers lie one after the other, if that is not the row-major order of the shape.
    pub(super) fn memory_order(&self) -> Option<Order> {
        if self.is_contiguous() {
            return None;
        }
        let mut order: Order = std::array::from_fn(|axis| axis);
        // The step along an axis of size 1 means nothing: such an axis may stand anywhere.
        let step = |&axis: &usize| if self.shape()[axis] == 1 { isize::MIN } else { -self.parts.strides[axis] };
        order[..self.rank()].sort_by_key(step);
        let mut expected = 1;
        for &axis in order[..self.rank()].iter().rev() {
            let size = self.shape()[axis];
            if size != 1 && self.parts.strides[axis] != expected {
                return None;
            }
            expected *= size as isize;
        }
        Some(order)
    }

    /// The axes in the given order.
    pub(super) fn in_order(&self, order: &Order) -> Array {
        self.reordered(&order[..self.rank()])
    }

    /// The opposite of [`Array::in_order`].
    pub(super) fn out_of_order(&self, order: &Order) -> Array {
        let mut inverse: Order = [0; MAX_RANK];
        for (place, &axis) in order[..self.rank()].iter().enumerate() {
            inverse[axis] = place;
        }
        self.reordered(&inverse[..self.rank()])
    }

    /// The same picture or pictures `[samples, channels, height, width]`, lying in memory with the channels last: itself if
    /// they do already, else a copy.
    ///
    /// # Errors
    ///
    /// Not four axes.
    pub(crate) fn channels_last(&self) -> Result<Array> {
        if self.rank() != 4 {
            return Err(Error::shape(format!("channels_last: shape {:?}", self.shape()))
                .help("pictures have the shape [samples, channels, height, width]"));
        }
        Ok(self.reordered(&TO_CHANNELS_LAST).contiguous().reordered(&FROM_CHANNELS_LAST))
    }

    /// New pictures of shape `[samples, channels, height, width]`, whose numbers `fill` writes with the channels last.
    pub(crate) fn build_channels_last<T: Element>(shape: [usize; 4], fill: impl FnOnce(&mut [T])) -> Array {
        let turned = Shape::from_valid(&TO_CHANNELS_LAST.map(|axis| shape[axis]));
        Array::build(turned, fill).reordered(&FROM_CHANNELS_LAST)
    }

    /// The numbers as they lie in memory, if they lie without gaps.
    pub(crate) fn memory_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.parts.dtype || !(self.is_contiguous() || self.memory_order().is_some()) {
            return None;
        }
        self.parts.buffer.all().get(self.parts.offset..self.parts.offset + self.len())
    }
}

/// The order of the result of a function of each element by itself: that of the operands if they lie without gaps. Where
/// they differ, row-major order goes first.
pub(super) fn common_order(operands: &[&Array]) -> Option<Order> {
    if operands.iter().any(|array| array.is_contiguous()) {
        return None;
    }
    operands.iter().find_map(|array| array.memory_order())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    /// Numbers 0, 1, … of this shape, lying with the channels last.
    fn pictures(shape: [usize; 4]) -> (Array, Array) {
        let plain = Array::arange(shape.iter().product()).to_dtype(DType::F64);
        let plain = plain.reshape(&shape.map(|s| s as isize)).unwrap();
        (plain.channels_last().unwrap(), plain)
    }

    #[test]
    fn channels_last_moves_memory_and_nothing_else() {
        for shape in [[2, 3, 4, 5], [1, 70, 3, 1], [3, 1, 2, 2], [2, 5, 1, 1], [0, 3, 2, 2]] {
            let (x, plain) = pictures(shape);
            assert!(x.same_as(&plain) && x.shape() == shape);
            let again = x.channels_last().unwrap();
            assert!(again.shares_memory(&x) && again.strides() == x.strides());
            let [n, c, h, w] = shape;
            let memory = x.memory_slice::<f64>().unwrap();
            for (at, &value) in memory.iter().enumerate() {
                let (channel, place, sample) = (at % c, at / c % (h * w), at / (c * h * w));
                assert_eq!(value, ((sample * c + channel) * h * w + place) as f64);
            }
            assert_eq!(memory.len(), n * c * h * w);
        }
        assert!(Array::zeros(&[2, 3], DType::F32).unwrap().channels_last().is_err());
    }

    #[test]
    fn elementwise_functions_keep_the_order() {
        let (x, plain) = pictures([2, 3, 4, 5]);
        let per_channel = Array::from([[[1.0]], [[2.0]], [[3.0]]]);
        let results = [
            (x.scale(2.0), plain.scale(2.0)),
            (x.add(&x).unwrap(), plain.add(&plain).unwrap()),
            (x.mul(&per_channel).unwrap(), plain.mul(&per_channel).unwrap()),
            (per_channel.sub(&x).unwrap(), per_channel.sub(&plain).unwrap()),
            (x.div(&Array::from(4.0)).unwrap(), plain.div(&Array::from(4.0)).unwrap()),
            (x.full_like(3.0), plain.full_like(3.0)),
        ];
        for (kept, expected) in results {
            assert!(kept.same_as(&expected));
            assert_eq!(kept.strides(), x.strides());
        }
        // Beside an operand in row-major order the result has that order.
        let both = x.add(&plain).unwrap();
        assert!(both.is_contiguous() && both.same_as(&plain.scale(2.0)));
        // A part of an array has gaps, which nothing keeps.
        let part = x.slice_axis(1, 0..2).unwrap();
        assert!(part.neg().is_contiguous() && part.neg().neg().same_as(&part) && part.memory_slice::<f64>().is_none());
    }

    #[test]
    fn adding_in_place_keeps_the_order_and_the_buffer() {
        let (x, plain) = pictures([2, 3, 4, 5]);
        let mut sum = x.scale(1.0);
        let (before, other) = (sum.memory_slice::<f64>().unwrap().as_ptr(), plain.scale(10.0));
        for other in [&x, &other] {
            sum.add_assign(other).unwrap();
        }
        assert_eq!((sum.strides(), sum.memory_slice::<f64>().unwrap().as_ptr()), (x.strides(), before));
        assert!(sum.same_as(&plain.scale(12.0)));
        let mut shared = x.clone();
        shared.add_assign(&Array::from(1.0)).unwrap();
        assert!(shared.same_as(&plain.shift(1.0)) && x.same_as(&plain) && shared.strides() == x.strides());
    }

    /// Expected values from the same numbers in row-major order.
    #[test]
    fn sums_over_what_lies_channels_last() {
        for shape in [[2, 3, 4, 5], [7, 16, 30, 20], [5, 40, 30, 31], [3, 1, 64, 64]] {
            let (x, plain) = pictures(shape);
            for axes in [&[0, 2, 3][..], &[2, 3], &[1], &[0], &[], &[1, 3], &[3]] {
                for keep in [false, true] {
                    let (got, expected) = (x.sum_axes(axes, keep).unwrap(), plain.sum_axes(axes, keep).unwrap());
                    assert!(got.same_as(&expected), "{shape:?} over {axes:?}"); // whole numbers: exact in any order
                    assert!(x.max_axes(axes, keep).unwrap().same_as(&plain.max_axes(axes, keep).unwrap()));
                }
            }
            assert!(x.argmax(1).unwrap().same_as(&plain.argmax(1).unwrap()));
        }
    }
}
