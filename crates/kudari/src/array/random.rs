//! Random numbers from named streams.
//!
//! One seed drives everything random. Each use (initialising a parameter, shuffling, dropout) draws from a stream of its
//! own, named after what it is for, so that adding one use never shifts another; the numbers are a function of seed,
//! name and position alone.

use super::{Array, DType, Shape};
use crate::error::Result;
use crate::kernels::float::{with_element, with_float};
use crate::kernels::random::{mask, normal, normals, philox, unit};
use crate::kernels::threads;

/// A stream of random numbers: (seed, name) and a position in it.
#[derive(Debug, Clone)]
pub struct Stream {
    key: u64,
    position: u64,
}

impl Stream {
    /// The stream of this name for this seed.
    ///
    /// ```
    /// # use kudari::array::Stream;
    /// let mut a = Stream::new(1, "shuffle");
    /// let mut b = Stream::new(1, "shuffle");
    /// assert_eq!(a.permutation(5).to_vec::<i64>()?, b.permutation(5).to_vec::<i64>()?);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    pub fn new(seed: u64, name: &str) -> Stream {
        // FNV-1a of the name, mixed with the seed by SplitMix64's finaliser, gives the generator's key.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ b as u64).wrapping_mul(0x0000_0100_0000_01b3));
        Stream { key: mix(hash ^ mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))), position: 0 }
    }

    /// The stream of a key that was drawn before.
    pub(crate) fn from_key(key: u64) -> Stream {
        Stream { key, position: 0 }
    }

    /// A stream for part `number` of what this one is for, e.g. one epoch.
    #[must_use]
    pub fn part(&self, number: u64) -> Stream {
        Stream { key: mix(self.key ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))), position: 0 }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let block = philox((self.position / 2) as u128, self.key);
        let half = (self.position % 2) as usize * 2;
        self.position += 1;
        block[half] as u64 | (block[half + 1] as u64) << 32
    }

    /// A number in 0 ≤ u < 1, of 53 random bits.
    pub fn next_uniform(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// An integer in `0..bound`, all equally likely; 0 for a bound of 0.
    pub fn next_below(&mut self, bound: usize) -> usize {
        // Multiply-and-shift; the few values that would make some results more likely are drawn again.
        let bound = bound as u64;
        loop {
            let product = self.next_u64() as u128 * bound as u128;
            if (product as u64) >= bound.wrapping_neg().checked_rem(bound).unwrap_or(0) {
                return (product >> 64) as usize;
            }
        }
    }

    /// A normally distributed number of mean 0 and standard deviation 1 (Box and Muller's transformation).
    pub fn next_normal(&mut self) -> f64 {
        normal(self.next_two())
    }

    /// The next two times 64 random bits: one block of the generator where they are its halves.
    fn next_two(&mut self) -> [u64; 2] {
        if !self.position.is_multiple_of(2) {
            return [self.next_u64(), self.next_u64()];
        }
        let block = philox((self.position / 2) as u128, self.key);
        self.position += 2;
        [0, 2].map(|half| block[half] as u64 | (block[half + 1] as u64) << 32)
    }

    /// Numbers uniform in `low ≤ u < high`.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn uniform(&mut self, shape: &[usize], low: f64, high: f64, dtype: DType) -> Result<Array> {
        self.fill(shape, dtype, 1, |stream| low + (high - low) * stream.next_uniform())
    }

    /// Normally distributed numbers.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn normal(&mut self, shape: &[usize], mean: f64, deviation: f64, dtype: DType) -> Result<Array> {
        if !self.position.is_multiple_of(2) || dtype.widened() != dtype || !dtype.is_float() {
            return self.fill(shape, dtype, 2, |stream| mean + deviation * stream.next_normal());
        }
        // Every number takes a block of the generator: many are made side by side.
        let shape = Shape::allocatable(shape, dtype)?;
        let (key, first) = (self.key, self.position / 2);
        self.position += 2 * shape.len() as u64;
        Ok(with_float!(dtype, T => Array::build(shape, |out: &mut [T]| normals(out, key, first, mean, deviation)), else {
            Array::filled(shape, 0.0, dtype) // no other type comes here
        }))
    }

    /// A factor for every element of `like`: 0 with `probability`, else 1 / (1 − `probability`).
    ///
    /// # Errors
    ///
    /// None for arrays that exist; the signature leaves room for other generators.
    pub(crate) fn mask(&mut self, like: &Array, probability: f64) -> Result<Array> {
        let key = self.next_u64();
        let mask = with_float!(like.dtype().widened(), T => Array::build(like.parts.shape, |out: &mut [T]| mask(out, key, probability)), else {
            return Err(super::arithmetic::not_float("dropout", like.dtype()));
        });
        Ok(mask.to_dtype(like.dtype()))
    }

    /// Normally distributed numbers of mean 0 that are drawn again where they are further than two `deviation`s from 0.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn truncated_normal(&mut self, shape: &[usize], deviation: f64, dtype: DType) -> Result<Array> {
        self.fill(shape, dtype, 1, |stream| {
            // A stream of its own for every number: how often it draws shifts no other.
            let mut own = Stream { key: stream.next_u64(), position: 0 };
            loop {
                let number = own.next_normal();
                if number.abs() <= 2.0 {
                    return deviation * number;
                }
            }
        })
    }

    /// An array whose elements `next` draws one after the other, each `draws` times 64 bits; so any part of it can be
    /// filled without the parts before it, by any thread.
    fn fill(&mut self, shape: &[usize], dtype: DType, draws: u64, next: impl Fn(&mut Stream) -> f64 + Sync) -> Result<Array> {
        use crate::kernels::float::Element;
        const PIECE: usize = 4096;
        let shape = Shape::allocatable(shape, dtype)?;
        let first = self.clone();
        self.position += draws * shape.len() as u64;
        Ok(with_element!(dtype, T => Array::build(shape, |out: &mut [T]| {
            let cost = out.len() as f64 * 30.0 * draws as f64;
            threads::for_each_piece(out, PIECE, cost, |index, part| {
                let mut stream = first.clone();
                stream.position += draws * (index * PIECE) as u64;
                part.iter_mut().for_each(|o| *o = T::from_f64(next(&mut stream)));
            });
        })))
    }

    /// 0, 1, …, count − 1 in random order, as i64.
    pub fn permutation(&mut self, count: usize) -> Array {
        let mut order = Array::arange(count);
        let places = order.make_mut::<i64>();
        for last in (1..count).rev() {
            places.swap(last, self.next_below(last + 1));
        }
        order
    }

    /// `count` integers in `0..bound` with repetition, as i64.
    pub fn integers(&mut self, count: usize, bound: usize) -> Array {
        Array::build(Shape::from_valid(&[count]), |out: &mut [i64]| {
            out.iter_mut().for_each(|o| *o = self.next_below(bound) as i64);
        })
    }
}

