//! Copies of operands in the order in which the micro-kernels read them.
//!
//! A matrix is cut into groups of lines (rows of the left operand, columns of the right); in each group the numbers lie
//! inner index by inner index: `packed[inner][line in group]`.

use std::ops::Range;

use super::Matrix;
use super::vector::Vector;
use crate::kernels::float::{DType, Float};
use crate::kernels::simd::{Level, level};

/// Copies lines `first..first + count` of `x` (its rows), inner indices `from..from + depth`, into one group of `width`
/// lines; lines beyond `count` are zero.
pub(super) fn group<T: Float>(part: &mut [T], x: Matrix<'_, T>, [first, count, width]: [usize; 3], [from, depth]: [usize; 2]) {
    assert!(part.len() == depth * width && count <= width, "the size of a group");
    if count < width {
        part.fill(T::ZERO);
    }
    if count == 0 || depth == 0 {
        return;
    }
    let source = x.block(first, from, count, depth);
    let copy = Copy { source, line: x.row_stride, inner: x.column_stride, count, depth, width, to: part.as_mut_ptr() };
    // SAFETY: `block` has checked the corners of count × depth numbers of x, `part` has room for depth × width, and the
    // function was made for this processor.
    unsafe { copier::<T>()(&copy) }
}

/// Asks for part number `part` of `parts` of the numbers that will be packed next: lines `lines` of `x`, inner indices `inner`.
/// The processor fetches them into the second-level cache while it computes.
pub(super) fn ahead<T: Float>(x: Matrix<'_, T>, lines: Range<usize>, inner: Range<usize>, part: usize, parts: usize) {
    // Cache lines run along the axis whose numbers lie together.
    let (outer, along, outer_stride, along_stride) = if x.column_stride == 1 {
        (lines, inner, x.row_stride, x.column_stride)
    } else {
        (inner, lines, x.column_stride, x.row_stride)
    };
    let of_part = |part: usize| outer.start + outer.len() * part / parts;
    let per_line = 64 / size_of::<T>();
    for o in of_part(part)..of_part(part + 1) {
        for i in along.clone().step_by(per_line) {
            let at = x.offset as isize + o as isize * outer_stride + i as isize * along_stride;
            prefetch(x.data.as_ptr().wrapping_offset(at));
        }
    }
}

#[inline(always)]
fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and of an address that is not there it does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// A group to copy. Strides are in numbers.
struct Copy<T> {
    source: *const T,
    /// From one line to the next, and from one inner index to the next.
    line: isize,
    inner: isize,
    count: usize,
    depth: usize,
    width: usize,
    to: *mut T,
}

type Copier<T> = unsafe fn(&Copy<T>);

/// The copying function for this processor and type.
fn copier<T: Float>() -> Copier<T> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m256, __m512};
        // SAFETY: the vector types hold f32, for which both are the same function type.
        unsafe {
            match (level(), T::DTYPE) {
                (Level::Avx512, DType::F32) => return std::mem::transmute::<Copier<f32>, Copier<T>>(avx512::<__m512>),
                (Level::Avx2, DType::F32) => return std::mem::transmute::<Copier<f32>, Copier<T>>(avx2::<__m256>),
                _ => {}
            }
        }
    }
    let _ = (level(), DType::F32, Level::Avx2);
    plain::<T>
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512<V: Vector>(copy: &Copy<V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_vectors::<V>(copy) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Vector>(copy: &Copy<V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_vectors::<V>(copy) }
}

/// Number by number: the twin of the others.
unsafe fn plain<T: Float>(copy: &Copy<T>) {
    // SAFETY: the caller vouches for count × depth numbers at the source and depth × width at the target.
    unsafe {
        for k in 0..copy.depth {
            for l in 0..copy.count {
                *copy.to.add(k * copy.width + l) = *copy.source.offset(l as isize * copy.line + k as isize * copy.inner);
            }
        }
    }
}

#[inline(always)]
unsafe fn by_vectors<V: Vector>(copy: &Copy<V::T>) {
    let &Copy { source, line, inner, count, depth, width, to } = copy;
    let lanes = V::LANES;
    // SAFETY: the caller vouches for the numbers; squares and masked vectors stay inside count × depth.
    unsafe {
        if line == 1 {
            // The lines of one inner index lie together: plain copies.
            let whole = count / lanes;
            let rest = count - whole * lanes;
            for k in 0..depth {
                let (from, to) = (source.offset(k as isize * inner), to.add(k * width));
                V::prefetch(source.wrapping_offset((k + 8) as isize * inner));
                for v in 0..whole {
                    V::load(from.add(v * lanes)).store(to.add(v * lanes));
                }
                if rest > 0 {
                    let mask = V::first(rest);
                    V::load_masked(from.add(whole * lanes), mask).store_masked(to.add(whole * lanes), mask);
                }
            }
        } else if inner == 1 {
            // The inner index runs along memory: squares are turned over in registers.
            let squares = depth / lanes * lanes;
            for l in (0..count).step_by(lanes) {
                let lines = lanes.min(count - l);
                let from = source.offset(l as isize * line);
                for k in (0..squares).step_by(lanes) {
                    for i in 0..lines {
                        V::prefetch(from.wrapping_offset(i as isize * line + (k + 4 * lanes) as isize));
                    }
                    V::transpose(from.add(k), line, lines, to.add(k * width + l), width);
                }
            }
            let rest = Copy { source: source.add(squares), depth: depth - squares, to: to.add(squares * width), ..*copy };
            plain(&rest);
        } else {
            plain(copy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever way the numbers lie, a group holds them inner index by inner index, and zeros where lines are missing.
    #[test]
    fn groups_hold_the_lines_in_order() {
        let (lines, inner) = (37, 45);
        let data: Vec<f32> = (0..lines * inner * 2).map(|i| i as f32).collect();
        for (row_stride, column_stride) in [(inner as isize, 1), (1, lines as isize), (2 * inner as isize, 2)] {
            let x = Matrix { data: &data[..], offset: 0, row_stride, column_stride };
            for (first, count, width) in [(0, 32, 32), (32, 5, 32), (3, 14, 14), (7, 13, 13), (36, 1, 8), (0, 0, 4)] {
                for (from, depth) in [(0, 45), (5, 16), (40, 5), (0, 0), (1, 33)] {
                    let mut part = vec![f32::NAN; depth * width];
                    group(&mut part, x, [first, count, width], [from, depth]);
                    for k in 0..depth {
                        for l in 0..width {
                            let at = (first + l) as isize * row_stride + (from + k) as isize * column_stride;
                            let expected = if l < count { data[at as usize] } else { 0.0 };
                            assert_eq!(part[k * width + l], expected, "{row_stride} {first} {count} {width} {from} {depth}");
                        }
                    }
                }
            }
        }
    }
}
