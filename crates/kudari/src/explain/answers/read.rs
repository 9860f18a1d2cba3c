//! Reading a file of answers: `z1 = 0.6457`, `dE/dw2_11: 1.41`, one a line.

use super::names::Names;
use crate::error::{Error, ErrorKind, Result};
use crate::explain::derivation::{Derivation, Id};

/// A number as somebody wrote it: its value and its last digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// The number.
    pub value: f64,
    /// The place value of its last digit: 0.001 for 1.410.
    pub last_place: f64,
    /// How many significant digits it has.
    pub digits: usize,
}

impl Written {
    /// Reads a number: `1.410`, `−.859`, `2.8e-5`.
    pub fn read(text: &str) -> Option<Written> {
        let plain = text.trim().replace('−', "-");
        let value: f64 = plain.parse().ok().filter(|v: &f64| v.is_finite())?;
        let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (plain.as_str(), 0),
        };
        let decimals = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len() as i32);
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').len().max(1);
        Some(Written { text: text.trim().to_string(), value, last_place: 10f64.powi(exponent - decimals), digits })
    }

    /// Whether a value, rounded to the last digit that was written, is this number.
    pub fn is(&self, value: f64) -> bool {
        // A half may be rounded either way, and a whole number may be written with fewer digits than it has.
        let slack = 0.5 * self.last_place * (1.0 + 1e-9) + 1e-12 * value.abs();
        value.is_finite() && (self.value - value).abs() <= slack
    }

    /// Whether a value, its further digits cut off, is this number.
    pub fn is_cut_from(&self, value: f64) -> bool {
        let rest = value.abs() - self.value.abs();
        self.value.signum() == value.signum() && rest >= 0.0 && rest < self.last_place * (1.0 - 1e-9)
    }
}

/// One line of a file of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The number that is meant.
    pub id: Id,
    /// What was written for it.
    pub written: Written,
    /// The line in the file, from 1.
    pub line: usize,
}

impl Answer {
    /// Reads a file of answers. Empty lines, lines that begin with `#`, `[section]`s and what follows the number are
    /// passed over.
    ///
    /// # Errors
    ///
    /// A line without a name or a number, a name that the derivation does not have, the same number twice.
    pub fn read_all(text: &str, derivation: &Derivation) -> Result<Vec<Answer>> {
        let names = Names::new(derivation);
        let mut answers: Vec<Answer> = Vec::new();
        for (line, content) in text.lines().enumerate().map(|(i, l)| (i + 1, l.trim().trim_start_matches('\u{feff}'))) {
            if content.is_empty() || content.starts_with('#') || (content.starts_with('[') && content.ends_with(']')) {
                continue;
            }
            let fail = |what: String, help: &str| {
                Err(Error::new(ErrorKind::Format, format!("line {line}: {what}"))
                    .excerpt(content, 0, content.chars().count())
                    .help(help))
            };
            let Some((name, value)) = content.split_once([':', '=']) else {
                return fail("no name and number".to_string(), "write e.g. z1 = 0.6457");
            };
            let number = value.trim().trim_start_matches(['≈', '=']).trim();
            let number = number.split([' ', '#', ',', ';', '\t']).next().unwrap_or("");
            let Some(written) = Written::read(number.trim_matches('"')) else {
                return fail(format!("`{}` is not a number", value.trim()), "write e.g. z1 = 0.6457");
            };
            let id = names
                .find(name.trim().trim_matches('"'))
                .map_err(|e| e.context(format_args!("line {line}")).excerpt(content, 0, name.trim_end().chars().count()))?;
            if let Some(other) = answers.iter().find(|a| a.id == id) {
                return fail(
                    format!("{} was given in line {} already", derivation.symbol(id).text(), other.line),
                    "leave one of them out",
                );
            }
            answers.push(Answer { id, written, line });
        }
        if answers.is_empty() {
            return Err(Error::new(ErrorKind::Format, "there are no answers").help("write one a line, e.g. z1 = 0.6457"));
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_at_the_digits_that_were_written() {
        let written = Written::read("1.41").unwrap();
        assert!(written.is(1.409278) && !written.is(1.4157) && written.digits == 3);
        assert!(!Written::read("1.410").unwrap().is(1.409278));
        assert!(Written::read("−.2252").unwrap().is(-0.22523761788983807));
        assert!(Written::read("2.8e-5").unwrap().is(2.8272033501027256e-05));
        assert!(Written::read("169").unwrap().is(169.0) && !Written::read("169").unwrap().is(168.4));
        assert!(Written::read("1.677").unwrap().is_cut_from(1.6779) && !Written::read("1.677").unwrap().is_cut_from(1.678));
        assert!(Written::read("0.3").unwrap().is(0.1 * 3.0));
        assert!(Written::read("one").is_none() && Written::read("").is_none() && Written::read("inf").is_none());
    }
}
