//! How many numbers lie where, from the smallest to the largest powers of ten.

use crate::array::{Array, DType};
use crate::error::Result;

/// Mantissa bits that are left out of a number's bin: three stay, eight bins for every power of two.
const DROPPED: u32 = 20;
/// Bins: a sign, eight bits of exponent, three of the mantissa.
const BINS: usize = 1 << (32 - DROPPED);
/// The bit of a bin that is the sign.
const SIGN: u16 = (BINS / 2) as u16;

/// How many numbers of an array lie where. A bin holds the numbers whose sign, exponent and first three bits of the mantissa are the same as f32:
/// eight for every power of two, none wider than an eighth of its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The bins that hold numbers, in the order of their numbers, and how many.
    bins: Vec<(u16, u64)>,
    /// The finite numbers.
    pub count: u64,
    /// The numbers that are NaN or infinite, or infinite as f32.
    pub not_finite: u64,
    /// The least of the finite numbers; 0 if there are none.
    pub least: f64,
    /// The largest of them.
    pub most: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_of_squares: f64,
}

impl Histogram {
    /// Of all numbers of an array.
    ///
    /// # Errors
    ///
    /// None that is known: numbers of every type can be counted.
    pub fn of(array: &Array) -> Result<Histogram> {
        let mut counts = vec![0u64; BINS];
        let (mut least, mut most, mut sum, mut sum_of_squares) = (f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0);
        let (mut count, mut not_finite) = (0, 0);
        for number in array.to_dtype(DType::F32).to_vec::<f32>()? {
            if !number.is_finite() {
                not_finite += 1;
                continue;
            }
            // −0 lies in the bin of 0.
            let number = number + 0.0;
            counts.iter_mut().skip((number.to_bits() >> DROPPED) as usize).take(1).for_each(|count| *count += 1);
            (least, most) = (least.min(number), most.max(number));
            sum += f64::from(number);
            sum_of_squares += f64::from(number) * f64::from(number);
            count += 1;
        }
        let held =
            |range: std::ops::Range<usize>| (range.start as u16..range.end as u16).zip(counts.get(range).unwrap_or(&[]).to_vec());
        // Of negative numbers the bin of the largest bits is the lowest.
        let negative = held(usize::from(SIGN)..BINS).rev();
        let bins = negative.chain(held(0..usize::from(SIGN))).filter(|(_, count)| *count > 0).collect();
        let [least, most] = [least, most].map(|edge| if count > 0 { f64::from(edge) } else { 0.0 });
        Ok(Histogram { bins, count, not_finite, least, most, sum, sum_of_squares })
    }

    /// The bins that hold numbers, from the lowest to the highest: their two edges and how many numbers lie between them.
    pub fn bins(&self) -> impl Iterator<Item = (f64, f64, u64)> + '_ {
        self.bins.iter().map(|&(bin, count)| {
            // Behind the largest f32 numbers begins infinity, where 2¹²⁸ would be.
            let edge = |bin: u16| f64::from(f32::from_bits(u32::from(bin) << DROPPED)).min(2f64.powi(128));
            let (near, far) = (edge(bin & !SIGN), edge((bin & !SIGN) + 1));
            if bin & SIGN == 0 { (near, far, count) } else { (-far, -near, count) }
        })
    }

    /// √(Σx²/n), the size of a typical number; 0 of none.
    pub fn root_mean_square(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.sum_of_squares / self.count as f64).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[f32]) -> Histogram {
        Histogram::of(&Array::from_slice(numbers, &[numbers.len()]).unwrap()).unwrap()
    }

    #[test]
    fn every_number_lies_in_its_bin() {
        let numbers = [-3.0f32, -1e-20, 0.0, -0.0, 1e-45, 0.1, 0.1, 1.0, 1.1, 1.125, 3.4e38, -3.4e38];
        let histogram = of(&numbers);
        let bins: Vec<(f64, f64, u64)> = histogram.bins().collect();
        assert!(bins.windows(2).all(|pair| pair[0].1 <= pair[1].0), "in order and apart: {bins:?}");
        for number in numbers.map(f64::from) {
            let holds = |(low, high, _): &&(f64, f64, u64)| {
                if number < 0.0 { *low < number && number <= *high } else { *low <= number && number < *high }
            };
            assert_eq!(bins.iter().filter(holds).count(), 1, "{number}");
        }
        assert_eq!(bins.iter().map(|bin| bin.2).sum::<u64>(), 12);
        assert_eq!(bins.iter().find(|bin| bin.0 == 1.0).unwrap(), &(1.0, 1.125, 2));
        assert_eq!((histogram.least, histogram.most), (f64::from(-3.4e38f32), f64::from(3.4e38f32)));
        assert!(
            bins.iter().filter(|bin| bin.0.abs() > 1e-30).all(|bin| (bin.1 - bin.0) / bin.0.abs().min(bin.1.abs()) <= 0.125001)
        );
    }

    #[test]
    fn sums_and_what_is_no_number() {
        let some = of(&[1.0, -2.0, 3.0, f32::NAN, f32::INFINITY]);
        assert_eq!((some.count, some.not_finite, some.sum, some.sum_of_squares), (3, 2, 2.0, 14.0));
        assert_eq!(some.root_mean_square(), (14.0f64 / 3.0).sqrt());
        let none = of(&[]);
        assert_eq!((none.count, none.least, none.root_mean_square(), none.bins().count()), (0, 0.0, 0.0, 0));
        let wide = Histogram::of(&Array::from([1e300, 0.5])).unwrap();
        assert_eq!((wide.count, wide.not_finite, wide.most), (1, 1, 0.5));
    }
}
