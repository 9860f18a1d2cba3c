//! Calculating a formula with the functions of the registry.

use super::{Formula, undefined};
use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::expression::{Condition, Constant, Expression, Operation};

/// The formula of variables of one shape.
pub(super) fn apply(formula: &Formula, variables: &[Variable], checked: bool) -> Result<Variable> {
    formula.check_count(variables.len())?;
    let shape = variables.first().map_or(&[][..], Variable::shape);
    let dtype = Formula::dtype(variables);
    for (name, variable) in formula.variables.iter().zip(variables) {
        if variable.shape() != shape || variable.dtype() != dtype || !dtype.is_float() {
            let what =
                format!("{name} has shape {:?} and type {}, not {shape:?} and {dtype}", variable.shape(), variable.dtype());
            return Err(Error::shape(what).help("the variables of a formula have one shape and one floating-point type"));
        }
    }
    // A row of elements: cases pick those for which they hold.
    let row = |v: &Variable| if v.rank() == 1 { Ok(v.clone()) } else { v.reshape(&[-1]) };
    let values = variables.iter().map(row).collect::<Result<Vec<_>>>()?;
    let calculation = Calculation { names: &formula.variables, dtype, checked };
    if let (true, Some(place)) = (checked, values.iter().position(|v| !v.array().all_finite())) {
        let number = values[place].array().to_f64_vec().into_iter().find(|x| !x.is_finite()).unwrap_or(f64::NAN);
        return Err(undefined::bad_input(&formula.variables[place], number));
    }
    let result = calculation.of(&formula.expression, &values)?;
    let length = values.first().map_or(1, Variable::len);
    if result.len() != length {
        return result.broadcast_to(shape);
    }
    if result.shape() == shape { Ok(result) } else { result.reshape(&shape.iter().map(|&n| n as isize).collect::<Vec<_>>()) }
}

/// What stays the same throughout a calculation.
pub(super) struct Calculation<'a> {
    pub names: &'a [String],
    pub dtype: DType,
    /// Whether a part without a value is an error.
    pub checked: bool,
}

