//! Numerical differentiation with one step after the other: where its error comes from.

use super::{Difference, Numerical};

/// What the error of a difference mostly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The function bends within the step.
    Truncation,
    /// The values differ so little that their difference keeps few digits, or none that count.
    Rounding,
    /// x + h = x: the difference is that of two equal numbers.
    Lost,
    /// The function has no value at x + h or x − h.
    Undefined,
}

/// One step of a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepRow {
    /// h.
    pub step: f64,
    /// The derivative by differences; NaN where it is undefined.
    pub value: f64,
    /// How far it is from the exact one.
    pub error: f64,
    /// How large an error rounding alone can make: ε(|f| + |x·f′|)/h.
    pub rounding: f64,
    /// What the error mostly is.
    pub cause: Cause,
}

/// The error of numerical differentiation for many steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The difference used.
    pub difference: Difference,
    /// One row for each step, in the order given.
    pub rows: Vec<SweepRow>,
}

impl Sweep {
    /// Differentiates `f` at `x` with each of the steps and compares with the exact derivative.
    pub fn new(difference: Difference, f: impl Fn(f64) -> f64, x: f64, exact: f64, steps: &[f64]) -> Sweep {
        let row = |&step: &f64| {
            let estimate = Numerical::new().difference(difference).step(step).derivative(&f, x);
            let largest = [x - step, x, x + step].map(|x| f(x).abs()).into_iter().fold(0.0, f64::max);
            let rounding = f64::EPSILON * (largest + (x * exact).abs()) / step;
            let error = (estimate.value - exact).abs();
            let cause = match () {
                () if !estimate.value.is_finite() => Cause::Undefined,
                () if estimate.lost => Cause::Lost,
                () if error <= 2.0 * rounding => Cause::Rounding,
                () => Cause::Truncation,
            };
            SweepRow { step, value: estimate.value, error, rounding, cause }
        };
        Sweep { difference, rows: steps.iter().map(row).collect() }
    }

    /// The row with the smallest error; of equal ones, that with the largest step.
    pub fn best(&self) -> Option<&SweepRow> {
        let usable = self.rows.iter().filter(|row| matches!(row.cause, Cause::Truncation | Cause::Rounding));
        usable.min_by(|a, b| a.error.total_cmp(&b.error).then(b.step.total_cmp(&a.step)))
    }

    /// The power of h with which the truncation error grows, measured between the largest and the smallest step at which the
    /// error is mostly that; `None` if there are not two.
    pub fn order(&self) -> Option<f64> {
        let rows = || self.rows.iter().filter(|row| row.cause == Cause::Truncation);
        let by_step = |a: &&SweepRow, b: &&SweepRow| a.step.total_cmp(&b.step);
        let (small, large) = (rows().min_by(by_step)?, rows().max_by(by_step)?);
        (large.step > small.step).then(|| (large.error / small.error).ln() / (large.step / small.step).ln())
    }

    /// The largest step that loses all digits.
    pub fn lost_from(&self) -> Option<f64> {
        let lost = self.rows.iter().filter(|row| row.cause == Cause::Lost);
        lost.map(|row| row.step).max_by(f64::total_cmp)
    }

    /// In words: which step is best, and what spoils the larger and the smaller ones. One sentence each.
    pub fn reasons(&self) -> Vec<String> {
        let Some(best) = self.best() else {
            return vec!["no step gives a derivative".to_string()];
        };
        let mut reasons = vec![format!("best: h = {:e}, error {:.1e}", best.step, best.error)];
        let beyond =
            |side: fn(f64, f64) -> bool, cause| self.rows.iter().any(|row| row.cause == cause && side(row.step, best.step));
        if beyond(|step, best| step > best, Cause::Truncation) {
            let order = match self.order() {
                Some(order) if order > 0.5 => format!("; the error grows like h^{order:.1}"),
                _ => String::new(),
            };
            reasons.push(format!("larger h: the function bends within the step (truncation){order}"));
        } else if beyond(|step, best| step > best, Cause::Rounding) {
            reasons.push("larger h: as good; the difference is exact for this function, only rounding is left".to_string());
        }
        if beyond(|step, best| step < best, Cause::Rounding) {
            reasons.push(
                "smaller h: f(x + h) and f(x − h) agree in more and more digits, and rounding of the rest is divided by h; \
                 the error grows like 1/h"
                    .to_string(),
            );
        }
        if let Some(step) = self.lost_from() {
            reasons.push(format!("from h = {step:e} on x + h = x: all digits are lost, and the difference says nothing"));
        }
        reasons
    }
}

/// Steps from `first` to `last`, `per_decade` for every power of ten, in falling order. Powers of ten are exact.
pub fn steps_between(first: f64, last: f64, per_decade: usize) -> Vec<f64> {
    let (high, low) = (first.max(last), first.min(last));
    let per_decade = per_decade.max(1) as i64;
    let place = |h: f64| h.log10() * per_decade as f64;
    let step = |i: i64| match i.rem_euclid(per_decade) {
        0 => format!("1e{}", i / per_decade).parse().unwrap_or(f64::NAN),
        _ => 10f64.powf(i as f64 / per_decade as f64),
    };
    // Half a step of tolerance at the ends: logarithms are rounded.
    let (from, to) = ((place(low) - 0.01).ceil() as i64, (place(high) + 0.01).floor() as i64);
    (from..=to).rev().map(step).collect()
}
