//! Printing arrays as NumPy 2.4 does: nested brackets, aligned columns, wrapped lines, long arrays abbreviated.

use std::fmt;

use half::{bf16, f16};

use super::create::Scalar;
use super::{Array, DType};

/// Arrays with more elements are abbreviated.
const THRESHOLD: usize = 1000;
/// How many indices stay at each end of an abbreviated axis.
const EDGE: usize = 3;
/// Digits after the point at most.
const PRECISION: usize = 8;
const LINE_WIDTH: usize = 75;

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("[]");
        }
        let abbreviated = self.len() > THRESHOLD;
        let texts = match self.dtype() {
            DType::F32 => {
                float_texts(&shown::<f32>(self, abbreviated).into_iter().map(f64::from).collect::<Vec<_>>(), DType::F32)
            }
            DType::F64 => float_texts(&shown::<f64>(self, abbreviated), DType::F64),
            half @ (DType::F16 | DType::Bf16) => float_texts(&shown::<f64>(&self.to_dtype(DType::F64), abbreviated), half),
            DType::I64 => right_aligned(shown::<i64>(self, abbreviated).iter().map(i64::to_string).collect()),
            DType::Bool => {
                shown::<bool>(self, abbreviated).into_iter().map(|x| if x { " True" } else { "False" }.into()).collect()
            }
        };
        let mut out = String::new();
        match self.shape() {
            // A single number is printed with all its digits.
            [] if self.dtype().is_float() => out = single_float(self.to_f64_vec()[0], self.dtype()),
            [] => out.push_str(texts[0].trim_start()),
            shape => write_axis(&mut out, shape, abbreviated, &mut texts.iter().map(String::as_str), 1),
        }
        f.write_str(&out)
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({self}, shape={:?}, dtype={})", self.shape(), self.dtype())
    }
}

/// Whether an axis of `size` has a gap in the middle.
fn is_cut(size: usize, abbreviated: bool) -> bool {
    abbreviated && size > 2 * EDGE
}

/// The indices of an axis that are shown.
fn places(size: usize, abbreviated: bool) -> impl Iterator<Item = usize> {
    (0..size).filter(move |&i| !is_cut(size, abbreviated) || i < EDGE || i >= size - EDGE)
}

/// The elements that are shown, in row-major order.
fn shown<T: Scalar>(array: &Array, abbreviated: bool) -> Vec<T> {
    match array.shape().first() {
        None => array.to_vec().unwrap_or_default(),
        Some(&size) => places(size, abbreviated)
            .filter_map(|i| array.index_axis(0, i as isize).ok())
            .flat_map(|part| shown(&part, abbreviated))
            .collect(),
    }
}

/// Brackets and what is in them; `depth` is the number of brackets that are open then.
fn write_axis<'a>(out: &mut String, shape: &[usize], abbreviated: bool, texts: &mut impl Iterator<Item = &'a str>, depth: usize) {
    let Some((&size, rest)) = shape.split_first() else { return };
    out.push('[');
    if rest.is_empty() {
        let mut words: Vec<&str> = texts.take(places(size, abbreviated).count()).collect();
        if is_cut(size, abbreviated) {
            words.insert(EDGE, "...");
        }
        write_row(out, &words, depth);
    } else {
        let gap = format!("{:\n<1$}{2:depth$}", "", rest.len(), "");
        for (count, _) in places(size, abbreviated).enumerate() {
            if count > 0 {
                out.push_str(&gap);
            }
            if count == EDGE && is_cut(size, abbreviated) {
                out.push_str("...");
                out.push_str(&gap);
            }
            write_axis(out, rest, abbreviated, texts, depth + 1);
        }
    }
    out.push(']');
}

/// Words with spaces between them, in lines that leave room for the closing brackets.
fn write_row(out: &mut String, words: &[&str], depth: usize) {
    let mut line = String::new();
    for (i, word) in words.iter().enumerate() {
        // A line has at least one word, however long.
        if !line.is_empty() && 2 * depth + line.len() + word.len() > LINE_WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            out.push_str(&" ".repeat(depth));
            line.clear();
        }
        line.push_str(word);
        if i + 1 < words.len() {
            line.push(' ');
        }
    }
    out.push_str(&line);
}

