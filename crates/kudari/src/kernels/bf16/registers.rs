//! What is done to bf16 numbers in AVX-512 registers while they are brought into the order of tiles.

use std::arch::x86_64::*;

/// 32 numbers as bf16, those of `low` first.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(in crate::kernels) fn rounded(low: __m512, high: __m512) -> __m512i {
    // SAFETY: both types are 512 bits, any of which are valid.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)) }
}

/// The order 0, 16, 1, 17, …: a number of the lower half beside its partner of the upper one.
#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::kernels) fn interleave() -> __m512i {
    const ORDER: [u16; 32] = {
        let mut order = [0; 32];
        let mut at = 0;
        while at < 32 {
            order[at] = (at / 2 + at % 2 * 16) as u16;
            at += 1;
        }
        order
    };
    // SAFETY: 64 readable bytes.
    unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) }
}

/// Rows for columns: 16 × 16 pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(in crate::kernels) fn transposed(r: [__m512i; 16]) -> [__m512i; 16] {
    // Four rows at a time: 4 × 4 pairs within each quarter of a register, then the quarters themselves, twice.
    let mut quarters = [_mm512_setzero_si512(); 16];
    for four in 0..4 {
        let [a, b, c, d] = [r[4 * four], r[4 * four + 1], r[4 * four + 2], r[4 * four + 3]];
        let (ab0, ab1) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd0, cd1) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        quarters[4 * four] = _mm512_unpacklo_epi64(ab0, cd0);
        quarters[4 * four + 1] = _mm512_unpackhi_epi64(ab0, cd0);
        quarters[4 * four + 2] = _mm512_unpacklo_epi64(ab1, cd1);
        quarters[4 * four + 3] = _mm512_unpackhi_epi64(ab1, cd1);
    }
    let mut columns = [_mm512_setzero_si512(); 16];
    for place in 0..4 {
        // Quarter q of `quarters[4·four + place]` is column 4q + place of rows 4·four….
        let [a, b, c, d] = [quarters[place], quarters[4 + place], quarters[8 + place], quarters[12 + place]];
        let (ab0, ab1) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
        let (cd0, cd1) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
        columns[place] = _mm512_shuffle_i32x4::<0x88>(ab0, cd0);
        columns[4 + place] = _mm512_shuffle_i32x4::<0x88>(ab1, cd1);
        columns[8 + place] = _mm512_shuffle_i32x4::<0xdd>(ab0, cd0);
        columns[12 + place] = _mm512_shuffle_i32x4::<0xdd>(ab1, cd1);
    }
    columns
}
