//! One processor register of numbers, for each kind of register.

use crate::kernels::float::{Float, Number};

/// A register of [`LANES`](Vector::LANES) numbers.
///
/// # Safety
///
/// The methods may be called only where the processor has the instructions of the type; pointers must be valid for
/// the lanes that are read or written.
pub(super) trait Vector: Copy {
    type T: Float;
    const LANES: usize;
    /// Which lanes a masked access touches.
    type Mask: Copy;
    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::T) -> Self;
    unsafe fn load(from: *const Self::T) -> Self;
    unsafe fn store(self, to: *mut Self::T);
    /// The mask of the first `count` lanes, 1 ≤ count ≤ LANES.
    unsafe fn first(count: usize) -> Self::Mask;
    /// Loads the masked lanes, zero elsewhere.
    unsafe fn load_masked(from: *const Self::T, mask: Self::Mask) -> Self;
    unsafe fn store_masked(self, to: *mut Self::T, mask: Self::Mask);
    /// self · factor + term, rounded once.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    /// The sum of the lanes of each of four registers, in a fixed order.
    #[inline(always)]
    unsafe fn sums(registers: [Self; 4]) -> [Self::T; 4] {
        registers.map(|register| {
            let mut lanes = [Self::T::ZERO; 16];
            // SAFETY: no register has more than 16 lanes.
            unsafe { register.store(lanes.as_mut_ptr()) };
            let mut width = Self::LANES / 2;
            while width > 0 {
                for l in 0..width {
                    lanes[l] = lanes[l] + lanes[l + width];
                }
                width /= 2;
            }
            lanes[0]
        })
    }
}

/// Four numbers without any special instructions: the fallback, and the twin that the others are tested against.
#[derive(Clone, Copy)]
pub(super) struct Four<T>([T; 4]);

impl<T: Float> Vector for Four<T> {
    type T = T;
    const LANES: usize = 4;
    type Mask = usize;
    #[inline(always)]
    unsafe fn zero() -> Self {
        Four([T::ZERO; 4])
    }
    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Four([x; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for four readable numbers; `[T; 4]` has T's alignment.
        Four(unsafe { *from.cast() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for four writable numbers.
        unsafe { *to.cast() = self.0 }
    }
    #[inline(always)]
    unsafe fn first(count: usize) -> usize {
        count
    }
    #[inline(always)]
    unsafe fn load_masked(from: *const T, count: usize) -> Self {
        let mut lanes = [T::ZERO; 4];
        for (i, lane) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` readable numbers.
            *lane = unsafe { *from.add(i) };
        }
        Four(lanes)
    }
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut T, count: usize) {
        for (i, lane) in self.0.iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` writable numbers.
            unsafe { *to.add(i) = *lane }
        }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // Two roundings here: without an instruction for it a fused one would be a slow library call.
        let fused = cfg!(target_arch = "aarch64");
        Four(std::array::from_fn(|i| {
            if fused { self.0[i].mul_add(factor.0[i], term.0[i]) } else { self.0[i] * factor.0[i] + term.0[i] }
        }))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Four(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    /// Implements [`Vector`] by instructions; each method forwards to the one of that name.
    macro_rules! vector {
        ($register:ty, $t:ty, $lanes:literal, $mask:ty, $first:expr,
         $zero:ident, $splat:ident, $load:ident, $store:ident, $load_masked:expr, $store_masked:expr, $fma:ident, $add:ident $(, $sums:ident)?) => {
            impl Vector for $register {
                type T = $t;
                const LANES: usize = $lanes;
                type Mask = $mask;
                #[inline(always)]
                unsafe fn zero() -> Self {
                    // SAFETY: the caller has checked the processor's features (this and all below).
                    unsafe { $zero() }
                }
                #[inline(always)]
                unsafe fn splat(x: $t) -> Self {
                    // SAFETY: as `zero`.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $t) -> Self {
                    // SAFETY: as `zero`; the caller vouches for the pointer.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $t) {
                    // SAFETY: as `load`.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                #[allow(unused_unsafe)] // some masks are plain bits
                unsafe fn first(count: usize) -> $mask {
                    // SAFETY: as `zero`.
                    unsafe { $first(count) }
                }
                #[inline(always)]
                unsafe fn load_masked(from: *const $t, mask: $mask) -> Self {
                    // SAFETY: as `load`; lanes outside the mask are not touched.
                    unsafe { $load_masked(from, mask) }
                }
                #[inline(always)]
                unsafe fn store_masked(self, to: *mut $t, mask: $mask) {
                    // SAFETY: as `load_masked`.
                    unsafe { $store_masked(to, mask, self) }
                }
                #[inline(always)]
                unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
                    // SAFETY: as `zero`.
                    unsafe { $fma(self, factor, term) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: as `zero`.
                    unsafe { $add(self, other) }
                }
                $(
                    #[inline(always)]
                    unsafe fn sums(registers: [Self; 4]) -> [$t; 4] {
                        // SAFETY: as `zero`.
                        unsafe { $sums(registers) }
                    }
                )?
            }
        };
    }

    /// Four sums at once: pairs of registers are interleaved and added until every 128-bit part holds one partial sum of
    /// each register, then the parts are added.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn sums_512([a, b, c, d]: [__m512; 4]) -> [f32; 4] {
        let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        let parts = _mm512_add_ps(_mm512_shuffle_ps::<0b01_00_01_00>(ab, cd), _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd));
        let halves = _mm256_add_ps(_mm512_castps512_ps256(parts), _mm512_extractf32x8_ps::<1>(parts));
        array(_mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves)))
    }

    /// As [`sums_512`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sums_256([a, b, c, d]: [__m256; 4]) -> [f32; 4] {
        let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let parts = _mm256_add_ps(_mm256_shuffle_ps::<0b01_00_01_00>(ab, cd), _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd));
        array(_mm_add_ps(_mm256_castps256_ps128(parts), _mm256_extractf128_ps::<1>(parts)))
    }

    #[inline(always)]
    fn array(sums: __m128) -> [f32; 4] {
        // SAFETY: both are 16 bytes of f32, and every bit pattern is one.
        unsafe { std::mem::transmute(sums) }
    }

    vector!(
        __m512,
        f32,
        16,
        __mmask16,
        |n: usize| (u32::MAX >> (32 - n)) as __mmask16,
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        |p, m| _mm512_maskz_loadu_ps(m, p),
        |p, m, v| _mm512_mask_storeu_ps(p, m, v),
        _mm512_fmadd_ps,
        _mm512_add_ps,
        sums_512
    );
    vector!(
        __m512d,
        f64,
        8,
        __mmask8,
        |n: usize| (u32::MAX >> (32 - n)) as __mmask8,
        _mm512_setzero_pd,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        |p, m| _mm512_maskz_loadu_pd(m, p),
        |p, m, v| _mm512_mask_storeu_pd(p, m, v),
        _mm512_fmadd_pd,
        _mm512_add_pd
    );
    vector!(
        __m256,
        f32,
        8,
        __m256i,
        |n: usize| _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
        _mm256_setzero_ps,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        |p, m| _mm256_maskload_ps(p, m),
        |p, m, v| _mm256_maskstore_ps(p, m, v),
        _mm256_fmadd_ps,
        _mm256_add_ps,
        sums_256
    );
    vector!(
        __m256d,
        f64,
        4,
        __m256i,
        |n: usize| _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
        _mm256_setzero_pd,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        |p, m| _mm256_maskload_pd(p, m),
        |p, m, v| _mm256_maskstore_pd(p, m, v),
        _mm256_fmadd_pd,
        _mm256_add_pd
    );
}
