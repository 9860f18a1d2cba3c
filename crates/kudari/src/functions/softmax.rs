//! Softmax, its logarithm, and softmin along an axis.

use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked;
use crate::array::{Array, normalise_axis};
use crate::autograd::{Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::expression::{Expression, Operation};
use crate::kernels::float::{Float, with_float};
use crate::kernels::loss;

#[derive(Debug)]
struct Softmax {
    axis: isize,
}

#[derive(Debug)]
struct LogSoftmax {
    axis: isize,
}

#[derive(Debug)]
struct Softmin {
    axis: isize,
}

/// Runs a kernel over rows: the axis is brought to the end, and back.
fn by_rows(operation: &str, x: &Array, axis: isize, logarithm: bool) -> Result<Array> {
    normalise_axis(operation, axis, x.shape())?;
    let x = x.swap_axes(axis, -1)?.contiguous();
    let columns = x.shape()[x.rank() - 1];
    fn run<T: Float>(x: &Array, columns: usize, logarithm: bool) -> Array {
        let shape = crate::array::Shape::from_valid(x.shape());
        Array::build(shape, |out: &mut [T]| {
            let x = x.contiguous_slice::<T>().unwrap_or(&[]);
            match (x.is_empty(), logarithm) {
                (true, _) => {}
                (false, true) => loss::log_softmax(out, x, columns),
                (false, false) => loss::softmax(out, x, columns),
            }
        })
    }
    with_float!(x.dtype(), T => run::<T>(&x, columns, logarithm), else {
        return Err(Error::dtype(format!("{operation}: not defined for {}", x.dtype())));
    })
    .swap_axes(axis, -1)
}

impl Function for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([by_rows("softmax", inputs[0], self.axis, false)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let y = context.output(0);
        let weighted = gy[0].mul(y)?;
        let gx = weighted.sub(y.mul(weighted.sum_axes(&[self.axis], true)?)?)?;
        Ok([Some(gx)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::OUTPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedSoftmax::new(calculation, self.axis, Kind::Softmax)?))
    }
}

impl Function for Softmin {
    fn name(&self) -> &'static str {
        "softmin"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let x = inputs[0];
        // Not the negative of what is no floating-point number: it would become one.
        let opposite = if x.dtype().is_float() { x.neg() } else { x.clone() };
        Ok([by_rows("softmin", &opposite, self.axis, false)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let y = context.output(0);
        let weighted = gy[0].mul(y)?;
        let gx = y.mul(weighted.sum_axes(&[self.axis], true)?)?.sub(weighted)?;
        Ok([Some(gx)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::OUTPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedSoftmax::new(calculation, self.axis, Kind::Softmin)?))
    }
}

impl Function for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([by_rows("log_softmax", inputs[0], self.axis, true)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let p = context.output(0).exp();
        let gx = gy[0].sub(p.mul(gy[0].sum_axes(&[self.axis], true)?)?)?;
        Ok([Some(gx)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::OUTPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedSoftmax::new(calculation, self.axis, Kind::Logarithm)?))
    }
}

/// Softmax, its logarithm, or the softmax of the opposite numbers.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Softmax,
    Logarithm,
    Softmin,
}

/// One of them along an axis.
struct WorkedSoftmax {
    size: usize,
    /// How far elements that follow each other along the axis lie apart.
    stride: usize,
    kind: Kind,
}

impl WorkedSoftmax {
    fn new(calculation: &Calculation<'_>, axis: isize, kind: Kind) -> Option<WorkedSoftmax> {
        let shape = calculation.inputs[0].shape();
        let axis = normalise_axis("softmax", axis, shape).ok()?;
        Some(WorkedSoftmax { size: shape[axis], stride: shape[axis + 1..].iter().product(), kind })
    }

    /// The elements that share a sum with element `at`.
    fn row(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let first = at - at / self.stride % self.size * self.stride;
        (0..self.size).map(move |k| first + k * self.stride)
    }
}

impl Worked for WorkedSoftmax {
    fn value(&self, at: usize) -> Expression<Operand> {
        let exponential = |at: usize| match self.kind {
            Kind::Softmin => Operand::input(0, at).neg().call(Operation::Exp),
            Kind::Softmax | Kind::Logarithm => Operand::input(0, at).call(Operation::Exp),
        };
        let sum = worked::total(self.row(at).map(exponential).collect());
        match self.kind {
            Kind::Logarithm => Operand::input(0, at).minus(sum.call(Operation::Ln)),
            Kind::Softmax | Kind::Softmin => exponential(at).over(sum),
        }
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let one = || Expression::Number(1.0);
        let slope = |from: usize| match (self.kind, from == at) {
            (Kind::Softmax, true) => Operand::output(at).times(one().minus(Operand::output(at))),
            (Kind::Softmax, false) => Operand::output(at).times(Operand::output(from)).neg(),
            (Kind::Softmin, true) => Operand::output(at).times(Operand::output(at).minus(one())),
            (Kind::Softmin, false) => Operand::output(at).times(Operand::output(from)),
            (Kind::Logarithm, true) => one().minus(Operand::output(from).call(Operation::Exp)),
            (Kind::Logarithm, false) => Operand::output(from).call(Operation::Exp).neg(),
        };
        self.row(at).map(|from| (Operand::Input { input: 0, at: from }, slope(from))).collect()
    }
}

impl Variable {
    /// `y_k = e^(x_k) / Σ_j e^(x_j)` along `axis`; every row sums to 1.
    ///
    /// # Errors
    ///
    /// The axis is out of range, or the numbers are not floating-point.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Variable> {
        apply(Softmax { axis }, &[self])
    }

    /// `y_k = e^(−x_k) / Σ_j e^(−x_j)` along `axis`: the softmax of the opposite numbers, largest for the smallest x.
    ///
    /// # Errors
    ///
    /// The axis is out of range, or the numbers are not floating-point.
    #[track_caller]
    pub fn softmin(&self, axis: isize) -> Result<Variable> {
        apply(Softmin { axis }, &[self])
    }

    /// `y_k = x_k − ln Σ_j e^(x_j)` along `axis`: the logarithm of the softmax without its rounding.
    ///
    /// # Errors
    ///
    /// The axis is out of range, or the numbers are not floating-point.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Result<Variable> {
        apply(LogSoftmax { axis }, &[self])
    }
}

