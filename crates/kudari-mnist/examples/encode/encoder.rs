//! The writing half of the coder.

use crate::coder::{BitCoder, Odds};

pub struct Encoder {
    written: Vec<u8>,
    low: u64,
    range: u64,
}

impl Encoder {
    pub fn new() -> Self {
        Encoder { written: Vec::new(), low: 0, range: u64::MAX }
    }

    fn shift(&mut self) {
        self.written.extend(((self.low >> 32) as u32).to_be_bytes());
        self.low <<= 32;
        self.range <<= 32;
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.shift();
        self.shift();
        // The decoder reads zeros past the end.
        while self.written.last() == Some(&0) {
            self.written.pop();
        }
        self.written
    }
}

impl BitCoder for Encoder {
    fn bit(&mut self, odds: &mut Odds, yes: bool) -> bool {
        let bound = (self.range >> 16) * odds.of_yes();
        if yes {
            self.range = bound;
        } else {
            let (low, carry) = self.low.overflowing_add(bound);
            self.low = low;
            self.range -= bound;
            if carry {
                for byte in self.written.iter_mut().rev() {
                    *byte = byte.wrapping_add(1);
                    if *byte != 0 {
                        break;
                    }
                }
            }
        }
        odds.learn(yes);
        if self.range >> 32 == 0 {
            self.shift();
        }
        yes
    }
}
