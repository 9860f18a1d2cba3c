//! Functions that put numbers into other places, several times or not at all: flipping, repeating, rolling,
//! triangles, diagonals; and sums along an axis.

use super::choose;
use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::{movement, selection};
use crate::array::{Array, Shape, Slice, axes_mask, normalise_axis};
use crate::autograd::{Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};

/// The part `from..to` of one axis.
pub(super) fn part(axis: usize, from: usize, to: usize) -> Vec<Slice> {
    let mut slices = vec![Slice::ALL; axis];
    slices.push((from as isize..to as isize).into());
    slices
}

/// The sizes before an axis, of it, and after it.
fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}

/// The sum over the third of these four axes, in another shape.
fn sum_third(x: &Variable, four: [usize; 4], shape: &[usize]) -> Result<Variable> {
    x.reshape_as(&four)?.sum_axes(&[2], false)?.reshape_as(shape)
}

pub(super) fn one(gradient: Variable) -> InputGradients {
    [Some(gradient)].into_iter().collect()
}

/// A function of one variable that only moves numbers: type with its fields, name, forward, backward.
macro_rules! moved {
    ($(
        $type:ident { $($field:ident: $ftype:ty),* } |$self0:ident| $name:expr;
        forward |$self1:ident, $x:ident| $forward:expr;
        backward |$self2:ident, $shape:ident, $g:ident| $backward:expr;
    )*) => {$(
        #[derive(Debug)]
        struct $type { $($field: $ftype),* }

        impl Function for $type {
            fn name(&self) -> &'static str {
                let $self0 = self;
                let _ = $self0;
                $name
            }
            fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                let ($self1, $x) = (self, inputs[0]);
                Ok([$forward?].into())
            }
            fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                let ($self2, $shape, $g) = (self, context.input(0).shape(), &gy[0]);
                let _ = $shape;
                Ok(one($backward?))
            }
            fn saves(&self) -> Saves {
                Saves::NOTHING
            }
            fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                movement(self, calculation.inputs)
            }
        }
    )*};
}

moved! {
    Flip { axes: Vec<isize> } |this| "flip";
        forward |this, x| {
            let mask = axes_mask("flip", &this.axes, x.shape())?;
            let flip = |x: Array, axis: usize| {
                let size = x.shape()[axis];
                x.pick(axis, size, 0.0, |i| Some(size - 1 - i))
            };
            (0..x.rank()).filter(|&axis| mask[axis]).try_fold(x.clone(), flip)
        };
        backward |this, shape, g| g.flip(&this.axes);
    Roll { shifts: Vec<isize>, axes: Vec<isize> } |this| "roll";
        forward |this, x| {
            let roll = |x: Array, (&shift, &axis): (&isize, &isize)| {
                let axis = normalise_axis("roll", axis, x.shape())?;
                let size = x.shape()[axis];
                let first = size - shift.rem_euclid(size.max(1) as isize) as usize;
                x.pick(axis, size, 0.0, |i| Some((first + i) % size))
            };
            this.shifts.iter().zip(&this.axes).filter(|_| !x.is_empty()).try_fold(x.clone(), roll)
        };
        backward |this, shape, g| {
            // Not −shift, which the smallest integer does not have.
            let back = |(&shift, &axis): (&isize, &isize)| {
                let size = shape[normalise_axis("roll", axis, shape)?].max(1) as isize;
                Ok(size - shift.rem_euclid(size))
            };
            let shifts = this.shifts.iter().zip(&this.axes).map(back).collect::<Result<Vec<_>>>()?;
            g.roll(&shifts, &this.axes)
        };
    Repeat { count: usize, axis: isize } |this| "repeat";
        forward |this, x| {
            let axis = normalise_axis("repeat", this.axis, x.shape())?;
            let size = repeated("repeat", x, axis, this.count)?;
            x.pick(axis, size, 0.0, |i| Some(i / this.count))
        };
        backward |this, shape, g| {
            let [outer, size, inner] = around(shape, normalise_axis("repeat", this.axis, shape)?);
            sum_third(g, [outer, size, this.count, inner], shape)
        };
    Tile { counts: Vec<usize> } |this| "tile";
        forward |this, x| {
            let tile = |x: Array, (axis, &count): (usize, &usize)| {
                let (size, whole) = (x.shape()[axis], repeated("tile", &x, axis, count)?);
                x.pick(axis, whole, 0.0, |i| Some(i % size))
            };
            this.counts.iter().enumerate().filter(|(_, count)| **count != 1).try_fold(x.clone(), tile)
        };
        backward |this, shape, g| {
            let untile = |g: Variable, (axis, &count): (usize, &usize)| {
                let mut whole = g.shape().to_vec();
                whole[axis] = shape[axis];
                let [outer, size, inner] = around(&whole, axis);
                sum_third(&g, [outer, 1, count, size * inner], &whole)
            };
            this.counts.iter().enumerate().filter(|(_, count)| **count != 1).try_fold(g.clone(), untile)
        };
    Triangle { upper: bool, offset: isize } |this| if this.upper { "triu" } else { "tril" };
        forward |this, x| {
            let [.., rows, columns] = *x.shape() else {
                return Err(Error::shape(format!("{}: shape {:?}", this.name(), x.shape()))
                    .help("a triangle is part of a matrix: the last two axes"));
            };
            let zero = Array::zeros(&[], x.dtype())?;
            if this.upper {
                // Everything but what lies below the diagonal.
                Array::on_grid(rows, columns, |distance| distance >= this.offset as i128)?.choose(x, &zero)
            } else {
                Array::triangle(rows, columns, this.offset)?.choose(x, &zero)
            }
        };
        backward |this, shape, g| if this.upper { g.triu(this.offset) } else { g.tril(this.offset) };
    Diagonal { offset: isize, axes: [isize; 2] } |this| "diagonal";
        forward |this, x| x.diagonal(this.offset, this.axes[0], this.axes[1]);
        backward |this, shape, g| {
            let [a, b] = [normalise_axis("diagonal", this.axes[0], shape)?, normalise_axis("diagonal", this.axes[1], shape)?];
            let kept: Vec<usize> = (0..shape.len()).filter(|&axis| axis != a && axis != b).collect();
            let others: Vec<usize> = kept.iter().map(|&axis| shape[axis]).collect();
            let (rows, columns, count) = (shape[a], shape[b], g.shape()[kept.len()]);
            // One number of the diagonal for every row that it crosses, stretched along the row and kept where it belongs.
            let first = if this.offset < 0 { this.offset.unsigned_abs().min(rows) } else { 0 };
            let by_row = g.embed(&[&others[..], &[rows]].concat(), &part(kept.len(), first, first + count))?;
            let stretched = by_row.reshape_as(&[&others[..], &[rows, 1]].concat())?
                .broadcast_to(&[&others[..], &[rows, columns]].concat())?;
            let placed = choose(&Array::on_grid(rows, columns, |distance| distance == this.offset as i128)?, &stretched, 0.0)?;
            // Where each axis of x stands among the others and the two.
            let from = |axis: usize| match axis {
                axis if axis == a => kept.len(),
                axis if axis == b => kept.len() + 1,
                axis => kept.iter().filter(|&&other| other < axis).count(),
            };
            placed.permute(&(0..shape.len()).map(|axis| from(axis) as isize).collect::<Vec<_>>())
        };
}

