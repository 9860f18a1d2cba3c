//! Picking numbers by indices or by truth values.

use super::registry::{Entry, Sample};
use super::sample::{ROWS, indices};
use super::worked::{additions, movement, numbered};
use crate::array::{Array, DType};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, ToVariable, Variable, Worked, apply};
use crate::error::Result;

#[derive(Debug)]
struct Gather {
    indices: Array,
    axis: isize,
}

impl Function for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].gather(&self.indices, self.axis)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(gy[0].scatter_add(&self.indices, self.axis, context.input(0).shape())?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        movement(self, calculation.inputs)
    }
}

#[derive(Debug)]
struct ScatterAdd {
    indices: Array,
    axis: isize,
    shape: Vec<usize>,
}

impl Function for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].scatter_add(&self.indices, self.axis, &self.shape)?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(gy[0].gather(&self.indices, self.axis)?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let destinations = numbered(&self.shape, 0)?.gather(&self.indices, self.axis).ok()?;
        additions(&destinations, calculation.output, 1.0)
    }
}

#[derive(Debug)]
struct Choose {
    condition: Array,
}

impl Function for Choose {
    fn name(&self) -> &'static str {
        "choose"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.condition.choose(inputs[0], inputs[1])?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let part = |i: usize| -> Result<Option<Variable>> {
            if !context.needs(i) {
                return Ok(None);
            }
            let picked = if i == 0 { choose(&self.condition, &gy[0], 0.0)? } else { choose(&self.condition, 0.0, &gy[0])? };
            Ok(Some(picked.sum_to(context.input(i).shape())?))
        };
        Ok([part(0)?, part(1)?].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        movement(self, calculation.inputs)
    }
}

impl Variable {
    /// Numbers picked along `axis`: for the last axis of a matrix `y[i][j] = x[i][indices[i][j]]`. The indices (i64) have
    /// the shape of the result, which equals that of x on every other axis.
    ///
    /// # Errors
    ///
    /// Shapes that do not fit, indices that are not i64, or one out of range.
    #[track_caller]
    pub fn gather(&self, indices: &Array, axis: isize) -> Result<Variable> {
        apply(Gather { indices: indices.clone(), axis }, &[self])
    }

    /// The opposite of gathering: adds every number into zeros of `shape` at the place that `indices` gives along `axis`.
    ///
    /// # Errors
    ///
    /// As `gather`.
    #[track_caller]
    pub fn scatter_add(&self, indices: &Array, axis: isize, shape: &[usize]) -> Result<Variable> {
        apply(ScatterAdd { indices: indices.clone(), axis, shape: shape.to_vec() }, &[self])
    }
}

/// `yes` where the condition is true, `no` elsewhere (NumPy's `where`), all stretched to one shape.
///
/// # Errors
///
/// The condition does not hold truth values, the shapes do not fit, or the types differ.
#[track_caller]
pub fn choose(condition: &Array, yes: impl ToVariable, no: impl ToVariable) -> Result<Variable> {
    // A number takes the type of the other operand.
    let (a, b) = (yes.to_variable(DType::F32), no.to_variable(DType::F32));
    let (a, b) = (yes.to_variable(b.dtype()), no.to_variable(a.dtype()));
    apply(Choose { condition: condition.clone() }, &[&a, &b])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "gather",
        usage: "x.gather(&indices, axis)?",
        formula: "y[i][j] = x[i][indices[i][j]]",
        derivative: "g added up at the picked places",
        notes: "The indices are i64.",
        samples: || {
            let rows = Array::from([[0i64], [2], [1], [0]]);
            let columns = Array::from([[3i64, 0, 3], [0, 0, 1]]);
            let large = || {
                let places = indices(ROWS, 256);
                Sample::new(&[(ROWS, -1.0, 1.0)], move |v: &[Variable]| v[0].gather(&places, 1))
            };
            vec![
                Sample::new(&[(&[4, 3], -1.0, 1.0)], move |v: &[Variable]| v[0].gather(&rows, 1)).timed_as(large),
                Sample::new(&[(&[4, 3], -1.0, 1.0)], move |v: &[Variable]| v[0].gather(&columns, 0)).strided(),
            ]
        },
    },
    Entry {
        name: "scatter_add",
        usage: "x.scatter_add(&indices, axis, &[4, 3])?",
        formula: "zeros with y[i][indices[i][j]] increased by x[i][j]",
        derivative: "g at the places",
        notes: "The opposite of gather.",
        samples: || {
            let rows = Array::from([[0i64, 2], [1, 1]]);
            let again = rows.clone();
            let large = || {
                let places = indices(ROWS, 256);
                Sample::new(&[(ROWS, -1.0, 1.0)], move |v: &[Variable]| v[0].scatter_add(&places, 1, ROWS))
            };
            vec![
                Sample::new(&[(&[2, 2], -1.0, 1.0)], move |v: &[Variable]| v[0].scatter_add(&rows, 1, &[2, 3])).timed_as(large),
                Sample::new(&[(&[2, 2], -1.0, 1.0)], move |v: &[Variable]| v[0].scatter_add(&again, 0, &[4, 2])).strided(),
            ]
        },
    },
    Entry {
        name: "choose",
        usage: "choose(&condition, &x, &y)?",
        formula: "x where the condition is true, else y",
        derivative: "dx: g where true, dy: g elsewhere",
        notes: "NumPy's where.",
        samples: || {
            let condition = Array::from([[true, false, true], [false, false, true]]);
            let (again, third) = (condition.clone(), condition.clone());
            let shapes = |a: &'static [usize], b: &'static [usize]| [(a, -1.0, 1.0), (b, -1.0, 1.0)];
            let large = move || {
                let condition = indices(ROWS, 2).to_dtype(DType::Bool);
                Sample::new(&shapes(ROWS, ROWS), move |v: &[Variable]| choose(&condition, &v[0], &v[1]))
            };
            vec![
                Sample::new(&shapes(&[2, 3], &[2, 3]), move |v: &[Variable]| choose(&condition, &v[0], &v[1])).timed_as(large),
                Sample::new(&shapes(&[3], &[2, 1]), move |v: &[Variable]| choose(&again, &v[0], &v[1])),
                Sample::new(&shapes(&[2, 3], &[]), move |v: &[Variable]| choose(&third, &v[0], &v[1])).strided(),
            ]
        },
    },
];
