//! How parameters are filled before training.

use std::fmt;

use crate::array::{Array, DType, Shape, Stream};
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
    /// Rows (or columns, where there are fewer) that are orthogonal to each other and of length 1, the matrix
    /// `[outputs, …]` being drawn evenly from all such: keeps lengths through many linear layers (Saxe et al. 2013).
    Orthogonal,
    /// Normal with mean 0 and the given σ.
    Normal(f64),
    /// Normal with mean 0 and the given σ, drawn again where it is further than 2σ from 0; what is left has a standard
    /// deviation of 0.880·σ.
    TruncatedNormal(f64),
    /// Uniform within ± the given bound.
    Uniform(f64),
    /// The same number everywhere.
    Constant(f64),
    /// NaN everywhere: a parameter that is used before it was set shows in every result.
    Unset,
}

impl Initializer {
    /// The notation's words, for help texts.
    pub const WORDS: &'static [&'static str] = &[
        "lecun",
        "glorot",
        "he",
        "orthogonal",
        "normal(σ)",
        "truncated_normal(σ)",
        "uniform(bound)",
        "constant(c)",
        "zeros",
        "unset",
    ];

    /// An array of `shape`.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn array(&self, shape: &[usize], dtype: DType, stream: &mut Stream) -> Result<Array> {
        // Also makes sure that the products are numbers.
        Shape::new(shape)?;
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
            Initializer::Orthogonal => orthogonal(shape, dtype, stream),
            Initializer::Normal(sigma) => stream.normal(shape, 0.0, sigma, dtype),
            Initializer::TruncatedNormal(sigma) => stream.truncated_normal(shape, sigma, dtype),
            Initializer::Uniform(bound) => stream.uniform(shape, -bound, bound, dtype),
            Initializer::Constant(value) => Array::full(shape, value, dtype),
            Initializer::Unset => Array::full(shape, f64::NAN, dtype),
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
            "orthogonal" => Initializer::Orthogonal,
            "zeros" => Initializer::Constant(0.0),
            "unset" => Initializer::Unset,
            "normal" => return spread().map(Initializer::Normal),
            "truncated_normal" => return spread().map(Initializer::TruncatedNormal),
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
            Initializer::Orthogonal => f.write_str("orthogonal"),
            Initializer::Normal(sigma) => write!(f, "normal({sigma})"),
            Initializer::TruncatedNormal(sigma) => write!(f, "truncated_normal({sigma})"),
            Initializer::Uniform(bound) => write!(f, "uniform({bound})"),
            Initializer::Constant(value) => write!(f, "constant({value})"),
            Initializer::Unset => f.write_str("unset"),
        }
    }
}

/// The rows of `[shape[0], …]`, or the columns where there are fewer, orthogonal and of length 1: normal numbers made
/// orthogonal one after the other in f64 (Gram and Schmidt, twice, which is enough for full accuracy).
fn orthogonal(shape: &[usize], dtype: DType, stream: &mut Stream) -> Result<Array> {
    let rows = shape.first().copied().unwrap_or(1);
    let columns = shape.iter().skip(1).product::<usize>();
    let (count, length) = (rows.min(columns), rows.max(columns));
    // Not more memory than the array itself can be had for.
    let mut vectors = stream.normal(&[count, length], 0.0, 1.0, DType::F64)?;
    let values = vectors.make_mut::<f64>();
    for number in 0..count {
        let (before, rest) = values.split_at_mut(number * length);
        let vector = &mut rest[..length];
        for _ in 0..2 {
            for other in before.chunks(length) {
                let along = dot(other, vector);
                vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
        }
        let scale = 1.0 / dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|v| *v *= scale);
    }
    let matrix = if rows <= columns { vectors } else { vectors.transpose() };
    let sizes: Vec<isize> = shape.iter().map(|&size| size as isize).collect();
    Ok(matrix.contiguous().reshape(&sizes)?.to_dtype(dtype))
}