/// The size of an axis whose numbers come `count` times, if the array fits into memory.
fn repeated(operation: &str, x: &Array, axis: usize, count: usize) -> Result<usize> {
    let mut sizes = x.shape().to_vec();
    sizes[axis] = sizes[axis].saturating_mul(count);
    Shape::allocatable(&sizes, x.dtype())
        .map_err(|e| e.context(format_args!("{operation}: axis {axis} of shape {:?}, {count} times", x.shape())))?;
    Ok(sizes[axis])
}

#[derive(Debug)]
struct CumulativeSum {
    axis: isize,
    /// From the end on instead of from the beginning.
    reverse: bool,
}

impl Function for CumulativeSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].cumulative_sum(self.axis, self.reverse)?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok(one(apply(CumulativeSum { axis: self.axis, reverse: !self.reverse }, &[&gy[0]])?))
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let shape = calculation.inputs[0].shape();
        let [_, size, stride] = around(shape, normalise_axis("cumsum", self.axis, shape).ok()?);
        let reverse = self.reverse;
        selection(move |at| {
            let place = at / stride % size;
            let first = at - place * stride;
            let summed = if reverse { place..size } else { 0..place + 1 };
            summed.map(|i| (Operand::Input { input: 0, at: first + i * stride }, 1.0)).collect()
        })
    }
}

impl Variable {
    /// The numbers in reverse order along `axes`; none means all axes.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice.
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Result<Variable> {
        apply(Flip { axes: axes.to_vec() }, &[self])
    }

    /// The numbers moved by `shifts[k]` places along `axes[k]`; what leaves at the end comes in at the beginning:
    /// `y[i] = x[(i − shift) mod n]`.
    ///
    /// # Errors
    ///
    /// Not one shift for each axis, or an axis out of range.
    #[track_caller]
    pub fn roll(&self, shifts: &[isize], axes: &[isize]) -> Result<Variable> {
        if shifts.len() != axes.len() {
            return Err(Error::value(format!("roll: shifts {shifts:?} along axes {axes:?}")).help("give one shift for each axis"));
        }
        for &axis in axes {
            normalise_axis("roll", axis, self.shape())?;
        }
        apply(Roll { shifts: shifts.to_vec(), axes: axes.to_vec() }, &[self])
    }

