//! Printing arrays as NumPy does: nested brackets, aligned columns, long arrays abbreviated.

use std::fmt;

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
        let mut shown = Vec::new();
        collect(self, abbreviated, &mut shown);
        let texts = format_numbers(&shown, self.dtype());
        write_axis(f, self.shape(), abbreviated, &mut texts.iter(), 1)
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({self}, shape={:?}, dtype={})", self.shape(), self.dtype())
    }
}

/// The indices of an axis that are shown.
fn places(size: usize, abbreviated: bool) -> impl Iterator<Item = usize> {
    let cut = abbreviated && size > 2 * EDGE;
    (0..size).filter(move |&i| !cut || i < EDGE || i >= size - EDGE)
}

fn collect(array: &Array, abbreviated: bool, into: &mut Vec<f64>) {
    if array.rank() == 0 {
        into.extend(array.to_f64_vec());
        return;
    }
    for i in places(array.shape()[0], abbreviated) {
        if let Ok(part) = array.index_axis(0, i as isize) {
            collect(&part, abbreviated, into);
        }
    }
}

fn write_axis<'a>(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    abbreviated: bool,
    texts: &mut impl Iterator<Item = &'a String>,
    depth: usize,
) -> fmt::Result {
    let Some((&size, rest)) = shape.split_first() else {
        return f.write_str(texts.next().map_or("", |t| t.trim()));
    };
    f.write_str("[")?;
    let mut column = depth;
    let mut previous: Option<usize> = None;
    for i in places(size, abbreviated) {
        let skipped = previous.is_some_and(|p| i != p + 1);
        if rest.is_empty() {
            let text = texts.next().map_or("", |t| t);
            if skipped {
                f.write_str(" ...")?;
                column += 4;
            }
            if previous.is_some() {
                if column + 1 + text.len() > LINE_WIDTH {
                    write!(f, "\n{:depth$}", "")?;
                    column = depth;
                } else {
                    f.write_str(" ")?;
                    column += 1;
                }
            }
            f.write_str(text)?;
            column += text.len();
        } else {
            if previous.is_some() {
                let breaks = rest.len();
                if skipped {
                    write!(f, "{:\n<breaks$}{:depth$}...", "", "")?;
                }
                write!(f, "{:\n<breaks$}{:depth$}", "", "")?;
            }
            write_axis(f, rest, abbreviated, texts, depth + 1)?;
        }
        previous = Some(i);
    }
    f.write_str("]")
}

/// All numbers as texts of one width.
fn format_numbers(numbers: &[f64], dtype: DType) -> Vec<String> {
    let texts: Vec<String> = match dtype {
        DType::Bool => numbers.iter().map(|&x| if x != 0.0 { "True" } else { "False" }.to_string()).collect(),
        DType::I64 => numbers.iter().map(|x| format!("{x:.0}")).collect(),
        DType::F32 | DType::F64 => return format_floats(numbers, dtype),
    };
    right_aligned(texts)
}

fn right_aligned(texts: Vec<String>) -> Vec<String> {
    let width = texts.iter().map(String::len).max().unwrap_or(0);
    texts.into_iter().map(|t| format!("{t:>width$}")).collect()
}

fn format_floats(numbers: &[f64], dtype: DType) -> Vec<String> {
    let sizes = || numbers.iter().map(|x| x.abs()).filter(|x| x.is_finite() && *x > 0.0);
    let (largest, smallest) = (sizes().fold(0.0, f64::max), sizes().fold(f64::INFINITY, f64::min));
    let scientific = largest >= 1e8 || (smallest.is_finite() && (smallest < 1e-4 || largest / smallest > 1e3));
    // The shortest digits that identify the number in its own type, not more than PRECISION after the point.
    let digits = |x: f64| -> (String, String, String) {
        let text = match (scientific, dtype) {
            (true, DType::F32) => format!("{:e}", x as f32),
            (true, _) => format!("{x:e}"),
            (false, DType::F32) => format!("{}", x as f32),
            (false, _) => format!("{x}"),
        };
        let (mantissa, exponent) = text.split_once('e').map_or((text.as_str(), None), |(m, e)| (m, Some(e.to_string())));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if fraction.len() <= PRECISION {
            return (whole.into(), fraction.into(), exponent.unwrap_or_default());
        }
        let rounded = if scientific { format!("{x:.PRECISION$e}") } else { format!("{x:.PRECISION$}") };
        let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        (whole.into(), fraction.trim_end_matches('0').into(), exponent.into())
    };
    let parts: Vec<Option<(String, String, String)>> = numbers.iter().map(|&x| x.is_finite().then(|| digits(x))).collect();
    let fraction_width = parts.iter().flatten().map(|p| p.1.len()).max().unwrap_or(0);
    let texts = numbers.iter().zip(parts).map(|(&x, part)| match part {
        None if x.is_nan() => "nan".into(),
        None => if x > 0.0 { "inf" } else { "-inf" }.into(),
        Some((whole, fraction, exponent)) if scientific => {
            let power: i32 = exponent.parse().unwrap_or(0);
            format!("{whole}.{fraction:0<fraction_width$}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        Some((whole, fraction, _)) => format!("{whole}.{fraction:<fraction_width$}"),
    });
    right_aligned(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts are what NumPy 2.4's `str` prints for the same arrays.
    #[test]
    fn arrays_print_as_in_numpy() {
        let text = |a: Array| a.to_string();
        assert_eq!(text(Array::from([[1.0, 2.5], [-3.125, 4.0]])), "[[ 1.     2.5  ]\n [-3.125  4.   ]]");
        assert_eq!(text(Array::from([0.1f32, 1.0 / 3.0])), "[0.1        0.33333334]");
        assert_eq!(text(Array::from([1e-5, 1.0])), "[1.e-05 1.e+00]");
        assert_eq!(text(Array::from([1234.5678, 0.5])), "[1.2345678e+03 5.0000000e-01]");
        assert_eq!(text(Array::from([f64::NAN, 1.0, f64::INFINITY])), "[nan  1. inf]");
        assert_eq!(text(Array::from([true, false])), "[ True False]");
        assert_eq!(text(Array::arange(1001)), "[   0    1    2 ...  998  999 1000]");
        assert_eq!(text(Array::from(3.0)), "3.");
        assert_eq!(text(Array::from([[[1i64, 2]], [[3, 40]]])), "[[[ 1  2]]\n\n [[ 3 40]]]");
        assert_eq!(text(Array::zeros(&[0, 3], DType::F32).unwrap()), "[]");
        let rows = Array::arange(2000).reshape(&[1000, 2]).unwrap().to_string();
        assert!(rows.contains("[   4    5]\n ...\n [1994 1995]"), "{rows}");
        let long = Array::arange(40).to_dtype(DType::F64).to_string();
        assert_eq!(long.lines().next().unwrap(), "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.");
    }
}
