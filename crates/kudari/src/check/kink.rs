//! Kinks: where a function has no derivative, and what is told about them.

use std::fmt;

use crate::error::Result;

/// An element at which the function has no derivative: the slopes on both sides differ, and the value returned lies
/// between them. Displays as that sentence.
#[derive(Debug, Clone)]
pub struct Kink {
    /// Which input.
    pub input: usize,
    /// Which element of it.
    pub index: Vec<usize>,
    /// The slope on the left.
    pub left: f64,
    /// The slope on the right.
    pub right: f64,
    /// What the backward rule gives.
    pub returned: f64,
}

impl fmt::Display for Kink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not differentiable here: left slope {:.6e}, right slope {:.6e}, and the value returned, {:.6e}, lies between them",
            self.left, self.right, self.returned
        )
    }
}

/// A gap between the slopes on both sides counts from this share of the slopes on.
const GAP: f64 = 1e-3;

/// A point of a function: its argument, its value, and the slope below which only rounding would be compared.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub x: f64,
    pub value: f64,
    pub floor: f64,
}

impl Point {
    /// The slope from here to a place beside it.
    fn slope(self, x: f64, value: f64) -> f64 {
        (value - self.value) / (x - self.x)
    }

    /// Whether the slopes on both sides, taken over the step h, differ by more than rounding can do.
    fn differ(self, left: f64, right: f64, h: f64) -> bool {
        let rounding = 64.0 * f64::EPSILON * self.value.abs() / h;
        (right - left).abs() > (GAP * left.abs().max(right.abs()).max(self.floor)).max(rounding)
    }

    /// Whether there may be a kink, from the values at x + h, x − h, x + h/2, x − h/2: over half the step the slopes on
    /// both sides of a smooth function differ by half, those of a kink as before.
    pub fn may_be_a_kink(self, near: &[(f64, f64)]) -> bool {
        let Some([a, b, c, d]) = near.first_chunk().map(|near| near.map(|(x, value)| self.slope(x, value))) else {
            return false;
        };
        let h = near[2].0 - self.x;
        self.differ(d, c, h) && (c - d).abs() > 0.75 * (a - b).abs()
    }

    /// The slopes on the left and on the right, if they differ at x itself, whatever the step.
    pub fn slopes_at_a_kink(self, mut f: impl FnMut(f64) -> Result<f64>) -> Result<Option<[f64; 2]>> {
        let h = 1e-7 * self.x.abs().max(1.0);
        let mut slope = |x: f64| -> Result<f64> { Ok(self.slope(x, f(x)?)) };
        let (left, right) = (slope(self.x - h)?, slope(self.x + h)?);
        // A sum with 0 makes 0 of −0, which reads better.
        Ok(self.differ(left, right, h).then_some([left + 0.0, right + 0.0]))
    }
}
