//! How parameters are filled before training.

use std::fmt;

use crate::array::{Array, DType, Stream};
use crate::error::{Error, ErrorKind, Result};

/// How a parameter is filled. For a weight of shape `[outputs, inputs]`, `fan_in` is inputs and `fan_out` outputs; for one of
/// shape `[outputs, inputs, height, width]`, both times height · width: what a number depends on, and what depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initializer {
    /// Normal with σ = 1/√fan_in: keeps the variance through linear layers (LeCun et al. 1998).
    LeCun,
    /// Uniform within ±√(6/(fan_in + fan_out)): for sigmoid and tanh (Glorot and Bengio 2010).
    Glorot,
    /// Normal with σ = √(2/fan_in): for ReLU and its kin (He et al. 2015).
    He,
    /// Normal with mean 0 and the given σ.
    Normal(f64),
    /// Uniform within ± the given bound.
    Uniform(f64),
    /// The same number everywhere.
    Constant(f64),
}

impl Initializer {
    /// The notation's words, for help texts.
    pub const WORDS: &'static [&'static str] = &["lecun", "glorot", "he", "normal(σ)", "uniform(bound)", "constant(c)", "zeros"];

    /// An array of `shape`.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn array(&self, shape: &[usize], dtype: DType, stream: &mut Stream) -> Result<Array> {
        let kernel = shape.iter().skip(2).product::<usize>();
        let fan_out = (shape.first().copied().unwrap_or(1) * kernel).max(1) as f64;
        let fan_in = shape.iter().skip(1).product::<usize>().max(1) as f64;
        match *self {
            Initializer::LeCun => stream.normal(shape, 0.0, (1.0 / fan_in).sqrt(), dtype),
            Initializer::Glorot => {
                let bound = (6.0 / (fan_in + fan_out)).sqrt();
                stream.uniform(shape, -bound, bound, dtype)
            }
            Initializer::He => stream.normal(shape, 0.0, (2.0 / fan_in).sqrt(), dtype),
            Initializer::Normal(sigma) => stream.normal(shape, 0.0, sigma, dtype),
            Initializer::Uniform(bound) => stream.uniform(shape, -bound, bound, dtype),
            Initializer::Constant(value) => Array::full(shape, value, dtype),
        }
    }

    /// Reads an initialiser as it is written on the command line: `he`, `normal(0.01)`.
    ///
    /// # Errors
    ///
    /// An unknown word, or a missing, superfluous or unusable number.
    pub fn parse(text: &str) -> Result<Initializer> {
        let fail = |why: String| {
            Error::new(ErrorKind::Notation, format!("initialiser `{text}`: {why}"))
                .help(format!("use one of {}", Initializer::WORDS.join(", ")))
        };
        let (word, argument) = match text.trim().strip_suffix(')').and_then(|t| t.split_once('(')) {
            Some((word, argument)) => (word.trim(), Some(argument.trim())),
            None => (text.trim(), None),
        };
        let number = || -> Result<f64> {
            let argument = argument.ok_or_else(|| fail(format!("{word} needs a number")))?;
            argument.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| fail(format!("`{argument}` is not a number")))
        };
        let spread = || number().and_then(|v| if v >= 0.0 { Ok(v) } else { Err(fail("a spread cannot be negative".into())) });
        let made = match word {
            "lecun" => Initializer::LeCun,
            "glorot" | "xavier" => Initializer::Glorot,
            "he" | "kaiming" => Initializer::He,
            "zeros" => Initializer::Constant(0.0),
            "normal" => return spread().map(Initializer::Normal),
            "uniform" => return spread().map(Initializer::Uniform),
            "constant" => return number().map(Initializer::Constant),
            _ => return Err(fail("unknown".into())),
        };
        if argument.is_some() { Err(fail(format!("{word} takes no number"))) } else { Ok(made) }
    }
}

impl fmt::Display for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Initializer::LeCun => f.write_str("lecun"),
            Initializer::Glorot => f.write_str("glorot"),
            Initializer::He => f.write_str("he"),
            Initializer::Normal(sigma) => write!(f, "normal({sigma})"),
            Initializer::Uniform(bound) => write!(f, "uniform({bound})"),
            Initializer::Constant(value) => write!(f, "constant({value})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["lecun", "glorot", "he", "normal(0.01)", "uniform(0.5)", "constant(-1)"] {
            assert_eq!(Initializer::parse(text).unwrap().to_string(), text);
        }
        for bad in ["hee", "normal", "normal(x)", "normal(-1)", "he(2)", "normal(NaN)", ""] {
            assert!(Initializer::parse(bad).is_err(), "{bad}");
        }
    }

    /// Standard deviations by the formulas: √(1/400), √(6/(400 + 100))/√3, √(2/400).
    #[test]
    fn spreads_follow_the_fans() {
        let spread = |i: Initializer| {
            let a = i.array(&[100, 400], DType::F64, &mut Stream::new(1, "w")).unwrap();
            (a.sum_of_squares() / a.len() as f64).sqrt()
        };
        assert!((spread(Initializer::LeCun) / 0.05 - 1.0).abs() < 0.02);
        assert!((spread(Initializer::Glorot) / 0.063245553 - 1.0).abs() < 0.02);
        assert!((spread(Initializer::He) / 0.070710678 - 1.0).abs() < 0.02);
    }

    /// 40 filters of 20 channels with kernels of 3 × 5: fan_in 300, fan_out 600.
    #[test]
    fn fans_of_convolutions_count_the_kernel() {
        let spread = |i: Initializer| {
            let a = i.array(&[40, 20, 3, 5], DType::F64, &mut Stream::new(1, "w")).unwrap();
            (a.sum_of_squares() / a.len() as f64).sqrt()
        };
        assert!((spread(Initializer::LeCun) / (1.0f64 / 300.0).sqrt() - 1.0).abs() < 0.03);
        assert!((spread(Initializer::Glorot) / (2.0f64 / 900.0).sqrt() - 1.0).abs() < 0.03);
    }
}
