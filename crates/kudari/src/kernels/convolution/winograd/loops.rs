//! The transforms of one square, vector by vector of channels.
#![allow(clippy::needless_range_loop)] // x and y count columns and rows of squares, in several arrays at once

use super::POSITIONS;
use crate::kernels::float::{DType, Element, Float};
use crate::kernels::matmul::vector::{Four, Vector};
use crate::kernels::simd::{Level, level};

type Input<T> = unsafe fn(&[*const T; POSITIONS], *mut T, usize, usize);
type Output<T> = unsafe fn(*const T, usize, &[*mut T; 4], usize, *const T, bool);
type Gradient<T> = unsafe fn(&[*const T; 4], *mut T, usize, usize);
type Kernel<T> = unsafe fn(&[*const T; 9], *mut T, usize, usize);
type KernelGradient<T> = unsafe fn(*const T, usize, &[*mut T; 9], usize);

/// The transforms for this processor and number type.
#[derive(Clone, Copy)]
pub(super) struct Loops<T> {
    input: Input<T>,
    output: Output<T>,
    gradient: Gradient<T>,
    kernel: Kernel<T>,
    kernel_gradient: KernelGradient<T>,
}

/// The loops compiled with some features for one kind of register.
macro_rules! loops {
    ($module:ident, $register:ty, $t:ty $(, $features:literal)?) => {
        mod $module {
            use super::*;
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn input(places: &[*const $t; POSITIONS], to: *mut $t, step: usize, depth: usize) {
                // SAFETY: forwarded from the caller (this and all below).
                unsafe { super::input::<$register>(places, to, step, depth) }
            }
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn output(sums: *const $t, step: usize, to: &[*mut $t; 4], columns: usize, bias: *const $t, relu: bool) {
                // SAFETY: see above.
                unsafe { super::output::<$register>(sums, step, to, columns, bias, relu) }
            }
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn gradient(places: &[*const $t; 4], to: *mut $t, step: usize, depth: usize) {
                // SAFETY: see above.
                unsafe { super::gradient::<$register>(places, to, step, depth) }
            }
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn kernel(taps: &[*const $t; 9], to: *mut $t, step: usize, columns: usize) {
                // SAFETY: see above.
                unsafe { super::kernel::<$register>(taps, to, step, columns) }
            }
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn kernel_gradient(sums: *const $t, step: usize, taps: &[*mut $t; 9], columns: usize) {
                // SAFETY: see above.
                unsafe { super::kernel_gradient::<$register>(sums, step, taps, columns) }
            }
            pub(super) const ALL: Loops<$t> = Loops { input, output, gradient, kernel, kernel_gradient };
        }
    };
}
#[cfg(target_arch = "x86_64")]
loops!(avx512, std::arch::x86_64::__m512, f32, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
loops!(avx2, std::arch::x86_64::__m256, f32, "avx2,fma");

impl<T: Float> Loops<T> {
    /// The best for the processor.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if T::DTYPE == DType::F32 {
            let found = match level() {
                Level::Avx512 => Some(avx512::ALL),
                Level::Avx2 => Some(avx2::ALL),
                Level::Portable => None,
            };
            if let Some(loops) = found {
                // SAFETY: T is f32 (it has that type's tag), so both are the same type.
                return unsafe { std::mem::transmute_copy::<Loops<f32>, Loops<T>>(&loops) };
            }
        }
        let _ = (DType::F32, level(), Level::Portable);
        Loops {
            input: input::<Four<T>>,
            output: output::<Four<T>>,
            gradient: gradient::<Four<T>>,
            kernel: kernel::<Four<T>>,
            kernel_gradient: kernel_gradient::<Four<T>>,
        }
    }

    /// `V = Bᵀ d B` of a square of 4×4 places: position p of it goes to `to[p · step]`, for `depth` channels.
    ///
    /// # Safety
    ///
    /// Every place has `depth` numbers, and so has every position of the target, which nobody else uses.
    pub(super) unsafe fn input(&self, places: &[*const T; POSITIONS], to: *mut T, step: usize, depth: usize) {
        // SAFETY: the caller vouches for the places; the loops were made for this processor (this and all below).
        unsafe { (self.input)(places, to, step, depth) }
    }

    /// `Aᵀ M A`, with bias and ReLU, to the four places of a square; null where there is none.
    ///
    /// # Safety
    ///
    /// Position p of the sums has `columns` numbers from `sums[p · step]` on and may be read up to whole registers; every target has
    /// `columns` numbers that nobody else uses, the bias too if it is not null.
    pub(super) unsafe fn output(
        &self,
        sums: *const T,
        step: usize,
        to: &[*mut T; 4],
        columns: usize,
        bias: *const T,
        relu: bool,
    ) {
        // SAFETY: see above.
        unsafe { (self.output)(sums, step, to, columns, bias, relu) }
    }

    /// `A g Aᵀ` of a square of 2×2 places of the output's gradient, as [`input`](Self::input).
    ///
    /// # Safety
    ///
    /// As for the input.
    pub(super) unsafe fn gradient(&self, places: &[*const T; 4], to: *mut T, step: usize, depth: usize) {
        // SAFETY: see above.
        unsafe { (self.gradient)(places, to, step, depth) }
    }

    /// `U = G w Gᵀ` of `columns` kernels side by side: tap t of them is `taps[t]`.
    ///
    /// # Safety
    ///
    /// As for the input.
    pub(super) unsafe fn kernel(&self, taps: &[*const T; 9], to: *mut T, step: usize, columns: usize) {
        // SAFETY: see above.
        unsafe { (self.kernel)(taps, to, step, columns) }
    }

    /// `Gᵀ S G` of the sums of `columns` kernels side by side: tap t of them goes to `taps[t]`.
    ///
    /// # Safety
    ///
    /// Position p of the sums has `columns` numbers from `sums[p · step]` on, and every tap has room for as many.
    pub(super) unsafe fn kernel_gradient(&self, sums: *const T, step: usize, taps: &[*mut T; 9], columns: usize) {
        // SAFETY: see above.
        unsafe { (self.kernel_gradient)(sums, step, taps, columns) }
    }
}

