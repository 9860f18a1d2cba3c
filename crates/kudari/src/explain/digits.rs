//! Numbers as they are written on paper: rounded to significant digits.

use crate::expression::superscript;

/// How numbers are rounded and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// Significant digits, from 1 to 15.
    pub count: usize,
}

/// A value that differs from its written form by no more than this is written exactly.
const EXACT: f64 = 1e-12;

impl Digits {
    /// The value rounded to the digits, halves away from zero, as one learns at school.
    pub fn round(self, value: f64) -> f64 {
        if value == 0.0 || !value.is_finite() {
            return value;
        }
        // A half that the binary number misses by its own rounding is still a half.
        let nudged = value * (1.0 + 4.0 * f64::EPSILON);
        format!("{nudged:.*e}", self.count.max(1) - 1).parse().unwrap_or(value)
    }

    /// Whether the written number is the value itself.
    pub fn is_exact(self, value: f64) -> bool {
        !value.is_finite() || (self.round(value) - value).abs() <= EXACT * value.abs().max(1.0)
    }

    /// The number as it is written: `0.6` if that is all there is, `2.590` if it was rounded.
    pub fn text(self, value: f64) -> String {
        self.typeset(&self.decimal(value))
    }

    /// The number with all its digits, zeros at the end too: a result of rounding.
    pub fn rounded_text(self, value: f64) -> String {
        self.typeset(&self.rounded_decimal(value))
    }

    fn typeset(self, decimal: &str) -> String {
        let plain = decimal.replace('-', "−");
        match plain.split_once('e') {
            None => plain,
            Some((mantissa, exponent)) => {
                let (sign, exponent) = match exponent.strip_prefix('−') {
                    Some(rest) => ("⁻", rest),
                    None => ("", exponent),
                };
                format!("{mantissa}·10{sign}{}", superscript(exponent.parse().unwrap_or(0)))
            }
        }
    }

    /// The same as [`text`](Digits::text) in the keyboard's signs: `-2.827e-5`.
    pub fn decimal(self, value: f64) -> String {
        self.written(value, self.is_exact(value))
    }

    /// The same as [`rounded_text`](Digits::rounded_text) in the keyboard's signs.
    pub fn rounded_decimal(self, value: f64) -> String {
        self.written(value, false)
    }

    fn written(self, value: f64, exact: bool) -> String {
        if value == 0.0 {
            return "0".to_string();
        }
        if !value.is_finite() {
            return if value.is_nan() {
                "NaN".into()
            } else if value > 0.0 {
                "∞".into()
            } else {
                "-∞".into()
            };
        }
        let rounded = self.round(value);
        let exponent = rounded.abs().log10().floor() as i32;
        let count = self.count.max(1) as i32;
        if exponent >= count.max(6) || exponent < -4 {
            let text = format!("{rounded:.*e}", self.count.max(1) - 1);
            let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
            let mantissa = if exact { trimmed(mantissa) } else { mantissa };
            return format!("{mantissa}e{power}");
        }
        let decimals = (count - 1 - exponent).max(0) as usize;
        let text = format!("{rounded:.decimals$}");
        if exact { trimmed(&text).to_string() } else { text }
    }
}

/// A decimal without the zeros at its end.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_on_paper() {
        let text = |value: f64| Digits { count: 4 }.text(value);
        assert_eq!(text(0.6), "0.6");
        assert_eq!(text(2.589771382909), "2.590");
        assert_eq!(text(10.426435926092), "10.43");
        assert_eq!(text(-0.22523761788983807), "−0.2252");
        assert_eq!(text(169.0), "169");
        assert_eq!(text(0.0), "0");
        assert_eq!(text(-2.8272033501027256e-05), "−2.827·10⁻⁵");
        assert_eq!(text(1e9), "1·10⁹");
        assert_eq!(text(0.1 + 0.2), "0.3");
        assert_eq!(text(99999.6), "100000");
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let digits = Digits { count: 4 };
        assert_eq!(digits.round(20.855), 20.86);
        assert_eq!(digits.round(4.765 + 16.09), 20.86);
        assert_eq!(digits.round(-0.12345), -0.1235);
        assert_eq!(Digits { count: 1 }.round(0.95), 1.0);
        assert!(digits.is_exact(0.1 * 3.0) && !digits.is_exact(0.64565));
    }
}
