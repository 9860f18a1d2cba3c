//! Activation functions whose form is learnt: PReLU by a slope, maxout by choosing among several units.

use super::reduction::share_equal;
use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::{numbered, pairwise};
use super::worked_reduction::WorkedExtreme;
use crate::array::{Array, Map2, Map3, normalise_axis};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::expression::Operation;
use crate::kernels::float::Float;

/// x above zero and slope · x else; the slope is stretched to the shape of x.
#[derive(Debug, Clone, Copy)]
struct PRelu;

impl Map2 for PRelu {
    const COST: f64 = 0.2;
    #[inline(always)]
    fn call<T: Float>(self, x: T, slope: T) -> T {
        if x > T::ZERO { x } else { slope * x }
    }
}

/// The gradient by x.
impl Map3 for PRelu {
    const COST: f64 = 0.3;
    #[inline(always)]
    fn call<T: Float>(self, g: T, x: T, slope: T) -> T {
        if x > T::ZERO { g } else { slope * g }
    }
}

/// The gradient by the slope, of each number by itself.
#[derive(Clone, Copy)]
struct BySlope;

impl Map2 for BySlope {
    const COST: f64 = 0.2;
    #[inline(always)]
    fn call<T: Float>(self, g: T, x: T) -> T {
        if x > T::ZERO { T::ZERO } else { g * x }
    }
}

impl Function for PRelu {
    fn name(&self) -> &'static str {
        "prelu"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].map2("prelu", inputs[1], PRelu)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, slope, g) = (context.input(0), context.input(1), &gy[0]);
        let mut gradients = InputGradients::new();
        if !context.create_graph() {
            let (g, x, slope) = (g.array(), x.array(), slope.array());
            let by_x = || g.map3("prelu", x, slope, PRelu).map(Variable::constant);
            let by_slope = || g.map2("prelu", x, BySlope)?.sum_to(slope.shape()).map(Variable::constant);
            gradients.push(if context.needs(0) { Some(by_x()?) } else { None });
            gradients.push(if context.needs(1) { Some(by_slope()?) } else { None });
            return Ok(gradients);
        }
        let positive = x.array().greater(&x.array().full_like(0.0))?;
        let by_x = || g.mul(super::choose(&positive, 1.0, slope)?);
        let by_slope = || g.mul(super::choose(&positive, 0.0, x)?)?.sum_to(slope.shape());
        gradients.push(if context.needs(0) { Some(by_x()?) } else { None });
        gradients.push(if context.needs(1) { Some(by_slope()?) } else { None });
        Ok(gradients)
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        pairwise(
            "x for x > 0, else y · x",
            ["1 for x > 0, else y", "0 for x > 0, else x"],
            calculation.inputs,
            calculation.output,
        )
    }
}

/// `y = x` for x above 0, else `slope · x`, with a slope that is learnt: one number for all (shape `[]` or `[1]`) or one for
/// every index of axis 1, `[channels]` for x of shape `[samples, channels, …]`.
///
/// dy/dx = 1 for x > 0, else slope; dy/dslope = 0 for x > 0, else x. At 0 the derivative by x is taken as the slope. He,
/// Zhang, Ren and Sun (2015).
///
/// # Errors
///
/// A slope of another shape, or types that differ or are not floating-point.
#[track_caller]
pub fn prelu(x: &Variable, slope: &Variable) -> Result<Variable> {
    let fits = match *slope.shape() {
        [] | [1] => true,
        [count] => x.shape().get(1) == Some(&count),
        _ => false,
    };
    if !fits {
        return Err(Error::shape(format!("prelu: x {:?}, slope {:?}", x.shape(), slope.shape()))
            .help("the slope is one number, or as many as x has indices on axis 1"));
    }
    if x.dtype() != slope.dtype() {
        return Err(Error::dtype(format!("prelu: x holds {}, the slope {}", x.dtype(), slope.dtype()))
            .help("convert one of them with to_dtype"));
    }
    // One axis of size 1 for each axis of x after the second, so that the slopes stretch along them.
    let slope = match slope.shape() {
        [1] => slope.reshape_as(&[])?,
        [count] => slope.reshape_as(&[&[*count][..], &vec![1; x.rank() - 2]].concat())?,
        _ => slope.clone(),
    };
    apply(PRelu, &[x, &slope])
}

/// The largest of every `pool` numbers that follow each other on an axis.
#[derive(Debug, Clone, Copy)]
struct Maxout {
    pool: usize,
    axis: isize,
}

impl Maxout {
    /// The shape as [outer, groups, pool, inner], in which the reduced axis is the third, and the shape of the result.
    fn sizes(&self, shape: &[usize]) -> Result<([usize; 4], Vec<usize>)> {
        let axis = normalise_axis("maxout", self.axis, shape)?;
        if self.pool == 0 || !shape[axis].is_multiple_of(self.pool) {
            return Err(Error::shape(format!("maxout: groups of {} on axis {} of shape {shape:?}", self.pool, self.axis))
                .help("the size of the axis must be a multiple of the group's size, which is at least 1"));
        }
        let groups = shape[axis] / self.pool;
        let (outer, inner) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        let mut output = shape.to_vec();
        output[axis] = groups;
        Ok(([outer, groups, self.pool, inner], output))
    }
}

