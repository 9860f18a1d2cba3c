//! `kudari gradient`: the gradient of a formula of several variables.

use std::process::ExitCode;

use super::differentiate::{self, Options};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  kudari gradient \"x0^2 + x1^2\" --at 3,4 --at 0,2 --at 3,0
      all partial derivatives as formulas, and their values at three points
  kudari gradient \"x0^2 + x1^2\" --at 3,4 --plot field.svg
      arrows down the steepest slope, on contours (--ascent: up)
  kudari gradient himmelblau --at 1,1 --range -5,5 --plot field.png
      a function with a name: bowl, saddle, rosenbrock, beale, himmelblau,
      rastrigin
  kudari gradient \"x*y + ln(z)\" --at 1,2,3 --json

Variables are taken in natural order: x before y, x2 before x10. Formulas and
--json are as in `kudari diff --help`.";

/// Find the gradient of a formula: exactly, by the rules, and numerically
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Differentiates.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    differentiate::run(&arguments.options, false)
}
