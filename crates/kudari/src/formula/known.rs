//! Functions that textbooks descend on, by their names.

use super::Formula;
use crate::error::{Error, ErrorKind, Result};
use crate::expression::Expression;

/// A function of two variables with a name, and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// How it is asked for.
    pub name: &'static str,
    /// What it computes.
    pub formula: &'static str,
    /// Where its global minima lie; empty if it has none.
    pub minima: &'static [[f64; 2]],
    /// Where a descent usually begins.
    pub start: [f64; 2],
    /// The part of the plane that is worth seeing: from and to, of both variables.
    pub range: [(f64, f64); 2],
    /// A learning rate with which plain gradient descent arrives, and about how many steps it then takes.
    pub learning_rate: f64,
    /// See above.
    pub steps: usize,
    /// What is special about it, and where it comes from.
    pub about: &'static str,
}

/// Every function with a name.
pub const KNOWN: &[Known] = &[
    Known {
        name: "bowl",
        formula: "x0^2 + x1^2",
        minima: &[[0.0, 0.0]],
        start: [-3.0, 4.0],
        range: [(-5.0, 5.0), (-5.0, 5.0)],
        learning_rate: 0.1,
        steps: 100,
        about: "equally steep in all directions: the gradient points straight away from the minimum",
    },
    Known {
        name: "saddle",
        formula: "x^2 - y^2",
        minima: &[],
        start: [-1.8, 0.01],
        range: [(-2.0, 2.0), (-2.0, 2.0)],
        learning_rate: 0.1,
        steps: 40,
        about: "falls along y and rises along x: no minimum, and a point at (0, 0) where the gradient is 0",
    },
    Known {
        name: "rosenbrock",
        formula: "(1 - x)^2 + 100(y - x^2)^2",
        minima: &[[1.0, 1.0]],
        start: [-1.2, 1.0],
        range: [(-2.0, 2.0), (-1.0, 3.0)],
        learning_rate: 1e-3,
        steps: 20000,
        about: "a curved valley with steep walls and a nearly flat floor; H. H. Rosenbrock (1960), The Computer Journal 3",
    },
    Known {
        name: "beale",
        formula: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
        minima: &[[3.0, 0.5]],
        start: [1.0, 1.0],
        range: [(-4.5, 4.5), (-4.5, 4.5)],
        learning_rate: 0.01,
        steps: 2000,
        about: "flat in the middle, sharp peaks in the corners; E. M. L. Beale (1958), Princeton University",
    },
    Known {
        name: "himmelblau",
        formula: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        minima: &[
            [3.0, 2.0],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.2831859912861696],
            [3.5844283403304917, -1.8481265269644036],
        ],
        start: [0.0, 0.0],
        range: [(-6.0, 6.0), (-6.0, 6.0)],
        learning_rate: 0.01,
        steps: 100,
        about: "four minima of equal depth; D. M. Himmelblau (1972), Applied Nonlinear Programming",
    },
    Known {
        name: "rastrigin",
        formula: "20 + x^2 - 10 cos(2*pi*x) + y^2 - 10 cos(2*pi*y)",
        minima: &[[0.0, 0.0]],
        start: [-2.2, 1.8],
        range: [(-5.12, 5.12), (-5.12, 5.12)],
        learning_rate: 1e-3,
        steps: 200,
        about: "a local minimum near every pair of whole numbers; L. A. Rastrigin (1974), Systems of Extremal Control",
    },
];

impl Known {
    /// The function itself.
    ///
    /// # Errors
    ///
    /// None for the functions of [`KNOWN`].
    pub fn formula(&self) -> Result<Formula> {
        Formula::parse(self.formula)
    }
}

/// Reads a formula, or the name of a function of [`KNOWN`]; tells which of these it is, if it is one.
///
/// # Errors
///
/// As [`Formula::parse`], and a single word that is nearly one of the names.
pub fn read(text: &str) -> Result<(Formula, Option<&'static Known>)> {
    let word = text.trim();
    if let Some(known) = KNOWN.iter().find(|known| known.name == word) {
        return Ok((known.formula()?, Some(known)));
    }
    let formula = Formula::parse(text)?;
    if let Some(known) = KNOWN.iter().find(|known| known.formula().is_ok_and(|own| own == formula)) {
        return Ok((formula, Some(known)));
    }
    if let (Expression::Leaf(name), true) = (formula.expression(), word.len() > 3) {
        let nearest = KNOWN.iter().map(|known| (strsim::damerau_levenshtein(name, known.name), known.name)).min();
        if let Some((1..=2, nearest)) = nearest {
            return Err(
                Error::new(ErrorKind::Notation, format!("unknown function `{name}`")).help(format!("did you mean `{nearest}`?"))
            );
        }
    }
    Ok((formula, None))
}

/// Reads a number, which may be calculated: `3`, `-1e-3`, `1/3`, `pi/2`.
///
/// # Errors
///
/// What is no formula of numbers, or has no finite value.
pub fn number(text: &str) -> Result<f64> {
    let read = Expression::parse_with(text, &[]).map_err(|_| {
        Error::new(ErrorKind::Notation, format!("`{text}` is not a number")).help("write e.g. 3, -0.5, 1e-4, 1/3 or pi/2")
    })?;
    Ok(Formula::new(read).value_and_gradient(&[])?.0)
}

/// Reads numbers separated by commas: `3,4`.
///
/// # Errors
///
/// As [`number`].
pub fn numbers(text: &str) -> Result<Vec<f64>> {
    text.split(',').map(number).collect()
}
