//! The micro-kernels for operands whose inner dimension is contiguous in both: a tile of dot products.
//!
//! `x·Wᵀ`, the forward pass of a linear layer, is of this kind. Both operands are read where they lie, along the inner
//! dimension; every element of the tile has a register of partial sums, which are added at the end.

use super::vector::{Four, Vector};
use crate::kernels::float::{DType, Float, Number};
use crate::kernels::simd::{Level, level};

/// Rows and columns of a tile: 25 registers of sums, and ten loads for 25 multiply-adds.
pub(super) const ROWS: usize = 5;
pub(super) const COLUMNS: usize = 5;

/// What a micro-kernel works on. Strides are in numbers.
pub(super) struct Dots<'a, T> {
    /// Length of the inner dimension.
    pub depth: usize,
    /// The first row of a, and the distance of the next.
    pub a: *const T,
    pub a_row: isize,
    /// The first column of b, and the distance of the next.
    pub b: *const T,
    pub b_column: isize,
    pub out: *mut T,
    pub out_row: usize,
    /// At most [`ROWS`] and [`COLUMNS`].
    pub rows: usize,
    pub columns: usize,
    /// Add to what is in `out` instead of replacing it.
    pub accumulate: bool,
    /// A number for every column, added to all rows.
    pub bias: Option<&'a [T]>,
    /// Replace what is below 0 by 0.
    pub relu: bool,
}

/// The micro-kernel for one level and type.
pub(super) type Kernel<T> = unsafe fn(&Dots<'_, T>);

/// The best micro-kernel for the processor.
pub(super) fn best<T: Float>() -> Kernel<T> {
    of(level())
}

/// The micro-kernel of one level, which the processor must have.
pub(super) fn of<T: Float>(level: Level) -> Kernel<T> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
        // SAFETY: each vector type is paired with its own number type T = V::T, for which both are the same function type.
        unsafe {
            match (level, T::DTYPE) {
                (Level::Avx512, DType::F32) => std::mem::transmute::<Kernel<f32>, Kernel<T>>(avx512::<__m512>),
                (Level::Avx512, _) => std::mem::transmute::<Kernel<f64>, Kernel<T>>(avx512::<__m512d>),
                (Level::Avx2, DType::F32) => std::mem::transmute::<Kernel<f32>, Kernel<T>>(avx2::<__m256>),
                (Level::Avx2, _) => std::mem::transmute::<Kernel<f64>, Kernel<T>>(avx2::<__m256d>),
                (Level::Portable, _) => portable::<T>,
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (level, DType::F32);
        portable::<T>
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512<V: Vector>(dots: &Dots<'_, V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_rows::<V>(dots) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Vector>(dots: &Dots<'_, V::T>) {
    // With 16 registers two rows at a time keep the sums out of memory.
    for first in (0..dots.rows).step_by(2) {
        // SAFETY: forwarded from the caller; the rows lie inside the tile.
        unsafe {
            let (a, out) = (dots.a.offset(first as isize * dots.a_row), dots.out.add(first * dots.out_row));
            by_rows::<V>(&Dots { rows: (dots.rows - first).min(2), a, out, ..*dots });
        }
    }
}

unsafe fn portable<T: Float>(dots: &Dots<'_, T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_rows::<Four<T>>(dots) }
}

#[inline(always)]
unsafe fn by_rows<V: Vector>(dots: &Dots<'_, V::T>) {
    // SAFETY: forwarded from the caller; the number of rows matches by the choice made here.
    unsafe {
        match dots.rows {
            1 => multiply::<V, 1>(dots),
            2 => multiply::<V, 2>(dots),
            3 => multiply::<V, 3>(dots),
            4 => multiply::<V, 4>(dots),
            _ => multiply::<V, 5>(dots),
        }
    }
}

#[inline(always)]
unsafe fn multiply<V: Vector, const R: usize>(dots: &Dots<'_, V::T>) {
    // SAFETY: the caller vouches for `depth` numbers in every row of a and column of b, and for the tile of `out`. Columns
    // beyond the last are the last one again, read and not written.
    unsafe {
        let last = dots.columns as isize - 1;
        let columns: [*const V::T; COLUMNS] = std::array::from_fn(|c| dots.b.offset(last.min(c as isize) * dots.b_column));
        let rows: [*const V::T; R] = std::array::from_fn(|r| dots.a.offset(r as isize * dots.a_row));
        let mut sums = [[V::zero(); COLUMNS]; R];
        let whole = dots.depth / V::LANES * V::LANES;
        let mut at = 0;
        while at < whole {
            let b: [V; COLUMNS] = std::array::from_fn(|c| V::load(columns[c].add(at)));
            for (r, sums) in sums.iter_mut().enumerate() {
                let a = V::load(rows[r].add(at));
                for c in 0..COLUMNS {
                    sums[c] = a.mul_add(b[c], sums[c]);
                }
            }
            at += V::LANES;
        }
        if at < dots.depth {
            let mask = V::first(dots.depth - at);
            let b: [V; COLUMNS] = std::array::from_fn(|c| V::load_masked(columns[c].add(at), mask));
            for (r, sums) in sums.iter_mut().enumerate() {
                let a = V::load_masked(rows[r].add(at), mask);
                for c in 0..COLUMNS {
                    sums[c] = a.mul_add(b[c], sums[c]);
                }
            }
        }
        let write = |r: usize, c: usize, total: V::T| {
            if c >= dots.columns {
                return;
            }
            let to = dots.out.add(r * dots.out_row + c);
            let mut value = if dots.accumulate { *to + total } else { total };
            if let Some(bias) = dots.bias {
                value = value + bias[c];
            }
            *to = if dots.relu && value < V::T::ZERO { V::T::ZERO } else { value };
        };
        // Registers are summed by fours: the first four columns of every row, then the last column.
        let mut last = [V::zero(); 2 * 4];
        for (r, [a, b, c, d, e]) in sums.into_iter().enumerate() {
            V::sums([a, b, c, d]).into_iter().enumerate().for_each(|(c, total)| write(r, c, total));
            last[r] = e;
        }
        let [a, b, c, d, rest @ ..] = last;
        V::sums([a, b, c, d]).into_iter().enumerate().take(R).for_each(|(r, total)| write(r, 4, total));
        if R > 4 {
            V::sums(rest).into_iter().enumerate().take(R - 4).for_each(|(r, total)| write(4 + r, 4, total));
        }
    }
}
