//! `kudari diff`: the derivative of a formula of one variable.

use std::process::ExitCode;

use super::differentiate::{self, Options};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  kudari diff \"x^2 + 4^2\" --at 3
      f' as a formula, and its value by backpropagation and by differences
  kudari diff \"0.01x^2 + 0.1x\" --at 5,10 --plot tangents.svg
      the curve with its tangents at two points
  kudari diff \"x^2 + 4^2\" --at 3 --h 1e-4 --method central
      the difference (f(x + h) - f(x - h))/2h with this step
  kudari diff \"sin(x)\" --at 1 --sweep --plot error.png
      how the error depends on the step h, and why
  kudari diff \"x for x > 0, else 0.1x\" --at -2 --json

A formula is written with + - * / ^ and parentheses; 2x, x(1 - x), e^x, pi are
understood, |x|, and the functions exp, ln, sqrt, sin, cos, tanh, sigmoid, relu,
erf, abs, sign, max, min. Numbers may be calculated: --at pi/2.
--json prints one object: {\"formula\", \"variables\", \"derivatives\", \"method\",
\"points\": [{\"at\", \"value\", \"gradient\", \"by_rules\", \"numerical\", \"difference\",
\"step\", \"lost\"}], \"sweeps\"}; \"lost\" says that x + h = x.";

/// Differentiate a formula: exactly, by the rules, and numerically
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Differentiates.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    differentiate::run(&arguments.options, true)
}
