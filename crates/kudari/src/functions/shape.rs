//! Functions that move numbers without changing them: shapes, slices, joins, and their opposites.
//!
//! They come in pairs, each the other's backward: stretching and summing to a shape, slicing and embedding in zeros.

use smallvec::SmallVec;

use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::{self, additions, movement, numbered};
use crate::array::{Array, DType, Slice, normalise_axis};
use crate::autograd::{Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};

/// A function of one variable whose backward rule needs no numbers: type with its fields, name, forward, backward, and how
/// it is worked out.
macro_rules! movements {
    ($(
        $type:ident { $($field:ident: $ftype:ty),* } $name:literal
        forward |$self1:ident, $x:ident| $forward:expr;
        backward |$self2:ident, $input:ident, $g:ident| $backward:expr;
        worked |$self3:ident, $x3:ident, $y3:ident| $worked:expr;
    )*) => {$(
        #[derive(Debug)]
        struct $type { $($field: $ftype),* }

        impl Function for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                let ($self1, $x) = (self, inputs[0]);
                let _ = $self1;
                Ok([$forward?].into())
            }
            fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                let ($self2, $input, $g) = (self, context.input(0), &gy[0]);
                let _ = ($self2, $input);
                Ok([Some($backward?)].into_iter().collect())
            }
            fn saves(&self) -> Saves {
                Saves::NOTHING
            }
            fn keeps_half(&self) -> bool {
                true
            }
            fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                let ($self3, $x3, $y3) = (self, calculation.inputs, calculation.output);
                let _ = ($self3, $x3, $y3);
                $worked
            }
        }
    )*};
}

movements! {
    Reshape { sizes: SmallVec<[isize; 6]> } "reshape"
        forward |this, x| x.reshape(&this.sizes);
        backward |this, x, g| g.reshape_as(x.shape());
        worked |this, x, y| movement(this, x);
    Permute { order: Vec<isize> } "permute"
        forward |this, x| x.permute(&this.order);
        backward |this, x, g| g.permute(&this.inverse()?);
        worked |this, x, y| movement(this, x);
    BroadcastTo { shape: Vec<usize> } "broadcast_to"
        forward |this, x| x.broadcast_to(&this.shape);
        backward |this, x, g| g.sum_to(x.shape());
        worked |this, x, y| movement(this, x);
    SumTo { shape: Vec<usize> } "sum_to"
        forward |this, x| x.sum_to(&this.shape);
        backward |this, x, g| g.broadcast_to(x.shape());
        worked |this, x, y| additions(&numbered(y.shape(), 0)?.broadcast_to(x[0].shape()).ok()?, y, 1.0);
    SliceOf { slices: Vec<Slice> } "slice"
        forward |this, x| x.slice(&this.slices);
        backward |this, x, g| g.embed(x.shape(), &this.slices);
        worked |this, x, y| movement(this, x);
    Embed { shape: Vec<usize>, slices: Vec<Slice> } "embed"
        forward |this, x| x.embed(&this.shape, &this.slices);
        backward |this, x, g| g.slice(&this.slices);
        worked |this, x, y| movement(this, x);
    Cast { to: DType } "to_dtype"
        forward |this, x| Result::Ok(x.to_dtype(this.to));
        backward |this, x, g| g.to_dtype(x.dtype());
        worked |this, x, y| worked::selection(|at| vec![(Operand::Input { input: 0, at }, 1.0)]);
}

impl Permute {
    /// The order that undoes this one.
    fn inverse(&self) -> Result<Vec<isize>> {
        let rank = vec![0; self.order.len()];
        let mut inverse = vec![0; self.order.len()];
        for (i, &axis) in self.order.iter().enumerate() {
            inverse[normalise_axis("permute", axis, &rank)?] = i as isize;
        }
        Ok(inverse)
    }
}

impl Variable {
    /// The same numbers in another shape; one size may be −1 and follows from the others.
    ///
    /// # Errors
    ///
    /// Another number of elements.
    #[track_caller]
    pub fn reshape(&self, sizes: &[isize]) -> Result<Variable> {
        apply(Reshape { sizes: SmallVec::from_slice(sizes) }, &[self])
    }

