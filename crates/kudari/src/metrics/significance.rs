//! Whether two groups of numbers differ by more than they scatter.

use crate::error::{Error, Result};

/// Mean and standard deviation of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDeviation {
    /// How many there are.
    pub count: usize,
    /// The mean, (1/n) Σ x.
    pub mean: f64,
    /// √(Σ (x − mean)² / (n − 1)), which is an estimate for all numbers of which these are a sample; `None` of a single one.
    pub deviation: Option<f64>,
}

impl MeanDeviation {
    /// Of `values`; `None` of no values. NaN and infinities make the mean and the deviation NaN or infinite.
    pub fn of(values: &[f64]) -> Option<MeanDeviation> {
        let count = values.len();
        let first = *values.first()?;
        // Equal numbers have exactly their mean and no deviation, whatever a sum of them would round to.
        if values.iter().all(|&v| v == first) && first.is_finite() {
            return Some(MeanDeviation { count, mean: first, deviation: (count > 1).then_some(0.0) });
        }
        // A second pass takes away what the first rounded: near the mean the sum keeps the digits in which the numbers differ.
        let mean_around = |place: f64| place + values.iter().map(|v| (v - place) / count as f64).sum::<f64>();
        let mean = mean_around(mean_around(first));
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        Some(MeanDeviation { count, mean, deviation: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()) })
    }
}

/// The result of [`welch_test`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WelchTest {
    /// t, the difference of the means in units of its standard error.
    pub statistic: f64,
    /// The degrees of freedom ν.
    pub degrees_of_freedom: f64,
    /// The probability of a |t| at least as large if both groups had the same mean.
    pub p_value: f64,
}

/// Welch's t-test: how likely means so different are if both groups are samples of normal distributions with one mean, whose
/// variances may differ. With sᵢ² the variance (divisor nᵢ − 1) and eᵢ = sᵢ²/nᵢ of group i,
///
/// t = (x̄₁ − x̄₂) / √(e₁ + e₂), ν = (e₁ + e₂)² / (e₁²/(n₁ − 1) + e₂²/(n₂ − 1)), p = I_{ν/(ν + t²)}(ν/2, 1/2)
///
/// with the regularised incomplete beta function I. Of two groups without any scatter p is 1 if they are equal, else 0 (then t is infinite and
/// ν = n₁ + n₂ − 2). Source: B. L. Welch, "The generalization of 'Student's' problem when several different population variances are
/// involved", Biometrika 34 (1947).
///
/// ```
/// # use kudari::metrics::welch_test;
/// let test = welch_test(&[0.91, 0.93, 0.92], &[0.92, 0.95, 0.90]).unwrap();
/// assert!(test.p_value > 0.5); // not more than the scatter
/// ```
///
/// # Errors
///
/// A group of fewer than two numbers, or numbers that are not finite.
pub fn welch_test(a: &[f64], b: &[f64]) -> Result<WelchTest> {
    for group in [a, b] {
        if group.len() < 2 {
            let found = if group.is_empty() { "no number" } else { "a single number" };
            return Err(
                Error::value(format!("a t-test of a group with {found}")).help("how much numbers scatter is seen from two on")
            );
        }
        if let Some(number) = group.iter().find(|v| !v.is_finite()) {
            return Err(Error::value(format!("a t-test of a group with {number}")).help("give finite numbers"));
        }
    }
    // Dividing by about the largest keeps squares of very large and very small numbers within range; a power of two changes no digit. Taken
    // less the first, numbers that differ little keep the digits in which they differ. t depends on neither.
    let scale = a.iter().chain(b).fold(0f64, |most, v| most.max(v.abs())).log2().floor().exp2();
    let of = |v: f64| if scale > 0.0 { v / scale } else { 0.0 };
    let first = a.first().map_or(0.0, |&v| of(v));
    let scaled = |group: &[f64]| group.iter().map(|&v| of(v) - first).collect::<Vec<_>>();
    let (Some(one), Some(two)) = (MeanDeviation::of(&scaled(a)), MeanDeviation::of(&scaled(b))) else {
        return Err(Error::value("a t-test of nothing"));
    };
    let error = |group: MeanDeviation| group.deviation.unwrap_or(0.0).powi(2) / group.count as f64;
    let (of_one, of_two, difference) = (error(one), error(two), one.mean - two.mean);
    if of_one + of_two == 0.0 {
        let (statistic, p_value) = if difference == 0.0 { (0.0, 1.0) } else { (difference.signum() * f64::INFINITY, 0.0) };
        return Ok(WelchTest { statistic, degrees_of_freedom: (one.count + two.count - 2) as f64, p_value });
    }
    let statistic = difference / (of_one + of_two).sqrt();
    // The shares of both groups, so that nothing becomes 0 by squaring.
    let (share_one, share_two) = (of_one / (of_one + of_two), of_two / (of_one + of_two));
    let inverse = share_one.powi(2) / (one.count - 1) as f64 + share_two.powi(2) / (two.count - 1) as f64;
    let degrees_of_freedom = 1.0 / inverse;
    Ok(WelchTest { statistic, degrees_of_freedom, p_value: two_sided(statistic, degrees_of_freedom) })
}