impl Calculation<'_> {
    /// A part of the formula for these values of the variables, each a row. Constant parts have no axis.
    pub fn of(&self, part: &Expression, values: &[Variable]) -> Result<Variable> {
        let all = |parts: &[Expression]| parts.iter().map(|p| self.of(p, values)).collect::<Result<Vec<_>>>();
        let (operands, result) = match part {
            Expression::Number(number) => return Ok(self.constant(*number)),
            Expression::Constant(constant) => return Ok(self.constant(constant.value())),
            Expression::Leaf(name) => {
                let place = self.names.iter().position(|n| n == name);
                let value = place.and_then(|i| values.get(i)).cloned();
                return value.ok_or_else(|| Error::value(format!("`{name}` is no variable of the formula")));
            }
            Expression::Negative(x) => return Ok(self.of(x, values)?.neg()),
            Expression::Sum(terms) => {
                let mut sum: Option<Variable> = None;
                for term in terms {
                    sum = Some(match (sum, term) {
                        (None, _) => self.of(term, values)?,
                        (Some(sum), Expression::Negative(x)) => sum.sub(self.of(x, values)?)?,
                        (Some(sum), _) => sum.add(self.of(term, values)?)?,
                    });
                }
                (Vec::new(), sum.unwrap_or_else(|| self.constant(0.0)))
            }
            Expression::Product(factors) => (Vec::new(), self.fold(all(factors)?, Variable::mul, 1.0)?),
            Expression::Quotient(a, b) => {
                let (a, b) = (self.of(a, values)?, self.of(b, values)?);
                let quotient = a.div(&b)?;
                (vec![a, b], quotient)
            }
            Expression::Power(base, exponent) => {
                let exponent_value = self.of(exponent, values)?;
                match (&**base, &**exponent) {
                    (Expression::Constant(Constant::E), _) => (Vec::new(), exponent_value.exp()),
                    (_, Expression::Number(2.0)) => (Vec::new(), self.of(base, values)?.square()),
                    _ => {
                        let base = self.of(base, values)?;
                        let power = base.pow(&exponent_value)?;
                        (vec![base, exponent_value], power)
                    }
                }
            }
            Expression::Call(operation, arguments) => {
                let arguments = all(arguments)?;
                let result = self.call(*operation, &arguments)?;
                (arguments, result)
            }
            Expression::Cases(cases, otherwise) => return self.cases(cases, otherwise, values),
        };
        if self.checked && !result.array().all_finite() {
            return Err(undefined::without_value(self, part, values, &operands, &result));
        }
        Ok(result)
    }

    fn constant(&self, number: f64) -> Variable {
        Variable::constant(Array::from(number).to_dtype(self.dtype))
    }

    fn fold(&self, parts: Vec<Variable>, with: impl Fn(&Variable, Variable) -> Result<Variable>, empty: f64) -> Result<Variable> {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Ok(self.constant(empty)) };
        parts.try_fold(first, |result, part| with(&result, part))
    }

    fn call(&self, operation: Operation, arguments: &[Variable]) -> Result<Variable> {
        let Some(x) = arguments.first() else {
            return Err(Error::value(format!("`{}` without an argument", operation.name())));
        };
        Ok(match operation {
            Operation::Exp => x.exp(),
            Operation::Ln => x.log(),
            Operation::Sqrt => x.sqrt(),
            Operation::Sin => x.sin(),
            Operation::Cos => x.cos(),
            Operation::Asin => x.asin(),
            Operation::Acos => x.acos(),
            Operation::Atan => x.atan(),
            Operation::Tanh => x.tanh(),
            Operation::Sigmoid => x.sigmoid(),
            Operation::Relu => x.relu(),
            Operation::Erf => x.erf(),
            Operation::Abs => x.abs(),
            Operation::Sign => x.sign(),
            Operation::Max => self.fold(arguments.to_vec(), Variable::maximum, f64::NAN)?,
            Operation::Min => self.fold(arguments.to_vec(), Variable::minimum, f64::NAN)?,
        })
    }

    /// Each case for the elements whose first true condition it is: elsewhere it may have no value.
    fn cases(&self, cases: &[(Condition, Expression)], otherwise: &Expression, values: &[Variable]) -> Result<Variable> {
        let length = values.first().map_or(1, Variable::len);
        let mut rest: Vec<i64> = (0..length as i64).collect();
        let mut pieces: Vec<(Vec<i64>, &Expression)> = Vec::new();
        for (condition, value) in cases {
            let here = pick(values, &rest)?;
            let side =
                |side: &Expression| Ok::<_, Error>(self.of(side, &here)?.array().broadcast_to(&[rest.len()])?.to_f64_vec());
            let (left, right) = (side(&condition.left)?, side(&condition.right)?);
            let holds = |i: usize| condition.relation.holds(left[i], right[i]);
            let (true_here, false_here) = (0..rest.len()).partition::<Vec<usize>, _>(|&i| holds(i));
            let elements = |places: Vec<usize>| places.into_iter().map(|i| rest[i]).collect::<Vec<_>>();
            pieces.push((elements(true_here), value));
            rest = elements(false_here);
        }
        pieces.push((rest, otherwise));
        pieces.retain(|(elements, _)| !elements.is_empty());
        if let [(_, value)] = pieces[..] {
            return self.of(value, values);
        }
        let spread = pieces.into_iter().map(|(elements, value)| {
            let result = self.of(value, &pick(values, &elements)?)?.broadcast_to(&[elements.len()])?;
            let count = elements.len();
            result.scatter_add(&Array::from_vec(elements, &[count])?, 0, &[length])
        });
        self.fold(spread.collect::<Result<Vec<_>>>()?, Variable::add, 0.0)
    }
}

/// These elements of every variable.
fn pick(values: &[Variable], elements: &[i64]) -> Result<Vec<Variable>> {
    if values.first().is_none_or(|v| v.len() == elements.len()) {
        return Ok(values.to_vec());
    }
    let indices = Array::from_slice(elements, &[elements.len()])?;
    values.iter().map(|v| v.gather(&indices, 0)).collect()
}
