//! Random bits from a counter: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
//! 1, 2, 3", 2011). Block number n of a stream is a function of (key, n), so streams are independent by their keys
//! and any part of a stream can be computed without the parts before it.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words: block `counter` of the stream `key`.
pub(crate) fn philox(counter: u128, key: u64) -> [u32; 4] {
    let mut c = [counter as u32, (counter >> 32) as u32, (counter >> 64) as u32, (counter >> 96) as u32];
    let mut k = [key as u32, (key >> 32) as u32];
    for _ in 0..10 {
        let p0 = MULTIPLIERS[0] as u64 * c[0] as u64;
        let p1 = MULTIPLIERS[1] as u64 * c[2] as u64;
        c = [(p1 >> 32) as u32 ^ c[1] ^ k[0], p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ k[1], p0 as u32];
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
    }
    c
}

/// Blocks that are computed side by side, and the numbers that they give.
const SIDE_BY_SIDE: usize = 16;
/// The bits of a word.
const WORD: u64 = 0xffff_ffff;
const GROUP: usize = 4 * SIDE_BY_SIDE;
/// Numbers of a piece of work.
const PIECE: usize = 64 * GROUP;

/// Fills `out` with 0 (with `probability`) and 1 / (1 − `probability`), one random word of the stream `key` for each.
pub(crate) fn mask<T: Float>(out: &mut [T], key: u64, probability: f64) {
    let kept = T::from_f64(1.0 / (1.0 - probability));
    // Words below this are dropped.
    let bound = (probability * 2f64.powi(32)).round().min(f64::from(u32::MAX)) as u32;
    threads::for_each_piece(out, PIECE, out.len() as f64 * 0.5, |index, part| {
        mask_part(part, index * PIECE / GROUP, key, bound, kept);
    });
}

vectorized! {
    /// Groups from number `first` on: word w of block 16n + b goes to place 16w + b of group n.
    fn mask_part[T: Float](out: &mut [T], first: usize, key: u64, bound: u32, kept: T) {
        for (group, out) in out.chunks_mut(GROUP).enumerate() {
            let words = sixteen_blocks((first + group) as u64 * SIDE_BY_SIDE as u64, key);
            for (out, words) in out.chunks_mut(SIDE_BY_SIDE).zip(&words) {
                for (out, &word) in out.iter_mut().zip(words) {
                    *out = if (word as u32) < bound { T::ZERO } else { kept };
                }
            }
        }
    }
}

/// Random bits as a number in 0 ≤ u < 1.
#[inline(always)]
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A normally distributed number from 128 random bits: √(−2 ln(1 − u)) · cos 2πv (Box and Muller 1958). Only additions,
/// multiplications, one division and one root, so that it is the same number whether many or one are made at a time.
#[inline(always)]
pub(crate) fn normal([first, second]: [u64; 2]) -> f64 {
    (-2.0 * logarithm(1.0 - unit(first))).sqrt() * cosine_of_turns(unit(second))
}

/// ln x for 2⁻⁵³ ≤ x ≤ 1, within 2 units in the last place: ln(2ⁿ·m) = n ln 2 + 2 artanh((m − 1)/(m + 1)), √½ ≤ m < √2.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()) as i64) >> 52;
    let f = f64::from_bits(bits.wrapping_sub((exponent as u64) << 52)) - 1.0;
    // An exponent from −53 to 0 as a number: conversions of 32 bits exist on every processor.
    let n = f64::from(exponent as i32);
    let s = f / (2.0 + f);
    let square = s * s;
    let mut series = 0.0;
    for k in (1..12).rev() {
        series = (series + 1.0 / f64::from(2 * k + 1)) * square;
    }
    // ln 2 in two parts, the first with so few bits that n times it is exact.
    const LARGE: f64 = 0.693_147_180_369_123_8;
    const SMALL: f64 = 1.908_214_929_270_587_7e-10;
    n * LARGE + (2.0 * s + (2.0 * s * series + n * SMALL))
}

/// cos 2πu for 0 ≤ u < 1: the nearest quarter of a turn is taken off, which is exact, and the rest is a Taylor series.
#[inline(always)]
fn cosine_of_turns(u: f64) -> f64 {
    // Adding 1.5·2⁵² rounds to an integer, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = 4.0 * u + ROUND;
    let quarter = shifted.to_bits();
    let t = (u - (shifted - ROUND) * 0.25) * std::f64::consts::TAU;
    let square = t * t;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for k in (1..9).rev() {
        let k = f64::from(2 * k);
        cosine = (1.0 + cosine) * square * (-1.0 / (k * (k - 1.0)));
        sine = (1.0 + sine) * square * (-1.0 / (k * (k + 1.0)));
    }
    let (sine, cosine) = (t + t * sine, 1.0 + cosine);
    let magnitude = if quarter & 1 == 0 { cosine } else { sine };
    // cos, −sin, −cos, sin.
    if (quarter + 1) & 2 == 0 { magnitude } else { -magnitude }
}