    /// Every number of an axis `count` times: a b c, twice, is a a b b c c (NumPy's and PyTorch's `repeat_interleave`).
    ///
    /// # Errors
    ///
    /// The axis is out of range, or the result does not fit into memory.
    #[track_caller]
    pub fn repeat(&self, count: usize, axis: isize) -> Result<Variable> {
        apply(Repeat { count, axis }, &[self])
    }

    /// The whole array several times along each axis: a b c, twice, is a b c a b c. The counts are those of the last axes;
    /// where there are more counts than axes, axes of size 1 come in front (NumPy's `tile`).
    ///
    /// # Errors
    ///
    /// More than 6 axes, or a result that does not fit into memory.
    #[track_caller]
    pub fn tile(&self, counts: &[usize]) -> Result<Variable> {
        let lead = counts.len().saturating_sub(self.rank());
        let x = if lead == 0 { self.clone() } else { self.reshape_as(&[&vec![1; lead][..], self.shape()].concat())? };
        let counts = [&vec![1; x.rank() - counts.len()][..], counts].concat();
        apply(Tile { counts }, &[&x])
    }

    /// The sums along an axis: `y[i] = x[0] + … + x[i]`, added up in f64.
    ///
    /// # Errors
    ///
    /// The axis is out of range.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Result<Variable> {
        apply(CumulativeSum { axis, reverse: false }, &[self])
    }

    /// The matrices of the last two axes with zeros above a diagonal: what stands where column − row ≤ `offset` stays.
    ///
    /// # Errors
    ///
    /// Fewer than two axes.
    #[track_caller]
    pub fn tril(&self, offset: isize) -> Result<Variable> {
        apply(Triangle { upper: false, offset }, &[self])
    }

    /// The matrices of the last two axes with zeros below a diagonal: what stands where column − row ≥ `offset` stays.
    ///
    /// # Errors
    ///
    /// Fewer than two axes.
    #[track_caller]
    pub fn triu(&self, offset: isize) -> Result<Variable> {
        apply(Triangle { upper: true, offset }, &[self])
    }

    /// The numbers x[…, i, …, i + offset, …] for all i, `first` and `second` being the axes of both indices: these axes
    /// disappear, and the diagonal becomes the last axis.
    ///
    /// # Errors
    ///
    /// An axis out of range, or the same one twice.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, first: isize, second: isize) -> Result<Variable> {
        apply(Diagonal { offset, axes: [first, second] }, &[self])
    }
}