macro_rules! samples {
    ($method:ident) => {
        || {
            let along = |shape: &'static [usize], axis: isize| {
                Sample::new(&[(shape, -2.0, 2.0)], move |v: &[Variable]| v[0].$method(axis))
            };
            vec![along(&[3, 4], -1).timed_at(&[ROWS]), along(&[5], 0), along(&[2, 3, 2], 1), along(&[4, 3], -1).strided()]
        }
    };
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "softmax",
        usage: "x.softmax(axis)?",
        formula: "e^(xₖ) / Σⱼ e^(xⱼ)",
        derivative: "y(g − Σ gy)",
        notes: "The largest x is taken out first, so nothing overflows.",
        samples: samples!(softmax),
    },
    Entry {
        name: "softmin",
        usage: "x.softmin(axis)?",
        formula: "e^(−xₖ) / Σⱼ e^(−xⱼ)",
        derivative: "y(Σ gy − g)",
        notes: "The smallest x is taken out first, so nothing overflows.",
        samples: samples!(softmin),
    },
    Entry {
        name: "log_softmax",
        usage: "x.log_softmax(axis)?",
        formula: "xₖ − ln Σⱼ e^(xⱼ)",
        derivative: "g − e^y Σ g",
        notes: "The largest x is taken out first, so nothing overflows.",
        samples: samples!(log_softmax),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The published values of ACCEPTANCE section A.
    #[test]
    fn softmax_of_the_book() {
        let x = Variable::constant(Array::from([0.3, 2.9, 4.0]));
        let y = x.softmax(-1).unwrap().array().to_f64_vec();
        let expected = [0.01821127329554753, 0.24519181293507392, 0.7365969137693786];
        assert!(y.iter().zip(expected).all(|(y, e)| (y / e - 1.0).abs() < 1e-12));
        assert!(Variable::constant(Array::from([1i64])).softmax(0).is_err());
        assert_eq!(Variable::constant(Array::zeros(&[0, 3], crate::DType::F32).unwrap()).softmax(1).unwrap().shape(), [0, 3]);
    }
}
