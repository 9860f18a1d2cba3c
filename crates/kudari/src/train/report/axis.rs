//! The range of an axis and its round ticks.

use super::text::significant;

/// An axis from `low` to `high`, always with `low < high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
}

impl Axis {
    /// An axis from `low` to `high`; from a little below to a little above if they are equal.
    pub fn new(low: f64, high: f64) -> Axis {
        // Below this the steps between ticks would drown in rounding.
        let least = (low.abs().max(high.abs()) * 1e-9).max(1e-30);
        if high - low > least {
            return Axis { low, high };
        }
        let middle = low / 2.0 + high / 2.0;
        let margin = if middle == 0.0 { 1.0 } else { middle.abs() / 10.0 };
        Axis { low: middle - margin, high: middle + margin }
    }

    /// An axis around values from `low` to `high` with some air. It begins at 0 if that costs little height.
    pub fn around(low: f64, high: f64) -> Axis {
        let axis = Axis::new(low, high);
        let air = (axis.high - axis.low) * 0.05;
        let near_zero = (0.0..=0.3 * high).contains(&low) && high > low;
        Axis { low: if near_zero { 0.0 } else { axis.low - air }, high: axis.high + air }
    }

    /// The part of it from `low` to `high`; `None` if no length is left.
    pub fn within(self, low: f64, high: f64) -> Option<Axis> {
        let cut = Axis { low: self.low.max(low), high: self.high.min(high) };
        (cut.low < cut.high).then_some(cut)
    }

    /// Where a value lies: 0 at `low`, 1 at `high`.
    pub fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Whether a value lies on the axis.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// At most `most` round values, and the step between them, which is at least `least_step`.
    pub fn ticks(&self, most: usize, least_step: f64) -> (Vec<f64>, f64) {
        let rough = ((self.high - self.low) / most.max(1) as f64).max(least_step);
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|&s| s >= rough * (1.0 - 1e-9)).unwrap_or(rough);
        // Ticks are whole multiples of the step: adding up steps would gather rounding errors.
        let first = (self.low / step - 1e-6).ceil();
        let ticks = (0..=most).map(|i| (first + i as f64) * step).take_while(|&t| t <= self.high + step * 1e-6);
        (ticks.collect(), step)
    }
}

/// A tick with as many decimals as its step has.
pub(super) fn tick_label(tick: f64, step: f64) -> String {
    let power = (step.log10() + 1e-9).floor();
    if !(-5.0..=5.0).contains(&power) {
        // Enough digits to tell two neighbours apart.
        let digits = if tick == 0.0 { 1.0 } else { (tick.abs().log10() + 1e-9).floor() - (power - 1.0) };
        return significant(tick, digits.clamp(1.0, 8.0) as usize);
    }
    // `+ 0.0` makes a 0 of −0.
    format!("{:.*}", (-power).max(0.0) as usize, tick + 0.0).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        let (ticks, step) = Axis::new(low, high).ticks(6, 0.0);
        ticks.into_iter().map(|t| tick_label(t, step)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 0.55), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(0.31, 0.335), ["0.310", "0.315", "0.320", "0.325", "0.330", "0.335"]);
        assert_eq!(labels(-1.0, 1.0), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.0, 3e9), ["0", "5 × 10⁸", "1.0 × 10⁹", "1.5 × 10⁹", "2.0 × 10⁹", "2.5 × 10⁹", "3.0 × 10⁹"]);
        assert_eq!(Axis::new(0.0, 2.0).ticks(6, 1.0).0, [0.0, 1.0, 2.0]);
    }

    #[test]
    fn every_range_has_a_length() {
        for (low, high) in [(0.0, 0.0), (3.0, 3.0), (-2.0, -2.0), (1e6, 1e6 + 1e-9), (1e-20, 2e-20), (-1e140, 1e140)] {
            for axis in [Axis::new(low, high), Axis::around(low, high)] {
                assert!(axis.low < axis.high && axis.holds(low) && axis.holds(high), "{axis:?}");
                assert!((0.0..=1.0).contains(&axis.place(low)));
                assert!(axis.ticks(6, 0.0).0.len() <= 7 && !axis.ticks(6, 0.0).0.is_empty(), "{axis:?}");
            }
        }
        assert_eq!(Axis::around(0.1, 0.5).low, 0.0);
        assert!(Axis::around(0.31, 0.33).low > 0.3);
        assert_eq!(Axis::around(0.5, 1.0).within(0.0, 1.0).map(|a| a.high), Some(1.0));
    }
}