/// A sample of one input.
pub(super) fn sample(shape: &[usize], call: impl Fn(&Variable) -> Result<Variable> + 'static) -> Sample {
    Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| call(&v[0]))
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "flip",
        usage: "x.flip(&[0])?",
        formula: "x in reverse order along axes",
        derivative: "g in reverse order",
        notes: "No axes means all.",
        samples: || {
            vec![
                sample(&[2, 3], |x| x.flip(&[1])).timed_at(&[ROWS]),
                sample(&[2, 3, 2], |x| x.flip(&[])).strided(),
                sample(&[], |x| x.flip(&[])),
            ]
        },
    },
    Entry {
        name: "roll",
        usage: "x.roll(&[1], &[0])?",
        formula: "y[i] = x[(i − shift) mod n]",
        derivative: "g rolled back",
        notes: "",
        samples: || {
            vec![
                sample(&[5], |x| x.roll(&[2], &[0])).timed_at(&[ROWS]),
                sample(&[2, 3, 2], |x| x.roll(&[-4, 1], &[1, -1])).strided(),
                sample(&[3, 2], |x| x.roll(&[0], &[0])),
            ]
        },
    },
    Entry {
        name: "repeat",
        usage: "x.repeat(2, axis)?",
        formula: "every number several times: a a b b",
        derivative: "g summed over the repetitions",
        notes: "",
        samples: || {
            vec![
                sample(&[2, 3], |x| x.repeat(3, 1)),
                sample(&[2, 3, 2], |x| x.repeat(2, 0)).timed_at(&[&[128, 256]]).strided(),
                sample(&[1], |x| x.repeat(1, 0)),
            ]
        },
    },
    Entry {
        name: "tile",
        usage: "x.tile(&[2, 3])?",
        formula: "x several times: a b a b",
        derivative: "g summed over the repetitions",
        notes: "Counts of the last axes; more counts than axes make new ones in front.",
        samples: || {
            vec![
                sample(&[2, 3], |x| x.tile(&[2, 3])),
                sample(&[2, 2, 3], |x| x.tile(&[2])).timed_at(&[&[256, 128]]).strided(),
                sample(&[2], |x| x.tile(&[2, 1])),
            ]
        },
    },
    Entry {
        name: "cumsum",
        usage: "x.cumsum(axis)?",
        formula: "yᵢ = x₀ + … + xᵢ",
        derivative: "Σ g from i on",
        notes: "Added up in f64.",
        samples: || {
            vec![
                sample(&[5], |x| x.cumsum(0)),
                sample(&[2, 3], |x| x.cumsum(1)).timed_at(&[ROWS]),
                sample(&[2, 3, 2], |x| x.cumsum(-2)).strided(),
            ]
        },
    },
    Entry {
        name: "tril",
        usage: "x.tril(offset)?",
        formula: "x where column − row ≤ offset, else 0",
        derivative: "g where x stays",
        notes: "The last two axes.",
        samples: || {
            vec![
                sample(&[3, 3], |x| x.tril(0)).timed_at(&[ROWS]),
                sample(&[2, 3, 4], |x| x.tril(-1)).strided(),
                sample(&[2, 4], |x| x.tril(1)),
            ]
        },
    },
    Entry {
        name: "triu",
        usage: "x.triu(offset)?",
        formula: "x where column − row ≥ offset, else 0",
        derivative: "g where x stays",
        notes: "The last two axes.",
        samples: || {
            vec![
                sample(&[3, 3], |x| x.triu(0)).timed_at(&[ROWS]),
                sample(&[2, 3, 4], |x| x.triu(-1)).strided(),
                sample(&[2, 4], |x| x.triu(1)),
            ]
        },
    },
    Entry {
        name: "diagonal",
        usage: "x.diagonal(offset, 0, 1)?",
        formula: "yᵢ = x[i][i + offset]",
        derivative: "g on the diagonal of zeros",
        notes: "Of any two axes, which become the last one.",
        samples: || {
            vec![
                sample(&[3, 3], |x| x.diagonal(0, 0, 1)).timed_at(&[ROWS]),
                sample(&[2, 4, 3], |x| x.diagonal(-1, 1, 2)).strided(),
                sample(&[4, 2, 3], |x| x.diagonal(1, 2, 0)),
            ]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    fn zeros(shape: &[usize]) -> Variable {
        Variable::parameter(Array::zeros(shape, DType::F32).unwrap())
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let x = zeros(&[2, 3]);
        for (result, what) in [
            (x.flip(&[2]), "flip: axis 2 of an array of shape [2, 3]"),
            (x.roll(&[1], &[]), "roll: shifts [1] along axes []"),
            (x.roll(&[1], &[5]), "roll: axis 5 of an array of shape [2, 3]"),
            (zeros(&[3]).tril(0), "tril: shape [3]"),
            (x.diagonal(0, 1, -1), "diagonal: axes 1 and -1 of shape [2, 3] are the same"),
            (x.cumsum(2), "cumsum: axis 2 of an array of shape [2, 3]"),
        ] {
            assert_eq!(result.unwrap_err().what(), what);
        }
        for (result, begin) in [
            (x.repeat(usize::MAX, 0), "repeat: axis 0 of shape [2, 3], 18446744073709551615 times: an array"),
            (x.tile(&[1 << 62, 4]), "tile: axis 0 of shape [2, 3], 4611686018427387904 times: an array"),
            (x.tile(&[1; 7]), "a shape of 7 axes"),
        ] {
            assert!(result.as_ref().unwrap_err().what().starts_with(begin), "{}", result.unwrap_err());
        }
        assert!(Variable::constant(Array::from([1i64])).cumsum(0).is_err());
    }

    /// Arrays without a number, and counts of 0, forward and backward.
    #[test]
    fn nothing_goes_through_everything() {
        let x = zeros(&[0, 3]);
        for (y, shape) in [
            (x.flip(&[]), [0, 3]),
            (x.roll(&[isize::MIN, 1], &[0, 1]), [0, 3]),
            (x.repeat(2, 0), [0, 3]),
            (x.tile(&[2, 2]), [0, 6]),
            (x.cumsum(0), [0, 3]),
            (x.triu(0), [0, 3]),
            (zeros(&[2, 3]).repeat(0, 1), [2, 0]),
            (zeros(&[2, 3]).tile(&[0, 1]), [0, 3]),
        ] {
            let y = y.unwrap();
            assert_eq!(y.shape(), shape);
            y.sum().backward().unwrap();
        }
        let far = zeros(&[2, 3]);
        let gradients = far.diagonal(9, 0, 1).unwrap().sum().backward().unwrap();
        assert_eq!(gradients.get(&far).unwrap().to_f64_vec(), [0.0; 6]);
    }
}