/// Eight sums side by side, which are vector instructions.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "lecun",
            "glorot",
            "he",
            "normal(0.01)",
            "uniform(0.5)",
            "constant(-1)",
            "orthogonal",
            "truncated_normal(0.02)",
            "unset",
        ] {
            assert_eq!(Initializer::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "hee",
            "normal",
            "normal(x)",
            "normal(-1)",
            "he(2)",
            "normal(NaN)",
            "",
            "truncated_normal",
            "orthogonal(1)",
            "unset(1)",
        ] {
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

    /// QᵀQ = I or QQᵀ = I, to the last digits of f64 and f32.
    #[test]
    fn orthogonal_matrices_are_orthogonal() {
        let shapes: [&[usize]; 8] = [&[5, 5], &[3, 40], &[40, 3], &[1, 7], &[7, 1], &[64, 60], &[6, 2, 3, 3], &[30, 2, 2, 2]];
        for shape in shapes {
            for (dtype, tolerance) in [(DType::F64, 1e-14), (DType::F32, 3e-7)] {
                let array = Initializer::Orthogonal.array(shape, dtype, &mut Stream::new(3, "w")).unwrap();
                assert_eq!((array.shape(), array.dtype()), (shape, dtype));
                let matrix = array.to_dtype(DType::F64).reshape(&[shape[0] as isize, -1]).unwrap();
                let wide = if matrix.shape()[0] <= matrix.shape()[1] { matrix } else { matrix.transpose() };
                let products = wide.matmul(&wide.transpose()).unwrap();
                let identity = Array::eye(wide.shape()[0], DType::F64).unwrap();
                let error =
                    products.sub(&identity).unwrap().to_f64_vec().into_iter().fold(0.0, |worst: f64, e| worst.max(e.abs()));
                assert!(error <= tolerance, "{shape:?} {dtype}: {error:e}");
            }
        }
        for empty in [&[0, 4][..], &[4, 0], &[0]] {
            assert!(Initializer::Orthogonal.array(empty, DType::F32, &mut Stream::new(3, "w")).unwrap().is_empty());
        }
        assert_eq!(Initializer::Orthogonal.array(&[], DType::F64, &mut Stream::new(3, "w")).unwrap().to_f64_vec()[0].abs(), 1.0);
    }

    /// Drawn evenly: for 2 × 2 the angle of the first row is uniform, so that the mean of cos 4φ is 0 ± 1/√(2n), and half of
    /// the matrices are rotations.
    #[test]
    fn orthogonal_matrices_are_drawn_evenly() {
        let mut stream = Stream::new(5, "w");
        let (mut cosines, mut rotations, count) = (0.0, 0.0, 4000);
        for _ in 0..count {
            let q = Initializer::Orthogonal.array(&[2, 2], DType::F64, &mut stream).unwrap().to_f64_vec();
            cosines += (4.0 * q[1].atan2(q[0])).cos();
            rotations += if q[0] * q[3] - q[1] * q[2] > 0.0 { 1.0 } else { 0.0 };
        }
        let n = f64::from(count);
        assert!((cosines / n).abs() < 4.0 / (2.0 * n).sqrt(), "{cosines}");
        assert!((rotations / n - 0.5).abs() < 4.0 * 0.5 / n.sqrt(), "{rotations}");
    }

    /// Moments of the normal distribution within ±2 from its density φ(2) = 0.0539909665 and Φ(2) − Φ(−2) = 0.9544997361: the
    /// variance is 1 − 4·φ(2)/0.9545 = 0.7737413, the fourth moment 3·0.7737413 − 16·φ(2)/0.9545 = 1.4161891 (by parts).
    #[test]
    fn truncated_normal_numbers_have_their_moments() {
        let sigma = 0.5;
        let array = Initializer::TruncatedNormal(sigma).array(&[300, 700], DType::F64, &mut Stream::new(2, "w")).unwrap();
        let values: Vec<f64> = array.to_f64_vec().into_iter().map(|v| v / sigma).collect();
        let moment = |power: i32| values.iter().map(|v| v.powi(power)).sum::<f64>() / values.len() as f64;
        let n = values.len() as f64;
        assert!(values.iter().all(|v| v.abs() <= 2.0) && values.iter().any(|v| v.abs() > 1.99));
        assert!(moment(1).abs() < 4.0 * (0.7737413f64 / n).sqrt() && moment(3).abs() < 4.0 * (4.0 / n).sqrt());
        assert!((moment(2) - 0.7737413).abs() < 4.0 * ((1.4161891 - 0.7737413f64.powi(2)) / n).sqrt(), "{}", moment(2));
        assert!((moment(4) - 1.4161891).abs() < 4.0 * (8.0 / n).sqrt(), "{}", moment(4));
    }

    /// Mean 0, variance and kurtosis of the normal (3σ⁴) and the uniform distribution (σ⁴·9/5), within four standard errors.
    #[test]
    fn moments_are_those_of_the_distributions() {
        for (initializer, variance, kurtosis) in [
            (Initializer::Normal(0.3), 0.09f64, 3.0),
            (Initializer::LeCun, 1.0 / 700.0, 3.0),
            (Initializer::He, 2.0 / 700.0, 3.0),
            (Initializer::Uniform(0.6), 0.12, 1.8),
            (Initializer::Glorot, 2.0 / 1000.0, 1.8),
        ] {
            let array = initializer.array(&[300, 700], DType::F64, &mut Stream::new(4, "w")).unwrap();
            let values: Vec<f64> = array.to_f64_vec().into_iter().map(|v| v / variance.sqrt()).collect();
            let n = values.len() as f64;
            let moment = |power: i32| values.iter().map(|v| v.powi(power)).sum::<f64>() / n;
            assert!(moment(1).abs() < 4.0 / n.sqrt(), "{initializer}");
            assert!((moment(2) - 1.0).abs() < 4.0 * ((kurtosis - 1.0) / n).sqrt(), "{initializer}");
            assert!((moment(4) - kurtosis).abs() < 4.0 * (100.0 / n).sqrt(), "{initializer}");
        }
        let unset = Initializer::Unset.array(&[2, 3], DType::F32, &mut Stream::new(1, "w")).unwrap();
        assert!(unset.to_f64_vec().iter().all(|v| v.is_nan()));
    }

    /// The number of threads changes nothing.
    #[test]
    fn truncated_normal_numbers_are_the_streams() {
        let draw = || Initializer::TruncatedNormal(1.0).array(&[3, 5000], DType::F32, &mut Stream::new(9, "w")).unwrap();
        let all = draw();
        assert!(all.same_as(&draw()));
        let part = Initializer::TruncatedNormal(1.0).array(&[4999], DType::F32, &mut Stream::new(9, "w")).unwrap();
        assert_eq!(all.to_f64_vec()[..4999], part.to_f64_vec());
    }
}
