//! The examples of functions: their own where one was written, else made from the registry's samples.

use super::Plan;
use super::own::OWN;
use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};
use crate::explain::words::Phrase;
use crate::functions::{Entry, Sample, elementwise};

/// Where in the range of an elementwise function's samples its example stands.
const PLACES: [f64; 3] = [0.2, 0.6, 0.9];

/// The example of a function before it is run.
pub(super) fn plan(entry: &'static Entry) -> Result<Plan> {
    if let Some(own) = OWN.iter().find(|own| own.name == entry.name) {
        let input = |&(letter, shape, numbers): &(&'static str, &[usize], &[f64])| {
            Ok((letter, Variable::parameter(Array::from_slice(numbers, shape)?)))
        };
        let inputs = own.inputs.iter().map(input).collect::<Result<Vec<_>>>()?;
        return Ok(finished(entry, own.given, inputs, Box::new(own.call)));
    }
    let sample = smallest(entry)?;
    let is_elementwise = elementwise().any(|other| other.name == entry.name);
    let arrays: Vec<Array> = match range(entry) {
        Some((low, high)) if is_elementwise => vec![Array::from(PLACES.map(|place| short(low + place * (high - low))))],
        _ => sample.inputs.iter().map(with_short_numbers).collect::<Result<_>>()?,
    };
    let letters = letters(entry.usage, arrays.len());
    let inputs = letters.into_iter().zip(arrays.into_iter().map(Variable::parameter)).collect();
    let call = sample.call;
    Ok(finished(entry, "", inputs, Box::new(move |inputs| call(inputs))))
}

#[allow(clippy::type_complexity)]
fn finished(
    entry: &'static Entry,
    given: &'static str,
    inputs: Vec<(&'static str, Variable)>,
    run: Box<dyn FnOnce(&[Variable]) -> Result<Variable>>,
) -> Plan {
    Plan { name: entry.name, notation: entry.name.to_string(), entry: Some(entry), given, about: Phrase::default(), inputs, run }
}

/// Between which numbers the inputs of all samples lie: those of activation functions on both sides of their kinks.
fn range(entry: &Entry) -> Option<(f64, f64)> {
    let ranges: Vec<(f64, f64)> = (entry.samples)().iter().filter_map(|sample| sample.range(0)).collect();
    let low = ranges.iter().map(|range| range.0).reduce(f64::min)?;
    Some((low, ranges.iter().map(|range| range.1).fold(low, f64::max)))
}

/// The sample with the fewest numbers.
fn smallest(entry: &Entry) -> Result<Sample> {
    let count = |sample: &Sample| sample.inputs.iter().map(Array::len).sum::<usize>();
    (entry.samples)()
        .into_iter()
        .filter(|sample| count(sample) > 0)
        .min_by_key(count)
        .ok_or_else(|| Error::new(ErrorKind::Value, format!("`{}` has no sample", entry.name)))
}

/// The number with one digit behind the point.
fn short(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Numbers of one digit behind the point instead of random ones.
fn with_short_numbers(array: &Array) -> Result<Array> {
    let sizes: Vec<isize> = array.shape().iter().map(|&size| size as isize).collect();
    let numbers: Vec<f64> = array.to_f64_vec().into_iter().map(short).collect();
    Ok(Array::from_vec(numbers, &[array.len()])?.reshape(&sizes)?.to_dtype(DType::F64))
}

/// The letters of the inputs as the function's usage in Rust names them: `&x`, `&w`, `x.` at its start.
fn letters(usage: &'static str, count: usize) -> Vec<&'static str> {
    const OTHERS: [&str; 8] = ["x", "u", "w", "v", "s", "p", "q", "r"];
    const NAMES: [(&str, &str); 4] = [("weight", "w"), ("bias", "b"), ("slope", "s"), ("table", "w")];
    let words = usage.split(|c: char| !c.is_ascii_alphanumeric() && c != '&' && c != '_');
    let receiver = usage.split_once('.').map(|(before, _)| before).filter(|before| before.len() == 1);
    let named = words.filter_map(|word| word.strip_prefix('&'));
    let letter = |word: &'static str| match word.len() {
        1 => Some(word),
        _ => NAMES.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter),
    };
    let mut letters: Vec<&'static str> = receiver.into_iter().chain(named.filter_map(letter)).take(count).collect();
    for other in OTHERS {
        if letters.len() < count && !letters.contains(&other) {
            letters.push(other);
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_the_usage() {
        assert_eq!(letters("conv2d(&x, &w, Some(&b), &options)?, conv1d(…)", 3), ["x", "w", "b"]);
        assert_eq!(letters("x.add(&y)?", 2), ["x", "y"]);
        assert_eq!(letters("layer_norm(&x, axes, Some(&weight), Some(&bias), 1e-5)?", 3), ["x", "w", "b"]);
        assert_eq!(letters("inside the derivative of conv2d", 2), ["x", "u"]);
    }
}
