//! Floor 6: a formula that is typed, as a calculation with variables.
//!
//! An [`Expression`] is how a formula is written; a [`Formula`] calculates it with the functions of the registry, so that
//! backpropagation differentiates it. Where the formula has no value the error names the part and the place.

mod apply;
mod known;
mod undefined;

pub use known::{KNOWN, Known, number, numbers, read};

use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};
use crate::expression::{Expression, TextStyle};

/// Formulas of more parts are not differentiated by rules.
const MOST_PARTS: usize = 2000;

/// A function of named variables, given by a formula.
///
/// ```
/// # use kudari::formula::Formula;
/// let bowl = Formula::parse("x0^2 + x1^2")?;
/// assert_eq!(bowl.variables(), ["x0", "x1"]);
/// assert_eq!(bowl.value_and_gradient(&[3.0, 4.0])?, (25.0, vec![6.0, 8.0]));
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    expression: Expression,
    variables: Vec<String>,
}

impl Formula {
    /// Reads a formula. Every name in it is a variable.
    ///
    /// # Errors
    ///
    /// What [`Expression::parse`] cannot read.
    pub fn parse(text: &str) -> Result<Formula> {
        Ok(Formula::new(Expression::parse(text)?))
    }

    /// The function that an expression is.
    pub fn new(expression: Expression) -> Formula {
        let mut variables: Vec<String> = Vec::new();
        expression.leaves(&mut |name| {
            if !variables.contains(name) {
                variables.push(name.clone());
            }
        });
        variables.sort_by(|a, b| natural_order(a).cmp(&natural_order(b)));
        Formula { expression, variables }
    }

    /// The names of the variables in natural order: x before y, x2 before x10.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// How the formula is written.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The formula on one line.
    pub fn text(&self, style: TextStyle) -> String {
        self.expression.text(style, &|name| name.clone())
    }

    /// Calculates with variables, given in the order of [`Formula::variables`], element by element.
    ///
    /// Cases are calculated for the elements for which they hold only.
    ///
    /// # Errors
    ///
    /// Another number of variables, variables of different shapes or types, and a part of the formula without a value: a
    /// division by zero, a logarithm or root of a negative number, a number too large for the type.
    pub fn apply(&self, variables: &[Variable]) -> Result<Variable> {
        apply::apply(self, variables, true)
    }

    /// As [`Formula::apply`], but what has no value is NaN or infinite.
    ///
    /// # Errors
    ///
    /// Another number of variables, variables of different shapes or types.
    pub fn apply_unchecked(&self, variables: &[Variable]) -> Result<Variable> {
        apply::apply(self, variables, false)
    }

    /// The value at a point, NaN or infinite where there is none. The numbers stand in the order of
    /// [`Formula::variables`]; missing ones are NaN.
    pub fn value(&self, at: &[f64]) -> f64 {
        self.expression.evaluate(&mut |name| {
            let place = self.variables.iter().position(|v| v == name);
            place.and_then(|i| at.get(i)).copied().unwrap_or(f64::NAN)
        })
    }

    /// The value at a point.
    ///
    /// # Errors
    ///
    /// As [`Formula::apply`].
    pub fn checked_value(&self, at: &[f64]) -> Result<f64> {
        let value = self.value(at);
        if value.is_finite() {
            return Ok(value);
        }
        // The calculation with variables knows which part of the formula it was.
        let variables: Vec<Variable> = at.iter().map(|&x| Array::from([x]).into()).collect();
        self.apply(&variables)?.item()
    }

    /// The value and the derivatives by all variables at a point, in f64, by backpropagation.
    ///
    /// # Errors
    ///
    /// As [`Formula::apply`], and a derivative that is infinite.
    pub fn value_and_gradient(&self, at: &[f64]) -> Result<(f64, Vec<f64>)> {
        let (value, gradient) = self.backpropagate(at)?;
        match gradient.iter().all(|g| g.is_finite()) {
            true => Ok((value, gradient)),
            false => Err(undefined::without_slope(self, at)),
        }
    }

    fn backpropagate(&self, at: &[f64]) -> Result<(f64, Vec<f64>)> {
        let variables: Vec<Variable> = at.iter().map(|&x| Variable::parameter(Array::from([x]))).collect();
        let value = self.apply(&variables)?;
        let gradients = if value.wants_gradient() { value.backward()? } else { Default::default() };
        let of = |v: &Variable| gradients.get(v).map_or(Ok(0.0), Array::item_f64);
        Ok((value.item()?, variables.iter().map(of).collect::<Result<_>>()?))
    }

    /// The derivative by variable number `index` as a formula. `None` for a number that is not there, and for formulas of
    /// thousands of parts: their derivative, whose length can grow with the square, is nothing to read.
    pub fn derivative(&self, index: usize) -> Option<Expression> {
        fn parts(expression: &Expression) -> usize {
            1 + expression.parts().into_iter().map(parts).sum::<usize>()
        }
        let name = self.variables.get(index)?;
        (parts(&self.expression) <= MOST_PARTS).then(|| self.expression.derivative(name))
    }

    /// Whether `count` numbers make a point.
    ///
    /// # Errors
    ///
    /// They do not; names the variables.
    pub fn check_count(&self, count: usize) -> Result<()> {
        let wanted = self.variables.len();
        if count == wanted {
            return Ok(());
        }
        let names = match &self.variables[..] {
            [] => "no variable".to_string(),
            [one] => format!("one variable, {one}"),
            several => format!("{wanted} variables, {}", several.join(", ")),
        };
        let given = if count == 1 { "1 number is given".to_string() } else { format!("{count} numbers are given") };
        let product =
            self.variables.iter().find(|name| (2..=3).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic()));
        let help = match product {
            Some(name) if count > wanted => {
                let letters: Vec<String> = name.chars().map(String::from).collect();
                format!("letters side by side are one name: if {name} is a product, write {}", letters.join("*"))
            }
            _ => "give one number for each variable, in this order".to_string(),
        };
        Err(Error::new(ErrorKind::Shape, format!("the formula has {names}; {given}")).help(help))
    }

    /// The type to calculate with.
    fn dtype(variables: &[Variable]) -> DType {
        variables.first().map_or(DType::F64, Variable::dtype)
    }
}

/// The letters of a name, and the number behind them.
fn natural_order(name: &str) -> (&str, Option<u64>, &str) {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (letters, name[letters.len()..].parse().ok(), name)
}