/// Sizes as `reshape` takes them.
fn signed(sizes: &[usize]) -> Vec<isize> {
    sizes.iter().map(|&size| size as isize).collect()
}

impl Function for Maxout {
    fn name(&self) -> &'static str {
        "maxout"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let (grouped, output) = self.sizes(inputs[0].shape())?;
        Ok([inputs[0].reshape(&signed(&grouped))?.max_axes(&[2], false)?.reshape(&signed(&output))?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, y) = (context.input(0), context.output(0));
        let (grouped, _) = self.sizes(x.shape())?;
        let [outer, groups, _, inner] = grouped;
        let single = signed(&[outer, groups, 1, inner]);
        let x4 = x.array().reshape(&signed(&grouped))?;
        let share = share_equal(&x4, &y.array().reshape(&single)?.broadcast_to(&grouped)?, &[2])?;
        let gx = gy[0].reshape(&single)?.broadcast_to(&grouped)?.mul(share)?.reshape_as(x.shape())?;
        Ok([Some(gx)].into_iter().collect())
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let (x, y) = (calculation.inputs[0], calculation.output);
        let (grouped, _) = self.sizes(x.shape()).ok()?;
        let [outer, groups, _, inner] = grouped;
        let destinations = numbered(&[outer, groups, 1, inner], 0)?.broadcast_to(&grouped).ok()?;
        Some(Box::new(WorkedExtreme::new(Operation::Max, &destinations, x, y)?))
    }
}

/// The largest of every `pool` numbers that follow each other on `axis` (−1 is the last), whose size shrinks by this factor:
/// `y[k] = max(x[pool·k], …, x[pool·k + pool − 1])`.
///
/// The gradient goes to the largest; equal ones share it. NaN if there is one. Goodfellow et al. (2013).
///
/// # Errors
///
/// An axis out of range, or one whose size is no multiple of `pool`.
#[track_caller]
pub fn maxout(x: &Variable, pool: usize, axis: isize) -> Result<Variable> {
    apply(Maxout { pool, axis }, &[x])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "prelu",
        usage: "prelu(&x, &slope)?",
        formula: "x for x > 0, else slope · x",
        derivative: "dx: g for x > 0, else slope · g; dslope: Σ gx over x ≤ 0",
        notes: "One slope for all or one for every index of axis 1. At 0 the derivative is taken as the slope. He et al. (2015).",
        samples: || {
            let of = |x: &'static [usize], slope: &'static [usize], low: f64, high: f64| {
                Sample::new(&[(x, low, high), (slope, 0.1, 0.5)], |v: &[Variable]| prelu(&v[0], &v[1]))
            };
            vec![
                of(&[2, 3], &[3], -2.0, -0.2).timed_at(&[ROWS, &[256]]),
                of(&[2, 3], &[], 0.2, 2.0),
                of(&[2, 3, 2], &[3], -2.0, -0.2).strided(),
                of(&[4], &[1], -2.0, -0.2),
                of(&[], &[], -2.0, -0.2),
                of(&[1, 2, 2, 3], &[2], 0.2, 2.0),
            ]
        },
    },
    Entry {
        name: "maxout",
        usage: "maxout(&x, pool, axis)?",
        formula: "the largest of every pool numbers along an axis",
        derivative: "g at the largest x",
        notes: "Equal ones share g. Goodfellow et al. (2013).",
        samples: || {
            let of = |shape: &'static [usize], pool: usize, axis: isize| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| maxout(&v[0], pool, axis))
            };
            vec![of(&[2, 6], 3, -1).timed_at(&[&[256, 258]]), of(&[4, 3], 2, 0), of(&[2, 4, 3], 2, 1).strided(), of(&[3], 1, 0)]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    #[test]
    fn what_does_not_fit_is_told() {
        let zeros = |shape: &[usize]| Variable::constant(Array::zeros(shape, DType::F32).unwrap());
        let error = prelu(&zeros(&[2, 3]), &zeros(&[2])).unwrap_err();
        assert_eq!(error.what(), "prelu: x [2, 3], slope [2]");
        assert!(prelu(&zeros(&[3]), &zeros(&[3])).is_err() && prelu(&zeros(&[2, 3]), &zeros(&[1, 3])).is_err());
        assert!(prelu(&zeros(&[2, 3]), &zeros(&[3]).to_dtype(DType::F64).unwrap()).is_err());
        assert_eq!(prelu(&zeros(&[0, 3, 2]), &zeros(&[3])).unwrap().shape(), [0, 3, 2]);
        let error = maxout(&zeros(&[2, 3]), 2, -1).unwrap_err();
        assert_eq!(error.what(), "maxout: groups of 2 on axis -1 of shape [2, 3]");
        assert!(maxout(&zeros(&[2, 3]), 0, 0).is_err() && maxout(&zeros(&[2, 3]), 1, 2).is_err());
        assert_eq!(maxout(&zeros(&[1, 1, 1, 1, 2, 6]), 3, -1).unwrap().shape(), [1, 1, 1, 1, 2, 2]);
        assert_eq!(maxout(&zeros(&[0, 4]), 2, 1).unwrap().shape(), [0, 2]);
    }
}