    /// [`Variable::reshape`] to sizes that are all known.
    #[track_caller]
    pub(crate) fn reshape_as(&self, shape: &[usize]) -> Result<Variable> {
        apply(Reshape { sizes: shape.iter().map(|&s| s as isize).collect() }, &[self])
    }

    /// All numbers of each sample in one axis: `[n, …]` becomes `[n, m]`.
    ///
    /// # Errors
    ///
    /// A single number has no samples.
    #[track_caller]
    pub fn flatten(&self) -> Result<Variable> {
        match self.shape().split_first() {
            Some((&n, rest)) => self.reshape_as(&[n, rest.iter().product()]),
            None => Err(Error::shape("flatten: a single number has no axis of samples")),
        }
    }

    /// The axes in another order: axis i of the result is axis `order[i]`.
    ///
    /// # Errors
    ///
    /// `order` does not name every axis once.
    #[track_caller]
    pub fn permute(&self, order: &[isize]) -> Result<Variable> {
        apply(Permute { order: order.to_vec() }, &[self])
    }

    /// The axes in reverse order; for a matrix its transpose.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self) -> Variable {
        let span = crate::autograd::Span::begin();
        let order = (0..self.rank() as isize).rev().collect();
        crate::autograd::apply_infallible(span, Permute { order }, &[self], self.array().transpose())
    }

    /// The last two axes exchanged.
    ///
    /// # Errors
    ///
    /// Fewer than two axes.
    #[track_caller]
    pub fn transpose_last(&self) -> Result<Variable> {
        let rank = self.rank() as isize;
        if rank < 2 {
            return Err(Error::shape(format!("transpose_last: shape {:?} has fewer than two axes", self.shape())));
        }
        let order: Vec<isize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
        self.permute(&order)
    }

    /// The same numbers stretched to a larger shape.
    ///
    /// # Errors
    ///
    /// The shape cannot be stretched to that one.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Variable> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        apply(BroadcastTo { shape: shape.to_vec() }, &[self])
    }

    /// The opposite of stretching: the sum over the axes along which `shape` would be stretched to this one.
    ///
    /// # Errors
    ///
    /// `shape` cannot be stretched to this shape.
    #[track_caller]
    pub fn sum_to(&self, shape: &[usize]) -> Result<Variable> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        apply(SumTo { shape: shape.to_vec() }, &[self])
    }

    /// A part of every axis; axes beyond the given slices stay whole.
    ///
    /// # Errors
    ///
    /// More slices than axes.
    #[track_caller]
    pub fn slice(&self, slices: &[Slice]) -> Result<Variable> {
        apply(SliceOf { slices: slices.to_vec() }, &[self])
    }

    /// The opposite of slicing: zeros of `shape` with these numbers at the place of the slices.
    ///
    /// # Errors
    ///
    /// The slices of that shape have another shape than this variable.
    #[track_caller]
    pub fn embed(&self, shape: &[usize], slices: &[Slice]) -> Result<Variable> {
        apply(Embed { shape: shape.to_vec(), slices: slices.to_vec() }, &[self])
    }

    /// One index of an axis, which disappears.
    ///
    /// # Errors
    ///
    /// The axis or the index is out of range.
    #[track_caller]
    pub fn index_axis(&self, axis: isize, index: isize) -> Result<Variable> {
        let picked = self.array().index_axis(axis, index)?;
        let place = normalise_axis("index_axis", axis, self.shape())?;
        let mut slices = vec![Slice::ALL; place];
        slices.push(if index == -1 { (-1..).into() } else { (index..index + 1).into() });
        self.slice(&slices)?.reshape_as(picked.shape())
    }

    /// The numbers as another floating-point type; gradients come back in the type they left in.
    ///
    /// # Errors
    ///
    /// A type that is not floating-point, through which no gradient could pass.
    #[track_caller]
    pub fn to_dtype(&self, dtype: DType) -> Result<Variable> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        if !dtype.is_float() {
            return Err(
                Error::dtype(format!("to_dtype: a variable as {dtype}")).help("take its array: variable.array().to_dtype(…)")
            );
        }
        apply(Cast { to: dtype }, &[self])
    }
}

