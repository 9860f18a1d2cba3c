//! The median of numbers that pass by several times, in memory that does not grow with them: an exact one.

/// Bits of a number that a round decides.
const BITS: u32 = 16;
/// Rounds until all bits are decided.
const ROUNDS: u32 = u64::BITS / BITS;

/// Finds the median by its bits, 16 a round: a round counts the numbers that begin as the median does by their next bits.
///
/// Every round takes in all numbers with [`Median::add`] and ends with [`Median::end_round`].
#[derive(Debug, Clone, Default)]
pub(super) struct Median {
    round: u32,
    /// What is looked for: two numbers in the middle of an even count, else one.
    sought: Vec<Sought>,
    /// Counts of the first round, in which nothing is known of what is looked for.
    all: Counts,
}

/// One number that is looked for: the bits that are known, and how many numbers that begin with them are smaller.
#[derive(Debug, Clone, Default)]
struct Sought {
    bits: u64,
    rank: u64,
    counts: Counts,
}

/// How often each of 65,536 values occurs, in pages that are made when they are needed: numbers of a column share their first bits.
#[derive(Debug, Clone, Default)]
struct Counts(Vec<Option<Box<[u64; 256]>>>);

impl Counts {
    fn add(&mut self, value: u64) {
        self.0.resize(256, None);
        let page = self.0[(value >> 8) as usize & 255].get_or_insert_with(|| Box::new([0; 256]));
        page[value as usize & 255] += 1;
    }

    fn total(&self) -> u64 {
        self.0.iter().flatten().flat_map(|page| page.iter()).sum()
    }

    /// The value at a rank, and the rank among those of this value.
    fn at(&self, mut rank: u64) -> (u64, u64) {
        for (high, page) in self.0.iter().enumerate() {
            for (low, &count) in page.iter().flat_map(|page| page.iter().enumerate()) {
                if rank < count {
                    return ((high << 8 | low) as u64, rank);
                }
                rank -= count;
            }
        }
        (0, 0)
    }
}

impl Median {
    /// Takes in a number.
    pub(super) fn add(&mut self, number: f64) {
        let key = key(number);
        if self.round == 0 {
            return self.all.add(key >> (u64::BITS - BITS));
        }
        for sought in &mut self.sought {
            let behind = u64::BITS - BITS * self.round;
            if key >> behind == sought.bits {
                sought.counts.add(key >> (behind - BITS) & ((1 << BITS) - 1));
            }
        }
    }

    /// Ends a round; whether another is needed.
    pub(super) fn end_round(&mut self) -> bool {
        if self.round == 0 {
            let count = std::mem::take(&mut self.all);
            let total = count.total();
            if total == 0 {
                return false;
            }
            let ranks = if total.is_multiple_of(2) { vec![total / 2 - 1, total / 2] } else { vec![total / 2] };
            let first = |rank| Sought { bits: 0, rank, counts: count.clone() };
            self.sought = ranks.into_iter().map(first).collect();
        }
        for sought in &mut self.sought {
            let (bits, rank) = std::mem::take(&mut sought.counts).at(sought.rank);
            (sought.bits, sought.rank) = (sought.bits << BITS | bits, rank);
        }
        self.round += 1;
        self.round < ROUNDS
    }

    /// The median after the last round: of an even count the mean of the two in the middle; 0 of no numbers.
    pub(super) fn value(&self) -> f64 {
        match &self.sought[..] {
            [one] => number(one.bits),
            [low, high] => middle(number(low.bits), number(high.bits)),
            _ => 0.0,
        }
    }
}

/// The median of numbers that are all there.
pub(super) fn of_sorted(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => middle(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

fn middle(low: f64, high: f64) -> f64 {
    (low + high) / 2.0
}

/// Bits that are in the same order as the numbers: the sign turned over, of negative numbers all bits.
fn key(number: f64) -> u64 {
    let bits = number.to_bits();
    bits ^ if number.is_sign_negative() { u64::MAX } else { 1 << 63 }
}

fn number(key: u64) -> f64 {
    f64::from_bits(key ^ if key >> 63 == 0 { u64::MAX } else { 1 << 63 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Stream;

    fn median(numbers: &[f64]) -> f64 {
        let mut median = Median::default();
        loop {
            numbers.iter().for_each(|&number| median.add(number));
            if !median.end_round() {
                return median.value();
            }
        }
    }

    #[test]
    fn it_is_the_number_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[-3.5]), -3.5);
        assert_eq!(median(&[1e-300, -2.0, 1e100]), 1e-300);
        assert_eq!(median(&[4.0, 1.0, -1e99, 2.0]), 1.5);
        let mut stream = Stream::new(1, "median");
        for count in [2usize, 999, 1000] {
            let mut numbers: Vec<f64> = (0..count).map(|i| stream.next_normal() * if i % 3 == 0 { 1e-3 } else { 1e3 }).collect();
            let found = median(&numbers);
            numbers.sort_by(f64::total_cmp);
            assert_eq!(found.to_bits(), of_sorted(&numbers).to_bits());
            assert_eq!(found, (numbers[(count - 1) / 2] + numbers[count / 2]) / 2.0);
        }
    }
}
