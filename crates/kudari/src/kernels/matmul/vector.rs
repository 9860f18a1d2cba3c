//! One processor register of numbers, for each kind of register.

use crate::kernels::float::{Float, Number};

/// A register of [`LANES`](Vector::LANES) numbers.
///
/// # Safety
///
/// The methods may be called only where the processor has the instructions of the type; pointers must be valid for
/// the lanes that are read or written.
pub(crate) trait Vector: Copy {
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
    unsafe fn sub(self, other: Self) -> Self;
    /// The larger of self and other, lane by lane; where one is NaN, other.
    unsafe fn max(self, other: Self) -> Self;
    /// Asks for a cache line that will be needed; any address will do.
    #[inline(always)]
    unsafe fn prefetch(_: *const Self::T) {}
    /// Turns a square over: `to[k · step + l] = from[l · line + k]` for the first `lines` lines l and all lanes k.
    #[inline(always)]
    unsafe fn transpose(from: *const Self::T, line: isize, lines: usize, to: *mut Self::T, step: usize) {
        for l in 0..lines {
            for k in 0..Self::LANES {
                // SAFETY: the caller vouches for the numbers.
                unsafe { *to.add(k * step + l) = *from.offset(l as isize * line).add(k) }
            }
        }
    }
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
pub(crate) struct Four<T>([T; 4]);

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
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Four(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Four(std::array::from_fn(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] }))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    /// Implements [`Vector`] by instructions; each method forwards to the one of that name.
    macro_rules! vector {
        ($register:ty, $t:ty, $lanes:literal, $mask:ty, $first:expr,
         $zero:ident, $splat:ident, $load:ident, $store:ident, $load_masked:expr, $store_masked:expr, $fma:ident, $add:ident, $sub:ident, $max:ident $(, $sums:ident, $transpose:ident)?) => {
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
                #[inline(always)]
                unsafe fn sub(self, other: Self) -> Self {
                    // SAFETY: as `zero`.
                    unsafe { $sub(self, other) }
                }
                #[inline(always)]
                unsafe fn max(self, other: Self) -> Self {
                    // SAFETY: as `zero`.
                    unsafe { $max(self, other) }
                }
                #[inline(always)]
                unsafe fn prefetch(from: *const $t) {
                    // SAFETY: a prefetch of an address that is not there does nothing.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
                }
                $(
                    #[inline(always)]
                    unsafe fn transpose(from: *const $t, line: isize, lines: usize, to: *mut $t, step: usize) {
                        // SAFETY: as `zero`; lines beyond `lines` are neither read nor written.
                        unsafe {
                            let mut square = [Self::zero(); $lanes];
                            for (l, register) in square.iter_mut().enumerate() {
                                if l < lines {
                                    *register = Self::load(from.offset(l as isize * line));
                                }
                            }
                            let square = $transpose(square);
                            if lines == $lanes {
                                for (k, register) in square.into_iter().enumerate() {
                                    register.store(to.add(k * step));
                                }
                            } else {
                                let mask = Self::first(lines);
                                for (k, register) in square.into_iter().enumerate() {
                                    register.store_masked(to.add(k * step), mask);
                                }
                            }
                        }
                    }
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

    /// A square of 16 × 16 numbers turned over: pairs of lines are interleaved number by number, then pairs of those, which
    /// leaves blocks of 4 × 4 to put in their places.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn transpose_512(r: [__m512; 16]) -> [__m512; 16] {
        let mut blocks = [_mm512_setzero_ps(); 16];
        for g in 0..4 {
            let [a, b, c, d] = [r[4 * g], r[4 * g + 1], r[4 * g + 2], r[4 * g + 3]];
            let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
            blocks[4 * g] = _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd);
            blocks[4 * g + 1] = _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd);
            let (ab, cd) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
            blocks[4 * g + 2] = _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd);
            blocks[4 * g + 3] = _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd);
        }
        // blocks[4g + j] holds, for lines 4g to 4g + 3, the columns j, 4 + j, 8 + j and 12 + j.
        let mut out = [_mm512_setzero_ps(); 16];
        for j in 0..4 {
            let [a, b, c, d] = [blocks[j], blocks[4 + j], blocks[8 + j], blocks[12 + j]];
            let (ab, cd) = (_mm512_shuffle_f32x4::<0b01_00_01_00>(a, b), _mm512_shuffle_f32x4::<0b01_00_01_00>(c, d));
            out[j] = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd);
            out[4 + j] = _mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd);
            let (ab, cd) = (_mm512_shuffle_f32x4::<0b11_10_11_10>(a, b), _mm512_shuffle_f32x4::<0b11_10_11_10>(c, d));
            out[8 + j] = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd);
            out[12 + j] = _mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd);
        }
        out
    }

    /// As [`transpose_512`], for 8 × 8.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn transpose_256(r: [__m256; 8]) -> [__m256; 8] {
        let mut blocks = [_mm256_setzero_ps(); 8];
        for g in 0..2 {
            let [a, b, c, d] = [r[4 * g], r[4 * g + 1], r[4 * g + 2], r[4 * g + 3]];
            let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            blocks[4 * g] = _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd);
            blocks[4 * g + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd);
            let (ab, cd) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            blocks[4 * g + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd);
            blocks[4 * g + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd);
        }
        let mut out = [_mm256_setzero_ps(); 8];
        for j in 0..4 {
            out[j] = _mm256_permute2f128_ps::<0x20>(blocks[j], blocks[4 + j]);
            out[4 + j] = _mm256_permute2f128_ps::<0x31>(blocks[j], blocks[4 + j]);
        }
        out
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
        _mm512_sub_ps,
        _mm512_max_ps,
        sums_512,
        transpose_512
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
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_max_pd
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
        _mm256_sub_ps,
        _mm256_max_ps,
        sums_256,
        transpose_256
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
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_max_pd
    );
}