fn right_aligned(texts: Vec<String>) -> Vec<String> {
    let width = texts.iter().map(String::len).max().unwrap_or(0);
    texts.into_iter().map(|t| format!("{t:>width$}")).collect()
}

/// The fewest digits that identify a number in its own type, plainly or with an exponent.
fn shortest(x: f64, dtype: DType, scientific: bool) -> String {
    match (dtype, scientific) {
        (DType::F32, true) => format!("{:e}", x as f32),
        (DType::F32, false) => format!("{}", x as f32),
        (DType::F16 | DType::Bf16, _) => {
            // No more than five digits are ever needed.
            let candidates = (0..5).map(|digits| format!("{x:.digits$e}"));
            let text = candidates.into_iter().find(|text| text.parse().is_ok_and(|y| is_same(x, y, dtype)));
            let y = text.and_then(|text| text.parse().ok()).unwrap_or(x);
            shortest(y, DType::F64, scientific)
        }
        (_, true) => format!("{x:e}"),
        (_, false) => format!("{x}"),
    }
}

/// Whether `y` is `x` as soon as it is a number of the type.
fn is_same(x: f64, y: f64, dtype: DType) -> bool {
    match dtype {
        DType::F16 => f16::from_f64(y).to_f64() == x,
        DType::Bf16 => bf16::from_f64(y).to_f64() == x,
        DType::F32 => y as f32 == x as f32,
        _ => x == y,
    }
}

/// A number with that many digits after the point, rounded from its exact value and half to even, as NumPy does: the
/// shortest digits round some halves up.
fn rounded(x: f64, digits: usize, scientific: bool) -> String {
    if scientific { format!("{x:.digits$e}") } else { format!("{x:.digits$}") }
}

/// A finite number's text in parts: before the point, after it without zeros at the end, the exponent.
fn parts(text: &str) -> (&str, &str, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (whole, fraction.trim_end_matches('0'), exponent.parse().unwrap_or(0))
}

