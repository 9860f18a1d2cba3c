//! The model of the small digits of scikit-learn: grey 8 by 8 pixels from 0 to 16.

use crate::coder::{BitCoder, Number};

/// Width and height of a small digit.
pub const SIDE: usize = 8;
/// Values fall into so many groups when they describe a neighbour.
const GROUPS: usize = 5;

/// What the coder has learnt so far about small digits.
pub struct Model {
    label: Number<4>,
    pixels: Vec<Number<5>>,
}

impl Model {
    pub fn new() -> Self {
        Model { label: Number::new(), pixels: vec![Number::new(); SIDE * GROUPS * GROUPS] }
    }

    /// Codes one digit; the odds of a pixel depend on its column and its neighbours to the left and above.
    pub fn digit(&mut self, coder: &mut impl BitCoder, pixels: &mut [u8; SIDE * SIDE], label: &mut u8) {
        *label = self.label.code(coder, usize::from(*label)) as u8;
        for index in 0..pixels.len() {
            let column = index % SIDE;
            let left = if column > 0 { group(pixels[index - 1]) } else { 0 };
            let above = if index >= SIDE { group(pixels[index - SIDE]) } else { 0 };
            let model = &mut self.pixels[(column * GROUPS + left) * GROUPS + above];
            pixels[index] = model.code(coder, usize::from(pixels[index])) as u8;
        }
    }
}

fn group(value: u8) -> usize {
    match value {
        0 => 0,
        1..=5 => 1,
        6..=10 => 2,
        11..=15 => 3,
        _ => 4,
    }
}
