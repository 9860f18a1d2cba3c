//! Functions that make fewer numbers of many: sums, means, variances, largest and smallest.
//!
//! Axes are given as a list, none meaning all; −1 is the last. Reduced axes disappear, or stay with size 1 with `keep`.

use smallvec::SmallVec;

use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::{additions, numbered};
use super::worked_reduction::{WorkedExtreme, WorkedLogSumExp, WorkedVariance};
use crate::array::{Array, Shape};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Outputs, Saves, Span, Variable, Worked, apply, apply_infallible,
};
use crate::error::Result;
use crate::expression::Operation;

/// Which axes are reduced, and whether they stay with size 1.
#[derive(Debug, Clone)]
struct Axes {
    axes: SmallVec<[isize; 6]>,
    keep: bool,
}

impl Axes {
    fn new(axes: &[isize], keep: bool) -> Axes {
        Axes { axes: SmallVec::from_slice(axes), keep }
    }

    /// The shape of a reduction of `shape` in which the reduced axes stay with size 1.
    fn kept(&self, shape: &[usize]) -> SmallVec<[usize; 6]> {
        let rank = shape.len() as isize;
        let reduced = |i: usize| self.axes.is_empty() || self.axes.iter().any(|&a| (a + rank) % rank == i as isize);
        shape.iter().enumerate().map(|(i, &s)| if reduced(i) { 1 } else { s }).collect()
    }

    /// A result of the reduction of `input`, stretched back to its shape.
    fn spread(&self, result: &Variable, input: &Variable) -> Result<Variable> {
        result.reshape_as(&self.kept(input.shape()))?.broadcast_to(input.shape())
    }

    /// How many numbers of `input` make one of the result.
    fn count(&self, input: &Array) -> f64 {
        let results: usize = self.kept(input.shape()).iter().product();
        input.len() as f64 / results.max(1) as f64
    }

    /// For every number of `input` the number of the result's element that it goes into.
    fn destinations(&self, input: &Array) -> Option<Array> {
        numbered(&self.kept(input.shape()), 0)?.broadcast_to(input.shape()).ok()
    }
}

/// A reduction: type, name, forward, backward, and how it is worked out.
macro_rules! reduction {
    ($(
        $type:ident $name:literal saves $saves:ident
        forward |$axes1:ident, $x1:ident| $forward:expr;
        backward |$axes2:ident, $x2:ident, $y2:ident, $g:ident| $backward:expr;
        worked |$axes3:ident, $x3:ident, $y3:ident| $worked:expr;
    )*) => {$(
        #[derive(Debug)]
        struct $type(Axes);

        impl Function for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                let ($axes1, $x1) = (&self.0, inputs[0]);
                Ok([$forward?].into())
            }
            fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                let ($axes2, $x2, $y2, $g) = (&self.0, context.input(0), context.output(0), &gy[0]);
                let _ = $y2;
                Ok([Some($backward?)].into_iter().collect())
            }
            fn saves(&self) -> Saves {
                Saves::$saves
            }
            fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                let ($axes3, $x3, $y3) = (&self.0, calculation.inputs[0], calculation.output);
                $worked
            }
        }
    )*};
}

reduction! {
    Sum "sum" saves NOTHING
        forward |a, x| x.sum_axes(&a.axes, a.keep);
        backward |a, x, y, g| a.spread(g, x);
        worked |a, x, y| additions(&a.destinations(x)?, y, 1.0);
    Mean "mean" saves NOTHING
        forward |a, x| x.mean_axes(&a.axes, a.keep);
        backward |a, x, y, g| a.spread(&(g * (1.0 / a.count(x.array()))), x);
        worked |a, x, y| additions(&a.destinations(x)?, y, 1.0 / a.count(x));
    Variance "variance" saves INPUTS
        forward |a, x| {
            let deviation = x.sub(&x.mean_axes(&a.axes, true)?)?;
            deviation.mul(&deviation)?.mean_axes(&a.axes, a.keep)
        };
        backward |a, x, y, g| {
            let deviation = x.sub(x.mean_axes(&a.axes, true)?)?;
            a.spread(&(g * (2.0 / a.count(x.array()))), x)?.mul(deviation)
        };
        worked |a, x, y| Some(Box::new(WorkedVariance::new(&a.destinations(x)?, y)?));
    Max "max" saves ALL
        forward |a, x| x.max_axes(&a.axes, a.keep);
        backward |a, x, y, g| a.spread(g, x)?.mul(share(a, x, y)?);
        worked |a, x, y| Some(Box::new(WorkedExtreme::new(Operation::Max, &a.destinations(x)?, x, y)?));
    Min "min" saves ALL
        forward |a, x| x.min_axes(&a.axes, a.keep);
        backward |a, x, y, g| a.spread(g, x)?.mul(share(a, x, y)?);
        worked |a, x, y| Some(Box::new(WorkedExtreme::new(Operation::Min, &a.destinations(x)?, x, y)?));
    LogSumExp "logsumexp" saves ALL
        forward |a, x| {
            // The largest number is taken out first, so that nothing overflows.
            let largest = x.max_axes(&a.axes, true)?;
            // Where the largest is infinite, x − largest would be NaN; nothing needs to be taken out there.
            let largest = largest.sub(&largest)?.equal(&largest.full_like(0.0))?.choose(&largest, &largest.full_like(0.0))?;
            let sum = x.sub(&largest)?.exp().sum_axes(&a.axes, true)?;
            let result = sum.log().add(&largest)?;
            let shape = x.sum_axes(&a.axes, a.keep)?;
            result.reshape_to(Shape::new(shape.shape())?)
        };
        backward |a, x, y, g| a.spread(g, x)?.mul(x.sub(a.spread(y, x)?)?.exp());
        worked |a, x, y| Some(Box::new(WorkedLogSumExp::new(&a.destinations(x)?, y)?));
}

