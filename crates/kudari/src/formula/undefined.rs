//! What is said where a formula has no value or no slope.

use super::Formula;
use super::apply::Calculation;
use crate::array::DType;
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind};
use crate::expression::{Expression, Operation, TextStyle};

/// Longer parts of a formula are cut in messages.
const LONGEST: usize = 60;

/// An error for a variable that is itself no number.
pub(super) fn bad_input(name: &str, value: f64) -> Error {
    Error::new(ErrorKind::NonFinite, format!("{name} = {value}")).help("a formula takes finite numbers")
}

/// An error for a part whose result is not finite, though its operands are.
pub(super) fn without_value(
    calculation: &Calculation<'_>,
    part: &Expression,
    values: &[Variable],
    operands: &[Variable],
    result: &Variable,
) -> Error {
    let place = result.array().to_f64_vec().iter().position(|x| !x.is_finite()).unwrap_or(0);
    let element = |v: &Variable| v.array().to_f64_vec().get(if v.len() == 1 { 0 } else { place }).copied().unwrap_or(f64::NAN);
    let operands: Vec<f64> = operands.iter().map(element).collect();
    let at: Vec<f64> = values.iter().map(element).collect();
    let what = format!("{}: {}", located(part, calculation.names, &at), reason(part, &operands, calculation.dtype));
    Error::new(ErrorKind::NonFinite, what).help("the formula has no value there; choose another place")
}

/// An error for a formula that has a value but no finite derivative at a point: names the smallest part of which that is
/// true.
pub(super) fn without_slope(formula: &Formula, at: &[f64]) -> Error {
    let bad = |part: &Expression| {
        let own = Formula::new(part.clone());
        let place = |name: &String| formula.variables.iter().position(|v| v == name).and_then(|i| at.get(i)).copied();
        let own_at: Vec<f64> = own.variables.iter().filter_map(place).collect();
        own.backpropagate(&own_at).is_ok_and(|(_, gradient)| gradient.iter().any(|g| !g.is_finite()))
    };
    let mut part = &formula.expression;
    while let Some(smaller) = part.parts().into_iter().find(|p| bad(p)) {
        part = smaller;
    }
    let what = format!("{}: the slope is not finite", located(part, &formula.variables, at));
    Error::new(ErrorKind::NonFinite, what).help("the formula has a value there but no derivative; choose another place")
}

/// `ln(x − 3) at x = 2`
fn located(part: &Expression, names: &[String], at: &[f64]) -> String {
    let mut text = part.text(TextStyle::Unicode, &|name| name.clone());
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain("…".chars()).collect();
    }
    let mut used = Vec::new();
    part.leaves(&mut |name| used.push(name));
    let places = names.iter().zip(at).filter(|(name, _)| used.contains(name));
    let places: Vec<String> = places.map(|(name, &x)| format!("{name} = {}", number(x))).collect();
    if places.is_empty() { text } else { format!("{text} at {}", places.join(", ")) }
}

/// A number in at most six digits: it says where, not how exactly.
fn number(x: f64) -> String {
    let x = format!("{x:.5e}").parse().unwrap_or(x);
    TextStyle::Unicode.number(x).replace('½', "0.5").replace('¼', "0.25").replace('¾', "0.75")
}

fn reason(part: &Expression, operands: &[f64], dtype: DType) -> String {
    match (part, operands) {
        (Expression::Quotient(..), [_, 0.0]) => "a division by zero".to_string(),
        (Expression::Call(Operation::Ln, _), [x]) if *x <= 0.0 => format!("the logarithm of {}", number(*x)),
        (Expression::Call(Operation::Sqrt, _), [x]) if *x < 0.0 => format!("the square root of {}", number(*x)),
        (Expression::Call(Operation::Asin, _), [x]) if x.abs() > 1.0 => format!("the arcsine of {}", number(*x)),
        (Expression::Call(Operation::Acos, _), [x]) if x.abs() > 1.0 => format!("the arccosine of {}", number(*x)),
        (Expression::Power(..), [0.0, exponent]) if *exponent < 0.0 => format!("0 to the power of {}", number(*exponent)),
        (Expression::Power(..), [base, exponent]) if *base < 0.0 && exponent.fract() != 0.0 => {
            format!("{} to the power of {}, which is no whole number", number(*base), number(*exponent))
        }
        _ if dtype == DType::F32 => "the result is too large, above 3.4e38".to_string(),
        _ => "the result is too large, above 1.8e308".to_string(),
    }
}