/// SplitMix64's finaliser: every bit of the result depends on every bit of `x`.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of an array are those drawn one by one, also from an odd position, and the stream goes on behind them.
    #[test]
    fn arrays_are_filled_in_pieces_with_the_numbers_of_the_stream() {
        for skipped in [0, 1] {
            let (mut whole, mut single) = (Stream::new(3, "pieces"), Stream::new(3, "pieces"));
            for stream in [&mut whole, &mut single] {
                for _ in 0..skipped {
                    stream.next_u64();
                }
            }
            let normal = whole.normal(&[3, 3001], 1.0, 2.0, DType::F64).unwrap().to_f64_vec();
            assert!(normal.iter().all(|&x| x == 1.0 + 2.0 * single.next_normal()));
            let uniform = whole.uniform(&[5000], -1.0, 1.0, DType::F64).unwrap().to_f64_vec();
            assert!(uniform.iter().all(|&x| x == -1.0 + 2.0 * single.next_uniform()));
            assert_eq!(whole.next_u64(), single.next_u64());
        }
    }

    #[test]
    fn streams_are_independent_by_name_and_seed() {
        let first = |seed, name| Stream::new(seed, name).next_u64();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(Stream::new(1, "a").part(0).next_u64(), Stream::new(1, "a").part(1).next_u64());
    }

    #[test]
    fn moments_are_right() {
        let mut stream = Stream::new(7, "moments");
        let n = 200_000;
        let normal = stream.normal(&[n], 3.0, 2.0, DType::F64).unwrap();
        let mean = normal.mean_axes(&[], false).unwrap().item::<f64>().unwrap();
        let deviation = (normal.shift(-mean).sum_of_squares() / n as f64).sqrt();
        // Standard errors: 2/√n = 0.0045 and 2/√(2n) = 0.0032.
        assert!((mean - 3.0).abs() < 0.02 && (deviation - 2.0).abs() < 0.015);
        let uniform = stream.uniform(&[n], -1.0, 1.0, DType::F64).unwrap();
        assert!(uniform.mean_axes(&[], false).unwrap().item::<f64>().unwrap().abs() < 0.007);
        assert!(uniform.to_f64_vec().iter().all(|&u| (-1.0..1.0).contains(&u)));
    }

    #[test]
    fn permutations_hold_every_index_once() {
        let mut places = Stream::new(3, "shuffle").permutation(1000).to_vec::<i64>().unwrap();
        assert_ne!(places[..5], [0, 1, 2, 3, 4]);
        places.sort();
        assert!(places.iter().enumerate().all(|(i, &p)| i as i64 == p));
        let drawn = Stream::new(3, "draw").integers(9000, 3).to_vec::<i64>().unwrap();
        assert!((0..3).all(|v| (2700..3300).contains(&drawn.iter().filter(|&&d| d == v).count())));
        assert_eq!((Stream::new(3, "x").next_below(0), Stream::new(3, "x").permutation(0).len()), (0, 0));
    }
}