/// Bᵀ of a column.
#[inline(always)]
unsafe fn to_four<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 4] {
    // SAFETY: the caller has checked the processor's features (this and all below).
    unsafe { [a.sub(c), b.add(c), c.sub(b), b.sub(d)] }
}

/// Aᵀ of a column.
#[inline(always)]
unsafe fn to_two<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 2] {
    // SAFETY: see above.
    unsafe { [a.add(b).add(c), b.sub(c).sub(d)] }
}

/// A of a column.
#[inline(always)]
unsafe fn from_two<V: Vector>([a, b]: [V; 2]) -> [V; 4] {
    // SAFETY: see above.
    unsafe { [a, a.add(b), a.sub(b), V::zero().sub(b)] }
}

/// G of a column.
#[inline(always)]
unsafe fn from_three<V: Vector>([a, b, c]: [V; 3], half: V) -> [V; 4] {
    // SAFETY: see above. Halving is exact, so that the product rounds nothing.
    unsafe {
        let (outer, middle) = (a.add(c).mul_add(half, V::zero()), b.mul_add(half, V::zero()));
        [a, outer.add(middle), outer.sub(middle), c]
    }
}

/// Gᵀ of a column.
#[inline(always)]
unsafe fn to_three<V: Vector>([a, b, c, d]: [V; 4], half: V) -> [V; 3] {
    // SAFETY: see above.
    unsafe {
        let sum = b.add(c).mul_add(half, V::zero());
        [a.add(sum), b.sub(c).mul_add(half, V::zero()), sum.add(d)]
    }
}

#[inline(always)]
unsafe fn input<V: Vector>(places: &[*const V::T; POSITIONS], to: *mut V::T, step: usize, depth: usize) {
    let mut c = 0;
    while c < depth {
        // SAFETY: the caller vouches for `depth` numbers of every place and position; the mask leaves no others.
        unsafe {
            let mask = V::first((depth - c).min(V::LANES));
            let mut rows = [[V::zero(); 4]; 4];
            for y in 0..4 {
                for x in 0..4 {
                    rows[y][x] = V::load_masked(places[4 * y + x].add(c), mask);
                }
            }
            for x in 0..4 {
                let column = to_four([rows[0][x], rows[1][x], rows[2][x], rows[3][x]]);
                for y in 0..4 {
                    rows[y][x] = column[y];
                }
            }
            for y in 0..4 {
                let row = to_four(rows[y]);
                for x in 0..4 {
                    row[x].store_masked(to.add((4 * y + x) * step + c), mask);
                }
            }
        }
        c += V::LANES;
    }
}

