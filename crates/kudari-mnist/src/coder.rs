//! Adaptive binary arithmetic coding.
//!
//! Every yes/no question about the data has an [`Odds`] that learns how often the answer was yes. The models ask their
//! questions through [`BitCoder`], so that one piece of code describes the format for the decoder here and for the
//! encoder (`examples/encode`) alike.

/// How likely the next answer is yes: the probability in the upper 22 bits, the number of answers seen below.
#[derive(Clone, Copy)]
pub struct Odds(u32);

const COUNT_BITS: u32 = 10;
/// Past so many answers the oldest fade out: the writers change along the data set.
const MAX_COUNT: u32 = (1 << COUNT_BITS) - 1;
const SURE: u32 = (1 << (32 - COUNT_BITS)) - 1;

impl Odds {
    pub const EVEN: Odds = Odds(1 << 31);

    /// The probability of yes in units of 1/65536. It never gets to 0 or 1: the steps towards them end before.
    #[inline]
    pub fn of_yes(self) -> u64 {
        u64::from(self.0 >> 16)
    }

    /// Moves the probability towards the answer, the less the more answers are known.
    #[inline]
    pub fn learn(&mut self, yes: bool) {
        let (probability, count) = (self.0 >> COUNT_BITS, self.0 & MAX_COUNT);
        let step = |distance: u32| ((u64::from(distance) * u64::from(RATES[count as usize])) >> 16) as u32;
        let moved = if yes { probability + step(SURE - probability) } else { probability - step(probability) };
        self.0 = moved << COUNT_BITS | (count + 1).min(MAX_COUNT);
    }
}

/// 1 / (answers + 1.5) in units of 1/65536.
static RATES: [u32; 1 << COUNT_BITS] = {
    let mut rates = [0; 1 << COUNT_BITS];
    let mut count = 0;
    while count < rates.len() {
        rates[count] = (2 * 65536) / (2 * count as u32 + 3);
        count += 1;
    }
    rates
};

/// Reads or writes one answer.
pub trait BitCoder {
    /// Codes one answer with the given odds and lets them learn it. An encoder writes `yes` and returns it; the decoder
    /// ignores `yes` and returns what was written.
    fn bit(&mut self, odds: &mut Odds, yes: bool) -> bool;
}

/// Reads the answers that an encoder wrote. Past the end of the data it reads zeros.
pub struct Decoder<'a> {
    data: &'a [u8],
    range: u64,
    /// Where in the current range the written number lies.
    offset: u64,
}

impl<'a> Decoder<'a> {
    pub fn new(mut data: &'a [u8]) -> Self {
        let offset = next_word(&mut data) << 32 | next_word(&mut data);
        Decoder { data, range: u64::MAX, offset }
    }
}

fn next_word(data: &mut &[u8]) -> u64 {
    let mut word = [0; 4];
    let length = data.len().min(4);
    word[..length].copy_from_slice(&data[..length]);
    *data = &data[length..];
    u64::from(u32::from_be_bytes(word))
}

impl BitCoder for Decoder<'_> {
    #[inline]
    fn bit(&mut self, odds: &mut Odds, _: bool) -> bool {
        let bound = (self.range >> 16) * odds.of_yes();
        let yes = self.offset < bound;
        // A branch, not a choice of values: the processor then guesses the answer and goes on to the next question.
        if yes {
            self.range = bound;
            odds.learn(true);
        } else {
            self.offset -= bound;
            self.range -= bound;
            odds.learn(false);
        }
        if self.range >> 32 == 0 {
            self.range <<= 32;
            self.offset = self.offset << 32 | next_word(&mut self.data);
        }
        yes
    }
}

/// A number below `1 << BITS`, asked bit by bit from the top; each bit has its own odds for every prefix.
#[derive(Clone)]
pub struct Number<const BITS: u32>(Box<[Odds]>);

impl<const BITS: u32> Number<BITS> {
    pub fn new() -> Self {
        Number(vec![Odds::EVEN; 1 << BITS].into())
    }

    pub fn code(&mut self, coder: &mut impl BitCoder, value: usize) -> usize {
        let mut prefix = 1;
        for bit in (0..BITS).rev() {
            let yes = coder.bit(&mut self.0[prefix], value >> bit & 1 == 1);
            prefix = prefix << 1 | usize::from(yes);
        }
        prefix - (1 << BITS)
    }
}