#[derive(Debug)]
struct Concatenate {
    axis: isize,
}

impl Function for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([Array::concatenate(inputs, self.axis)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let axis = normalise_axis("concatenate", self.axis, gy[0].shape())?;
        let mut from = 0;
        let mut gradients = InputGradients::new();
        for i in 0..context.input_count() {
            let size = context.input(i).shape()[axis] as isize;
            let mut slices = vec![Slice::ALL; axis];
            slices.push((from..from + size).into());
            from += size;
            gradients.push(if context.needs(i) { Some(gy[0].slice(&slices)?) } else { None });
        }
        Ok(gradients)
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        movement(self, calculation.inputs)
    }
}

/// Variables one after the other along an axis that they have.
///
/// # Errors
///
/// No variable, different types, or sizes that differ on another axis.
#[track_caller]
pub fn concatenate(variables: &[&Variable], axis: isize) -> Result<Variable> {
    apply(Concatenate { axis }, variables)
}

/// Variables of one shape along a new axis.
///
/// # Errors
///
/// No variable, or different shapes or types.
#[track_caller]
pub fn stack(variables: &[&Variable], axis: isize) -> Result<Variable> {
    let expanded = variables.iter().map(|v| v.reshape_as(v.array().expand_dims(axis)?.shape())).collect::<Result<Vec<_>>>()?;
    if let Some(other) = variables.iter().find(|v| v.shape() != variables[0].shape()) {
        return Err(Error::shape(format!("stack: shapes {:?} and {:?}", variables[0].shape(), other.shape()))
            .help("stacked variables must have one shape"));
    }
    concatenate(&expanded.iter().collect::<Vec<_>>(), axis)
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "reshape",
        usage: "x.reshape(&[2, -1])?",
        formula: "the same numbers in another shape",
        derivative: "g in the shape of x",
        notes: "One size may be −1.",
        samples: || {
            let of = |shape| Sample::new(&[(shape, -1.0, 1.0)], |v: &[Variable]| v[0].reshape(&[2, -1]));
            vec![of(&[2, 3, 2]).timed_at(&[ROWS]), of(&[2]), of(&[4, 3]).strided()]
        },
    },
    Entry {
        name: "permute",
        usage: "x.permute(&[1, 0])?, x.transpose()",
        formula: "the axes in another order",
        derivative: "g with the order undone",
        notes: "",
        samples: || {
            let of = |shape| Sample::new(&[(shape, -1.0, 1.0)], |v: &[Variable]| Ok(v[0].transpose()));
            let turn = Sample::new(&[(&[2, 3, 4], -1.0, 1.0)], |v: &[Variable]| v[0].permute(&[2, 0, 1]));
            vec![of(&[2, 3]).timed_at(&[ROWS]), of(&[2]), of(&[]), turn.strided()]
        },
    },
    Entry {
        name: "broadcast_to",
        usage: "x.broadcast_to(&[2, 3])?",
        formula: "x repeated along axes that are new or have size 1",
        derivative: "g summed over the repetitions",
        notes: "",
        samples: || {
            let to = |shape: &'static [usize], to: &'static [usize]| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| v[0].broadcast_to(to))
            };
            let of = |shape| to(shape, &[2, 3, 4]);
            vec![of(&[4]).timed_as(move || to(&[256], ROWS)), of(&[3, 1]), of(&[]), of(&[2, 1, 4]).strided()]
        },
    },
    Entry {
        name: "sum_to",
        usage: "x.sum_to(&[3])?",
        formula: "the sum over the axes along which a shape would be stretched to that of x",
        derivative: "g stretched to the shape of x",
        notes: "The opposite of broadcast_to.",
        samples: || {
            let to = |shape: &'static [usize]| Sample::new(&[(&[2, 3, 4], -1.0, 1.0)], move |v: &[Variable]| v[0].sum_to(shape));
            let large = || Sample::new(&[(ROWS, -1.0, 1.0)], |v: &[Variable]| v[0].sum_to(&[256]));
            vec![to(&[4]).timed_as(large), to(&[3, 1]), to(&[]), to(&[2, 1, 4]).strided()]
        },
    },
    Entry {
        name: "slice",
        usage: "x.slice(&[(1..3).into()])?",
        formula: "a part of every axis",
        derivative: "g embedded in zeros",
        notes: "",
        samples: || {
            let of =
                |shape, slices: &'static [Slice]| Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| v[0].slice(slices));
            const ALL: Slice = Slice::ALL;
            vec![
                of(&[4, 3], &[ALL]),
                of(&[4, 3], STEPS),
                of(&[5, 4, 2], STEPS).strided(),
                of(&[5], &STEPS[..1]).timed_at(&[ROWS]),
            ]
        },
    },
    Entry {
        name: "embed",
        usage: "x.embed(&[5, 3], &[(1..3).into()])?",
        formula: "zeros with x at the place of the slices",
        derivative: "the slices of g",
        notes: "The opposite of slice.",
        samples: || {
            let of = |shape| Sample::new(&[(shape, -1.0, 1.0)], |v: &[Variable]| v[0].embed(&[5, 4], STEPS));
            let large = || Sample::new(&[(&[128, 256], -1.0, 1.0)], |v: &[Variable]| v[0].embed(ROWS, &STEPS[..1]));
            vec![of(&[2, 2]).timed_as(large), of(&[2, 2]).strided()]
        },
    },
    Entry {
        name: "concatenate",
        usage: "concatenate(&[&x, &y], axis)?, stack(…)",
        formula: "variables one after the other along an axis",
        derivative: "the parts of g",
        notes: "",
        samples: || {
            let parts: [(&[usize], f64, f64); 2] = [(&[2, 3], -1.0, 1.0), (&[2, 1], -1.0, 1.0)];
            let same: [(&[usize], f64, f64); 2] = [(&[2, 3], -1.0, 1.0), (&[2, 3], -1.0, 1.0)];
            vec![
                Sample::new(&parts, |v: &[Variable]| concatenate(&[&v[0], &v[1], &v[0]], 1)),
                Sample::new(&parts, |v: &[Variable]| concatenate(&[&v[0], &v[1]], -1))
                    .timed_at(&[&[256, 128], &[256, 128]])
                    .strided(),
                Sample::new(&same, |v: &[Variable]| stack(&[&v[0], &v[1]], 1)),
            ]
        },
    },
    Entry {
        name: "to_dtype",
        usage: "x.to_dtype(DType::F64)?",
        formula: "the same numbers as another floating-point type",
        derivative: "g in the type of x",
        notes: "Rounds from f64 to f32.",
        samples: || vec![Sample::new(&[(&[2, 3], -1.0, 1.0)], |v: &[Variable]| v[0].to_dtype(DType::F64)).timed_at(&[ROWS])],
    },
];

