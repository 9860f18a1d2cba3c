//! The transforms of one square, vector by vector of channels.
#![allow(clippy::needless_range_loop)] // x and y count columns and rows of squares, in several arrays at once

use super::method::{Four as FourPlaces, MOST_OUT, MOST_POSITIONS, Method, Transforms, Two};
use crate::kernels::float::{DType, Float};
use crate::kernels::matmul::vector::{Four, Vector};
use crate::kernels::simd::{Level, level};

type Input<T> = unsafe fn(&[*const T; MOST_POSITIONS], *mut T, usize, usize);
type Output<T> = unsafe fn(*const T, usize, &[*mut T; MOST_OUT * MOST_OUT], usize, *const T, bool);
type Gradient<T> = unsafe fn(&[*const T; MOST_OUT * MOST_OUT], *mut T, usize, usize);
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
            unsafe fn input<S: Transforms>(places: &[*const $t; MOST_POSITIONS], to: *mut $t, step: usize, depth: usize) {
                // SAFETY: forwarded from the caller (this and all below).
                unsafe { super::input::<S, $register>(places, to, step, depth) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn output<S: Transforms>(sums: *const $t, step: usize, to: &[*mut $t; MOST_OUT * MOST_OUT], columns: usize, bias: *const $t, relu: bool) {
                // SAFETY: see above.
                unsafe { super::output::<S, $register>(sums, step, to, columns, bias, relu) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn gradient<S: Transforms>(places: &[*const $t; MOST_OUT * MOST_OUT], to: *mut $t, step: usize, depth: usize) {
                // SAFETY: see above.
                unsafe { super::gradient::<S, $register>(places, to, step, depth) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn kernel<S: Transforms>(taps: &[*const $t; 9], to: *mut $t, step: usize, columns: usize) {
                // SAFETY: see above.
                unsafe { super::kernel::<S, $register>(taps, to, step, columns) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn kernel_gradient<S: Transforms>(sums: *const $t, step: usize, taps: &[*mut $t; 9], columns: usize) {
                // SAFETY: see above.
                unsafe { super::kernel_gradient::<S, $register>(sums, step, taps, columns) }
            }
            pub(super) fn all<S: Transforms>() -> Loops<$t> {
                Loops {
                    input: input::<S>,
                    output: output::<S>,
                    gradient: gradient::<S>,
                    kernel: kernel::<S>,
                    kernel_gradient: kernel_gradient::<S>,
                }
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
loops!(avx512, std::arch::x86_64::__m512, f32, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
loops!(avx2, std::arch::x86_64::__m256, f32, "avx2,fma");

impl<T: Float> Loops<T> {
    /// The best for the processor.
    pub(super) fn best(method: Method) -> Self {
        match method {
            Method::Two => Self::of::<Two>(),
            Method::Four => Self::of::<FourPlaces>(),
        }
    }

    fn of<S: Transforms>() -> Self {
        #[cfg(target_arch = "x86_64")]
        if T::DTYPE == DType::F32 {
            let found = match level() {
                Level::Avx512 => Some(avx512::all::<S>()),
                Level::Avx2 => Some(avx2::all::<S>()),
                Level::Portable => None,
            };
            if let Some(loops) = found {
                // SAFETY: T is f32 (it has that type's tag), so both are the same type.
                return unsafe { std::mem::transmute_copy::<Loops<f32>, Loops<T>>(&loops) };
            }
        }
        let _ = (DType::F32, level(), Level::Portable);
        Loops {
            input: input::<S, Four<T>>,
            output: output::<S, Four<T>>,
            gradient: gradient::<S, Four<T>>,
            kernel: kernel::<S, Four<T>>,
            kernel_gradient: kernel_gradient::<S, Four<T>>,
        }
    }

    /// `V = Bᵀ d B` of a square: position p of it goes to `to[p · step]`, for `depth` channels.
    ///
    /// # Safety
    ///
    /// Every place has `depth` numbers, and so has every position of the target, which nobody else uses.
    pub(super) unsafe fn input(&self, places: &[*const T; MOST_POSITIONS], to: *mut T, step: usize, depth: usize) {
        // SAFETY: the caller vouches for the places; the loops were made for this processor (this and all below).
        unsafe { (self.input)(places, to, step, depth) }
    }

    /// `Aᵀ M A`, with bias and ReLU, to the places of a square; null where there is none.
    ///
    /// # Safety
    ///
    /// Position p of the sums has `columns` numbers from `sums[p · step]` on and may be read up to whole registers; every target has
    /// `columns` numbers that nobody else uses, the bias too if it is not null.
    pub(super) unsafe fn output(
        &self,
        sums: *const T,
        step: usize,
        to: &[*mut T; MOST_OUT * MOST_OUT],
        columns: usize,
        bias: *const T,
        relu: bool,
    ) {
        // SAFETY: see above.
        unsafe { (self.output)(sums, step, to, columns, bias, relu) }
    }

    /// `A g Aᵀ` of a square of the output's gradient, as [`input`](Self::input).
    ///
    /// # Safety
    ///
    /// As for the input.
    pub(super) unsafe fn gradient(&self, places: &[*const T; MOST_OUT * MOST_OUT], to: *mut T, step: usize, depth: usize) {
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

/// Runs `$part` for whole registers of the first `$count` numbers, then once more for the rest.
macro_rules! by_registers {
    ($V:ident, $count:expr, $part:expr) => {{
        let mut c = 0;
        while c + $V::LANES <= $count {
            $part(c, None);
            c += $V::LANES;
        }
        if c < $count {
            // SAFETY: the caller has checked the processor's features.
            $part(c, Some(unsafe { $V::first($count - c) }));
        }
    }};
}

/// A register, or those lanes of it that the mask names.
#[inline(always)]
unsafe fn load<V: Vector>(from: *const V::T, mask: Option<V::Mask>) -> V {
    // SAFETY: the caller vouches for the numbers.
    unsafe {
        match mask {
            None => V::load(from),
            Some(mask) => V::load_masked(from, mask),
        }
    }
}

/// As [`load`].
#[inline(always)]
unsafe fn store<V: Vector>(value: V, to: *mut V::T, mask: Option<V::Mask>) {
    // SAFETY: the caller vouches for the numbers.
    unsafe {
        match mask {
            None => value.store(to),
            Some(mask) => value.store_masked(to, mask),
        }
    }
}

/// Applies a transform of columns to all columns of a square of `columns` columns, and then to all `rows` rows of what comes out:
/// `load` gives its numbers by row and column, `store` takes those of the result.
///
/// # Safety
///
/// The processor has the instructions of the registers.
#[inline(always)]
unsafe fn both_ways<V: Vector, const FROM: usize, const TO: usize>(
    [columns, rows]: [usize; 2],
    transform: unsafe fn([V; FROM]) -> [V; TO],
    load: impl Fn(usize, usize) -> V,
    mut store: impl FnMut(usize, usize, V),
) {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let mut between = [[V::zero(); FROM]; TO];
        for x in 0..columns {
            let mut column = [V::zero(); FROM];
            for y in 0..columns {
                column[y] = load(y, x);
            }
            let column = transform(column);
            for y in 0..rows {
                between[y][x] = column[y];
            }
        }
        for y in 0..rows {
            let row = transform(between[y]);
            for x in 0..rows {
                store(y, x, row[x]);
            }
        }
    }
}

#[inline(always)]
unsafe fn input<S: Transforms, V: Vector>(places: &[*const V::T; MOST_POSITIONS], to: *mut V::T, step: usize, depth: usize) {
    by_registers!(V, depth, |c: usize, mask| {
        // SAFETY: the caller vouches for `depth` numbers of every place and position; the mask leaves no others.
        unsafe {
            both_ways(
                [S::SIDE, S::SIDE],
                S::input,
                |y, x| load::<V>(places[S::SIDE * y + x].add(c), mask),
                |y, x, value| store(value, to.add((S::SIDE * y + x) * step + c), mask),
            );
        }
    });
}

#[inline(always)]
unsafe fn output<S: Transforms, V: Vector>(
    sums: *const V::T,
    step: usize,
    to: &[*mut V::T; MOST_OUT * MOST_OUT],
    columns: usize,
    bias: *const V::T,
    relu: bool,
) {
    by_registers!(V, columns, |c: usize, mask| {
        // SAFETY: the caller vouches for the sums up to whole registers and for `columns` numbers of the bias and the targets,
        // which the mask keeps to.
        unsafe {
            let bias = if bias.is_null() { V::zero() } else { load(bias.add(c), mask) };
            both_ways(
                [S::SIDE, S::OUT],
                S::output,
                |y, x| V::load(sums.add((S::SIDE * y + x) * step + c)),
                |y, x, value| {
                    let place = to[S::OUT * y + x];
                    if !place.is_null() {
                        let mut value = value.add(bias);
                        if relu {
                            value = V::zero().max(value);
                        }
                        store(value, place.add(c), mask);
                    }
                },
            );
        }
    });
}

#[inline(always)]
unsafe fn gradient<S: Transforms, V: Vector>(
    places: &[*const V::T; MOST_OUT * MOST_OUT],
    to: *mut V::T,
    step: usize,
    depth: usize,
) {
    by_registers!(V, depth, |c: usize, mask| {
        // SAFETY: as in `input`.
        unsafe {
            both_ways(
                [S::OUT, S::SIDE],
                S::gradient,
                |y, x| load::<V>(places[S::OUT * y + x].add(c), mask),
                |y, x, value| store(value, to.add((S::SIDE * y + x) * step + c), mask),
            );
        }
    });
}

#[inline(always)]
unsafe fn kernel<S: Transforms, V: Vector>(taps: &[*const V::T; 9], to: *mut V::T, step: usize, columns: usize) {
    by_registers!(V, columns, |c: usize, mask| {
        // SAFETY: as in `input`.
        unsafe {
            both_ways(
                [3, S::SIDE],
                S::kernel,
                |y, x| load::<V>(taps[3 * y + x].add(c), mask),
                |y, x, value| store(value, to.add((S::SIDE * y + x) * step + c), mask),
            );
        }
    });
}

#[inline(always)]
unsafe fn kernel_gradient<S: Transforms, V: Vector>(sums: *const V::T, step: usize, taps: &[*mut V::T; 9], columns: usize) {
    by_registers!(V, columns, |c: usize, mask| {
        // SAFETY: as in `input`.
        unsafe {
            both_ways(
                [S::SIDE, 3],
                S::kernel_gradient,
                |y, x| load::<V>(sums.add((S::SIDE * y + x) * step + c), mask),
                |y, x, value| store(value, taps[3 * y + x].add(c), mask),
            );
        }
    });
}
