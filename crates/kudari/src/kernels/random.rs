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
const GROUP: usize = 4 * SIDE_BY_SIDE;
/// Numbers of a piece of work.
const PIECE: usize = 64 * GROUP;

/// Fills `out` with 0 (with `probability`) and 1 / (1 − `probability`), one random word of the stream `key` for each.
pub(crate) fn mask<T: Float>(out: &mut [T], key: u64, probability: f64) {
    let kept = T::from_f64(1.0 / (1.0 - probability));
    // Words below this are dropped.
    let bound = (probability * 2f64.powi(32)).round().min(f64::from(u32::MAX)) as u32;
    threads::for_each_piece(out, PIECE, out.len() as f64 * 0.5, |index, part| {
        mask_part(part, (index * PIECE / GROUP) as u32, key, bound, kept);
    });
}

vectorized! {
    /// Groups from number `first` on: word w of block 16n + b goes to place 16w + b of group n.
    fn mask_part[T: Float](out: &mut [T], first: u32, key: u64, bound: u32, kept: T) {
        for (group, out) in out.chunks_mut(GROUP).enumerate() {
            let words = sixteen_blocks((first + group as u32).wrapping_mul(SIDE_BY_SIDE as u32), key);
            for (out, words) in out.chunks_mut(SIDE_BY_SIDE).zip(&words) {
                for (out, &word) in out.iter_mut().zip(words) {
                    *out = if word < bound { T::ZERO } else { kept };
                }
            }
        }
    }
}

/// [`philox`] of sixteen blocks from number `first` on: `words[w][b]` is word w of block b.
#[inline(always)]
fn sixteen_blocks(first: u32, key: u64) -> [[u32; SIDE_BY_SIDE]; 4] {
    let mut c = [[0u32; SIDE_BY_SIDE]; 4];
    for (b, counter) in c[0].iter_mut().enumerate() {
        *counter = first.wrapping_add(b as u32);
    }
    let mut k = [key as u32, (key >> 32) as u32];
    for _ in 0..10 {
        let mut next = [[0u32; SIDE_BY_SIDE]; 4];
        for b in 0..SIDE_BY_SIDE {
            let p0 = MULTIPLIERS[0] as u64 * c[0][b] as u64;
            let p1 = MULTIPLIERS[1] as u64 * c[2][b] as u64;
            next[0][b] = (p1 >> 32) as u32 ^ c[1][b] ^ k[0];
            next[1][b] = p1 as u32;
            next[2][b] = (p0 >> 32) as u32 ^ c[3][b] ^ k[1];
            next[3][b] = p0 as u32;
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
                assert_eq!(words.map(|row| row[b]), philox(first as u128 + b as u128, key));
            }
        }
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