#[inline(always)]
unsafe fn output<V: Vector>(sums: *const V::T, step: usize, to: &[*mut V::T; 4], columns: usize, bias: *const V::T, relu: bool) {
    let mut c = 0;
    while c < columns {
        // SAFETY: the caller vouches for the sums up to whole registers and for `columns` numbers of the bias and the targets,
        // which the mask keeps to.
        unsafe {
            let mask = V::first((columns - c).min(V::LANES));
            let mut rows = [[V::zero(); 4]; 2];
            for x in 0..4 {
                let at = |y: usize| sums.add((4 * y + x) * step + c);
                let [upper, lower] = to_two([V::load(at(0)), V::load(at(1)), V::load(at(2)), V::load(at(3))]);
                (rows[0][x], rows[1][x]) = (upper, lower);
            }
            let bias = if bias.is_null() { V::zero() } else { V::load_masked(bias.add(c), mask) };
            for y in 0..2 {
                let row = to_two(rows[y]);
                for x in 0..2 {
                    let place = to[2 * y + x];
                    if !place.is_null() {
                        let mut value = row[x].add(bias);
                        if relu {
                            value = V::zero().max(value);
                        }
                        value.store_masked(place.add(c), mask);
                    }
                }
            }
        }
        c += V::LANES;
    }
}

#[inline(always)]
unsafe fn gradient<V: Vector>(places: &[*const V::T; 4], to: *mut V::T, step: usize, depth: usize) {
    let mut c = 0;
    while c < depth {
        // SAFETY: as in `input`.
        unsafe {
            let mask = V::first((depth - c).min(V::LANES));
            let load = |i: usize| V::load_masked(places[i].add(c), mask);
            let (left, right) = (from_two([load(0), load(2)]), from_two([load(1), load(3)]));
            for y in 0..4 {
                let row = from_two([left[y], right[y]]);
                for x in 0..4 {
                    row[x].store_masked(to.add((4 * y + x) * step + c), mask);
                }
            }
        }
        c += V::LANES;
    }
}

#[inline(always)]
unsafe fn kernel<V: Vector>(taps: &[*const V::T; 9], to: *mut V::T, step: usize, columns: usize) {
    let mut c = 0;
    while c < columns {
        // SAFETY: as in `input`.
        unsafe {
            let mask = V::first((columns - c).min(V::LANES));
            let half = V::splat(V::T::from_f64(0.5));
            let mut rows = [[V::zero(); 3]; 4];
            for x in 0..3 {
                let load = |y: usize| V::load_masked(taps[3 * y + x].add(c), mask);
                let column = from_three([load(0), load(1), load(2)], half);
                for y in 0..4 {
                    rows[y][x] = column[y];
                }
            }
            for y in 0..4 {
                let row = from_three(rows[y], half);
                for x in 0..4 {
                    row[x].store_masked(to.add((4 * y + x) * step + c), mask);
                }
            }
        }
        c += V::LANES;
    }
}

#[inline(always)]
unsafe fn kernel_gradient<V: Vector>(sums: *const V::T, step: usize, taps: &[*mut V::T; 9], columns: usize) {
    let mut c = 0;
    while c < columns {
        // SAFETY: as in `input`.
        unsafe {
            let mask = V::first((columns - c).min(V::LANES));
            let half = V::splat(V::T::from_f64(0.5));
            let mut rows = [[V::zero(); 4]; 3];
            for x in 0..4 {
                let load = |y: usize| V::load_masked(sums.add((4 * y + x) * step + c), mask);
                let column = to_three([load(0), load(1), load(2), load(3)], half);
                for y in 0..3 {
                    rows[y][x] = column[y];
                }
            }
            for y in 0..3 {
                let row = to_three(rows[y], half);
                for x in 0..3 {
                    row[x].store_masked(taps[3 * y + x].add(c), mask);
                }
            }
        }
        c += V::LANES;
    }
}