/// Index 1 and 3 of the first axis, 1 and 2 of the second.
const STEPS: &[Slice] = &[Slice::new(1, None, 2), Slice::new(1, Some(3), 1)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::grad;

    #[test]
    fn a_gradient_comes_back_in_the_type_it_left_in() {
        let x = Variable::parameter(Array::from([1.0f32, 2.0]));
        let y = x.to_dtype(DType::F64).unwrap().square().sum();
        let gx = &grad(&[&y], &[&x]).unwrap()[0];
        assert_eq!((gx.dtype(), gx.array().to_f64_vec()), (DType::F32, vec![2.0, 4.0]));
        assert!(x.to_dtype(DType::I64).is_err());
    }

    #[test]
    fn parts_of_axes() {
        let x = Variable::parameter(Array::from([[1.0, 2.0], [3.0, 4.0]]));
        assert_eq!(x.index_axis(0, -1).unwrap().array().to_f64_vec(), [3.0, 4.0]);
        assert_eq!(x.index_axis(1, 0).unwrap().array().to_f64_vec(), [1.0, 3.0]);
        assert!(x.index_axis(1, 2).is_err() && x.reshape(&[3]).is_err() && x.flatten().unwrap().shape() == [2, 2]);
        assert!(stack(&[&x, &x.index_axis(0, 0).unwrap()], 0).is_err());
    }
}