fn exponent_text(exponent: i32, width: usize) -> String {
    format!("e{}{:0width$}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

fn non_finite_text(x: f64) -> String {
    if x.is_nan() {
        "nan"
    } else if x > 0.0 {
        "inf"
    } else {
        "-inf"
    }
    .into()
}

/// A number outside an array.
fn single_float(x: f64, dtype: DType) -> String {
    if !x.is_finite() {
        return non_finite_text(x);
    }
    let limit = match dtype {
        DType::F16 | DType::Bf16 => 1e3,
        DType::F32 => 1e6,
        _ => 1e16,
    };
    let scientific = x != 0.0 && !(1e-4..limit).contains(&x.abs());
    let shortest = shortest(x, dtype, scientific);
    let rounded = rounded(x, parts(&shortest).1.len(), scientific);
    // Below a power of two the numbers lie closer together, and the rounded digits may be those of a neighbour.
    let same = rounded.parse().is_ok_and(|y| is_same(x, y, dtype));
    let (whole, fraction, exponent) = parts(if same { &rounded } else { &shortest });
    match (fraction, scientific) {
        ("", true) => format!("{whole}{}", exponent_text(exponent, 2)),
        (_, true) => format!("{whole}.{fraction}{}", exponent_text(exponent, 2)),
        ("", false) => format!("{whole}.0"),
        (_, false) => format!("{whole}.{fraction}"),
    }
}

/// The numbers of an array as texts of one width, with the points below each other.
fn float_texts(numbers: &[f64], dtype: DType) -> Vec<String> {
    let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
    let sizes = || finite.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
    let (largest, smallest) = (sizes().fold(0.0, f64::max), sizes().fold(f64::INFINITY, f64::min));
    // Compared in the numbers' own type: 1e-4 as f32 is a little below 1e-4.
    let scientific = match dtype {
        DType::F16 | DType::Bf16 => largest >= 1e3 || smallest < 1e-4 || largest / smallest > 1e3,
        DType::F32 => {
            let (largest, smallest) = (largest as f32, smallest as f32);
            largest >= 1e6 || smallest < 1e-4 || largest / smallest > 1e3
        }
        _ => largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e3,
    };
    let enough = |x: f64| parts(&shortest(x, dtype, scientific)).1.len().min(PRECISION);
    let most = finite.iter().map(|&x| parts(&rounded(x, enough(x), scientific)).1.len()).max().unwrap_or(0);
    // With exponents all get as many digits as the longest needs; plain ones are filled up with spaces.
    let digits = |x: f64| rounded(x, if scientific { most } else { enough(x) }, scientific);
    let exponents = finite.iter().map(|&x| parts(&digits(x)).2.unsigned_abs().to_string().len());
    let exponent_width = exponents.max().unwrap_or(0).max(2);
    let text = |&x: &f64| {
        if !x.is_finite() {
            return non_finite_text(x);
        }
        let digits = digits(x);
        let (whole, fraction, exponent) = parts(&digits);
        if scientific {
            format!("{whole}.{fraction:0<most$}{}", exponent_text(exponent, exponent_width))
        } else {
            format!("{whole}.{fraction:<most$}")
        }
    };
    right_aligned(numbers.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts are what NumPy 2.4's `str` prints for the same arrays; tests/reference has many more.
    #[test]
    fn arrays_print_as_in_numpy() {
        let text = |a: Array| a.to_string();
        assert_eq!(text(Array::from([[1.0, 2.5], [-3.125, 4.0]])), "[[ 1.     2.5  ]\n [-3.125  4.   ]]");
        assert_eq!(text(Array::from([0.1f32, 1.0 / 3.0])), "[0.1        0.33333334]");
        assert_eq!(text(Array::from([1e-5, 1.0])), "[1.e-05 1.e+00]");
        assert_eq!(text(Array::from([1234.5678, 0.5])), "[1.2345678e+03 5.0000000e-01]");
        assert_eq!(text(Array::from([1e6f32, 5e5])), "[1.e+06 5.e+05]");
        assert_eq!(text(Array::from([f64::NAN, 1.0, f64::INFINITY])), "[nan  1. inf]");
        assert_eq!(text(Array::from([true, true])), "[ True  True]");
        assert_eq!(text(Array::arange(1001)), "[   0    1    2 ...  998  999 1000]");
        assert_eq!(text(Array::from([[[1i64, 2]], [[3, 40]]])), "[[[ 1  2]]\n\n [[ 3 40]]]");
        assert_eq!(text(Array::zeros(&[0, 3], DType::F32).unwrap()), "[]");
        let rows = Array::arange(2000).reshape(&[1000, 2]).unwrap().to_string();
        assert!(rows.contains("[   4    5]\n ...\n [1994 1995]"), "{rows}");
        let long = Array::arange(40).to_dtype(DType::F64).to_string();
        assert_eq!(long.lines().next().unwrap(), "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.");
    }

    #[test]
    fn half_precision_prints_as_in_numpy() {
        let text = |numbers: &[f64]| Array::from_slice(numbers, &[numbers.len()]).unwrap().to_dtype(DType::F16).to_string();
        assert_eq!(text(&[0.1, 1.0 / 3.0]), "[0.1    0.3333]");
        assert_eq!(text(&[1e-4, 1.0]), "[1.e-04 1.e+00]");
        assert_eq!(text(&[2e-4, 0.1]), "[0.0002 0.1   ]");
        assert_eq!(text(&[1e3, 999.0]), "[1.00e+03 9.99e+02]");
        assert_eq!(text(&[60000.0, 1600.0, f64::NAN]), "[6.0e+04 1.6e+03     nan]");
        assert_eq!(text(&[500.0, 0.75]), "[500.     0.75]");
        let single = |x: f64| Array::from(x).to_dtype(DType::F16).to_string();
        assert_eq!(
            [0.1, 1.0 / 3.0, 1e-5, 999.0, 1e3, 65504.0, 1e-4].map(single),
            ["0.1", "0.3333", "1e-05", "999.0", "1e+03", "6.55e+04", "0.0001"]
        );
        assert_eq!(Array::from([0.1, 3.0]).to_dtype(DType::Bf16).to_string(), "[0.1 3. ]");
    }

    #[test]
    fn single_numbers_print_with_all_digits() {
        let texts = [3.0, 1.0 / 3.0, 1e-5, 1.5e16, -0.0].map(|x| Array::from(x).to_string());
        assert_eq!(texts, ["3.0", "0.3333333333333333", "1e-05", "1.5e+16", "-0.0"]);
        assert_eq!(Array::from(i64::MAX).to_string(), "9223372036854775807");
    }
}