/// Fills `out` with numbers of this mean and deviation: number i from block `first + i` of the stream `key`.
pub(crate) fn normals<T: Float>(out: &mut [T], key: u64, first: u64, mean: f64, deviation: f64) {
    threads::for_each_piece(out, PIECE, out.len() as f64 * 6.0, |index, part| {
        normals_part(part, first + (index * PIECE) as u64, key, mean, deviation);
    });
}

vectorized! {
    fn normals_part[T: Float](out: &mut [T], first: u64, key: u64, mean: f64, deviation: f64) {
        let (groups, rest) = out.as_chunks_mut::<SIDE_BY_SIDE>();
        let after = first + (groups.len() * SIDE_BY_SIDE) as u64;
        for (group, out) in groups.iter_mut().enumerate() {
            *out = sixteen_normals(first + (group * SIDE_BY_SIDE) as u64, key, mean, deviation);
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&sixteen_normals(after, key, mean, deviation)[..rest.len()]);
        }
    }
}

#[inline(always)]
fn sixteen_normals<T: Float>(first: u64, key: u64, mean: f64, deviation: f64) -> [T; SIDE_BY_SIDE] {
    let words = sixteen_blocks(first, key);
    let pair = |low: usize, b: usize| words[low][b] & WORD | words[low + 1][b] << 32;
    let mut numbers = [T::ZERO; SIDE_BY_SIDE];
    for (b, number) in numbers.iter_mut().enumerate() {
        *number = T::from_f64(mean + deviation * normal([pair(0, b), pair(2, b)]));
    }
    numbers
}

/// [`philox`] of sixteen blocks from number `first` on: word w of block b is the lower half of `words[w][b]`. The words stand in
/// 64 bits, which is how processors multiply many of them at once.
#[inline(always)]
fn sixteen_blocks(first: u64, key: u64) -> [[u64; SIDE_BY_SIDE]; 4] {
    let mut c = [[0u64; SIDE_BY_SIDE]; 4];
    let [low, high, ..] = &mut c;
    for (b, (low, high)) in low.iter_mut().zip(high).enumerate() {
        let counter = first.wrapping_add(b as u64);
        (*low, *high) = (counter, counter >> 32);
    }
    let mut k = [key as u32, (key >> 32) as u32];
    for _ in 0..10 {
        let mut next = [[0u64; SIDE_BY_SIDE]; 4];
        for b in 0..SIDE_BY_SIDE {
            let p0 = MULTIPLIERS[0] as u64 * (c[0][b] & WORD);
            let p1 = MULTIPLIERS[1] as u64 * (c[2][b] & WORD);
            next[0][b] = (p1 >> 32) ^ c[1][b] ^ u64::from(k[0]);
            next[1][b] = p1;
            next[2][b] = (p0 >> 32) ^ c[3][b] ^ u64::from(k[1]);
            next[3][b] = p0;
        }
        c = next;
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_blocks_are_those_of_the_plain_form() {
        for (first, key) in [(0, 0), (48, 0x0123_4567_89ab_cdef)] {
            let words = sixteen_blocks(first, key);
            for b in 0..SIDE_BY_SIDE {
                assert_eq!(words.map(|row| row[b] as u32), philox(first as u128 + b as u128, key));
            }
        }
    }

    /// Against the functions of the standard library.
    #[test]
    fn logarithms_and_cosines_keep_their_digits() {
        for i in 0..20_000u64 {
            let bits = philox(u128::from(i), 9);
            let u = unit(u64::from(bits[0]) | u64::from(bits[1]) << 32);
            let (x, scaled) = (1.0 - u, (1.0 - u) * 2f64.powi(-(bits[2] as i32 % 40).abs()));
            for x in [x, scaled.max(2f64.powi(-53))] {
                assert!((logarithm(x) - x.ln()).abs() <= 4.5e-16 * x.ln().abs(), "ln {x}");
            }
            // The library's cosine takes 2πu rounded.
            assert!((cosine_of_turns(u) - (std::f64::consts::TAU * u).cos()).abs() <= 1e-15, "cos 2π{u}");
        }
        assert_eq!([0.0, 0.25, 0.5, 0.75].map(cosine_of_turns), [1.0, 0.0, -1.0, 0.0]);
        assert_eq!((logarithm(1.0), logarithm(0.5)), (0.0, -std::f64::consts::LN_2));
    }

    #[test]
    fn a_mask_is_the_same_on_any_number_of_threads() {
        let draw = |threads_| {
            threads::set_threads(threads_);
            let mut out = vec![0f32; 3 * PIECE + 77];
            mask(&mut out, 5, 0.5);
            out
        };
        let one = draw(1);
        assert!([2, 3, 5].iter().all(|&count| draw(count) == one));
    }

    /// Known answers published with the authors' Random123 library.
    #[test]
    fn known_answers() {
        assert_eq!(philox(0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox(u128::MAX, u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = 0x0370_7344_1319_8a2e_85a3_08d3_243f_6a88;
        assert_eq!(philox(counter, 0x299f_31d0_a409_3822), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }
}