/// 1 at the numbers that equal the reduced one, divided by how many of them there are: a tie shares the gradient.
fn share(axes: &Axes, x: &Variable, y: &Variable) -> Result<Variable> {
    share_equal(x.array(), axes.spread(&y.detach(), x)?.array(), &axes.axes)
}

/// 1 where x equals y, divided by how many such places there are along `axes`.
pub(super) fn share_equal(x: &Array, y: &Array, axes: &[isize]) -> Result<Variable> {
    let equal = x.equal(y)?.to_dtype(x.dtype());
    let count = equal.sum_axes(axes, true)?;
    Ok(Variable::constant(equal.div(&count)?))
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $type:ident;)*) => {
        impl Variable {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// An axis out of range or named twice; for the largest and smallest also nothing to choose from.
            #[track_caller]
            pub fn $name(&self, axes: &[isize], keep: bool) -> Result<Variable> {
                apply($type(Axes::new(axes, keep)), &[self])
            }
        )*}
    };
}

methods! {
    /// The sum over `axes`.
    sum_axes Sum;
    /// The mean over `axes`.
    mean_axes Mean;
    /// The variance over `axes`, with the number of elements as divisor: mean((x − mean(x))²).
    variance_axes Variance;
    /// The largest number over `axes`; equal ones share the gradient.
    max_axes Max;
    /// The smallest number over `axes`; equal ones share the gradient.
    min_axes Min;
    /// `ln Σ e^x` over `axes`, without overflow.
    logsumexp_axes LogSumExp;
}

impl Variable {
    /// The sum of all numbers.
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> Variable {
        apply_infallible(Span::begin(), Sum(Axes::new(&[], false)), &[self], self.array().sum())
    }

    /// The mean of all numbers; NaN of none.
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> Variable {
        let span = Span::begin();
        let mean = self.array().widened().sum().scale(1.0 / self.len() as f64);
        apply_infallible(span, Mean(Axes::new(&[], false)), &[self], mean.to_dtype(self.dtype()))
    }
}

/// Samples over several choices of axes.
macro_rules! samples {
    ($method:ident) => {
        || {
            let over = |shape: &'static [usize], axes: &'static [isize], keep: bool| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| v[0].$method(axes, keep))
            };
            vec![
                over(&[3, 4], &[], false),
                over(&[3, 4], &[0], true),
                over(&[2, 3, 2], &[0, -1], false).strided(),
                over(&[2, 3, 2], &[1], false),
                over(&[5], &[-1], true).timed_at(&[ROWS]),
            ]
        }
    };
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sum",
        usage: "x.sum(), x.sum_axes(&[0], false)?",
        formula: "Σ x",
        derivative: "g for every x",
        notes: "",
        samples: samples!(sum_axes),
    },
    Entry {
        name: "mean",
        usage: "x.mean(), x.mean_axes(&[0], false)?",
        formula: "Σ x / n",
        derivative: "g/n for every x",
        notes: "n is the number of elements that are averaged.",
        samples: samples!(mean_axes),
    },
    Entry {
        name: "variance",
        usage: "x.variance_axes(&[0], false)?",
        formula: "Σ (x − mean x)² / n",
        derivative: "2g(x − mean x)/n",
        notes: "The divisor is n, not n − 1.",
        samples: samples!(variance_axes),
    },
    Entry {
        name: "max",
        usage: "x.max_axes(&[0], false)?",
        formula: "the largest x",
        derivative: "g at the largest x",
        notes: "Equal ones share g. NaN if there is one.",
        samples: samples!(max_axes),
    },
    Entry {
        name: "min",
        usage: "x.min_axes(&[0], false)?",
        formula: "the smallest x",
        derivative: "g at the smallest x",
        notes: "Equal ones share g. NaN if there is one.",
        samples: samples!(min_axes),
    },
    Entry {
        name: "logsumexp",
        usage: "x.logsumexp_axes(&[1], false)?",
        formula: "ln Σ e^x",
        derivative: "g · e^(x − y)",
        notes: "Computed as max x + ln Σ e^(x − max x), which does not overflow.",
        samples: samples!(logsumexp_axes),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logsumexp_of_huge_and_infinite_numbers() {
        let of = |x: [f64; 2]| Variable::constant(Array::from(x)).logsumexp_axes(&[], false).unwrap().item().unwrap();
        assert_eq!(of([1000.0, 1000.0]), 1000.0 + 2f64.ln());
        assert_eq!(of([f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
        assert_eq!(of([f64::INFINITY, 0.0]), f64::INFINITY);
        assert!(of([f64::NAN, 0.0]).is_nan());
    }

    #[test]
    fn ties_share_the_gradient() {
        let x = Variable::parameter(Array::from([2.0, 1.0, 2.0]));
        let gradients = x.max_axes(&[], false).unwrap().backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().to_f64_vec(), [0.5, 0.0, 0.5]);
        assert!(Variable::constant(Array::zeros(&[0], crate::DType::F32).unwrap()).mean().item().unwrap().is_nan());
    }
}