/// The p-values of several tests, made larger so that the chance of calling any true equality a difference stays what it is
/// for one test: the k-th smallest of m is multiplied by m − k + 1 and made at least as large as those before it, at most 1. Source:
/// S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let p = |i: usize| p_values.get(i).copied().unwrap_or(f64::NAN);
    order.sort_by(|&a, &b| p(a).total_cmp(&p(b)));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut largest = 0f64;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max((p(i) * (p_values.len() - rank) as f64).min(1.0));
        adjusted.iter_mut().skip(i).take(1).for_each(|slot| *slot = largest);
    }
    adjusted
}

/// The probability of |t| or more under Student's distribution with ν degrees of freedom.
fn two_sided(t: f64, degrees: f64) -> f64 {
    let (square, half) = (t * t, degrees / 2.0);
    if !square.is_finite() {
        return 0.0;
    }
    if square == 0.0 {
        return 1.0;
    }
    // I_x(ν/2, 1/2), with 1 − x by itself: near 1 it has digits that x has not.
    let (x, rest) = (degrees / (degrees + square), square / (degrees + square));
    let logarithm = |small: f64, of: f64| if small < 0.5 { (-small).ln_1p() } else { of.ln() };
    let factor = (half * logarithm(rest, x) + 0.5 * logarithm(x, rest) - logarithm_of_beta(half)).exp();
    // The fraction converges fast on one side of the mean; the other is reached by the symmetry I_x(a, b) = 1 − I_{1 − x}(b, a).
    let p = if x > (half + 1.0) / (half + 2.5) {
        1.0 - factor / (0.5 * fraction(0.5, half, rest))
    } else {
        factor / (half * fraction(half, 0.5, x))
    };
    p.clamp(0.0, 1.0)
}

/// ln B(a, 1/2) = ln Γ(a) + ln Γ(1/2) − ln Γ(a + 1/2). Both large terms would leave no digits of their difference, so that is taken by its
/// asymptotic series (DLMF 5.11.13), for small a after steps with Γ(a + 1) = a Γ(a).
fn logarithm_of_beta(mut a: f64) -> f64 {
    const LARGE: f64 = 20.0;
    let mut factor = std::f64::consts::PI.sqrt();
    while a < LARGE {
        factor *= (a + 0.5) / a;
        a += 1.0;
    }
    let (inverse, square) = (1.0 / a, 1.0 / (a * a));
    let series = inverse
        * (-1.0 / 8.0 + square * (1.0 / 192.0 + square * (-1.0 / 640.0 + square * (17.0 / 14336.0 - square * 31.0 / 18432.0))));
    factor.ln() - 0.5 * a.ln() - series
}

/// The continued fraction of DLMF 8.17.22, evaluated by Lentz's method: x^a (1 − x)^b / (a B(a, b)) divided by it is I_x(a, b).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    // Zero in a denominator is replaced by this, which the next step takes back.
    const TINY: f64 = 1e-300;
    const STEPS: usize = 10_000;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let coefficient = |step: usize| {
        let m = (step / 2) as f64;
        if step.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    let (mut numerator, mut denominator, mut fraction) = (1.0, 0.0, 1.0);
    for step in 1..=STEPS {
        let d = coefficient(step);
        denominator = 1.0 / away_from_zero(1.0 + d * denominator);
        numerator = away_from_zero(1.0 + d / numerator);
        let change = numerator * denominator;
        fraction *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms: one degree of freedom is the Cauchy distribution, 1 − (2/π) atan t; two give 1 − t/√(2 + t²).
    #[test]
    fn probabilities_of_one_and_two_degrees_are_those_of_their_formulas() {
        for t in [1e-9f64, 0.1, 0.5, 1.0, 3.0, 40.0, 1e4] {
            let cauchy = 2.0 / std::f64::consts::PI * (1.0 / t).atan();
            let two = 2.0 / ((2.0 + t * t).sqrt() * ((2.0 + t * t).sqrt() + t));
            for (p, exact) in [(two_sided(t, 1.0), cauchy), (two_sided(t, 2.0), two), (two_sided(-t, 2.0), two)] {
                assert!((p - exact).abs() <= 1e-12 * exact, "t = {t}: {p}, {exact}");
            }
        }
        assert_eq!([two_sided(0.0, 5.0), two_sided(f64::INFINITY, 5.0), two_sided(1e200, 5.0)], [1.0, 0.0, 0.0]);
    }

    #[test]
    fn groups_without_scatter_and_groups_that_cannot_be_judged() {
        let p = |a: &[f64], b: &[f64]| welch_test(a, b).map(|test| test.p_value);
        assert_eq!(p(&[0.1; 3], &[0.1; 5]).unwrap(), 1.0);
        assert_eq!(p(&[0.1; 3], &[0.2; 3]).unwrap(), 0.0);
        assert_eq!(p(&[0.0; 2], &[0.0; 2]).unwrap(), 1.0);
        for (a, b) in [
            (&[][..], &[1.0, 2.0][..]),
            (&[1.0], &[1.0, 2.0]),
            (&[1.0, 2.0], &[f64::NAN, 1.0]),
            (&[1.0, f64::INFINITY], &[1.0; 2]),
        ] {
            assert!(p(a, b).is_err() && p(b, a).is_err());
        }
        // Numbers whose squares would overflow or vanish.
        for scale in [1e-200, 1e200] {
            let [a, b] = [[1.0, 2.0, 4.0], [3.0, 5.0, 6.0]].map(|group| group.map(|v| v * scale));
            let plain = p(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]).unwrap();
            assert!((p(&a, &b).unwrap() - plain).abs() < 1e-12);
        }
    }
}
